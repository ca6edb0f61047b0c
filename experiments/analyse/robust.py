"""How far a mean over seeds rests on a few of them: figures that stand beside every effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.wording import digits, scaled

Floats = NDArray[np.float64]

FEW_OF = 5  # a mean that rests on a fifth of its seeds or fewer rests on few
MOSTLY = 0.5  # a median below this share of the mean is said


@dataclass(frozen=True, slots=True)
class Robustness:
    """What stands beside a mean of n paired differences; None where n is too small, or the mean is zero."""

    median: float | None = None
    leave_two_low: float | None = None  # lowest and highest mean when any two seeds are left out
    leave_two_high: float | None = None
    same_sign: float | None = None  # share of seeds whose difference has the mean's sign
    rests_on: int | None = None  # the fewest seeds without which the mean no longer has its sign


NONE = Robustness()


def robustness(differences: Floats) -> Robustness:
    """Return the figures of one row of paired differences.

    The mean without two seeds is lowest without the two highest, whatever n; a mean loses its sign soonest when its
    largest seeds of that sign are left out first. So all is exact, and costs one sort.
    """
    n = differences.size
    if n == 0:
        return NONE
    ordered = np.sort(differences)
    low, high = (float(ordered[:-2].mean()), float(ordered[2:].mean())) if n > 2 else (None, None)
    mean = float(differences.mean())
    share = float(np.mean(np.sign(differences) == math.copysign(1.0, mean))) if mean else None
    return Robustness(float(np.median(differences)), low, high, share, _rests_on(ordered, mean))


def _rests_on(ordered: Floats, mean: float) -> int | None:
    """The fewest seeds to leave out until the sum has the other sign or none; None for a mean of zero."""
    if not mean:
        return None
    left = np.cumsum(ordered if mean > 0.0 else -ordered[::-1])[::-1]  # sums without the 0, 1, 2 ... largest
    gone = np.flatnonzero(left <= 0.0)
    return int(gone[0]) if gone.size else int(ordered.size)


def few_carry_it(n: int, rests_on: float | None, estimate: float, median: float | None) -> bool:
    """Whether a mean is to be read with care: few seeds turn it, or the median says something else."""
    if rests_on is None or median is None or math.isnan(rests_on) or math.isnan(median):
        return False
    return rests_on <= max(2, n // FEW_OF) or median / estimate < MOSTLY


def carried_words(metric: str, n: int, rests_on: float | None, estimate: float, median: float | None) -> str:
    """Say that a mean rests on few seeds or that its median says something else; empty where neither is so."""
    if n < 3 or not few_carry_it(n, rests_on, estimate, median):
        return ""
    assert rests_on is not None
    assert median is not None
    said = f"median {digits(scaled(metric, median), signed=True)}"
    few, sign = int(rests_on), "positive" if estimate > 0.0 else "negative"
    if few <= max(2, n // FEW_OF):
        return f"it rests on {few} seed{'s' * (few != 1)} of {n}: without them the mean is not {sign}; {said}"
    return f"the median of {n} seeds is another: {said}"
