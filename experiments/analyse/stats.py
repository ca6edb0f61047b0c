"""Statistics of paired runs: the unit of analysis is the seed, and every comparison is a difference within a seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from experiments.analyse.robust import NONE, Robustness, robustness
from experiments.analyse.studentised import FEWEST, FINE, MOST_ROWS, judged, symmetry
from experiments.results import EXACT, ROUNDING

Floats = NDArray[np.float64]

LEVEL = 0.95
POWER = 0.8  # of the smallest effect that a design is said to see
FEW = 2.0  # standard deviations over seeds; where only larger changes can be told from none, the seeds are few
FEW_SEEDS = FEWEST  # below this a paired t replaces the studentised bootstrap


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean paired difference over `n` seeds with its interval; `None` where a figure does not exist."""

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    variance_ratio: float | None
    p_symmetry: float | None = None
    robust: Robustness = NONE
    spread: float | None = None  # standard deviation over seeds of the paired difference


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests that a mean difference lies within `margin` of zero; low and high at 90 %."""

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    equivalent: bool


@dataclass(frozen=True, slots=True)
class Pairs:
    """The paired differences of a signed sum over the seeds that have all its terms, and what pairing gained."""

    differences: Floats
    variance_ratio: float | None


def paired(terms: Sequence[tuple[float, ArrayLike]], rounding: float = ROUNDING) -> Pairs:
    """Return a signed sum of paired outcomes, e.g. [(+1, shocked), (-1, calm)], seed by seed.

    Seeds at which a term is not finite are left out; differences below `rounding` of the outcomes' size are zero.
    `variance_ratio` is what independent runs would have cost: the variance of the same contrast between unpaired runs
    over that of the paired one.
    """
    values = np.array([np.asarray(column, dtype=np.float64) for _, column in terms])
    values = values[:, np.isfinite(values).all(axis=0)]
    signs = np.array([float(sign) for sign, _ in terms])
    differences = _without_dust(signs @ values, values, rounding)
    many = differences.size > 1 and differences.any()
    return Pairs(differences, _variance_ratio(signs[:, None] * values, differences) if many else None)


def contrast(terms: Sequence[tuple[float, ArrayLike]], level: float = LEVEL) -> Estimate:
    """Return the mean over seeds of a signed sum of paired outcomes with its interval and p (`estimates`)."""
    return estimates([paired(terms)], level)[0]


def estimates(pairs: Sequence[Pairs], level: float = LEVEL) -> list[Estimate]:
    """Return the mean of each with its interval, p and robustness.

    From FEW_SEEDS seeds on interval and p are those of the studentised bootstrap, below a paired t's; p is two-sided,
    of a mean of zero, and below 1 - `level` where the interval leaves out zero. `p_symmetry` is that of sign flips:
    of differences that are symmetric about zero. Where all differences are zero the interval is [0, 0] and no p exists;
    where they are alike the interval is that point, and both p are those of its signs. Each depends on its own
    numbers alone, whatever stands beside it.
    """
    found: list[Estimate | None] = [_plain(one) for one in pairs]
    for places in _alike_in_size(pairs, found):
        values = np.array([pairs[place].differences for place in places])
        for place, row in zip(places, _of_one_size(values, level), strict=True):
            found[place] = _estimate(pairs[place], *row)
    return [one for one in found if one is not None]


def _alike_in_size(pairs: Sequence[Pairs], found: Sequence[object]) -> Iterator[list[int]]:
    """Yield the places of those not found yet, of one number of seeds at a time and MOST_ROWS at most."""
    open_ones = [place for place, one in enumerate(found) if one is None]
    open_ones.sort(key=lambda place: pairs[place].differences.size)
    for _, places in itertools.groupby(open_ones, key=lambda place: pairs[place].differences.size):
        mine = list(places)
        yield from (mine[start : start + MOST_ROWS] for start in range(0, len(mine), MOST_ROWS))


def _plain(one: Pairs) -> Estimate | None:
    """The estimate of pairs that have no distribution: none, one, all zero or all alike; None of all others."""
    differences, n = one.differences, one.differences.size
    if n == 0:
        return Estimate(0, None, None, None, None, None)
    if n == 1:
        return Estimate(1, float(differences[0]), None, None, None, None, None, robustness(differences))
    if not differences.any():
        return Estimate(n, 0.0, 0.0, 0.0, None, None, None, robustness(differences), 0.0)
    if _alike(differences):
        point, p = float(differences[0]), 2.0 ** (1 - n)
        return Estimate(n, float(np.mean(differences)), point, point, p, None, p, robustness(differences), 0.0)
    return None


def _estimate(one: Pairs, low: float, high: float, p: float, p_symmetry: float) -> Estimate:
    values = one.differences
    spread = float(np.std(values, ddof=1))
    return Estimate(
        values.size, float(np.mean(values)), low, high, p, one.variance_ratio, p_symmetry, robustness(values), spread
    )


def _of_one_size(values: Floats, level: float) -> list[tuple[float, float, float, float]]:
    """The interval, p and p of symmetry of rows of differences (rows, n) that are not alike."""
    if values.shape[1] >= FEW_SEEDS:
        skewed = judged(values)
        lows, highs, p = *skewed.interval(level), skewed.p_values()
    else:
        lows, highs, p = _by_t(values, level)
    columns = np.column_stack([lows, highs, p, symmetry(values)])
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in columns]


def _by_t(values: Floats, level: float) -> tuple[Floats, Floats, Floats]:
    from scipy.special import stdtr, stdtrit

    n = values.shape[1]
    middle, error = values.mean(axis=1), values.std(axis=1, ddof=1) / math.sqrt(n)
    half = stdtrit(n - 1, 0.5 + level / 2.0) * error
    return middle - half, middle + half, 2.0 * stdtr(n - 1, -np.abs(middle) / error)


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a mean over two seeds or more."""
    (found,) = estimates([Pairs(values, None)], level)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def p_value(differences: Floats) -> float:
    """Return the two-sided p that a mean difference is zero; nan where it does not exist."""
    (found,) = estimates([Pairs(differences, None)])
    return math.nan if found.p is None else found.p


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return p-values adjusted by Holm's step-down for all m that exist in the family.

    The k-th smallest is max over i <= k of min(1, (m - i + 1) p_i) (Holm 1979).
    """
    present = np.array([p for p in p_values if p is not None])
    order = np.argsort(present, kind="stable")
    adjusted = np.empty_like(present)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(present[order] * np.arange(present.size, 0, -1)))
    left = iter(adjusted.tolist())
    return [None if p is None else next(left) for p in p_values]


def least_effect(seeds: int, comparisons: int, power: float = 0.5) -> float:
    """Return the mean difference that Holm's correction can tell from none, in standard deviations over seeds.

    The first of so many comparisons is held against alpha / comparisons, and found with a chance of `power`: one half
    where the difference that is seen is the true one. By a paired t; from FEW_SEEDS seeds on with two degrees of
    freedom less, about what the studentised bootstrap asks of differences without skew. Infinite where no p is as
    small.
    """
    from scipy.special import stdtrit

    alpha = (1.0 - LEVEL) / max(1, comparisons)
    if seeds < 2 or (seeds >= FEW_SEEDS and alpha < 2.0 / (FINE + 1)):
        return math.inf
    freedom = seeds - 3 if seeds >= FEW_SEEDS else seeds - 1
    return float(stdtrit(freedom, 1.0 - alpha / 2.0) + stdtrit(freedom, power)) / math.sqrt(seeds)


def detectable(spread: float, seeds: int, comparisons: int) -> float:
    """Return the true mean difference that is found four times in five among so many comparisons (`least_effect`).

    `spread` is the standard deviation of the pairs over seeds; the result is in its unit.
    """
    return spread * least_effect(seeds, comparisons, POWER) if spread else 0.0


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
    """Test whether a contrast lies within +-margin (`equivalences`)."""
    return equivalences([paired(terms)], [margin], alpha)[0]


def equivalences(pairs: Sequence[Pairs], margins: Sequence[float], alpha: float = 0.05) -> list[Equivalence]:
    """Test by two one-sided tests whether each mean lies within +-margin; identical runs are equivalent.

    The tests are those of `estimates`: the studentised bootstrap's, or a paired t's below FEW_SEEDS seeds.
    """
    found: list[Equivalence | None] = [_plainly(one, limit) for one, limit in zip(pairs, margins, strict=True)]
    for places in _alike_in_size(pairs, found):
        values = np.array([pairs[place].differences for place in places])
        low, high, p = _within(values, np.array([margins[place] for place in places]), alpha)
        for row, place in enumerate(places):
            mean, its_p = float(values[row].mean()), float(p[row])
            ends = float(low[row]), float(high[row])
            found[place] = Equivalence(values.shape[1], mean, *ends, its_p, equivalent=its_p < alpha)
    return [one for one in found if one is not None]


def _plainly(one: Pairs, margin: float) -> Equivalence | None:
    """The test of pairs that have no distribution (`_plain`); None of all others."""
    known = _plain(one)
    if known is None or known.n < 2 or known.estimate is None:
        return known and Equivalence(known.n, known.estimate, None, None, None, equivalent=False)
    point = known.estimate
    return Equivalence(known.n, point, point, point, None, equivalent=abs(point) < margin)


def _within(values: Floats, margins: Floats, alpha: float) -> tuple[Floats, Floats, Floats]:
    """The interval at 1 - 2 alpha of rows of differences, and the larger of both one-sided p."""
    level = 1.0 - 2.0 * alpha
    if values.shape[1] >= FEW_SEEDS:
        skewed = judged(values)
        return *skewed.interval(level), np.maximum(skewed.tail(-margins, True), skewed.tail(margins, False))
    from scipy.special import stdtr

    low, high, _ = _by_t(values, level)
    n = values.shape[1]
    error = values.std(axis=1, ddof=1) / math.sqrt(n)
    nearest = (margins - np.abs(values.mean(axis=1))) / error
    return low, high, stdtr(n - 1, -nearest)


def _without_dust(differences: Floats, values: Floats, rounding: float) -> Floats:
    """Return differences with those below a share `rounding` of the values' size set to zero."""
    if differences.size == 0:
        return differences
    size = np.max(np.abs(values), axis=0)
    return np.where(np.abs(differences) <= rounding * size, 0.0, differences)


def _alike(values: Floats) -> bool:
    """Whether values differ by rounding alone: then a t statistic is made of dust."""
    return bool(np.ptp(values) <= EXACT * np.max(np.abs(values)))


def _variance_ratio(values: Floats, differences: Floats) -> float | None:
    paired = float(np.var(differences, ddof=1))
    if paired == 0.0:
        return None
    return float(np.sum(np.var(values, axis=1, ddof=1))) / paired
