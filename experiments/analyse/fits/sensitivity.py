"""Which parameters matter: Morris' elementary effects and Sobol' indices of outputs that are averaged over seeds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.study.designs import problem_of, salib

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Z95 = 1.959963984540054
SEED = 1  # of SALib's bootstrap
UNIT = "unit."  # before a key: where a row of a design lies between 0 and 1
FEWEST_JACKKNIFED = 3  # seeds from which on their part of an interval is told
ROUNDING = 1e-9  # of an output's size: what varies by less does not move


class IncompleteError(Exception):
    """A design that lacks runs or values: of such a one SALib gives indices of exactly zero without a word."""


@dataclass(frozen=True)
class Laid:
    """A design as it is analysed: its keys, the places of its rows (rows, keys), and the values of its rows by key."""

    name: str  # morris or sobol
    keys: list[str]
    places: Floats
    values: pd.DataFrame
    levels: int


def laid_out(design: pd.DataFrame, levels: int) -> dict[str, Laid]:
    """The designs of Morris and Sobol' that a folder's design.parquet holds, each with the keys that it moves."""
    found: dict[str, Laid] = {}
    for name, mark in (("morris", "step"), ("sobol", "matrix")):
        rows = design[design[mark].notna()] if mark in design else design.iloc[:0]
        if len(rows):
            keys = [
                column.removeprefix(UNIT) for column in rows if column.startswith(UNIT) and rows[column].notna().all()
            ]
            places = rows[[UNIT + key for key in keys]].to_numpy(float)
            found[name] = Laid(name, keys, places, rows[keys].reset_index(drop=True), levels)
    return found


def outputs(laid: Laid, runs: pd.DataFrame, swept: Sequence[str], metric: str, seeds: Sequence[int]) -> Floats:
    """An output in every row of a design and seed (rows, seeds); IncompleteError with what is missing.

    A run belongs to a row by its swept values; keys that the design does not move are not set in its runs.
    """
    others = [key for key in swept if key not in laid.keys and key in runs]
    mine = runs[runs[others].isna().all(axis=1)] if others else runs
    own = [key for key in laid.keys if key in mine and mine[key].notna().any()]  # a calm run knows no key of a shock
    wanted = laid.values[own].drop_duplicates()
    if not own:
        raise IncompleteError("none of its points has run")
    table = mine.dropna(subset=own).set_index([*own, "seed"])[metric].unstack("seed")
    at = table.reindex(columns=list(seeds)).reset_index()
    joined = laid.values.merge(at, on=own, how="left")[list(seeds)].to_numpy(float)
    lacking = ~np.isfinite(joined)
    if lacking.any():
        points, every = len(laid.values.loc[lacking.any(axis=1), own].drop_duplicates()), len(wanted)
        raise IncompleteError(f"{points} of its {every} points lack a value in some of {len(seeds)} seeds")
    return joined


def indices(laid: Laid, found: Floats, resamples: int) -> list[dict[str, Any]]:
    """A row a key: each index of an output (rows, seeds) averaged over seeds, and half of its 95 % interval.

    The interval adds what a bootstrap over the design's samples says to what a jackknife over seeds says.
    """
    mean = found.mean(axis=1)
    if np.ptp(found) <= ROUNDING * np.abs(found).max():
        return [{"key": key} | dict.fromkeys(NAMES[laid.name], 0.0) for key in laid.keys]
    rows = [{"key": key} for key in laid.keys]
    whole = analysed(laid, mean, resamples)
    apart = [analysed(laid, np.delete(found, seed, axis=1).mean(axis=1), 2) for seed in range(found.shape[1])]
    for name, column in MEASURES[laid.name].items():
        left_out = np.array([one[name] for one in apart], float)
        spread = jackknifed(left_out) if len(apart) >= FEWEST_JACKKNIFED else np.zeros(len(laid.keys))
        half = Z95 * np.hypot(np.nan_to_num(np.asarray(whole[f"{name}_conf"], float)) / Z95, spread)
        for row, value, width in zip(rows, whole[name], half, strict=True):
            row |= {column: float(value), f"{column}_half": float(width)}
    for name in ALONE[laid.name]:
        for row, value in zip(rows, whole[name], strict=True):
            row[name] = float(value)
    return rows


MEASURES = {"morris": {"mu_star": "mu_star"}, "sobol": {"S1": "first", "ST": "total"}}  # SALib's name -> ours
ALONE: dict[str, tuple[str, ...]] = {"morris": ("mu", "sigma"), "sobol": ()}  # told without an interval
NAMES = {
    "morris": ("mu_star", "mu_star_half", "mu", "sigma"),
    "sobol": ("first", "first_half", "total", "total_half"),
}


def analysed(laid: Laid, values: Floats, resamples: int) -> dict[str, Any]:
    """SALib's indices of an output by row."""
    problem = problem_of(laid.keys)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a key that moves nothing divides by zero inside
        if laid.name == "morris":
            return dict(
                salib("analyze.morris").analyze(
                    problem, laid.places, values, num_resamples=resamples, num_levels=laid.levels, seed=SEED
                )
            )
        scaled = (values - values.mean()) / values.std()
        found = salib("analyze.sobol").analyze(
            problem, scaled, calc_second_order=False, num_resamples=resamples, seed=SEED
        )
        return dict(found)


def jackknifed(left_out: Floats) -> Floats:
    """The standard error of figures by what they are without each seed (seeds, keys)."""
    seeds = len(left_out)
    return np.asarray(np.sqrt((seeds - 1) / seeds * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)))


def moving(rows: Sequence[dict[str, Any]], share: float) -> Iterator[str]:
    """The keys whose mean elementary effect, at the upper end of its interval, is so much of the largest or more."""
    largest = max((row["mu_star"] for row in rows if math.isfinite(row["mu_star"])), default=0.0)
    for row in rows:
        if largest > 0.0 and row["mu_star"] + row["mu_star_half"] >= share * largest and row["mu_star"] > 0.0:
            yield row["key"]
