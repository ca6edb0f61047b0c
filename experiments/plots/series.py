"""Recorded days as arrays (days, seeds), and the days a figure shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd

from experiments.results import NO_SHOCK, ROUNDING, Design, MissingDataError

BEFORE_DAYS = 60
AFTER_DAYS = 300


def cell(paths: pd.DataFrame, arm: str, shock: str, column: str) -> pd.DataFrame:
    """Return one column of one arm under one shock: index day, a column a seed; empty if it did not run."""
    chosen = paths[(paths["arm"] == arm) & (paths["shock"] == shock)]
    return chosen.pivot(index="day", columns="seed", values=column)


def against(design: Design) -> tuple[str, list[str]]:
    """Return the arm that figures compare with, and the others they show."""
    shown = list(design.figure_arms)
    base = design.baseline if design.baseline in design.whole_arms or not shown else shown[0]
    return base, [arm for arm in shown if arm != base]


def difference(paths: pd.DataFrame, one: tuple[str, str], other: tuple[str, str], column: str) -> pd.DataFrame:
    """Return one cell (arm, shock) minus another, seed by seed, over what both have; empty if one did not run."""
    return _sum([(1.0, *one), (-1.0, *other)], paths, column)


def response(paths: pd.DataFrame, arm: str, shock: str, column: str, calm: str = NO_SHOCK) -> pd.DataFrame:
    """Return shock minus calm, seed by seed, over the days and seeds both have; empty if one did not run."""
    return difference(paths, (arm, shock), (arm, calm), column)


def response_apart(
    paths: pd.DataFrame, arm: str, base: str, shock: str, column: str, calm: str = NO_SHOCK
) -> pd.DataFrame:
    """Return an arm's response to a shock minus another arm's, seed by seed; empty if one did not run."""
    cells = [(1.0, arm, shock), (-1.0, arm, calm), (-1.0, base, shock), (1.0, base, calm)]
    return _sum(cells, paths, column)


def _sum(cells: Sequence[tuple[float, str, str]], paths: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a weighted sum of cells over the days and seeds that all have; what is of rounding size is zero."""
    frames = [cell(paths, arm, shock, column) for _, arm, shock in cells]
    days = reduce(pd.Index.intersection, [frame.index for frame in frames])
    seeds = reduce(pd.Index.intersection, [frame.columns for frame in frames])
    frames = [frame.loc[days, seeds] for frame in frames]
    total = sum(weight * frame for (weight, _, _), frame in zip(cells, frames, strict=True))
    size = max((float(frame.abs().max(axis=None)) for frame in frames if frame.size), default=0.0)
    return total.mask(total.abs() <= ROUNDING * size, 0.0)


def since_shock(
    frame: pd.DataFrame, design: Design, shock: str, after: int = AFTER_DAYS
) -> tuple[np.ndarray, np.ndarray]:
    """Return the days since a shock's start and values (days, seeds) around it; all days if that is not known."""
    start = design.start_of(shock)
    first, last = (0, design.days) if start is None else (start - BEFORE_DAYS, start + after)
    window = frame[(frame.index >= first) & (frame.index < last)]
    return window.index.to_numpy() - (start or 0), window.to_numpy(dtype=float)


def shocks_of(design: Design) -> list[str]:
    """Return the shocks other than none; a figure of responses needs one."""
    shocks = [shock for shock in design.shocks if shock != NO_SHOCK]
    if not shocks:
        raise MissingDataError("the study has no shock")
    return shocks
