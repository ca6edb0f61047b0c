"""Forward sales are pro-competitive (Allaz and Vila 1993): each of two producers sells ahead, and both produce more.

Spot: two producers bring quantities to the model's auction, buyers the schedule a - Q; each has the quantity that is
best against the other's, the price falling on what it has not sold ahead alone. Before that both sell forward to
traders who know what spot price will follow. Without a forward round Cournot's price (a + 2 c) / 3 results, with one
(a + 4 c) / 5, at quantities of 2 (a - c) / 5 and forward sales of (a - c) / 5 each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_schedules
from sim.spec import Spec
from sim.vocabulary import NonNegative, Positive

Pair = tuple[float, float]
ROUNDS = 200
STILL = 1e-10


class Parameters(Strict):
    """Buyers' highest price a, cost c, whether producers may sell ahead; prices, quantity, forward sales on record."""

    highest_price: Positive
    cost: NonNegative
    price_without: Positive
    price: Positive
    quantity: Positive
    forward: Positive
    forward_round: bool
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Prices and quantities without and with a forward round."""
    del spec
    alone = spot_quantities(p, (0.0, 0.0))
    yield Check("price, no forward round", "Cournot", p.price_without, spot_price(p, alone), p.tolerance)
    sold = forward_sales(p) if p.forward_round else (0.0, 0.0)
    made = spot_quantities(p, sold)
    yield Check("price, one forward round", "", p.price, spot_price(p, made), p.tolerance)
    for who in range(2):
        yield Check("quantity", f"producer {who + 1}", p.quantity, made[who], p.tolerance)
        yield Check("sold forward", f"producer {who + 1}", p.forward, sold[who], p.tolerance)
    expected = forward_price(spot_price(p, made), sold)
    yield Check("forward price over the spot price", "", 1.0, expected / spot_price(p, made), p.tolerance)


def spot_price(p: Parameters, quantities: Pair) -> float:
    """The price at which buyers take what both bring."""
    return price_of_schedules([p.highest_price], [1.0], 0.0, p.highest_price, 1, [-q for q in quantities])


def forward_price(expected: float, sold: Pair) -> float:
    """The forward auction: traders who know the spot price to come take any quantity at it."""
    return price_of_schedules([0.0], [1e12], expected, expected, 1, [-q for q in sold])


def spot_quantities(p: Parameters, sold: Pair) -> Pair:
    """What both produce, each the best against the other, given what they have sold ahead."""

    def profit(who: int, quantities: Pair) -> float:
        own = quantities[who]
        return spot_price(p, quantities) * (own - sold[who]) - p.cost * own

    return best_of_both(profit, (0.1 * p.highest_price, 0.1 * p.highest_price))


def forward_sales(p: Parameters) -> Pair:
    """What both sell ahead, each the best against the other, knowing what quantities will follow."""

    def profit(who: int, sold: Pair) -> float:
        quantities = spot_quantities(p, sold)
        price = spot_price(p, quantities)
        own = quantities[who]
        return forward_price(price, sold) * sold[who] + price * (own - sold[who]) - p.cost * own

    return best_of_both(profit, (0.0, 0.0))


def best_of_both(profit: Callable[[int, Pair], float], start: Pair) -> Pair:
    """Best answers in turn until nobody moves; each from three tries, profit being a parabola in one's own choice."""
    at, step = list(start), 0.5
    for _ in range(ROUNDS):
        before = tuple(at)
        for who in range(2):
            tries = at[who] + step * np.arange(-1.0, 2.0)
            made = []
            for choice in tries.tolist():
                both = [choice if k == who else at[k] for k in range(2)]
                made.append(profit(who, (both[0], both[1])))
            curved = made[0] - 2.0 * made[1] + made[2]
            at[who] += step * 0.5 * (made[0] - made[2]) / curved
        if max(abs(a - b) for a, b in zip(at, before, strict=True)) < STILL:
            break
    return at[0], at[1]
