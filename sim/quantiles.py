"""Quantiles of a few values, with the bits of numpy's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.vocabulary import Floats


def quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    """The quantiles at these shares, straight lines between values, as numpy has them; nan where there are none."""
    if not len(values):
        return [math.nan] * len(shares)
    ordered: list[float] = np.sort(values).tolist()
    return [between(ordered, share * (len(ordered) - 1)) for share in shares]


def between(ordered: Sequence[float], place: float) -> float:
    """The value at a place of an ordered list that may lie between two: from the nearer of them, with numpy's bits."""
    before = math.floor(place)
    low, high, past = ordered[before], ordered[min(before + 1, len(ordered) - 1)], place - before
    return low + (high - low) * past if past < 0.5 else high - (high - low) * (1.0 - past)
