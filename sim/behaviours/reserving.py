"""How landlords and users of capacity bring contracts to their auction: one schedule of rents, for every tenor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sim.rows.reserved import ReservedRow
from sim.view import View
from sim.vocabulary import Floats, Ints


@dataclass(slots=True, eq=False)
class Schedule:
    """What one would let (-) or reserve (+) in every tenor, from a rent on that follows what is expected of the tenor.

    The limit is max(floor, (1 - d(T)) E(T) x), with the path's discount d, the mean rent expected over the tenor E
    and `times`, x, by which this side stands off from it: see `ReservedRow` for `width`. Worked out by iterating, or by
    `tabled` for all who bring one at once.
    """

    view: View
    quantity_ve: float
    times: float
    width: float
    beliefs: tuple[float, float]  # half-lives of deviations of rents over contracts and over the futures curve, years
    floor_usd: float = 0.0

    @property
    def rents_usd(self) -> tuple[float, ...]:
        """Mean rent expected over each tenor."""
        return self.view.contract_rents_usd(*self.beliefs)

    def __iter__(self) -> Iterator[ReservedRow]:
        """A row for each tenor."""
        for tenor, *terms in _table([self]).tolist():
            yield ReservedRow(int(tenor), *terms)


def tabled(asked: Sequence[tuple[int, Iterable[ReservedRow]]]) -> tuple[Ints, Floats]:
    """All rows that owners bring: owners (n,), fields of `ReservedRow` (n, 4).

    Schedules are worked out together; an agent that writes its rows one by one costs only itself.
    """
    plans = [(owner, some) for owner, some in asked if type(some) is Schedule]
    rows = [(owner, row) for owner, some in asked if type(some) is not Schedule for row in some]
    table = _table([plan for _, plan in plans])
    owners = np.repeat(np.array([owner for owner, _ in plans], dtype=np.int64), len(table) // max(1, len(plans)))
    if not rows:
        return owners, table
    more, others = arrays(rows)
    return np.concatenate([owners, more]), np.concatenate([table, others])


def arrays(rows: Sequence[tuple[int, ReservedRow]]) -> tuple[Ints, Floats]:
    """Rows one by one as arrays: who (n,), fields (n, 4)."""
    table = np.array([row for _, row in rows], dtype=np.float64).reshape(-1, len(ReservedRow._fields))
    return np.array([who for who, _ in rows], dtype=np.int64), table


def _table(plans: Sequence[Schedule]) -> Floats:
    """Rows of schedules, tenor by tenor for each."""
    if not plans:
        return np.zeros((0, len(ReservedRow._fields)))
    less = 1.0 - np.array(plans[0].view.path.discounts)
    terms = np.array([(plan.quantity_ve, plan.times, plan.width, plan.floor_usd) for plan in plans])
    quantity, times, width, floor = terms.T[:, :, None]
    found = np.empty((len(plans), len(less), len(ReservedRow._fields)))
    found[:, :, 0] = np.arange(len(less))
    found[:, :, 1] = quantity
    rents = {plan.beliefs: plan.rents_usd for plan in {plan.beliefs: plan for plan in plans}.values()}
    found[:, :, 2] = np.maximum(floor, less * np.array([rents[plan.beliefs] for plan in plans]) * times)
    found[:, :, 3] = width
    return found.reshape(-1, len(ReservedRow._fields))
