"""Statistics of paired runs: the unit of analysis is the seed, and every comparison is a difference within a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.results import EXACT, ROUNDING

Floats = NDArray[np.float64]

LEVEL = 0.95
FEW = 2.0  # standard deviations over seeds; where only larger changes can be told from none, the seeds are few
FEW_SEEDS = 10  # below this a paired t replaces bootstrap and sign flips
RESAMPLES = 4999
FLIPS = 19_999
EXACT_UP_TO = 14  # pairs; all 2^n sign patterns are enumerated up to here
KEY = 20_260_101  # of the counter-based generator behind resampling: the same numbers give the same interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean paired difference over `n` seeds with its interval; `None` where a figure does not exist."""

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    variance_ratio: float | None


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests that a mean difference lies within `margin` of zero; low and high at 90 %."""

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    equivalent: bool


def contrast(terms: Sequence[tuple[float, ArrayLike]], level: float = LEVEL, rounding: float = ROUNDING) -> Estimate:
    """Return the mean over seeds of a signed sum of paired outcomes, e.g. [(+1, shocked), (-1, calm)].

    Seeds at which a term is not finite are left out. The interval is BCa over seeds (Efron 1987), p that of a
    two-sided sign-flip test; below ten seeds both are a paired t's. Differences below `rounding` of the outcomes' size
    are zero. Where all are, the interval is [0, 0] and p does not exist. `variance_ratio` is what independent runs
    would have cost: the variance of the same contrast between unpaired runs over that of the paired one.
    """
    values = np.array([np.asarray(column, dtype=np.float64) for _, column in terms])
    values = values[:, np.isfinite(values).all(axis=0)]
    signs = np.array([float(sign) for sign, _ in terms])
    differences = _without_dust(signs @ values, values, rounding)
    n = differences.size
    if n == 0:
        return Estimate(0, None, None, None, None, None)
    estimate = float(np.mean(differences))
    if n == 1:
        return Estimate(1, estimate, None, None, None, None)
    if not differences.any():
        return Estimate(n, 0.0, 0.0, 0.0, None, None)
    low, high = interval(differences, level)
    return Estimate(n, estimate, low, high, p_value(differences), _variance_ratio(signs[:, None] * values, differences))


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a mean over seeds: BCa bootstrap, or Student's t below ten seeds."""
    if _alike(values):
        return float(values[0]), float(values[0])
    if values.size < FEW_SEEDS:
        return _t_interval(values, level)
    from scipy.stats import bootstrap

    result = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=level,
        method="BCa",
        vectorized=True,
        rng=_generator(),
    )
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else _t_interval(values, level)


def p_value(differences: Floats) -> float:
    """Return the two-sided p of no mean difference: sign flips, or a paired t below ten seeds."""
    n = differences.size
    if n < FEW_SEEDS and not _alike(differences):
        from scipy.stats import ttest_1samp

        return float(ttest_1samp(differences, 0.0).pvalue)
    observed = abs(float(np.sum(differences)))
    signs = _sign_patterns(n)
    blocks = [signs[row : row + 2_000].astype(np.float64) @ differences for row in range(0, len(signs), 2_000)]
    flipped = np.abs(np.concatenate(blocks))
    as_large = int(np.count_nonzero(flipped >= observed * (1.0 - 1e-12)))
    exact = n <= EXACT_UP_TO
    return as_large / flipped.size if exact else (as_large + 1) / (flipped.size + 1)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values adjusted by Holm's step-down for all that exist in the family."""
    present = [p for p in p_values if p is not None]
    if not present:
        return list(p_values)
    from statsmodels.stats.multitest import multipletests

    adjusted = iter(multipletests(present, method="holm")[1])
    return [None if p is None else float(next(adjusted)) for p in p_values]


