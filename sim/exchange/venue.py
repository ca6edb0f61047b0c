"""A venue: monthly contracts on an index, a closing call auction a day in every month, the crowds that trade there."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.calendar import Calendar
from sim.exchange.crowd import Speculators
from sim.exchange.futures import Evening, Rows, by_month, depth_near, events_of, orders_of, price_impact
from sim.exchange.joint_close import MONTHS, FundOrders, MonthOrders, close_with_funds
from sim.exchange.limits import spot_limit
from sim.exchange.margin_models import FilteredHistory
from sim.exchange.mechanisms import by_book, by_maker
from sim.exchange.night import Night
from sim.exchange.session import Arrivals
from sim.exchange.terms import MAIN, VenueTerms
from sim.exchange.trade_dates import TradeDates
from sim.kernels.call_auction import TRADED, Cleared
from sim.kernels.close import close_months
from sim.problems import OutOfBounds
from sim.rows.exchange import Close, Curve
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Floats, Ints

MOST_TIMES = 50.0  # over the first price: what is dearer is the price of no hour
TREND_DAYS = 20.0


class Listed(NamedTuple):
    """What the calendar says of the listed months: ledger names, first days and that of the month after the last.

    `settlement_days` is over how many days the nearest month settles by `dates`, from its listing date on.
    """

    months: range
    dates: TradeDates
    names: list[str]
    first_days: list[int]
    settlement_days: int


class Venue:
    """Listed months (nearest first), their last prices and trends, the mean of the front month so far, the crowds.

    Contracts are called future:MONTH at the main venue, future:NAME:MONTH elsewhere.
    `gpu_ve` is VE per GPU of the grade whose index it settles on: users and owners hedge VE-hours. `normal_premium`
    (maturities,) is what links take off the curve's gap; `expected_usd` (maturities,) tonight's settlements as the
    crowds expect them.
    """

    def __init__(
        self,
        name: str,
        terms: VenueTerms,
        calendar: Calendar,
        normal_premium: tuple[float, ...] = (),
        gpu_ve: float = 1.0,
    ) -> None:
        self.name = name
        self.terms = terms
        self.calendar = calendar
        self.normal_premium = normal_premium
        self.gpu_ve = gpu_ve
        self.first_month = 0
        self.price_usd: Floats = np.zeros(terms.maturities)
        self.trend: Floats = np.zeros(terms.maturities)
        self.expected_usd: Floats = np.zeros(terms.maturities)
        self.known: list[float] = []
        self.crowds: list[Speculators] = []
        self.since: int | None = None  # the day of its listing date, if inside a run
        self.risk: FilteredHistory | None = None
        self.margin_before = terms.margin.initial  # initial margin that stood before the last close
        self.opened_usd = 0.0  # the highest price before the first close
        self._listed: Listed | None = None
        self._dates: tuple[VenueTerms, TradeDates] | None = None  # of which terms

    @property
    def initial_margin(self) -> float:
        """Initial margin tonight, as a share of notional."""
        if self.terms.margin.model != "fhs":
            return self.terms.margin.initial
        return self._history().share

    @property
    def maintenance_margin(self) -> float:
        """Maintenance margin tonight, as a share of notional."""
        terms = self.terms.margin
        return terms.maintenance if terms.model != "fhs" else self.initial_margin * terms.maintenance / terms.initial

    def _history(self) -> FilteredHistory:
        """What margins by history have learned so far; begun anew where their terms change."""
        if self.risk is None or self.risk.terms != self.terms.margin:
            self.risk = FilteredHistory(self.terms.margin)
        return self.risk

    @property
    def dates(self) -> TradeDates:
        """The venue's days."""
        terms, known = self.terms, self._dates
        if known is None or known[0] is not terms:
            self._dates = known = terms, TradeDates(self.calendar, terms.calendar, terms.settlement)
        return known[1]

    @property
    def listed(self) -> Listed:
        """The listed months in the calendar, looked up when another month is listed."""
        known, dates = self._listed, self.dates
        if known is None or known.months.start != self.first_month or known.dates is not dates:
            months = range(self.first_month, self.first_month + self.terms.maturities)
            prefix = "future" if self.name == MAIN else f"future:{self.name}"
            self._listed = known = Listed(
                months,
                dates,
                [f"{prefix}:{self.calendar.month_name(month)}" for month in months],
                [self.calendar.first_day(month) for month in (*months, months.stop)],
                sum(self.since is None or day >= self.since for day in dates.settlement_days(self.first_month)),
            )
        return known

    @property
    def names(self) -> list[str]:
        """Ledger names of the listed contracts, nearest first."""
        return self.listed.names

    @property
    def hours(self) -> Floats:
        """GPU-hours of a contract in each listed month (months,)."""
        if not self.terms.hours_of_month:
            return np.full(self.terms.maturities, self.terms.contract_gpu_hours)
        return np.diff(np.array(self.listed.first_days, dtype=np.float64)) * float(HOURS_PER_DAY)

    @property
    def wealth_usd(self) -> float:
        """What all traders of the crowds own."""
        return float(sum(crowd.total_cash_usd() for crowd in self.crowds))

    def note_index(self, day: int, index_usd: float) -> None:
        """Add the index of a day that counts to the mean of the front month."""
        if self.dates.counts(day):
            self.known.append(index_usd)

    def settlement_usd(self) -> float:
        """Mean of the index over the month's days that count so far (the last price where there was none)."""
        return math.fsum(self.known) / len(self.known) if self.known else float(self.price_usd[0])

    def curve(self, day: int, index_ratio: float) -> Curve:
        """The curve as the day's decisions see it; `day` is the first day not yet in the index."""
        horizons, left = [], []
        for begin, end in itertools.pairwise(self.listed.first_days):
            first = max(day, begin)
            horizons.append(max(0.0, 0.5 * (first + end - 1) - day + 1) / DAYS_PER_YEAR)
            left.append(float(max(0, end - first)))
        unknown = (0.0,) * (self.terms.maturities - 1)
        known = len(self.known) / max(1, self.listed.settlement_days)
        return Curve(
            price_usd=tuple(self.price_usd.tolist()), horizon_years=tuple(horizons), known_weight=(known, *unknown),
            known_mean_usd=(self.settlement_usd(), *unknown),
            normal_premium=self.normal_premium, days_left=tuple(left), index_ratio=index_ratio,
            contract_hours=tuple((self.hours * self.gpu_ve).tolist()), gpu_ve=self.gpu_ve,
            margin_share=self.initial_margin,
            spot_limit=spot_limit(self.terms.limits, self.dates, self.first_month, day),
        )  # fmt: skip

    def clear(
        self,
        rows: Rows,
        owners: int,
        funds: FundOrders | None = None,
        probed: Floats | None = None,
        arrivals: Arrivals | None = None,
        held: Floats | None = None,
    ) -> Close:
        """Close every maturity: institutions' schedules on the tick grid against the crowds' resting orders.

        Funds trade in the two nearest months, which are then solved together. If `probed` (months,), open interest in
        contracts, is given, the price impact is measured in the month that comes after the nearest. A limit order book
        needs the day's `arrivals` and trades before the close; a market maker needs open interest, `held` (months,).
        """
        terms, crowds, last = self.terms, self.crowds, self.price_usd.copy()
        self.margin_before = self.initial_margin
        evening, resting = by_month(rows, terms.maturities), resting_orders(crowds, terms.maturities)
        if terms.mechanism != "call_auction":
            return self._clear_otherwise(
                evening, Night(crowds, last, owners, self.hours, self.maintenance_margin), funds, probed, arrivals, held
            )
        fills, cleared = np.zeros(resting[0].shape), np.empty((terms.maturities, len(Cleared._fields)))
        impact, joint, funded = math.nan, 0, None
        books = self._books(evening) if probed is not None or funds is not None or terms.reports else []
        if books:
            if probed is not None:
                next_month = min(1, terms.maturities - 1)
                impact = price_impact(books[next_month], terms.tick_usd, float(probed[next_month]))
            if funds is not None:
                together, funded = close_with_funds(books, funds, terms.tick_usd, terms.round_to_tick)
                joint = len(together)
                for m, (found, filled) in enumerate(together):
                    cleared[m], fills[m] = found, filled
        trades, wanted = np.zeros((2, terms.maturities, owners))
        close_months(
            joint, *evening, *resting, last, terms.daily_limit, terms.tick_usd, terms.round_to_tick,
            cleared, fills, trades, wanted,
        )  # fmt: skip
        crowd_fills = _by_crowd(fills, crowds)
        for crowd, filled in zip(crowds, crowd_fills, strict=True):
            trades[:, crowd.owner] += filled.sum(axis=1)
            wanted[:, crowd.owner] += crowd.gross()
        if funds is not None and funded is not None:
            for m in range(joint):
                trades[m, funds.owners] += funded.fills[:, m]
        price, volume = cleared[:, 0].copy(), cleared[:, 4].copy()
        self._move_to(price)
        events = self._events(cleared)
        depth = depth_near(books[-1], price[len(books) - 1], terms.tick_usd) if terms.reports else math.nan
        return Close(last, price, trades, wanted, volume, crowd_fills, events, funded, impact, depth=depth)

    def _move_to(self, price_usd: Floats) -> None:
        """Tonight's prices become the last ones; trends learn, and margins, from the month after the nearest.

        A run ends (OutOfBounds) where a price is `MOST_TIMES` what it was at first: funds hold more than anyone sells,
        each locked day makes them richer, and no figure of the run would mean anything.
        """
        self.opened_usd = self.opened_usd or float(self.price_usd.max())
        if price_usd.max() > MOST_TIMES * self.opened_usd:
            month = self.names[int(price_usd.argmax())]
            raise OutOfBounds(
                f"venue {self.name}: {month} stands at {price_usd.max():,.2f} USD, over {MOST_TIMES:g} times the first "
                "price: more is held than traders can sell (smaller funds or flows, richer traders)"
            )
        if self.terms.margin.model == "fhs":
            m = min(1, self.terms.maturities - 1)
            self._history().note(math.log(price_usd[m] / self.price_usd[m]))
        self.trend += (np.log(price_usd / self.price_usd) - self.trend) / TREND_DAYS
        self.price_usd = price_usd

    def _clear_otherwise(
        self,
        evening: Evening,
        night: Night,
        funds: FundOrders | None,
        probed: Floats | None,
        arrivals: Arrivals | None,
        held: Floats | None,
    ) -> Close:
        """A day in a limit order book and its closing auction, or the prices of a market maker."""
        terms, last, schedules = self.terms, self.price_usd.copy(), evening.months()
        books = [orders_of(m, mine, self.crowds, terms, last[m]) for m, mine in enumerate(schedules)]
        impact, funded = math.nan, None
        if probed is not None:
            next_month = min(1, terms.maturities - 1)
            impact = price_impact(books[next_month], terms.tick_usd, float(probed[next_month]))
        if terms.mechanism == "log_linear":
            by_maker(terms, self.names, books, schedules, np.zeros(len(books)) if held is None else held, night)
        elif arrivals is None:
            raise ValueError(f"{self.name}: a limit order book needs to know who may come today")
        else:
            funded = by_book(terms, self.names, books, schedules, arrivals, funds, night)
        for crowd in self.crowds:
            night.wanted[:, crowd.owner] += crowd.gross()
        self._move_to(night.price_usd)
        return Close(
            last, night.price_usd, night.trades, night.wanted, night.volume, night.crowd_fills, night.events, funded,
            impact, night.traded, noon=night.noon,
        )  # fmt: skip

    def _books(self, evening: Evening) -> list[MonthOrders]:
        """All orders but the funds' of the nearest months."""
        months = evening.months()[:MONTHS]
        return [orders_of(m, mine, self.crowds, self.terms, self.price_usd[m]) for m, mine in enumerate(months)]

    def _events(self, cleared: Floats) -> list[tuple[str, str]]:
        """What of the outcomes (months, fields of `Cleared`) is worth telling."""
        events = []
        for name, (price, position, status, roots, *rest) in zip(self.names, cleared.tolist(), strict=True):
            if status != TRADED or roots != 1.0:
                events += events_of(name, Cleared(price, position, int(status), int(roots), *rest))
        return events

    def funding_usd(self, close: Close) -> float:
        """What a contract that was held long pays for the day, beside variation margin: nothing, of months."""
        return 0.0

    def roll(self, technology: float) -> None:
        """The front month has settled: the others move up, a new month is listed at the last one's price a month on."""
        step = math.exp(-technology / 12.0)
        self.price_usd = np.append(self.price_usd[1:], self.price_usd[-1] * step)
        self.trend = np.append(self.trend[1:], self.trend[-1])
        self.first_month += 1
        self.known = []


def resting_orders(crowds: Sequence[Speculators], months: int) -> tuple[Floats, Ints]:
    """The crowds' orders side by side: quantities and limit ticks (months, traders), as they lie where there is one."""
    if len(crowds) == 1:
        return crowds[0].quantity, crowds[0].tick
    none = np.zeros((months, 0))
    quantity = np.concatenate([none, *(crowd.quantity for crowd in crowds)], axis=1)
    tick = np.concatenate([none.astype(np.int64), *(crowd.tick for crowd in crowds)], axis=1)
    return quantity, tick


def _by_crowd(fills: Floats, crowds: Sequence[Speculators]) -> list[Floats]:
    """The fills (months, traders) of each crowd."""
    if len(crowds) == 1:
        return [fills]
    ends = np.cumsum([0, *(crowd.quantity.shape[1] for crowd in crowds)]).tolist()
    return [fills[:, i:j].copy() for i, j in itertools.pairwise(ends)]
