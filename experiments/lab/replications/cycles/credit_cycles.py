"""Credit cycles (Kiyotaki and Moore 1997): a small shock to borrowers is large once land is both factor and collateral.

Farmers produce a on each unit of land and owe what their land will be worth at most: B = q' K / R. Land costs them
u = q - q' / R to use, and what they have is all they put down, K u = (a + q) K_before - R B_before; what they do not
hold others do, who give way with elasticity eta, K ~ u^eta. Each date's land market is the model's closing auction,
farmers and others bring what they want at each price; the path of prices is foreseen, found by going through all dates
again until nobody is surprised. Productivity is higher by the share d at one date:

    K rises by d (R - k) / (R - 1) at once, k = eta / (1 + eta), and q by d / eta,

without the answer of tomorrow's price by d, and by d (R - 1) / (R eta).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_demands
from sim.spec import Spec
from sim.vocabulary import Floats, Positive, PositiveCount

OUTPUT = 1.0  # a: of a unit of land, and what land costs to use at rest
REACH, TICKS = 4.0, 40  # of each auction's grid: so many times the shock to either side of the last price
LAND = 1e6  # units that farmers hold at rest: an auction overlooks 1e-9 of one
STILL = 1e-6  # of the shock
MOST_ROUNDS = 2000


class Parameters(Strict):
    """Gross interest R, elasticity eta of what others let go, the shock; what follows as published."""

    gross_interest: Annotated[float, Field(gt=1.0)]
    elasticity: Positive
    shock: Positive
    land: Positive  # rises by so many times the shock
    price: Positive
    land_static: Positive
    price_static: Positive
    dates: PositiveCount
    tolerance: Positive  # as a share: the shock is small, not infinitely so


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Land and price at the date of the shock, with and without foresight of prices, and how the shock dies out."""
    del spec
    for said, foreseen, land, price in (
        ("tomorrow's price as before", False, p.land_static, p.price_static),
        ("prices foreseen", True, p.land, p.price),
    ):
        held, q = path(p, foreseen)
        yield Check("land of farmers over the shock", said, land, held[0] / p.shock, p.tolerance * land)
        yield Check("price of land over the shock", said, price, q[0] / p.shock, p.tolerance * price)
    fades = p.elasticity / (1.0 + p.elasticity)
    yield Check("land a date later over land", "prices foreseen", fades, held[1] / held[0], p.tolerance)


def path(p: Parameters, foreseen: bool) -> tuple[Floats, Floats]:
    """Departures of land and price from rest, as shares, date by date."""
    R = p.gross_interest
    rest = OUTPUT * R / (R - 1.0)
    q = np.full(p.dates + 1, rest)
    for _ in range(MOST_ROUNDS):
        held, costs, land = 1.0, [], []
        for t in range(p.dates):
            price = clears(p, held, float(q[t + 1]), float(q[t]), rest if t == 0 else None)
            costs.append(price - q[t + 1] / R)
            held = float(others(p, costs[-1]))
            land.append(held)
        before = q.copy()
        for t in range(p.dates - 1, -1, -1):  # what land costs to use from now on is what it is worth
            q[t] = costs[t] + q[t + 1] / R
        if not foreseen or np.abs(q - before).max() < STILL * p.shock * rest:
            break
    if not foreseen:
        q[0] = costs[0] + rest / R
    return np.array(land) - 1.0, q[:-1] / rest - 1.0


def others(p: Parameters, cost: Floats) -> Floats:
    """Land that others leave to farmers where it costs so much to use; 1 at rest."""
    return np.asarray((cost / OUTPUT) ** p.elasticity)


def clears(p: Parameters, before: float, tomorrow: float, last: float, surprised: float | None) -> float:
    """The price of land at a date. Debts are what land was expected to be worth: `surprised` the price that was."""
    made = OUTPUT * (1.0 + p.shock) if surprised is not None else OUTPUT

    def farmers(prices: Floats) -> Floats:
        gained = prices - surprised if surprised is not None else 0.0
        return LAND * (made + gained) * before / (prices - tomorrow / p.gross_interest)

    def left(prices: Floats) -> Floats:
        return -LAND * others(p, prices - tomorrow / p.gross_interest)

    reach = REACH * p.shock * last
    return price_of_demands((farmers, left), last - reach, last + reach, TICKS, last)
