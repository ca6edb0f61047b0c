"""A closing auction of one listed month: schedules as arrays, a month's orders, what of it is worth telling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.joint_close import MonthOrders
from sim.exchange.terms import VenueTerms
from sim.kernels.call_auction import (
    LIMIT_DOWN,
    LIMIT_UP,
    MARKET,
    Cleared,
    call_auction,
    linear_schedules_on_ticks,
    tick_grid,
)
from sim.rows.exchange import FutureRow
from sim.vocabulary import Floats, Ints

NEAR = 0.01  # of the price: what is wanted so near is counted as depth
PROBE = 0.03  # of open interest: the order by which price impact is measured


class Schedules(NamedTuple):
    """Linear schedules of one month: who set them, and (trade at last, slope, low, high), (n,) each."""

    owners: Ints
    terms: tuple[Floats, Floats, Floats, Floats]


class Evening(NamedTuple):
    """Schedules of all months, those of month m from `ends[m]` to `ends[m + 1]`: owners (n,), terms (4, n)."""

    ends: Ints
    owners: Ints
    terms: Floats

    def months(self) -> list[Schedules]:
        """The schedules of each month."""
        return [
            Schedules(
                self.owners[i:j], (self.terms[0, i:j], self.terms[1, i:j], self.terms[2, i:j], self.terms[3, i:j])
            )
            for i, j in itertools.pairwise(self.ends.tolist())
        ]


Rows = Sequence[tuple[int, FutureRow]] | tuple[Ints, Floats]  # one by one, or owners (n,) and fields (n, 5)


def by_month(rows: Rows, months: int) -> Evening:
    """All rows as arrays, month by month, those of a month in the order in which they came."""
    who, table = rows if isinstance(rows, tuple) else _arrays(rows)
    order = np.argsort(table[:, 0], kind="stable")
    fields = table[order].T.copy()
    return Evening(np.searchsorted(fields[0], np.arange(months + 1)), who[order], fields[1:])


def schedules_by_month(rows: Rows, months: int) -> list[Schedules]:
    """All rows as arrays, a month's together, in the order in which they came."""
    return by_month(rows, months).months()


def _arrays(rows: Sequence[tuple[int, FutureRow]]) -> tuple[Ints, Floats]:
    fields = len(FutureRow._fields)
    flat = itertools.chain.from_iterable([row for _, row in rows])
    table = np.fromiter(flat, np.float64, fields * len(rows)).reshape(-1, fields)
    return np.fromiter([owner for owner, _ in rows], np.int64, len(rows)), table


def orders_of(
    m: int, mine: Schedules, crowds: Sequence[Speculators], terms: VenueTerms, last_usd: float
) -> MonthOrders:
    """The orders of listed month m on its grid: schedules as a curve, resting orders as they are."""
    tick0, n = tick_grid(last_usd, terms.daily_limit, terms.tick_usd)
    curve = np.zeros((2, n))
    linear_schedules_on_ticks(*mine.terms, last_usd, tick0, terms.tick_usd, curve)
    if len(crowds) == 1:  # as they lie, without a copy
        return MonthOrders(tick0, last_usd, curve, crowds[0].quantity[m], crowds[0].tick[m])
    quantity = np.concatenate([crowd.quantity[m] for crowd in crowds]) if crowds else np.zeros(0)
    tick = np.concatenate([crowd.tick[m] for crowd in crowds]) if crowds else np.zeros(0, dtype=np.int64)
    return MonthOrders(tick0, last_usd, curve, quantity, tick)


def price_impact(orders: MonthOrders, tick_usd: float, open_interest: float) -> float:
    """Lambda of a month's orders: log price change per order of one open interest, the funds' orders left out.

    The close is tried with one more market order of `PROBE` of open interest (contracts), once to buy and once to
    sell; nothing is traded. nan where nobody holds anything.
    """
    if open_interest <= 0.0:
        return math.nan
    price = [
        call_auction(
            np.append(orders.quantity, side * PROBE * open_interest), np.append(orders.tick, side * MARKET),
            orders.curve, orders.tick0, tick_usd, orders.last_usd, False, np.zeros(len(orders.quantity) + 1),
        ).price_usd
        for side in (1, -1)
    ]  # fmt: skip
    return math.log(price[0] / price[1]) / (2.0 * PROBE)


def depth_near(orders: MonthOrders, price_usd: float, tick_usd: float) -> float:
    """Contracts that would be traded more or less on both sides if a month's price moved by `NEAR` to either side.

    It is what limit orders and schedules want at the lower price over what they want at the higher.
    """
    low, high = (price_usd * (1.0 + side * NEAR) / tick_usd for side in (-1, 1))
    near = np.abs(orders.quantity)[(orders.tick >= low) & (orders.tick <= high)]
    ticks = orders.tick0 + np.arange(orders.curve.shape[1])
    bought, sold = (np.interp([low, high], ticks, side) for side in orders.curve)
    return float(near.sum() + (bought[0] - bought[1]) + (sold[1] - sold[0]))


def events_of(name: str, cleared: Cleared) -> list[tuple[str, str]]:
    """What of an auction's outcome is worth telling."""
    events = []
    if cleared.status in (LIMIT_UP, LIMIT_DOWN):
        events.append(("limit lock", f"{name}: locked at {cleared.price_usd:.2f} USD, the rest unfilled"))
    if cleared.roots > 1:
        events.append(
            ("multiplicity", f"{name}: {cleared.roots} prices clear, the one that continues from the last was taken")
        )
    return events
