"""The market for used GPUs: between which neighbouring prices it clears, and what all that is at work is worth.

bracket(forced, willing, least, cost, cash, room, own, margin, floor) -> (low, high): wanted >= offered at low, not high
worths(installed, rows, first, value, ratio, age) -> what landlords' vintages are worth at value, and at last prices
"""

import numpy as np

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import total

HALVINGS = 200  # of a bracket, at most: until its ends are neighbours


@jit
def excess(
    price: float, forced: float, willing: Floats, least: Floats, cost: float, cash: Floats, room: Floats, own: Floats,
    margin: float,
) -> float:  # fmt: skip
    """Return what is wanted at a price beyond what is offered, at value: as `Buyers` and `Sellers` of `clearing`."""
    wanted, offered = np.zeros(len(own)), np.zeros(len(least))
    for i in range(len(own)):
        if own[i] >= price * (1.0 + margin):
            wanted[i] = min(cash[i] / price, room[i])
    for i in range(len(least)):
        if least[i] < price * (1.0 - cost):
            offered[i] = willing[i]
    return total(wanted) - forced - total(offered)


@jit
def bracket(
    forced: Floats, willing: Floats, least: Floats, cost: float, cash: Floats, room: Floats, own: Floats, margin: float,
    floor: float,
) -> tuple[float, float]:  # fmt: skip
    """Return neighbouring prices between which offers overtake wishes; the floor twice where they have even there.

    `forced`, `willing` and `least` (sellers,) are offers and own values over value, `cash`, `room` and `own` (buyers,)
    means and own values. Offers rise and wishes fall in the price, so that halving finds the place.
    """
    must = total(forced)
    low, high = floor, floor
    if excess(low, must, willing, least, cost, cash, room, own, margin) < 0.0:
        return low, high
    for i in range(len(own)):
        high = max(high, own[i])
    high += 1.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if excess(middle, must, willing, least, cost, cash, room, own, margin) >= 0.0:
            low = middle
        else:
            high = middle
    return low, high


@jit
def worths(installed: Floats, rows: Ints, first: int, value: Floats, ratio: Floats, age: Ints) -> tuple[Floats, Floats]:
    """Return what vintages of these rows are worth at value, and at last prices (rows,), USD.

    `installed` (owners, grades, days) is VE, `first` the day of it with the least life left; `value` (grades, days of
    life left) USD per VE, `ratio` (grades, ages) last prices over value, `age` (days of life left,) the age of each.
    """
    grades, days = value.shape
    at_value, at_prices = np.empty(len(rows)), np.empty(len(rows))
    table, factor = np.empty(grades * days), np.empty(grades * days)
    for g in range(grades):
        for d in range(days):
            factor[g * days + d] = ratio[g, age[d]]
    for k in range(len(rows)):
        for g in range(grades):
            of_grade = installed[rows[k], g]
            for d in range(days):
                table[g * days + d] = of_grade[first + d] * value[g, d]
        at_value[k] = total(table)
        for n in range(grades * days):
            table[n] *= factor[n]
        at_prices[k] = total(table)
    return at_value, at_prices
