"""Simulated moments: the search over parameters, weights, the J test, profiles; bootstrap of a record's moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.metrics.series import FIGURES, figure_of

Floats = NDArray[np.float64]
KNOWN = tuple(FIGURES)  # figures that a record has as a run has them
LEVEL = 0.95
NEIGHBOURS = 5  # days that may follow a block: those whose level is nearest to its end
FAR = 1e12  # the distance of a point whose moments do not exist
PROFILE = 31  # values of a parameter in its profile
NEAREST = 3.0  # points for each coefficient of the local quadratic that is fitted to them


class Wanted(Exception):  # noqa: N818 no error: a search asks for points that have not run
    """Places (points, keys) between 0 and 1 that a search asks for."""

    def __init__(self, places: Floats) -> None:
        super().__init__()
        self.places = places


@dataclass(frozen=True)
class Target:
    """What is to be met: moments by name, and their covariance."""

    names: list[str]
    values: Floats
    covariance: Floats


# ---- a record from outside


def bootstrapped(values: Floats, figures: list[str], block_days: int, resamples: int, seed: int) -> Floats:
    """Figures of resampled records (resamples, figures), by the matched-block bootstrap (Carlstein et al. 1998).

    Blocks of days follow each other where the level is near that at which the last one ended, so that the changes at
    their seams are like others, and slow levels stay slow.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    found = np.empty((resamples, len(figures)))
    for row in found:
        resampled = values[matched_days(np.log(values), block_days, generator)]
        row[:] = [figure_of(name, resampled) for name in figures]
    return found


