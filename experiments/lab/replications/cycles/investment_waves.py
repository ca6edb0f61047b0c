"""Waves of investment in ships (Greenwood and Hanson 2015): who overrates today's earnings buys dear, and rues it.

Earnings of a ship are Pi = A - B Q; A - its mean is autoregressive (rho). Firms believe that it fades at rho_f and that
rivals invest a share theta of what they do; they pay what a ship is then worth, P = (E Pi' + E P') / (1 + r), and order
by the rule of this model's owners, (P - P_r) / k over what replaces the fleet. P - P_r = alpha x + beta y in
x = A - mean, y = Q - mean:

    (1 + r) beta = (beta - B)(1 + theta beta / k),  alpha = rho_f / (1 + r - rho_f - (beta - B) theta / k).

Returns are regressed on the price paid: nothing is foretold where firms are right (rho_f = rho, theta = 1), losses are
where they extrapolate or forget their rivals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.rules.investment import order_rate
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, NonNegative, Positive, Share

REPLACED = 100.0  # deliveries that keep the fleet, far beyond all departures: the rule never stops at nothing


class Beliefs(Strict):
    """Perceived persistence rho_f and attention theta to rivals; slope and R2 of returns on price as on record."""

    persistence: Share
    attention: Share
    slope: float
    r_squared: Share


class Parameters(Strict):
    """Earnings, costs and what firms believe; the first beliefs are the rational ones."""

    earnings_slope: Positive  # B
    stiffness: Positive  # k
    interest: Positive  # r
    persistence: Share  # rho
    mean_price: Positive
    earnings_sd: Positive  # of the shock to A
    beliefs: Annotated[list[Beliefs], Field(min_length=1)]
    fleet_roots: dict[str, float]  # 1 + beta / k by attention
    periods: Annotated[int, Field(ge=1000)]
    seed: Count
    slope_tolerance: Positive
    r_squared_tolerance: Positive
    root_tolerance: NonNegative


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """What the price foretells of returns by belief, in order; the fleet's root."""
    del spec
    slopes = []
    for belief in p.beliefs:
        slope, explained = foretold(p, belief)
        slopes.append(slope)
        said = f"rho_f = {belief.persistence:g}, theta = {belief.attention:g}"
        yield Check("slope of excess returns on price", said, belief.slope, slope, p.slope_tolerance)
        yield Check("R2 of excess returns on price", said, belief.r_squared, explained, p.r_squared_tolerance)
    worst = float(min(slopes[1:], default=0.0) < slopes[0])
    yield Check("errors foretell losses", "against the rational", 1.0, worst, 0.0)
    for text, root in p.fleet_roots.items():
        beta = price_of(p, Beliefs(persistence=0.5, attention=float(text), slope=0.0, r_squared=0.0))[1]
        yield Check("root of the fleet", f"theta = {text}", root, 1.0 + beta / p.stiffness, p.root_tolerance)


def price_of(p: Parameters, belief: Beliefs) -> tuple[float, float]:
    """alpha and beta: what x and y are worth in the price."""
    B, k, r, theta = p.earnings_slope, p.stiffness, p.interest, belief.attention
    if theta == 0.0:
        beta = -B / r
    else:
        a, b, c = theta / k, 1.0 - theta * B / k - (1.0 + r), -B
        beta = (-b - math.sqrt(b * b - 4.0 * a * c)) / (2.0 * a)
    alpha = belief.persistence / (1.0 + r - belief.persistence - (beta - B) * theta / k)
    return alpha, beta


def foretold(p: Parameters, belief: Beliefs) -> tuple[float, float]:
    """Slope and R2 of returns over interest on the price paid, in a long history under these beliefs."""
    price, earned = history(p, belief)
    excess = (earned[1:] + price[1:]) / price[:-1] - 1.0 - p.interest
    slope, constant = np.polyfit(price[:-1], excess, 1)
    left = excess - slope * price[:-1] - constant
    return float(slope), 1.0 - float(left.var() / excess.var())


def history(p: Parameters, belief: Beliefs) -> tuple[Floats, Floats]:
    """Prices and earnings (periods,)."""
    alpha, beta = price_of(p, belief)
    draws = Streams(p.seed).normals(Purpose.POPULATION, 0, np.arange(p.periods, dtype=np.int64)).tolist()
    x = y = 0.0
    rows = []
    for draw in draws:
        x = p.persistence * x + p.earnings_sd * draw
        price = p.mean_price + alpha * x + beta * y
        rows.append((price, p.interest * p.mean_price + x - p.earnings_slope * y))
        y += order_rate(price, p.mean_price, REPLACED, p.stiffness, 1.0) - REPLACED
    prices, earned = np.array(rows).T
    return prices, earned
