"""The auction of contracts: for each tenor one rent, where what is wanted has fallen to what is offered.

    log_rent, sold, bought = meet(sellers, buyers)

A side is (3, tenors, owners): quantity, log of the limit, width. A schedule trades nothing at its limit and all of its
quantity where the rent is `width` logs better, in a straight line between; without width it is a step, all at once.
Excess demand falls in the rent and is straight between the corners at which somebody begins or ends, so that looking
there finds the crossing exactly. Where a range of rents would do it is their middle. Whoever is better than the rent
is filled, steps that stand exactly at it share what is left pro rata; both sides are equal in sum.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import jit

Floats = NDArray[np.float64]

SELL, BUY = 1.0, -1.0


@jit
def meet(sellers: Floats, buyers: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the log rent (tenors,), what each sold (tenors, sellers) and bought (tenors, buyers); see the module."""
    log_rent, sold, bought = np.empty(sellers.shape[1]), np.empty(sellers.shape[1:]), np.empty(buyers.shape[1:])
    for k in range(len(log_rent)):
        rent = log_rent[k] = _crossing(sellers[:, k], buyers[:, k])
        volume = min(_total(sellers[:, k], SELL, rent, True), _total(buyers[:, k], BUY, rent, True))
        _fill(sellers[:, k], SELL, rent, volume, sold[k])
        _fill(buyers[:, k], BUY, rent, volume, bought[k])
    return log_rent, sold, bought


@jit
def amount(quantity: float, log_limit: float, width: float, side: float, log_rent: float, standing: bool) -> float:
    """Return what one schedule trades at a rent, with (`standing`) or without what stands exactly at its limit."""
    better = side * (log_rent - log_limit)
    if width > 0.0:
        return quantity * min(1.0, max(0.0, better / width))
    return quantity if better > 0.0 or (standing and better == 0.0) else 0.0


@jit
def _total(rows: Floats, side: float, log_rent: float, standing: bool) -> float:
    total = 0.0
    for i in range(rows.shape[1]):
        total += amount(rows[0, i], rows[1, i], rows[2, i], side, log_rent, standing)
    return total


@jit
def _just_above(sellers: Floats, buyers: Floats, log_rent: float) -> float:
    """Excess demand just above a rent: buyers who stand at it are gone, sellers who do are there."""
    return _total(buyers, BUY, log_rent, False) - _total(sellers, SELL, log_rent, True)


@jit
def _crossing(sellers: Floats, buyers: Floats) -> float:
    """The log rent at which excess demand passes through zero."""
    corners = np.sort(np.concatenate((sellers[1], sellers[1] + sellers[2], buyers[1], buyers[1] - buyers[2])))
    n = len(corners)
    first, excess, last_excess = 0, _just_above(sellers, buyers, corners[0]), 0.0
    while excess > 0.0 and first < n - 1:
        first, last_excess = first + 1, excess
        excess = _just_above(sellers, buyers, corners[first])
    below = _total(buyers, BUY, corners[first], True) - _total(sellers, SELL, corners[first], False)
    if below < 0.0 and first > 0:
        x = corners[first - 1]
        return float(x + (corners[first] - x) * last_excess / (last_excess - below))
    for last in range(first, n):
        if _just_above(sellers, buyers, corners[last]) < 0.0:
            return 0.5 * float(corners[first] + corners[last])
    return float(corners[first])


@jit
def _fill(rows: Floats, side: float, log_rent: float, volume: float, filled: Floats) -> None:
    """Write the fills: better schedules whole, those at the rent pro rata, to the volume exactly."""
    sure, most = _total(rows, side, log_rent, False), _total(rows, side, log_rent, True)
    share = min(1.0, max(0.0, (volume - sure) / max(most - sure, 1e-300)))
    total = 0.0
    for i in range(rows.shape[1]):
        firm = amount(rows[0, i], rows[1, i], rows[2, i], side, log_rent, False)
        filled[i] = firm + share * (amount(rows[0, i], rows[1, i], rows[2, i], side, log_rent, True) - firm)
        total += filled[i]
    if total > 0.0:
        filled *= volume / total
