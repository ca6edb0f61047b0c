"""What figures of credit read: which arms recorded it, and their days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.plots import series
from experiments.results import FORK, NO_SHOCK, Design, MissingDataError, Results
from experiments.store.paths import path_columns

MONTH_END, DEBT = "month_end", "loans_usd"


def columns_of(results: Results, arm: str) -> tuple[str, ...]:
    """Return the columns that an arm's runs recorded; none where it did not run."""
    ran = results.has_paths and arm in results.runs["arm"].unique()
    return path_columns(results.paths([], arm=arm).files) if ran else ()


def arms_with(results: Results, *needed: str, owing: str = DEBT) -> list[str]:
    """Return the arms that figures show which recorded columns, and whose `owing` is not nought throughout.

    Where arms part from one history, those that do.
    """
    design = results.design
    forked = [arm for arm in design.arms if arm.endswith(FORK)]
    arms = [arm for arm in forked or design.figure_arms if {*needed, owing} <= set(columns_of(results, arm))]
    arms = [arm for arm in arms if (days_of(results, arm, shocks_of(design)[0], [owing])[owing] > 0.0).any()]
    if not arms:
        raise MissingDataError(f"nothing was recorded of {', '.join(needed)} (loan.reports, deal.enabled)")
    return arms


def shocks_of(design: Design) -> list[str]:
    """Return the shocks that figures show: none where there is no other."""
    return [name for name in design.shocks if name != NO_SHOCK] or [NO_SHOCK]


def days_of(results: Results, arm: str, shock: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns of the days of an arm under a shock, at the first swept point; no rows where it did not run."""
    if shock not in results.runs.loc[results.runs["arm"] == arm, "shock"].unique():
        return pd.DataFrame(columns=["seed", "day", *columns], dtype=float)
    return results.design.at_first(results.paths(list(columns), arm=arm, shock=shock).frame())


def since_shock(days: pd.DataFrame, column: str, design: Design, shock: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the days since a shock's start, to the end, and a column on them (days, seeds)."""
    frame = days.pivot(index="day", columns="seed", values=column)
    return series.since_shock(frame, design, shock, after=design.days)
