"""An index of executed trades: the volume-weighted, winsorised mean of the day (as transaction indices publish)."""

from __future__ import annotations

import numpy as np

from sim.indices.evidence import Evidence
from sim.vocabulary import Parameters, Share


class TransactionIndex(Parameters):
    """`winsor` of the day's trades is pulled in at each end; without trades the last value is carried forward."""

    winsor: Share

    def strike(self, evidence: Evidence, last_usd: float, memory: dict[str, float]) -> float:
        """The index of the day, USD per GPU-hour."""
        volume = evidence.volume
        total = float(volume.sum())
        if not total > 0.0:
            return last_usd
        low, high = np.quantile(evidence.price_usd, [self.winsor, 1.0 - self.winsor])
        pulled = np.minimum(np.maximum(evidence.price_usd, low), high)
        return float((pulled * volume).sum() / total)
