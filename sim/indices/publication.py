"""What providers publish beside a value: that it was carried forward, that factors were estimated anew."""

from __future__ import annotations

import math
from typing import Any

from sim.indices.evidence import Evidence


def published(level_usd: float, memory: dict[str, Any]) -> float:
    """A value that rests on what was seen today."""
    memory["carried_days"] = 0
    return level_usd


def carry_forward(evidence: Evidence, last_usd: float, memory: dict[str, Any], tell_after_days: int) -> float:
    """The last value; put on record once it has been carried for so many days in a row."""
    carried = memory["carried_days"] = memory.get("carried_days", 0) + 1
    if carried == tell_after_days:
        evidence.events.append(("index carried forward", f"{last_usd:.4g} USD per GPU-hour for {carried} days"))
    return last_usd


def tell_factors(evidence: Evidence, threshold: float, before_usd: float, after_usd: float) -> None:
    """Put a new estimate of factors on record if it moves the index of the day beyond a threshold (log)."""
    if before_usd > 0.0 and abs(math.log(after_usd / before_usd)) > threshold:
        evidence.events.append(("index factors", f"{before_usd:.4g} -> {after_usd:.4g} USD per GPU-hour"))
