"""The closing auction where funds trade: the two nearest months are solved together, the funds' assets being one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.kernels.call_auction import Cleared
from sim.kernels.fund_auction import FundCurves, largest_eigenvalue
from sim.kernels.joint_auction import joint_auction
from sim.vocabulary import Floats, Ints

MONTHS = 2  # the nearest ones, which funds hold


@dataclass(frozen=True)
class FundOrders:
    """What funds (K,) bring to the close: their rows in the ledger, and their demand at any two prices."""

    owners: Ints
    curves: FundCurves


@dataclass(frozen=True)
class FundClose:
    """What became of it: fills (K, 2) in contracts, loop gain by month (2,), largest joint eigenvalue."""

    fills: Floats
    gain: Floats
    spectral_radius: float


@dataclass(frozen=True)
class MonthOrders:
    """All orders of one month but the funds': resting orders, schedules as a curve (2, n) on the grid of ticks."""

    tick0: int
    last_usd: float
    curve: Floats
    quantity: Floats
    tick: Ints


NOTHING = MonthOrders(1, 0.0, np.zeros((2, 1)), np.zeros(0), np.zeros(0, dtype=np.int64))


def close_with_funds(
    months: Sequence[MonthOrders], orders: FundOrders, tick_usd: float, to_tick: bool
) -> tuple[list[tuple[Cleared, Floats]], FundClose]:
    """Clear one or two months with funds; (outcome, fills of the resting orders) by month, and the funds' own.

    Where one month is listed it is joined to one without orders, in which no fund wants anything.
    """
    near, far = months[0], months[1] if len(months) == MONTHS else NOTHING
    wanted = np.zeros((MONTHS, len(orders.owners)))
    resting = np.zeros(len(near.quantity)), np.zeros(len(far.quantity))
    one, two, gains = joint_auction(
        near.quantity, near.tick, near.curve, near.tick0, float(near.last_usd),
        far.quantity, far.tick, far.curve, far.tick0, float(far.last_usd),
        orders.curves, tick_usd, to_tick, wanted, resting[0], resting[1],
    )  # fmt: skip
    share = [[cleared.curve_sell_filled, cleared.curve_buy_filled] for cleared in (one, two)]
    fills = np.array([[x * share[m][x > 0.0] for x in row] for m, row in enumerate(wanted.tolist())]).T
    found = [(one, resting[0]), (two, resting[1])][: len(months)]
    return found, FundClose(fills, gains.diagonal().copy(), largest_eigenvalue(gains))
