"""A venue: monthly contracts on an index, a closing call auction a day in every month, the crowds that trade there."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np

from sim.calendar import Calendar
from sim.exchange.crowd import Speculators
from sim.exchange.futures import Rows, events_of, orders_of, price_impact, schedules_by_month
from sim.exchange.joint_close import MONTHS, FundOrders, close_with_funds
from sim.exchange.terms import MAIN, VenueTerms
from sim.kernels.call_auction import Cleared, call_auction, schedule_fills
from sim.rows.exchange import Close, Curve
from sim.vocabulary import DAYS_PER_YEAR, Floats

TREND_DAYS = 20.0


class Listed(NamedTuple):
    """What the calendar says of the listed months: ledger names, first days and that of the month after the last.

    `business_days` are those of the nearest month, over which it settles.
    """

    months: range
    names: list[str]
    first_days: list[int]
    business_days: int


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
        self._listed: Listed | None = None

    @property
    def listed(self) -> Listed:
        """The listed months in the calendar, looked up when another month is listed."""
        months = range(self.first_month, self.first_month + self.terms.maturities)
        if self._listed is None or self._listed.months != months:
            prefix = "future" if self.name == MAIN else f"future:{self.name}"
            self._listed = Listed(
                months,
                [f"{prefix}:{self.calendar.month_name(month)}" for month in months],
                [self.calendar.first_day(month) for month in (*months, months.stop)],
                len(self.calendar.business_days(self.first_month)),
            )
        return self._listed

    @property
    def names(self) -> list[str]:
        """Ledger names of the listed contracts, nearest first."""
        return self.listed.names

    @property
    def wealth_usd(self) -> float:
        """What all traders of the crowds own."""
        return float(sum(crowd.total_cash_usd() for crowd in self.crowds))

    def note_index(self, day: int, index_usd: float) -> None:
        """Add a business day's index to the mean of the front month."""
        if self.calendar.is_business_day(day):
            self.known.append(index_usd)

    def settlement_usd(self) -> float:
        """Mean of the index over the month's business days so far (the last price where there was none)."""
        return math.fsum(self.known) / len(self.known) if self.known else float(self.price_usd[0])

    def curve(self, day: int, index_ratio: float) -> Curve:
        """The curve as the day's decisions see it; `day` is the first day not yet in the index."""
        horizons, left = [], []
        for begin, end in itertools.pairwise(self.listed.first_days):
            first = max(day, begin)
            horizons.append(max(0.0, 0.5 * (first + end - 1) - day + 1) / DAYS_PER_YEAR)
            left.append(float(max(0, end - first)))
        unknown = (0.0,) * (self.terms.maturities - 1)
        known = len(self.known) / self.listed.business_days
        return Curve(
            price_usd=tuple(self.price_usd.tolist()), horizon_years=tuple(horizons), known_weight=(known, *unknown),
            known_mean_usd=(self.settlement_usd(), *unknown),
            normal_premium=self.normal_premium, days_left=tuple(left), index_ratio=index_ratio,
            contract_hours=self.terms.contract_gpu_hours * self.gpu_ve,
        )  # fmt: skip

    def clear(self, rows: Rows, owners: int, funds: FundOrders | None = None, probed: Floats | None = None) -> Close:
        """Close every maturity: institutions' schedules on the tick grid against the crowds' resting orders.

        Funds trade in the two nearest months, which are then solved together. If `probed` (months,), open interest in
        contracts, is given, the price impact is measured in the month that comes after the nearest.
        """
        terms, crowds, last = self.terms, self.crowds, self.price_usd.copy()
        price, volume = last.copy(), np.zeros(terms.maturities)
        trades, wanted = np.zeros((2, terms.maturities, owners))
        crowd_fills = [np.empty_like(crowd.quantity) for crowd in crowds]
        events: list[tuple[str, str]] = []
        schedules = schedules_by_month(rows, terms.maturities)
        books = [orders_of(m, mine, crowds, terms, last[m]) for m, mine in enumerate(schedules)]
        impact = math.nan
        if probed is not None:
            next_month = min(1, terms.maturities - 1)
            impact = price_impact(books[next_month], terms.tick_usd, float(probed[next_month]))
        joint, funded = (
            close_with_funds(books[:MONTHS], funds, terms.tick_usd, terms.round_to_tick)
            if funds is not None
            else ([], None)
        )
        for m, (orders, mine) in enumerate(zip(books, schedules, strict=True)):
            if m < len(joint):
                cleared, fills = joint[m]
            else:
                fills = crowd_fills[0][m] if len(crowds) == 1 else np.zeros(len(orders.quantity))
                cleared = call_auction(
                    orders.quantity, orders.tick, orders.curve, orders.tick0, terms.tick_usd, last[m],
                    terms.round_to_tick, fills,
                )  # fmt: skip
            scheduled, both = np.zeros((2, len(mine.owners)))
            schedule_fills(*mine.terms, last[m], orders.tick0, terms.tick_usd, cleared, scheduled)
            schedule_fills(*mine.terms, last[m], orders.tick0, terms.tick_usd, uncut(cleared), both)
            np.add.at(trades[m], mine.owners, scheduled)
            np.add.at(wanted[m], mine.owners, both)
            at = 0
            for crowd, into in zip(crowds, crowd_fills, strict=True):
                if fills.base is not into:
                    into[m] = fills[at : at + into.shape[1]]
                trades[m, crowd.owner] += float(into[m].sum())
                at += into.shape[1]
            if funds is not None and funded is not None and m < len(joint):
                trades[m, funds.owners] += funded.fills[:, m]
            price[m], volume[m] = cleared.price_usd, cleared.volume_contracts
            events += events_of(self.names[m], cleared)
        for crowd in crowds:
            wanted[:, crowd.owner] += crowd.gross()
        self.price_usd = price
        self.trend += (np.log(price / last) - self.trend) / TREND_DAYS
        return Close(last, price, trades, wanted, volume, crowd_fills, events, funded, impact)

    def roll(self, technology: float) -> None:
        """The front month has settled: the others move up, a new month is listed at the last one's price a month on."""
        step = math.exp(-technology / 12.0)
        self.price_usd = np.append(self.price_usd[1:], self.price_usd[-1] * step)
        self.trend = np.append(self.trend[1:], self.trend[-1])
        self.first_month += 1
        self.known = []


def uncut(cleared: Cleared) -> Cleared:
    """The same outcome for who would be filled in full, what it sells counted with what it buys."""
    return cleared._replace(curve_buy_filled=1.0, curve_sell_filled=-1.0)
