"""Vasicek's large pool: expected losses of tranches in closed form, by the simulator's noise and its notes' rules.

A loan defaults when sqrt(rho) Z + sqrt(1 - rho) e_i < Phi^-1(PD). Z is the common slow factor of demand and e_i the
revenue noise of firm i, drawn as in any run; a scenario is a day. Losses reach the classes as they reach the notes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check, simulated
from sim.environment import Environment
from sim.nature.noise import Nature, Noise, Process
from sim.securitisation.waterfall import write_downs
from sim.spec import Spec
from sim.streams import Streams, stable_id
from sim.vocabulary import DAYS_PER_YEAR, Count, Floats, Positive, PositiveCount, Share

NORMAL = NormalDist()
NO_IDS = np.zeros(0, dtype=np.int64)
AT_ONCE = 1e-3  # days: a half-life after which nothing of yesterday is left


class Parameters(Strict):
    """The pool, its tranches by attachment points (residual first) and the published expected losses of each."""

    default_probability: Annotated[float, Field(gt=0.0, lt=1.0)]
    correlation: Annotated[float, Field(gt=0.0, lt=1.0)]
    loss_given_default: Annotated[float, Field(gt=0.0, le=1.0)]
    attachments: Annotated[list[Share], Field(min_length=2)]
    published: list[Share]
    published_tolerance: Positive
    loans: PositiveCount
    scenarios: Annotated[int, Field(ge=100)]
    seed: Count
    standard_errors: Positive

    @model_validator(mode="after")
    def _tranches_of_the_pool(self) -> Parameters:
        edges = self.attachments
        if edges[0] != 0.0 or edges[-1] != 1.0 or sorted(set(edges)) != edges:
            raise ValueError("attachments must rise from 0 to 1")
        if len(self.published) != len(edges) - 1:
            raise ValueError(f"published must have one number for each of {len(edges) - 1} tranches")
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Expected loss of the pool and of every tranche, by bivariate normal probabilities and by simulation."""
    del spec
    pool_usd = losses(p)
    expected = p.default_probability * p.loss_given_default
    error = float(pool_usd.std() / math.sqrt(p.scenarios))
    said = f"{p.loans} loans, {p.scenarios} scenarios"
    yield simulated("expected loss of the pool", said, expected, float(pool_usd.mean()), error, p.standard_errors)
    for low, high, published in zip(p.attachments, p.attachments[1:], p.published, strict=False):
        name = f"tranche {100 * low:g} to {100 * high:g} %"
        exact = (loss_up_to(p, high) - loss_up_to(p, low)) / (high - low)
        yield Check("expected loss, formula", name, published, exact, p.published_tolerance)
        cuts = np.array([cut(low, high, loss) for loss in pool_usd])
        error = float(cuts.std() / math.sqrt(p.scenarios))
        yield simulated("expected loss, simulated", name, exact, float(cuts.mean()), error, p.standard_errors)


def cut(low: float, high: float, loss: float) -> float:
    """The share of the tranche between two attachment points that a loss takes, by the rule of the notes.

    The tranche is the junior note of three classes: what is above it is the senior note, below it the residual.
    """
    return float(write_downs(loss, np.array([1.0 - high, high - low, low]))[1]) / (high - low)


def losses(p: Parameters) -> Floats:
    """Loss of the pool in each scenario (scenarios,), as a share of par."""
    fresh = Process(sd_per_sqrt_year=math.sqrt(DAYS_PER_YEAR), half_life_days=AT_ONCE)
    still = Process(sd_per_sqrt_year=0.0, half_life_days=1.0)
    ids = np.array([stable_id(f"borrower_{i}") for i in range(p.loans)], dtype=np.int64)
    noise = Noise(slow=fresh, fast=still, lab=still, product=still, firm=fresh)
    nature, streams = Nature(noise, NO_IDS, np.zeros(0), NO_IDS, ids), Streams(p.seed)
    common, own = math.sqrt(p.correlation), math.sqrt(1.0 - p.correlation)
    threshold = NORMAL.inv_cdf(p.default_probability)
    lost = np.zeros(p.scenarios)
    for scenario in range(p.scenarios):
        nature.pass_day(scenario, streams, Environment(), 1.0, 0.0)
        failed = common * nature.slow + own * nature.firms < threshold
        lost[scenario] = p.loss_given_default * failed.mean()
    return lost


def loss_up_to(p: Parameters, level: float) -> float:
    """E[min(L, level)] of the infinite pool: what tranches below `level` lose, as a share of par.

    L(z) falls in z and passes the level at z*, so that E[min(L, k)] = LGD (PD - Phi2(Phi^-1(PD), z*; sqrt(rho)))
    + k Phi(z*), with Phi2 the bivariate normal distribution.
    """
    from scipy.stats import multivariate_normal

    if level >= p.loss_given_default:
        return p.loss_given_default * p.default_probability
    if level <= 0.0:
        return 0.0
    threshold, root = NORMAL.inv_cdf(p.default_probability), math.sqrt(p.correlation)
    at = (threshold - math.sqrt(1.0 - p.correlation) * NORMAL.inv_cdf(level / p.loss_given_default)) / root
    cov = [[1.0, root], [root, 1.0]]
    both = float(multivariate_normal.cdf([threshold, at], cov=cov, abseps=1e-12, releps=1e-12))
    return p.loss_given_default * (p.default_probability - both) + level * NORMAL.cdf(at)
