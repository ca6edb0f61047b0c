"""Recorded days as arrays (days, seeds), and the days a figure shows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.results import NO_SHOCK, Design, MissingDataError

BEFORE_DAYS = 60
AFTER_DAYS = 300


def cell(paths: pd.DataFrame, arm: str, shock: str, column: str) -> pd.DataFrame:
    """Return one column of one arm under one shock: index day, a column a seed; empty if it did not run."""
    chosen = paths[(paths["arm"] == arm) & (paths["shock"] == shock)]
    return chosen.pivot(index="day", columns="seed", values=column)


def response(paths: pd.DataFrame, arm: str, shock: str, column: str) -> pd.DataFrame:
    """Return shock minus none, seed by seed, over the days and seeds both have; empty if one did not run."""
    shocked, calm = cell(paths, arm, shock, column), cell(paths, arm, NO_SHOCK, column)
    days, seeds = shocked.index.intersection(calm.index), shocked.columns.intersection(calm.columns)
    return shocked.loc[days, seeds] - calm.loc[days, seeds]


def since_shock(frame: pd.DataFrame, design: Design, after: int = AFTER_DAYS) -> tuple[np.ndarray, np.ndarray]:
    """Return the days since the shock's start and values (days, seeds) around it; all days if there is no event."""
    start = design.event.start if design.event else 0
    first, last = (start - BEFORE_DAYS, start + after) if design.event else (0, design.days)
    window = frame[(frame.index >= first) & (frame.index < last)]
    return window.index.to_numpy() - start, window.to_numpy(dtype=float)


def shocks_of(design: Design) -> list[str]:
    """Return the shocks other than none; a figure of responses needs one."""
    shocks = [shock for shock in design.shocks if shock != NO_SHOCK]
    if not shocks:
        raise MissingDataError("the study has no shock")
    return shocks
