"""An index of list asks: means by provider, filtered and weighted; sticky, and restated from time to time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, PrivateAttr

from sim.indices.basket import Basket, Standing
from sim.indices.evidence import Evidence
from sim.indices.publication import carry_forward, published, tell_factors
from sim.problems import Problem, nearest
from sim.rows.rental import Products
from sim.streams import Purpose
from sim.vocabulary import DAYS_PER_YEAR, Count, Floats, NonNegative, Parameters, PositiveCount


class QuoteIndex(Parameters):
    """The mean over providers of their mean list asks in the `basket`.

    Asks beyond `band` times the median or below it over `band` are dropped; a provider that shows nothing counts with
    its last mean for `look_back_days`. `weights`: equal, fleet, or by name of provider; fleets are looked up every
    `recalibrate_days`. Restated `restatements_per_year` times a year: the method changes the level by a factor with
    this log sd. Without any provider the last value is carried forward, and put on record after `carry_days`.
    """

    basket: Basket
    weights: Literal["equal", "fleet"] | dict[str, NonNegative]
    band: Annotated[float, Field(gt=1.0, allow_inf_nan=False)]
    look_back_days: Count
    recalibrate_days: PositiveCount
    restatements_per_year: NonNegative
    restatement_sd: NonNegative
    carry_days: PositiveCount
    _standing: Standing | None = PrivateAttr(None)

    def problems(self, prefix: str, sellers: Sequence[str]) -> list[Problem]:
        """What is wrong with its weights in a world of these sellers."""
        if not isinstance(self.weights, dict):
            return []
        found = [
            Problem(f"{prefix}.weights", name, "there is no such seller", nearest(name, list(sellers)))
            for name in self.weights
            if name not in sellers
        ]
        if not found and not math.fsum(self.weights.values()) > 0.0:
            found.append(Problem(f"{prefix}.weights", self.weights, "at least one weight must be above 0"))
        return found

    def start_usd(self, products: Products, rent_usd: float) -> float:
        """The index on the growth path, where landlords' mean rent per VE-hour is this."""
        return rent_usd * self.basket.select(products).start_usd

    def strike(self, evidence: Evidence, last_usd: float, memory: dict[str, Any]) -> float:
        """The index of the day, USD per GPU-hour; `memory` holds factors, weights, last asks and the method's level."""
        standing = self._standing
        changed = standing is None or not np.array_equal(memory["asks"], evidence.asks_usd)
        if standing is None:
            self._standing = standing = Standing(self.basket, evidence.products, memory)
        if changed:
            memory["asks"] = evidence.asks_usd
            memory["row"] = _mean_asks(evidence.asks_usd) if standing.window_days else None
        due = standing.is_due(evidence.day, memory)
        if self._recalibrate(evidence, memory) or changed or due or memory["gaps"]:
            memory["raw"] = self._mean(standing, evidence, memory)
        if due:
            before = memory["raw"]
            standing.re_estimate(memory)
            memory["raw"] = self._mean(standing, evidence, memory)
            tell_factors(evidence, standing.threshold, before, memory["raw"])
        if memory["row"] is not None:
            standing.remember(memory, memory["row"])
        raw = memory["raw"]
        old = memory.get("log_level", 0.0)
        new = self._method(evidence, memory)
        if math.isnan(raw):
            value = carry_forward(evidence, last_usd * math.exp(new - old), memory, self.carry_days)
        else:
            value = published(raw * math.exp(new), memory)
        if new != old:
            before = value * math.exp(old - new)
            evidence.events.append(("restatement", f"{before:.4g} -> {value:.4g} USD per GPU-hour"))
        return value

    def _method(self, evidence: Evidence, memory: dict[str, Any]) -> float:
        """The log level of the method, drawn anew when it is restated."""
        streams, day, identity = evidence.streams, evidence.day, evidence.identity
        chance = self.restatements_per_year / DAYS_PER_YEAR
        if chance > 0.0 and streams.uniform(Purpose.RESTATEMENT_TIME, day, identity) < chance:
            memory["log_level"] = self.restatement_sd * streams.normal(Purpose.RESTATEMENT_SIZE, day, identity)
        return float(memory.get("log_level", 0.0))

    def _recalibrate(self, evidence: Evidence, memory: dict[str, Any]) -> bool:
        """Look weights up on their days; whether they changed."""
        last: Floats | None = memory.get("weights")
        if last is not None and (evidence.day % self.recalibrate_days or self.weights != "fleet"):
            return False
        if self.weights == "fleet":
            weights = np.asarray(evidence.fleet_ve(), dtype=np.float64).copy()
        elif isinstance(self.weights, dict):
            weights = np.array([self.weights.get(name, 0.0) for name in evidence.sellers])
        else:
            weights = np.ones(len(evidence.sellers))
        memory["weights"] = weights
        return last is None or not np.array_equal(last, weights)

    def _mean(self, standing: Standing, evidence: Evidence, memory: dict[str, Any]) -> float:
        """The weighted mean of providers' means before the method's level; nan where no provider counts."""
        asks, day = evidence.asks_usd[:, standing.columns], evidence.day
        posted = (asks > 0.0) & (asks < math.inf)
        comparable = np.where(posted, asks, 0.0) / standing.factors
        if posted.any():
            middle = float(np.median(comparable[posted]))
            posted &= (comparable >= middle / self.band) & (comparable <= middle * self.band)
        count = posted.sum(axis=1)
        shown = count > 0
        means = np.where(posted, comparable, 0.0).sum(axis=1) / np.maximum(count, 1)
        memory["means"] = means = np.where(shown, means, memory.get("means", 0.0))
        memory["shown"] = last = np.where(shown, day, memory.get("shown", -math.inf))
        counts = day - last <= self.look_back_days
        memory["gaps"] = bool((counts & ~shown).any())
        weights = np.where(counts, memory["weights"], 0.0)
        total = math.fsum(weights.tolist())
        return math.fsum((weights * means).tolist()) / total if total > 0.0 else math.nan


def _mean_asks(asks_usd: Floats) -> tuple[Floats, Floats]:
    """Geometric mean of list asks (S, J) by product (J,), and how many there are."""
    posted = (asks_usd > 0.0) & (asks_usd < math.inf)
    logs = np.sort(np.log(np.where(posted, asks_usd, 1.0)), axis=0)  # in one order, whoever asks what
    count = posted.sum(axis=0).astype(np.float64)
    return np.exp(logs.sum(axis=0) / np.maximum(count, 1.0)), count
