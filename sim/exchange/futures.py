"""A closing auction of one listed month: schedules as arrays, a month's orders, what of it is worth telling."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.joint_close import MonthOrders
from sim.exchange.terms import VenueTerms
from sim.kernels.call_auction import LIMIT_DOWN, LIMIT_UP, Cleared, linear_schedules_on_ticks, tick_grid
from sim.rows.exchange import FutureRow
from sim.vocabulary import Floats, Ints


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
