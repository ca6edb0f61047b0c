"""Cycles of those who learn late: the cobweb, Nerlove's (1958) adaptive growers, Tinbergen's (1931) shipyards.

Growers bring to the model's auction what the price they expected made worth growing (slope d), buyers the schedule of
slope b: with last year's price as expectation prices go round, and die out only where d / b < 1; where the expectation
follows by a share w a year, where d / b < 2 / w - 1. Shipyards: owners order by the rule of this model, less than what
replaces the fleet in proportion to what it is too large, a in all, and get ships theta years later, so that
K' = -a K(t - theta): monotone for a theta < 1 / e, then in waves that die out up to pi / 2, where a wave takes 4 theta.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_schedules
from sim.rules.investment import order_rate
from sim.spec import Spec
from sim.vocabulary import Floats, Positive, PositiveCount

REST = 10.0  # price and quantity at which growers and buyers agree
REPLACED, STIFFNESS, Q_STAR = 10.0, 1.0, 1.0
TICK, TICKS = 1e7, 1  # a grid beyond all prices: schedules are linear


class Parameters(Strict):
    """Shares by which expectations follow; periods of waves by a theta, in theta, as on record."""

    follows: Annotated[list[Annotated[float, Field(gt=0.0, le=1.0)]], Field(min_length=1)]
    waves: dict[str, Positive]
    years: PositiveCount
    steps_a_delay: PositiveCount
    delays: PositiveCount
    tolerance: Positive  # as a share


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The thresholds of stability and the length of waves."""
    del spec
    for w in p.follows:
        exact = 2.0 / w - 1.0
        found = threshold(0.6 * exact, 1.5 * exact, lambda slope, w=w: grows(prices(p, slope, w)))
        name = "last year's price" if w == 1.0 else f"expectations follow by {w:g}"
        yield Check("d / b at which waves no longer die out", name, exact, found, p.tolerance * exact)
    found = threshold(0.5, 3.0, lambda a: grows(fleet(p, a)[p.steps_a_delay :]))
    yield Check("a theta at which waves no longer die out", "pi / 2", math.pi / 2.0, found, p.tolerance * math.pi / 2.0)
    for factor, waves in ((0.95, False), (1.4, True)):
        crossed = bool((fleet(p, factor / math.e) < 0.0).any())
        yield Check("waves at all", f"a theta = {factor:g} / e", float(waves), float(crossed), 0.0)
    for text, length in p.waves.items():
        measured = wave(fleet(p, float(text))) / p.steps_a_delay
        yield Check("length of a wave, in theta", f"a theta = {text}", length, measured, p.tolerance * length)


def prices(p: Parameters, growers_slope: float, follows: float) -> Floats:
    """Departures of prices, year by year: growers' quantity comes to buyers with a schedule of slope one."""
    expected, found = REST + 1.0, []
    for _ in range(p.years):
        grown = REST + growers_slope * (expected - REST)
        price = price_of_schedules([REST], [1.0], REST, TICK, TICKS, [-grown])
        found.append(price - REST)
        expected += follows * (price - expected)
    return np.array(found)


def fleet(p: Parameters, speed: float) -> Floats:
    """Departure of the fleet after one that is too large by one, in steps of the delay; `speed` is a theta."""
    step = 1.0 / p.steps_a_delay
    x, found = 1.0, []
    due = deque([0.0] * p.steps_a_delay)  # orders less replacement, by when they arrive
    for _ in range(p.delays * p.steps_a_delay):
        worth = Q_STAR - speed * STIFFNESS * x
        due.append(order_rate(worth, Q_STAR, REPLACED, STIFFNESS, 1.0) - REPLACED)
        x += step * due.popleft()
        found.append(x)
    return np.array(found)


def grows(path: Floats) -> bool:
    """Whether departures of the last third are larger than those of the middle third."""
    third = len(path) // 3
    return float(np.abs(path[-third:]).max()) > float(np.abs(path[third : 2 * third]).max())


def wave(path: Floats) -> float:
    """Steps from one rise through nothing to the next, mean."""
    above = path > 0.0
    ups = np.flatnonzero(above[1:] & ~above[:-1])
    return float(np.diff(ups).mean()) if len(ups) > 1 else math.nan


def threshold(low: float, high: float, is_beyond: Callable[[float], bool]) -> float:
    """Where something begins, by halving."""
    for _ in range(11):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return 0.5 * (low + high)
