"""How landlords and users of capacity bring their hedges to the futures auction: a schedule for every listed month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import numpy as np

from sim.kernels.hedges import hedge_table
from sim.rows.exchange import FutureRow, ListedMonth
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY, Floats, Ints


class Hedger(Protocol):
    """The settings of those who hedge; shares are of the exposure."""

    hedge_horizon_years: float  # hedges are built up over this time before delivery
    hedge_pace_per_day: float  # most that is traded in a day
    hedge_tolerance: float  # speculative part, per unit of mispricing
    hedge_reach: float  # farthest from the hedge
    trading_half_life_years: float  # perceived persistence of rent deviations


def hedges(view: View, p: Hedger, hedge_ratio: float, exposure_ve: float) -> Iterable[FutureRow]:
    """Cover a share of an exposure in each listed month (+ bought by users, - sold by landlords), around own beliefs.

    The exposure to a month is what is used or let by the hour in the days that are left of it, in contracts:
    h Y / contract size, h growing as delivery comes nearer. Of V venues each has a V-th of it. Where the futures market
    is stated to be small (`futures.open_interest_share`), only a share of the exposure is brought to it.
    """
    venues = len(view.venues)
    if not venues:
        return ()
    months = view.months_ahead(p.trading_half_life_years, p.hedge_horizon_years)
    tastes = hedge_ratio, p.hedge_tolerance, p.hedge_reach, p.hedge_pace_per_day
    return Hedges(view, months, (view.hedged_share * exposure_ve * HOURS_PER_DAY / venues, *tastes))


@dataclass(slots=True, eq=False)
class Hedges:
    """A hedger's schedules of tonight before they are worked out: by iterating, or by `tabled` for all hedgers at once.

    `terms` are daily VE-hours, hedge ratio, tolerance, reach and pace.
    """

    view: View
    months: tuple[ListedMonth, ...]
    terms: tuple[float, float, float, float, float]

    def __iter__(self) -> Iterator[FutureRow]:
        """A row for each listed month."""
        held = np.array([[self.view.position(month.maturity)] for month in self.months], dtype=np.float64)
        for maturity, *schedule in _table([(0, self)], held)[1].tolist():
            yield FutureRow(int(maturity), *schedule)


def tabled(asked: Sequence[tuple[int, Iterable[FutureRow]]], held: Floats) -> tuple[Ints, Floats]:
    """All rows that owners bring, in their order: owners (n,), fields of `FutureRow` (n, 5).

    `held` (months, owners) are positions in contracts. Hedges that follow on each other are worked out together; an
    agent that writes its rows one by one costs only itself.
    """
    owners: list[Ints] = [np.zeros(0, dtype=np.int64)]
    rows: list[Floats] = [np.zeros((0, len(FutureRow._fields)))]
    for together, some in groupby(asked, key=lambda item: type(item[1]) is Hedges):
        who, table = (_table if together else _as_they_come)(list(some), held)
        owners.append(who)
        rows.append(table)
    return np.concatenate(owners), np.concatenate(rows)


def _table(plans: Sequence[tuple[int, Any]], held: Floats) -> tuple[Ints, Floats]:
    beliefs = {id(one.months): one.months for _, one in plans}
    place = {known: k for k, known in enumerate(beliefs)}
    months = np.array(list(beliefs.values()), dtype=np.float64)
    owners = np.array([owner for owner, _ in plans], dtype=np.int64)
    which = np.array([place[id(one.months)] for _, one in plans], dtype=np.int64)
    terms = np.array([one.terms for _, one in plans], dtype=np.float64)
    return np.repeat(owners, months.shape[1]), hedge_table(owners, which, terms, months, held)


def _as_they_come(asked: Sequence[tuple[int, Any]], held: Floats) -> tuple[Ints, Floats]:
    rows = [(owner, row) for owner, some in asked for row in some]
    table = np.array([row for _, row in rows], dtype=np.float64).reshape(-1, len(FutureRow._fields))
    return np.array([owner for owner, _ in rows], dtype=np.int64), table
