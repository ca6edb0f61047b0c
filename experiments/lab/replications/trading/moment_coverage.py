"""Structural volatility (Franke and Westerhoff 2012): traders who switch, before the model's log-linear market maker.

Fundamentalists want phi (p* - p) + e_f, chartists chi (p - p_before) + e_c, and a share n_f = 1 / (1 + exp(-beta a)) of
all are the former, a = a_0 + a_n (n_f - n_c) + a_p (p - p*)^2 of the day before (the paper's DCA-HPM). They bring that
to a venue whose market maker moves the log price by mu times what all want. Moments of returns (per cent) of each path
are read as in the paper: autocorrelations of |r| are means over three lags. The joint coverage is the share of paths
whose moments all lie in the intervals of the S&P 500, 1980 to 2007; it needs hundreds of paths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.exchange.futures import Schedules
from sim.exchange.joint_close import MonthOrders
from sim.exchange.market_maker import quote
from sim.exchange.terms import Margin, VenueTerms
from sim.metrics.series import tail_exponent
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, NonNegative, Positive, PositiveCount, Share

OPEN_INTEREST = 100.0  # far beyond what anyone wants: the maker's response is then to orders alone
TICK_USD, TICKS = 0.01, 2000  # prices up to 20 times their value
LAGS = (1, 5, 10, 25, 50, 100)
NAMES = ("autocorrelation of r", "1 / Hill, 5 %", "mean |r|", *(f"autocorrelation of |r|, {lag}" for lag in LAGS))


class Traders(Strict):
    """phi, chi, a_0, a_n, a_p, beta and the sds of what else moves both."""

    fundamentalist: Positive
    chartist: Positive
    predisposition: float
    herding: Positive
    misalignment: Positive
    intensity: Positive
    fundamentalist_sd: Positive
    chartist_sd: Positive


class Parameters(Strict):
    """Market maker's response, traders, paths; moments on record with their sd over paths, intervals of the data."""

    response: Positive  # mu
    traders: Traders
    steps: Annotated[int, Field(ge=500)]
    burn_in: Count
    paths: PositiveCount
    seed: Count
    moments: list[float]
    moments_sd: list[Positive]
    chartists: Share  # mean share
    chartists_tolerance: Positive
    intervals: list[Annotated[list[float], Field(min_length=2, max_length=2)]]
    joint_coverage: Share  # as published
    joint_from_paths: PositiveCount
    standard_errors: NonNegative

    @model_validator(mode="after")
    def _a_number_a_moment(self) -> Parameters:
        if not len(self.moments) == len(self.moments_sd) == len(self.intervals) == len(NAMES):
            raise ValueError(f"moments, moments_sd and intervals must have one entry for each of {len(NAMES)} moments")
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Mean moments beside those on record, the share of chartists, and with enough paths the joint coverage."""
    del spec
    paths = [path(p, number) for number in range(p.paths)]
    found = np.array([moments(returns) for returns, _ in paths])
    root, said = math.sqrt(p.paths), f"{p.paths} paths of {p.steps}"
    for k, name in enumerate(NAMES):
        error = p.moments_sd[k] / root
        yield Check(name, said, p.moments[k], float(found[:, k].mean()), p.standard_errors * error, error)
    share = float(np.mean([chartists for _, chartists in paths]))
    yield Check("share of chartists", said, p.chartists, share, p.chartists_tolerance)
    if p.paths >= p.joint_from_paths:
        low, high = np.array(p.intervals).T
        covered = float(((found >= low) & (found <= high)).all(axis=1).mean())
        error = math.sqrt(p.joint_coverage * (1.0 - p.joint_coverage)) / root
        yield Check("joint coverage of moments", said, p.joint_coverage, covered, 2.0 * error, error)


def path(p: Parameters, number: int) -> tuple[Floats, float]:
    """Returns in per cent (steps,) and the mean share of chartists."""
    t, streams, days = p.traders, Streams(p.seed), np.arange(p.burn_in + p.steps, dtype=np.int64)
    noise = [streams.normals(Purpose.POPULATION, 2 * number + k, days).tolist() for k in range(2)]
    market, share, log_price, before, found, chartists = Maker(p.response), 0.5, 0.0, 0.0, [], 0.0
    for f, c in zip(*noise, strict=True):
        wants = (
            t.fundamentalist * -log_price + t.fundamentalist_sd * f,
            (t.chartist * (log_price - before) + t.chartist_sd * c),
        )
        pull = t.predisposition + t.herding * (2.0 * share - 1.0) + t.misalignment * log_price * log_price
        before, log_price = log_price, market.moved(log_price, share * wants[0], (1.0 - share) * wants[1])
        found.append(100.0 * (log_price - before))
        chartists += 1.0 - share
        share = 1.0 / (1.0 + math.exp(-t.intensity * pull))
    return np.array(found[p.burn_in :]), chartists / len(found)


class Maker:
    """The venue's market maker, with the orders of two groups of traders."""

    def __init__(self, response: float) -> None:
        self.terms = VenueTerms(
            listed=True, index="value", maturities=1, contract_gpu_hours=1.0, tick_usd=TICK_USD, daily_limit=0.99,
            round_to_tick=False, mechanism="log_linear", maker_response=response * OPEN_INTEREST,
            margin=Margin(initial=0.1, maintenance=0.1),
        )  # fmt: skip
        self.curve, self.nobody = np.zeros((2, TICKS)), (np.zeros(0), np.zeros(0, dtype=np.int64))
        self.owners, self.still, self.open_end = np.arange(2), np.zeros(2), np.full(2, math.inf)

    def moved(self, log_price: float, *wanted: float) -> float:
        """The log price once both have brought what they want at the last one."""
        orders = MonthOrders(1, math.exp(log_price), self.curve, *self.nobody)
        schedules = Schedules(self.owners, (np.array(wanted), self.still, -self.open_end, self.open_end))
        return math.log(quote(orders, schedules, self.terms, OPEN_INTEREST)[0].price_usd)


def moments(returns: Floats) -> Floats:
    """The nine moments of a path, in the order of `NAMES`."""
    size = np.abs(returns)
    hill = 1.0 / tail_exponent(size, len(size) // 20)
    lags = [
        np.mean([autocorrelation(size, k) for k in ((1, 2) if lag == 1 else range(lag - 1, lag + 2))]) for lag in LAGS
    ]
    return np.array([autocorrelation(returns, 1), hill, size.mean(), *lags])


def autocorrelation(values: Floats, lag: int) -> float:
    """Autocorrelation at a lag."""
    away = values - values.mean()
    return float(away[lag:] @ away[:-lag] / (away @ away))
