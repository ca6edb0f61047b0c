"""Cheng and Madhavan (2009): compounding makes a leveraged fund the index^L times exp(-(L^2 - L) sigma^2 T / 2).

The future follows geometric Brownian motion in `steps_per_year` closes; each path's returns are scaled to realise
sigma, so that a median over few paths is that of many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.funds.fund_laboratory import NAV_USD, Laboratory, Terms
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Finite, Floats, Positive, PositiveCount


class Parameters(Strict):
    """Funds and volatilities; `published[i][j]` is the decay of leverage j at volatility i, to its last digit."""

    price_usd: Positive
    depth_contracts_per_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    assets_usd: Positive
    leverage: list[Finite]
    volatility: list[Positive]
    published: list[list[Positive]]
    published_tolerance: Positive
    steps_per_year: PositiveCount
    paths: PositiveCount
    seed: Count
    tolerance: Positive  # of the median log gap, as a share of it


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Median over paths of the log of a fund's value over the index to the power of its leverage, after a year."""
    del spec
    for sigma, published in zip(p.volatility, p.published, strict=True):
        gaps = np.array([year(p, sigma, path) for path in range(p.paths)])
        for L, decay, gap in zip(p.leverage, published, gaps.T, strict=True):
            said = f"L = {L:g}, sigma = {sigma:g}"
            theory = -0.5 * (L * L - L) * sigma * sigma
            yield Check("decay, formula", said, decay, math.exp(theory), p.published_tolerance)
            error = 1.2533 * float(gap.std(ddof=1)) / math.sqrt(p.paths) if p.paths > 1 else math.nan
            yield Check("log decay, median", said, theory, float(np.median(gap)), p.tolerance * abs(theory), error)


def year(p: Parameters, sigma: float, path: int) -> Floats:
    """Log gap of each fund (leverages,) after a year on one path."""
    steps = np.arange(p.steps_per_year, dtype=np.int64)
    draws = Streams(p.seed).normals(Purpose.POPULATION, path, steps)
    draws /= math.sqrt(float((draws * draws).mean()))
    dt = 1.0 / p.steps_per_year
    logs = np.cumsum(sigma * math.sqrt(dt) * draws - 0.5 * sigma * sigma * dt)
    terms = [Terms(L, p.assets_usd) for L in p.leverage]
    lab = Laboratory([p.price_usd], [p.depth_contracts_per_usd], terms, p.daily_limit)
    for log_price in logs:
        lab.move_to(p.price_usd * math.exp(log_price))
    index = math.log(float(lab.venue.price_usd[0]) / p.price_usd)
    grown = [math.log(fund.nav_usd / NAV_USD) if fund.nav_usd > 0.0 else math.nan for fund in lab.funds]
    return np.array(grown) - np.array(p.leverage) * index
