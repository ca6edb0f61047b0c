"""Traders who switch (Brock and Hommes 1998): the keener they follow success, the less a market finds its value.

x is the price over its fundamental value. Fundamentalists (at a cost C) expect it to vanish, trend followers to be
g times the last one; each brings (expected - R x) / (a sigma^2) to the model's closing auction, a share
n_h ~ exp(beta U_h) of all traders with U_h the profit of the last position but one. The value is stable up to
beta = -ln(g / R - 1) / C, where two other prices branch off; these turn into cycles further on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_schedules
from sim.spec import Spec
from sim.vocabulary import Floats, NonNegative, Positive, PositiveCount

TICK, TICKS = 50.0, 1  # schedules are linear: any grid beyond all prices gives the exact one
SMALL = 1e-6


class Parameters(Strict):
    """Trend g, gross return R, cost C, a sigma^2; where the value and then the other price lose stability, as found."""

    trend: Positive
    gross_return: Positive
    cost: NonNegative
    risk: Positive
    first_intensity: Positive  # ln 11 at g = 1.2, R = 1.1, C = 1
    second_intensity: Positive
    resting: dict[str, Positive]  # intensity of choice: price in the end, at or beyond the first
    steps: PositiveCount
    search: Annotated[list[Positive], Field(min_length=2, max_length=2)]
    tolerance_intensity: Positive
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Both thresholds, prices between them, and what happens on either side."""
    del spec
    low, high = p.search
    first = threshold(low, high, lambda beta: growth(p, beta, 0.0))
    yield Check("intensity at which the value is left", "", p.first_intensity, first, p.tolerance_intensity)
    second = threshold(first + 0.05, high, lambda beta: growth(p, beta, rest(p, beta)))
    yield Check("intensity at which cycles begin", "", p.second_intensity, second, p.tolerance_intensity)
    for text, expected in p.resting.items():
        yield Check("price in the end", f"beta = {text}", expected, path(p, float(text), 0.5, p.steps)[-1], p.tolerance)
    calm = path(p, p.first_intensity - 0.2, 0.5, p.steps)[-1]
    yield Check("price in the end", f"beta = {p.first_intensity - 0.2:.3f}", 0.0, calm, p.tolerance)
    cycle = path(p, p.second_intensity + 0.2, 0.5, p.steps)[-200:]
    yield Check(
        "still moving in the end", f"beta = {p.second_intensity + 0.2:.3f}", 1.0, float(cycle.std() > 0.01), 0.0
    )


def path(p: Parameters, beta: float, start: float, steps: int) -> Floats:
    """Prices over their value (steps,) of a market that has been at `start`."""
    R, x, expect = p.gross_return, [start] * 3, np.array([0.0, p.trend])
    for _ in range(steps):
        earned = (x[-1] - R * x[-2]) * (expect * x[-3] - R * x[-2]) / p.risk - np.array([p.cost, 0.0])
        pull = np.exp(beta * (earned - earned.max()))
        share = pull / pull.sum()
        wanted = share * (expect * x[-1]) / p.risk
        x.append(price_of_schedules(wanted, share * R / p.risk, 0.0, TICK, TICKS))
    return np.array(x[3:])


def rest(p: Parameters, beta: float) -> float:
    """The other price x that reproduces itself: trend followers' share is R / g there.

    They are ahead of fundamentalists by C - (R - 1) g x^2 / (a sigma^2) in profit, which makes that share.
    """
    share = p.gross_return / p.trend
    lead = math.log(share / (1.0 - share)) / beta
    return math.sqrt(max(0.0, (p.cost - lead) * p.risk / ((p.gross_return - 1.0) * p.trend)))


def growth(p: Parameters, beta: float, at: float) -> float:
    """Log growth of a small departure from a price at rest, over the second half of a short path less the first."""
    departed = np.abs(path(p, beta, at + SMALL, 400) - at)
    return math.log(departed[200:].max() / departed[:200].max())


def threshold(low: float, high: float, grows: Callable[[float], float]) -> float:
    """Where departures stop dying out, by halving."""
    for _ in range(14):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if grows(middle) > 0.0 else (middle, high)
    return 0.5 * (low + high)
