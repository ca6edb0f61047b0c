"""Informed trading (Kyle 1985): an insider hides among noise, a market maker prices what orders tell on average.

The value v is normal with variance S_0, noise orders u_n with variance s_u^2 / N in each of N auctions. The market
maker brings the schedule (p_before - p) / lambda_n to the model's closing auction, insider and noise bring market
orders, so that p = p_before + lambda_n (x + u). One auction: the market maker's lambda is found by regression on what
the insider does, whose order is the best on the auction itself; lambda = sqrt(S_0) / (2 s_u). N auctions: the
equilibrium of the paper's theorem 2, played out; what prices learn is measured on the trades.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check, simulated
from experiments.lab.replications.market import price_of_schedules
from sim.metrics.market_quality import kyle_lambda
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, Positive, PositiveCount

NODES = 9  # of quadrature over value and noise, each
TICK, TICKS = 20.0, 1  # far beyond all prices; schedules are linear, so that any grid gives the exact price


class Parameters(Strict):
    """One auction: variance of value, sd of noise, what is on record; several: both one, lambdas by number."""

    value_variance: Positive
    noise_sd: Positive
    impact: Positive
    residual_variance: Positive
    insider_profit: Positive
    auctions: Annotated[list[PositiveCount], Field(min_length=1)]
    first_impact: list[Positive]
    last_impact: list[Positive]
    last_residual: Positive  # variance of the value after the longest sequence
    paths: Annotated[int, Field(ge=100)]
    seed: Count
    tolerance: Positive  # as a share
    standard_errors: Positive

    @model_validator(mode="after")
    def _a_number_a_sequence(self) -> Parameters:
        if not len(self.auctions) == len(self.first_impact) == len(self.last_impact):
            raise ValueError("first_impact and last_impact must have one number for each of auctions")
        return self


class Plan(NamedTuple):
    """Of each auction (N,): insider's intensity beta, market maker's lambda, variance of the value after it."""

    intensity: Floats
    impact: Floats
    variance: Floats


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Impact, what prices leave unknown and the insider's profit; impact in the first and last of N auctions."""
    del spec
    yield from once(p)
    for n, first, last in zip(p.auctions, p.first_impact, p.last_impact, strict=True):
        plan, said = equilibrium(n), f"{n} auctions"
        yield Check("first lambda, equilibrium", said, first, float(plan.impact[0]), p.tolerance * first)
        yield Check("last lambda, equilibrium", said, last, float(plan.impact[-1]), p.tolerance * last)
    n = max(p.auctions)
    yield from played(p, equilibrium(n), f"{n} auctions")


def price(last: float, impact: float, orders: list[float]) -> float:
    """The auction's price with a market maker of this impact and market orders."""
    return price_of_schedules([0.0], [1.0 / impact], last, TICK, TICKS, orders)


def once(p: Parameters) -> Iterator[Check]:
    """Each answers the other until both are right: v and u on a grid of quadrature, prices of the auction."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    value, noise = math.sqrt(p.value_variance) * nodes, p.noise_sd * nodes
    impact = 1.0
    for _ in range(60):
        before, orders = impact, [best_order(v, noise, weights[0] / weights[0].sum(), impact) for v in value.tolist()]
        flow = np.add.outer(orders, noise)
        impact = float((weights * value[:, None] * flow).sum() / (weights * flow * flow).sum())
        if abs(impact - before) < 1e-12:
            break
    paid = np.array([[price(0.0, impact, [x, u]) for u in noise.tolist()] for x in orders])
    said = f"S_0 = {p.value_variance:g}, s_u = {p.noise_sd:g}"
    yield Check("lambda", said, p.impact, impact, p.tolerance * p.impact)
    left = float((weights * (value[:, None] - paid) ** 2).sum())
    yield Check("variance of the value given the price", said, p.residual_variance, left, p.tolerance * left)
    profit = float((weights * (value[:, None] - paid) * np.array(orders)[:, None]).sum())
    yield Check("insider's expected profit", said, p.insider_profit, profit, p.tolerance * p.insider_profit)


def best_order(value: float, noise: Floats, weights: Floats, impact: float) -> float:
    """The order of the most expected profit, from three tries: profit is a parabola in it since price is linear."""
    tries = np.array([0.0, 1.0, 2.0]) * (abs(value) + 1.0)
    made = [
        sum(w * (value - price(0.0, impact, [x, u])) * x for w, u in zip(weights, noise, strict=True)) for x in tries
    ]
    square, line, _ = np.polyfit(tries, made, 2)
    return float(-line / (2.0 * square))


def equilibrium(n: int) -> Plan:
    """The recursive equilibrium of N auctions with S_0 = s_u^2 = 1, solved backwards from a guess of what is left.

    With a_N = 0 and s_u^2 / N of noise an auction: lambda beta = (1 - 2 a lambda) / (2 (1 - a lambda)),
    a' = 1 / (4 lambda (1 - a lambda)), S_n = (1 - lambda beta) S_(n-1), lambda = beta S_n N / s_u^2.
    """
    from scipy.optimize import brentq

    def backwards(last: float) -> Plan:
        a, after = 0.0, last
        rows = []
        for _ in range(n):
            # lambda^2 (1 - a lambda) 2 = (1 - 2 a lambda) S_n N: the root below 1 / (2 a)
            top = 1.0 / (2.0 * a) if a > 0.0 else 10.0 * math.sqrt(after * n) + 1.0
            impact = brentq(
                lambda x, a=a, s=after: 2.0 * x * x * (1.0 - a * x) - (1.0 - 2.0 * a * x) * s * n, 0.0, top, xtol=1e-15
            )
            share = (1.0 - 2.0 * a * impact) / (2.0 * (1.0 - a * impact))  # lambda beta
            rows.append((share / impact, impact, after))
            a, after = 1.0 / (4.0 * impact * (1.0 - a * impact)), after / (1.0 - share)
        rows.append((0.0, 0.0, after))
        return Plan(*np.array(rows[::-1]).T)

    found = backwards(float(brentq(lambda last: backwards(last).variance[0] - 1.0, 1e-6, 1.0, xtol=1e-14)))
    return Plan(found.intensity[1:], found.impact[1:], found.variance[1:])


def played(p: Parameters, plan: Plan, said: str) -> Iterator[Check]:
    """The equilibrium in the market: what orders tell of the value, and what is not yet in the price in the end."""
    n, streams = len(plan.impact), Streams(p.seed)
    paths = np.arange(p.paths, dtype=np.int64)
    value = streams.normals(Purpose.POPULATION, 0, paths)
    at, told = np.zeros(p.paths), []
    for k in range(n):
        noise = streams.normals(Purpose.POPULATION, k + 1, paths) / math.sqrt(n)
        orders = plan.intensity[k] * (value - at)
        learnt = kyle_lambda(value - at, orders + noise)
        told.append((learnt, float(np.std(value - at - learnt * (orders + noise)) / np.std(orders + noise))))
        after = [price(q, plan.impact[k], [x, u]) for q, x, u in zip(at, orders.tolist(), noise.tolist(), strict=True)]
        at = np.array(after)
    for name, k in (("first", 0), ("last", n - 1)):
        slope, spread = told[k]
        exact, error = float(plan.impact[k]), spread / math.sqrt(p.paths)
        yield simulated(f"value on orders, {name} auction", said, exact, slope, error, p.standard_errors)
    left = (value - at) ** 2
    error = float(left.std() / math.sqrt(p.paths))
    yield simulated(
        "variance of the value in the end", said, p.last_residual, float(left.mean()), error, p.standard_errors
    )