def matched_days(levels: Floats, block_days: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """The days of a resampled record, as long as the record."""
    days, starts = len(levels), np.arange(1, len(levels) - block_days + 1)
    start, taken = int(generator.integers(0, days - block_days + 1)), np.empty(0, np.int64)
    while len(taken) < days:
        taken = np.concatenate([taken, np.arange(start, start + block_days)])
        away = np.abs(levels[starts - 1] - levels[taken[-1]])  # the day before a block is like the last one's end
        near = np.argpartition(away, min(NEIGHBOURS, len(away) - 1))[:NEIGHBOURS]
        start = int(starts[generator.choice(near)])
    return taken[:days]


def band_covariance(low: Floats, high: Floats, correlation: Floats) -> Floats:
    """The covariance of moments known by bands alone, taken for 95 % intervals, with the model's correlations."""
    from scipy.special import ndtri

    spread = (high - low) / (2.0 * float(ndtri(0.5 + LEVEL / 2.0)))
    return np.asarray(spread[:, None] * correlation * spread)


def residual_covariance(found: Floats) -> Floats:
    """The covariance of one seed's moments (k, k), pooled over points (points, seeds, k) with finite moments."""
    whole = found[np.isfinite(found).all(axis=(1, 2))]
    away = whole - whole.mean(axis=1, keepdims=True)
    return np.asarray(np.einsum("psi,psj->ij", away, away) / max(1, len(whole) * (found.shape[1] - 1)))


def correlations(covariance: Floats) -> Floats:
    """Correlations of a covariance; none where nothing varies."""
    spread = np.sqrt(np.diag(covariance))
    safe = np.where(spread > 0.0, spread, 1.0)
    return np.asarray(np.where(np.eye(len(spread)) > 0.0, 1.0, covariance / safe[:, None] / safe))


def distance(moments: Floats, target: Floats, weight: Floats) -> Floats:
    """g' W g of moments (points, k), g their gaps to the target; FAR where one does not exist."""
    gap = moments - target
    whole = np.isfinite(gap).all(axis=-1)
    gap = np.where(whole[..., None], gap, 0.0)
    return np.where(whole, np.einsum("...i,ij,...j->...", gap, weight, gap), FAR)


# ---- the search


def searched(first: Floats, evaluate: Callable[[Floats], Floats], generations: int, seed: int) -> None:
    """Differential evolution from a first population of places (points, keys), all of a generation at once.

    `evaluate` gives the distance of each place, or raises Wanted: the search is repeated with what has run since, and
    goes the same way, since its draws are those of the seed.
    """
    from scipy.optimize import differential_evolution

    if generations:
        differential_evolution(
            lambda places: evaluate(np.atleast_2d(places.T)), [(0.0, 1.0)] * first.shape[1], init=first,
            vectorized=True, updating="deferred", maxiter=generations, tol=0.0, polish=False, rng=seed,
        )  # fmt: skip
    else:
        evaluate(first)


@dataclass(frozen=True)
class Local:
    """A quadratic of each moment in the places near the best point, and the box that it was fitted in."""

    coefficients: Floats  # (terms, k)
    low: Floats
    high: Floats

    def moments(self, places: Floats) -> Floats:
        """Moments at places (points, keys)."""
        return np.asarray(terms(np.atleast_2d(places)) @ self.coefficients)


def terms(places: Floats) -> Floats:
    """1, u, and all products of two (points, terms)."""
    pairs = [places[:, a] * places[:, b] for a in range(places.shape[1]) for b in range(a, places.shape[1])]
    return np.column_stack([np.ones(len(places)), places, *pairs])


def local(places: Floats, moments: Floats, distances: Floats) -> Local | None:
    """The quadratic through the points nearest to the best; None where too few have moments."""
    kept = distances < FAR
    places, moments, distances = places[kept], moments[kept], distances[kept]
    wanted = terms(np.zeros((1, places.shape[1]))).shape[1]
    if len(places) < wanted + 2:
        return None
    best = places[np.argmin(distances)]
    order = np.argsort(((places - best) ** 2).sum(axis=1), kind="stable")[: int(NEAREST * wanted)]
    near, found = places[order], moments[order]
    coefficients, *_ = np.linalg.lstsq(terms(near), found, rcond=None)
    return Local(coefficients, near.min(axis=0), near.max(axis=0))


def lowest(
    near: Local, target: Floats, weight: Floats, start: Floats, fixed: tuple[int, float] | None = None
) -> Floats:
    """The place in the box at which a local quadratic is nearest to the target, one key fixed if asked."""
    from scipy.optimize import minimize

    bounds = list(zip(near.low, near.high, strict=True))
    if fixed:
        bounds[fixed[0]] = (fixed[1], fixed[1])
    begin = np.clip(start, [low for low, _ in bounds], [high for _, high in bounds])
    found = minimize(
        lambda place: float(distance(near.moments(place), target, weight)[0]), begin, method="L-BFGS-B", bounds=bounds
    )
    return np.asarray(found.x, np.float64)


def profile(near: Local, target: Floats, weight: Floats, best: Floats, key: int) -> tuple[Floats, Floats]:
    """Values of a key in the box, and the least distance at each with all others free, both (PROFILE,)."""
    at, found, start = np.linspace(near.low[key], near.high[key], PROFILE), np.empty(PROFILE), best
    for place, value in enumerate(at):
        start = lowest(near, target, weight, start, (key, float(value)))
        found[place] = float(distance(near.moments(start), target, weight)[0])
    return at, found


def allowed_rise(seeds: int) -> float:
    """How far a profile may rise above its least within a 95 % interval: t squared, covariances being of so many seeds.

    Seeds are common to all points, so that more points do not make the covariance surer.
    """
    from scipy.special import stdtrit

    return float(stdtrit(max(1, seeds - 1), 0.5 + LEVEL / 2.0)) ** 2


def interval(at: Floats, found: Floats, rise: float) -> tuple[float, float, bool, bool]:
    """Where a profile is within a rise of its least, and whether it ends below and above inside the box."""
    allowed = found.min() + rise
    inside = np.flatnonzero(found <= allowed)
    first, last = int(inside[0]), int(inside[-1])

    def crossed(inner: int, outer: int) -> float:
        if not 0 <= outer < len(at):
            return float(at[inner])
        share = (allowed - found[inner]) / (found[outer] - found[inner])
        return float(at[inner] + share * (at[outer] - at[inner]))

    return crossed(first, first - 1), crossed(last, last + 1), first > 0, last < len(at) - 1


def overidentified(least: float, moments: int, keys: int, seeds: int) -> tuple[int, float | None]:
    """Degrees of freedom of the J test and its p by Hotelling's F; None without any, or with too few seeds for it."""
    from scipy.special import fdtrc

    free, of_seeds = moments - keys, seeds - 1
    left = of_seeds - free + 1
    return free, float(fdtrc(free, left, least * left / (of_seeds * free))) if free > 0 and left > 0 else None