def least_effect(seeds: int, comparisons: int) -> float:
    """Return the mean difference that Holm's correction can tell from none, in standard deviations over seeds.

    The first of so many comparisons is held against alpha / comparisons by a paired t; infinite where no sign pattern
    of so few seeds is rare enough for the sign flips that replace it from ten seeds on.
    """
    from scipy.special import stdtrit

    alpha = (1.0 - LEVEL) / comparisons
    if seeds < 2 or (seeds >= FEW_SEEDS and max(2.0 ** (1 - seeds), 1.0 / (FLIPS + 1)) > alpha):
        return math.inf
    return float(stdtrit(seeds - 1, 1.0 - alpha / 2.0)) / math.sqrt(seeds)


def seeds_for(comparisons: int, most: int = 10_000) -> int:
    """Return from how many seeds on a difference of one standard deviation can be told from none (`least_effect`)."""
    return next((n for n in range(2, most) if least_effect(n, comparisons) <= 1.0), most)


def few_words(seeds: int, comparisons: int) -> str:
    """Say how large a change must be to be told from none by so few seeds; empty where they are enough."""
    if comparisons == 0 or (least := least_effect(seeds, comparisons)) <= FEW:
        return ""
    enough = seeds_for(comparisons)
    together = f"{comparisons} comparisons judged together" if comparisons > 1 else "one comparison"
    told = f"none can be told from no change unless one is at least {least:.3g} standard deviations over seeds"
    told = "none can be told from no change" if math.isinf(least) else told
    return f"{seeds} seeds are few for {together}: {told}; {enough} seeds tell one of 1 standard deviation"


def equivalence(terms: Sequence[tuple[float, ArrayLike]], margin: float, alpha: float = 0.05) -> Equivalence:
    """Test by two one-sided paired t-tests whether a contrast lies within +-margin; identical runs are equivalent."""
    values = np.array([np.asarray(column, dtype=np.float64) for _, column in terms])
    values = values[:, np.isfinite(values).all(axis=0)]
    differences = _without_dust(np.array([float(sign) for sign, _ in terms]) @ values, values, ROUNDING)
    n = differences.size
    if n == 0:
        return Equivalence(0, None, None, None, None, equivalent=False)
    estimate = float(np.mean(differences))
    if n == 1:
        return Equivalence(1, estimate, None, None, None, equivalent=False)
    if _alike(differences):
        return Equivalence(n, estimate, estimate, estimate, None, equivalent=abs(estimate) < margin)
    from statsmodels.stats.weightstats import ttost_paired

    p = float(ttost_paired(differences, np.zeros(n), -margin, margin)[0])
    low, high = _t_interval(differences, 1.0 - 2.0 * alpha)
    return Equivalence(n, estimate, low, high, p, equivalent=p < alpha)


def _without_dust(differences: Floats, values: Floats, rounding: float) -> Floats:
    """Return differences with those below a share `rounding` of the values' size set to zero."""
    if differences.size == 0:
        return differences
    size = np.max(np.abs(values), axis=0)
    return np.where(np.abs(differences) <= rounding * size, 0.0, differences)


def _alike(values: Floats) -> bool:
    """Whether values differ by rounding alone: then a t statistic is made of dust."""
    return bool(np.ptp(values) <= EXACT * np.max(np.abs(values)))


def _t_interval(values: Floats, level: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    n = values.size
    half = float(stdtrit(n - 1, 0.5 + level / 2.0)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    middle = float(np.mean(values))
    return middle - half, middle + half


def _variance_ratio(values: Floats, differences: Floats) -> float | None:
    paired = float(np.var(differences, ddof=1))
    if paired == 0.0:
        return None
    return float(np.sum(np.var(values, axis=1, ddof=1))) / paired


@lru_cache(maxsize=8)
def _sign_patterns(n: int) -> NDArray[np.int8]:
    """Return (patterns, n) of +-1: all of them for few pairs, else a fixed sample."""
    if n <= EXACT_UP_TO:
        codes = np.arange(2**n)[:, None] >> np.arange(n)[None, :]
        return (1 - 2 * (codes & 1)).astype(np.int8)
    return (1 - 2 * _generator().integers(0, 2, size=(FLIPS, n), dtype=np.int8)).astype(np.int8)


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(KEY))
