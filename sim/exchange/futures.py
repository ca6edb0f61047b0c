"""The futures market: monthly contracts on an index, a closing call auction a day in every maturity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.calendar import Calendar
from sim.exchange.crowd import Speculators
from sim.exchange.joint_close import MONTHS, FundOrders, MonthOrders, close_with_funds
from sim.kernels.call_auction import (
    LIMIT_DOWN,
    LIMIT_UP,
    Cleared,
    call_auction,
    linear_schedules_on_ticks,
    schedule_fills,
    tick_grid,
)
from sim.rows.exchange import Close, Curve, FutureRow
from sim.vocabulary import DAYS_PER_YEAR, Floats, Ints

TREND_DAYS = 20.0


@dataclass(frozen=True)
class Contract:
    """What is listed: size in GPU-hours, tick in USD, daily limit as a share, number of months, rounding.

    `value` is VE per GPU of the grade whose index it settles on: users and owners hedge VE-hours.
    """

    gpu_hours: float
    tick_usd: float
    daily_limit: float
    maturities: int
    round_to_tick: bool
    normal_premium: tuple[float, ...]
    value: float = 1.0


class Schedules(NamedTuple):
    """Linear schedules of one month: who set them, and (trade at last, slope, low, high), (n,) each."""

    owners: Ints
    terms: tuple[Floats, Floats, Floats, Floats]


Rows = Sequence[tuple[int, FutureRow]] | tuple[Ints, Floats]  # one by one, or owners (n,) and fields (n, 5)


def schedules_by_month(rows: Rows, months: int) -> list[Schedules]:
    """All rows as arrays, month by month, those of a month in the order in which they came."""
    who, table = rows if isinstance(rows, tuple) else _arrays(rows)
    order = np.argsort(table[:, 0], kind="stable")
    owners = who[order]
    month, at_last, slope, low, high = table[order].T.copy()
    ends = np.searchsorted(month, np.arange(months + 1)).tolist()
    return [
        Schedules(owners[i:j], (at_last[i:j], slope[i:j], low[i:j], high[i:j])) for i, j in itertools.pairwise(ends)
    ]


def _arrays(rows: Sequence[tuple[int, FutureRow]]) -> tuple[Ints, Floats]:
    fields = len(FutureRow._fields)
    flat = itertools.chain.from_iterable([row for _, row in rows])
    table = np.fromiter(flat, np.float64, fields * len(rows)).reshape(-1, fields)
    return np.fromiter([owner for owner, _ in rows], np.int64, len(rows)), table


class Listed(NamedTuple):
    """What the calendar says of the listed months: ledger names, first days and that of the month after the last.

    `business_days` are those of the nearest month, over which it settles.
    """

    months: range
    names: list[str]
    first_days: list[int]
    business_days: int


class FuturesMarket:
    """Listed months (nearest first), their last prices and trends, and the mean of the front month so far."""

    def __init__(self, contract: Contract, calendar: Calendar) -> None:
        self.contract = contract
        self.calendar = calendar
        self.first_month = 0
        self.price_usd: Floats = np.zeros(contract.maturities)
        self.trend: Floats = np.zeros(contract.maturities)
        self.known: list[float] = []
        self._listed: Listed | None = None

    @property
    def listed(self) -> Listed:
        """The listed months in the calendar, looked up when another month is listed."""
        months = range(self.first_month, self.first_month + self.contract.maturities)
        if self._listed is None or self._listed.months != months:
            self._listed = Listed(
                months,
                [f"future:{self.calendar.month_name(month)}" for month in months],
                [self.calendar.first_day(month) for month in (*months, months.stop)],
                len(self.calendar.business_days(self.first_month)),
            )
        return self._listed

    @property
    def names(self) -> list[str]:
        """Ledger names of the listed contracts, nearest first."""
        return self.listed.names

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
        unknown = (0.0,) * (self.contract.maturities - 1)
        known = len(self.known) / self.listed.business_days
        return Curve(
            price_usd=tuple(self.price_usd.tolist()), horizon_years=tuple(horizons), known_weight=(known, *unknown),
            known_mean_usd=(self.settlement_usd(), *unknown),
            normal_premium=self.contract.normal_premium, days_left=tuple(left), index_ratio=index_ratio,
            contract_hours=self.contract.gpu_hours * self.contract.value,
        )  # fmt: skip

    def clear(
        self,
        rows: Rows,
        crowds: Sequence[Speculators],
        owners: int,
        funds: FundOrders | None = None,
    ) -> Close:
        """Close every maturity: institutions' schedules on the tick grid against the crowds' resting orders.

        Funds trade in the two nearest months, which are then solved together.
        """
        contract, last = self.contract, self.price_usd.copy()
        price, volume = last.copy(), np.zeros(contract.maturities)
        trades = np.zeros((contract.maturities, owners))
        crowd_fills = [np.empty_like(crowd.quantity) for crowd in crowds]
        events: list[tuple[str, str]] = []
        schedules = schedules_by_month(rows, contract.maturities)
        books = [self._book(m, mine, crowds, last[m]) for m, mine in enumerate(schedules)]
        joint, funded = (
            close_with_funds(books[:MONTHS], funds, contract.tick_usd, contract.round_to_tick)
            if funds is not None
            else ([], None)
        )
        for m, (orders, mine) in enumerate(zip(books, schedules, strict=True)):
            if m < len(joint):
                cleared, fills = joint[m]
            else:
                fills = crowd_fills[0][m] if len(crowds) == 1 else np.zeros(len(orders.quantity))
                cleared = call_auction(
                    orders.quantity, orders.tick, orders.curve, orders.tick0, contract.tick_usd, last[m],
                    contract.round_to_tick, fills,
                )  # fmt: skip
            scheduled = np.zeros(len(mine.owners))
            schedule_fills(*mine.terms, last[m], orders.tick0, contract.tick_usd, cleared, scheduled)
            np.add.at(trades[m], mine.owners, scheduled)
            at = 0
            for crowd, into in zip(crowds, crowd_fills, strict=True):
                if fills.base is not into:
                    into[m] = fills[at : at + into.shape[1]]
                trades[m, crowd.owner] += float(into[m].sum())
                at += into.shape[1]
            if funds is not None and funded is not None and m < len(joint):
                trades[m, funds.owners] += funded.fills[:, m]
            price[m], volume[m] = cleared.price_usd, cleared.volume_contracts
            events += _events(self.names[m], cleared)
        self.price_usd = price
        self.trend += (np.log(price / last) - self.trend) / TREND_DAYS
        return Close(last, price, trades, volume, crowd_fills, events, funded)

    def _book(self, m: int, mine: Schedules, crowds: Sequence[Speculators], last_usd: float) -> MonthOrders:
        """A month's orders on its grid: schedules as a curve, resting orders as they are."""
        tick0, n = tick_grid(last_usd, self.contract.daily_limit, self.contract.tick_usd)
        curve = np.zeros((2, n))
        linear_schedules_on_ticks(*mine.terms, last_usd, tick0, self.contract.tick_usd, curve)
        if len(crowds) == 1:  # as they lie, without a copy
            return MonthOrders(tick0, last_usd, curve, crowds[0].quantity[m], crowds[0].tick[m])
        quantity = np.concatenate([crowd.quantity[m] for crowd in crowds]) if crowds else np.zeros(0)
        tick = np.concatenate([crowd.tick[m] for crowd in crowds]) if crowds else np.zeros(0, dtype=np.int64)
        return MonthOrders(tick0, last_usd, curve, quantity, tick)

    def roll(self, technology: float) -> None:
        """The front month has settled: the others move up, a new month is listed at the last one's price a month on."""
        step = math.exp(-technology / 12.0)
        self.price_usd = np.append(self.price_usd[1:], self.price_usd[-1] * step)
        self.trend = np.append(self.trend[1:], self.trend[-1])
        self.first_month += 1
        self.known = []


def _events(name: str, cleared: Cleared) -> list[tuple[str, str]]:
    """What of an auction's outcome is worth telling."""
    events = []
    if cleared.status in (LIMIT_UP, LIMIT_DOWN):
        events.append(("limit lock", f"{name}: locked at {cleared.price_usd:.2f} USD, the rest unfilled"))
    if cleared.roots > 1:
        events.append(
            ("multiplicity", f"{name}: {cleared.roots} prices clear, the one that continues from the last was taken")
        )
    return events
