"""What an exchange publishes beside its prices, for venues with `reports`: who holds what, trading, margin, results.

Positions are those after the evening's close, of the months that were listed then; on month ends they are what settles.
A perpetual publishes the same as far as one contract without months has it; its series begin with perpetual_NAME.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.exchange.perpetual import series
from sim.exchange.terms import MAIN, VenueTerms
from sim.exchange.venue import Venue
from sim.record import Column
from sim.register import Register
from sim.roles import HoldsFutures
from sim.rows.exchange import Close, HedgeEstimate, Noon
from sim.vocabulary import Floats, Ints

CLASSES = ("landlords", "users", "funds", "speculators", "others")
SIDES = ("long", "short")
MONTHLY = {
    "volume_contracts": ("contracts", "contracts of listed month {m} traded today"),
    "open_contracts": ("contracts", "open interest in listed month {m}, traders one by one"),
    **{
        f"{who}_{side}_contracts": ("contracts", f"{side} positions of {who} in listed month {{m}}")
        for who in CLASSES
        for side in SIDES
    },
}
DAILY = {
    "spread": ("share", "spread of best bid and ask over their middle in a limit order book, second month, mean over "
               "rounds; empty without one"),
    "effective_spread": ("share", "twice the distance of trades from the middle of the last round's quotes, over it, "
                         "second month; empty without a limit order book"),
    "depth_contracts": ("contracts", "wanted within 1 % of the price on both sides, second month: of the auction's "
                        "orders, or mean over a book's rounds; empty with a market maker"),
    "margin_share": ("share", "initial margin of notional that stood before tonight's close"),
    "paid_usd": ("USD", "variation margin paid tonight by those who lost, traders of a crowd one by one"),
    "landlords_usd": ("USD", "gained today on landlords' positions, by variation margin and final settlement"),
    "others_usd": ("USD", "the same of others: buyers from outside, a market maker"),
    "landlords_hedge_ratio": ("share", "ratio to which landlords hedge that estimate it, mean over them; empty where "
                              "all are mandated"),
    "landlords_basis_risk": ("share", "variance of changes of their own revenue per hour that is left at that ratio, "
                             "by their record so far, mean over them; above 1 the hedge adds risk"),
    "settled_usd_per_gpu_hour": ("USD per GPU-hour", "final settlement of the month that ends today; empty on other "
                                 "days"),
}  # fmt: skip
INTRADAY = {  # of venues with calls within the day
    "intraday_paid_usd": (
        "USD",
        "variation margin paid within the day by those who had lost by then, traders one by one",
    ),
    "intraday_defaults": ("traders", "speculators who failed the call within the day"),
}

PERPETUAL = {  # of a perpetual: what of these it has, in the words of one contract without months
    **{
        f"{who}_{side}_contracts": ("contracts", f"{side} positions of {who} in the perpetual")
        for who in CLASSES
        for side in SIDES
    },
    **{
        what: (unit, meaning.replace(", second month", "").replace("final settlement", "funding"))
        for what, (unit, meaning) in DAILY.items()
        if what in {"spread", "effective_spread", "depth_contracts", "margin_share", "paid_usd", "landlords_usd",
                    "others_usd"}
    },
}  # fmt: skip


class Classes(NamedTuple):
    """Rows of the ledger of those whose positions are told apart; speculators are the owners of crowds."""

    landlords: Ints
    users: Ints
    funds: Ints


def classes_of(register: Register) -> Classes:
    """Who is of which class; a landlord that also rents is a landlord."""
    roll = register.roll
    funds = np.array([owner for owner, _ in register.of(HoldsFutures)], dtype=np.int64)
    return Classes(roll.landlords, np.setdiff1d(roll.users, roll.landlords), funds)


class Reports:
    """The reports of the venues that have them when a run begins; the day's figures by name of series."""

    def __init__(self, terms: Mapping[str, VenueTerms], classes: Classes) -> None:
        self.months = {name: t.maturities for name, t in terms.items() if t.reports}
        self.perpetual = {name for name in self.months if terms[name].perpetual}
        self.intraday = [name for name, t in terms.items() if t.reports and t.intraday_calls]
        self.classes = classes
        self.today = self._nothing()

    def columns(self) -> list[Column]:
        """The series, venue by venue."""
        found = []
        for name, months in self.months.items():
            at = "" if name == MAIN else f" at {name}"
            if name in self.perpetual:
                within = INTRADAY if name in self.intraday else {}
                for what, (unit, meaning) in (PERPETUAL | within).items():
                    found.append(Column(series(name, what), unit, meaning + at, f"perpetual_{{venue}}_{what}"))
                continue
            for m in range(months):
                for what, (unit, meaning) in MONTHLY.items():
                    text = meaning.format(m=m + 1) + at
                    found.append(Column(monthly(name, m, what), unit, text, f"future_{{month}}_{what}"))
            daily_series = DAILY | (INTRADAY if name in self.intraday else {})
            for what, (unit, meaning) in daily_series.items():
                found.append(Column(daily(name, what), unit, meaning + at, f"future_{what}"))
        return found

    def begin_day(self) -> None:
        """Nothing has been published today."""
        if self.months:
            self.today = self._nothing()

    def _nothing(self) -> dict[str, float]:
        return dict.fromkeys((column.name for column in self.columns()), math.nan)

    def note_close(self, venue: Venue, close: Close, before: Floats, crowds_before: list[Floats], share: float) -> None:
        """Publish an evening: positions `before` tonight's trades (months, owners), those of crowds' traders by crowd.

        `share` is the initial margin that stood before the close; positions after it are read off the crowds.
        """
        if self.months.get(venue.name) != len(close.price_usd):
            return
        move = (close.price_usd - close.last_usd) * venue.hours
        held = before + close.trades
        for m, table in enumerate(held):
            self._note_month(venue, m, table, float(close.volume[m]))
        gained = before.T @ move
        if close.traded is not None:
            gained = gained + close.traded.gained_usd
        quality = close.traded.quality[min(1, len(move) - 1)] if close.traded is not None else None
        found = {
            "spread": quality.spread if quality else math.nan,
            "effective_spread": quality.effective if quality else math.nan,
            "depth_contracts": quality.depth if quality else close.depth,
            "margin_share": share,
            "paid_usd": self._paid(venue, close, gained, move, crowds_before),
            **self._results(venue, gained - venue.funding_usd(close) * before[0]),
        }
        if venue.name in self.intraday and close.noon is not None:
            found |= self._at_noon(venue, close, close.noon, before)
        name = series if venue.name in self.perpetual else daily
        self.today |= {name(venue.name, what): value for what, value in found.items()}

    def _at_noon(self, venue: Venue, close: Close, noon: Noon, before: Floats) -> dict[str, float]:
        """What was paid within the day, and who failed."""
        others = before.T @ ((noon.price_usd - close.last_usd) * venue.hours) + noon.gained_usd
        others[[crowd.owner for crowd in venue.crowds]] = 0.0
        paid = noon.called_usd - float(np.minimum(0.0, others).sum())
        return {"intraday_paid_usd": paid, "intraday_defaults": float(noon.failed)}

    def _paid(self, venue: Venue, close: Close, gained: Floats, move: Floats, before: list[Floats]) -> float:
        """What those who lost pay: institutions, and each trader of the crowds by itself."""
        others = gained.copy()
        paid = 0.0
        for i, crowd in enumerate(venue.crowds):
            others[crowd.owner] = 0.0
            result = move @ before[i]
            if close.traded is not None:
                result = result + close.traded.crowds_usd[i]
            paid -= float(np.minimum(0.0, result).sum())
        return paid - float(np.minimum(0.0, others).sum())

    def _note_month(self, venue: Venue, m: int, table: Floats, volume: float) -> None:
        """Volume, open interest and positions by class of one month, `table` (owners,) in contracts."""
        rest, crowd = table.copy(), np.concatenate([np.zeros(0), *(c.arrays.position[m] for c in venue.crowds)])
        rest[[c.owner for c in venue.crowds]] = 0.0
        positions = {"speculators": crowd}
        for who in ("landlords", "users", "funds"):
            rows = getattr(self.classes, who)
            positions[who] = rest[rows].copy()
            rest[rows] = 0.0
        positions["others"] = rest
        long = {who: float(np.maximum(0.0, positions[who]).sum()) for who in CLASSES}
        short = {who: float(np.maximum(0.0, -positions[who]).sum()) for who in CLASSES}
        found = {f"{who}_long_contracts": long[who] for who in CLASSES}
        found |= {f"{who}_short_contracts": short[who] for who in CLASSES}
        if venue.name in self.perpetual:  # which says itself what is traded and open
            self.today |= {series(venue.name, what): value for what, value in found.items()}
            return
        found |= {"volume_contracts": volume, "open_contracts": math.fsum(long.values())}
        self.today |= {monthly(venue.name, m, what): value for what, value in found.items()}

    def note_ratios(self, estimates: Sequence[HedgeEstimate]) -> None:
        """Publish the ratios that landlords have worked out, and the basis risk that is theirs."""
        for name in self.months.keys() - self.perpetual if estimates else ():
            ratio, risk = np.mean(estimates, axis=0).tolist()
            self.today |= {
                daily(name, "landlords_hedge_ratio"): ratio,
                daily(name, "landlords_basis_risk"): risk,
            }

    def note_settlement(self, venue: Venue, settlement_usd: float, held: Floats) -> None:
        """Publish the final settlement of the nearest month, of which owners hold `held` (owners,)."""
        if venue.name not in self.months:
            return
        gained = (settlement_usd - float(venue.price_usd[0])) * float(venue.hours[0]) * held
        self.today[daily(venue.name, "settled_usd_per_gpu_hour")] = settlement_usd
        for what, usd in self._results(venue, gained).items():
            self.today[daily(venue.name, what)] += usd

    def _results(self, venue: Venue, gained: Floats) -> dict[str, float]:
        """What landlords and others gain of `gained` (owners,), USD."""
        others = gained.copy()
        for known in (*self.classes, [crowd.owner for crowd in venue.crowds]):
            others[known] = 0.0
        landlords = float(gained[self.classes.landlords].sum())
        return {"landlords_usd": landlords, "others_usd": float(others.sum())}


def monthly(venue: str, m: int, what: str) -> str:
    """The name of a series of listed month m (0 the nearest) of a venue."""
    return f"future_{m + 1}_{what}" if venue == MAIN else f"future_{venue}_{m + 1}_{what}"


def daily(venue: str, what: str) -> str:
    """The name of a series of a venue."""
    return f"future_{what}" if venue == MAIN else f"future_{venue}_{what}"
