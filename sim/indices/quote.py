"""An index of list asks: the mean over providers, sticky, and restated from time to time."""

from __future__ import annotations

import math

from sim.indices.evidence import Evidence
from sim.streams import Purpose
from sim.vocabulary import DAYS_PER_YEAR, NonNegative, Parameters


class QuoteIndex(Parameters):
    """Restated `restatements_per_year` times a year: the method changes the level by a factor with this log sd."""

    restatements_per_year: NonNegative
    restatement_sd: NonNegative

    def strike(self, evidence: Evidence, last_usd: float, memory: dict[str, float]) -> float:
        """The index of the day, USD per GPU-hour; `memory` holds the level of the current method."""
        streams, day, identity = evidence.streams, evidence.day, evidence.identity
        chance = self.restatements_per_year / DAYS_PER_YEAR
        if streams.uniform(Purpose.RESTATEMENT_TIME, day, identity) < chance:
            memory["log_level"] = self.restatement_sd * streams.normal(Purpose.RESTATEMENT_SIZE, day, identity)
        if len(evidence.asks_usd) == 0:
            return last_usd
        return float(evidence.asks_usd.mean()) * math.exp(memory.get("log_level", 0.0))
