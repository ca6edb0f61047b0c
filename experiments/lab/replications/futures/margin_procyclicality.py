"""How far margins breathe (Murphy, Vasios and Vause 2014): filtered historical simulation on GARCH returns.

The slower the volatility of the margin model forgets, the less margins rise in a storm, and the more often a day's move
exceeds them. Measures are those of the paper: peak over trough, and the largest rise of the requirement within some
days. Returns are r = sigma z with sigma'^2 = omega + alpha r^2 + beta sigma^2 and z of Student's t with variance one;
the requirement is that of the futures market's own margin model. The figures on record are means over 60 paths, by an
independent computation: the paper's own are of other portfolios.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.exchange.margin_models import FilteredHistory
from sim.exchange.terms import Margin
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, Positive, PositiveCount, Share

Decay = Annotated[float, Field(gt=0.0, lt=1.0)]
UNCONDITIONAL_SD = 0.02  # a day; shares of notional scale with it, what is measured does not


class Parameters(Strict):
    """Returns, margin model and what is on record, a row a measure and a number a `decay` (which rise)."""

    alpha: Share
    beta: Share
    degrees_of_freedom: Annotated[int, Field(ge=3)]
    days: Annotated[int, Field(ge=100)]
    window_days: Annotated[int, Field(ge=20)]
    confidence: Annotated[float, Field(gt=0.5, lt=1.0)]
    decay: Annotated[list[Decay], Field(min_length=2)]
    rise_days: Annotated[list[PositiveCount], Field(min_length=1)]
    peak_over_trough: list[Positive]
    rise: list[list[Positive]]  # by days, then decay
    breaches: list[Positive]
    paths: Annotated[int, Field(ge=2)]
    seed: Count
    tolerance: Positive  # as a share of what is on record
    standard_errors: Positive  # or so many of these, if that is more

    @model_validator(mode="after")
    def _a_number_a_decay(self) -> Parameters:
        if sorted(set(self.decay)) != self.decay or self.alpha + self.beta >= 1.0:
            raise ValueError("decay must rise, and alpha + beta be below 1")
        rows = [self.peak_over_trough, self.breaches, *self.rise]
        if any(len(row) != len(self.decay) for row in rows) or len(self.rise) != len(self.rise_days):
            raise ValueError("each measure must have one number for each decay, and rise one row for each rise_days")
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Every measure at every decay beside its record, and that slower models breathe less on every path."""
    del spec
    found = np.array([[measures(p, decay, returns(p, path)) for decay in p.decay] for path in range(p.paths)])
    names = ["peak over trough of margin", *(f"largest rise in {n} days" for n in p.rise_days), "share of breaches"]
    for k, (name, record) in enumerate(zip(names, [p.peak_over_trough, *p.rise, p.breaches], strict=True)):
        for i, (decay, expected) in enumerate(zip(p.decay, record, strict=True)):
            error = float(found[:, i, k].std(ddof=1) / math.sqrt(p.paths))
            near = max(p.tolerance * expected, p.standard_errors * error)
            yield Check(name, f"decay {decay:g}", expected, float(found[:, i, k].mean()), near, error)
    for i, (fast, slow) in enumerate(itertools.pairwise(p.decay)):
        for k, name in enumerate(names[:-1]):
            ratio = float(found[:, i + 1, k].mean() / found[:, i, k].mean())
            yield Check(f"{name}: slower is calmer", f"decay {slow:g} over {fast:g}", 1.0, float(ratio < 1.0), 0.0)


def measures(p: Parameters, decay: float, path: Floats) -> list[float]:
    """Peak over trough, largest rises and share of breaches of one margin model on one path of returns."""
    model = FilteredHistory(Margin(
        initial=0.1, maintenance=0.1, model="fhs", confidence=p.confidence, decay=decay, window_days=p.window_days,
        horizon_days=1.0, buffer=0.0, stress_weight=0.0, floor=0.0,
    ))  # fmt: skip
    moves = path.tolist()
    for move in moves[: p.window_days]:
        model.note(move)
    shares = []
    for move in moves[p.window_days :]:
        shares.append(model.share)
        model.note(move)
    margin = np.array(shares)
    rises = [float((margin[n:] / margin[:-n]).max()) - 1.0 for n in p.rise_days]
    broken = float((np.abs(path[p.window_days :]) > margin).mean())
    return [float(margin.max() / margin.min()), *rises, broken]


def returns(p: Parameters, path: int) -> Floats:
    """Daily log returns (window_days + days,) of one path, after as many days more for its volatility to settle."""
    length = 2 * p.window_days + p.days
    days = np.arange(length, dtype=np.int64)
    streams, nu = Streams(p.seed), p.degrees_of_freedom
    draws = np.stack([streams.normals(Purpose.POPULATION, path * (nu + 1) + k, days) for k in range(nu + 1)])
    student = draws[0] / np.sqrt((draws[1:] ** 2).sum(axis=0) / nu) * math.sqrt((nu - 2.0) / nu)
    variance, found = 1.0, []
    for z in student.tolist():
        move = math.sqrt(variance) * z
        found.append(UNCONDITIONAL_SD * move)
        variance = 1.0 - p.alpha - p.beta + p.alpha * move * move + p.beta * variance
    return np.array(found[p.window_days :])
