"""Impulse response of rent (or any recorded series): shock minus none by seed, and how other arms differ in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.plots import series, style
from experiments.results import FORK, Design, Results
from experiments.wording import in_quotes, name_of, the_shock

RENT = "rent_h100_usd_per_gpu_hour"
AFTER_DAYS = 180
IN_LOGS = ("_usd_per_gpu_hour", "_usd_per_ve_hour", "_usd_per_ve", "_usd", "_ve", "_gpus", "_hours", "_contracts")


@dataclass(frozen=True, slots=True)
class Series:
    """A recorded column whose response is shown: its words, and whether it is compared in logs."""

    column: str
    words: str = "H100 rent"
    logs: bool = True
    unit: str = ""

    @property
    def label(self) -> str:
        """What the axis of changes says."""
        unit = "log × 100" if self.logs else "percentage points" if self.unit == "share" else self.unit or "as it is"
        return f"Change in {self.words}, {unit}"

    def values(self, paths: pd.DataFrame) -> pd.Series:
        """The series as it is compared."""
        column = paths[self.column].astype(float)
        return 100.0 * np.log(column) if self.logs else (100.0 if self.unit == "share" else 1.0) * column


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock: the baseline's response above, a panel below for each other arm's minus it.

    Where arms were forked from one state a second column shows the same of the forked runs.
    """
    paths, shown = results.first_paths([RENT]), Series(RENT)
    paths["shown"] = shown.values(paths)
    for shock in series.shocks_of(results.design):
        yield _plot(paths, shock, shown, results.design)


def one(results: Results, shock: str, column: str = RENT) -> style.Plot:
    """Draw the response of one recorded column to one shock; MissingDataError where the study has none."""
    series.shocks_of(results.design)
    paths = results.first_paths([column])
    in_logs = column.endswith(IN_LOGS) and bool((paths[column].dropna() > 0.0).all())
    shown = Series(RENT) if column == RENT else Series(column, name_of(column), in_logs, results.recorded_unit(column))
    paths["shown"] = shown.values(paths)
    return _plot(paths, shock, shown, results.design)


def _plot(paths: pd.DataFrame, shock: str, shown: Series, design: Design) -> style.Plot:
    base, others = series.against(design)
    forks = [fork for fork in ("", FORK) if not fork or base + FORK in design.arms]
    figure = _figure(paths, base, others, forks, shock, design)
    figure.supylabel(shown.label, fontsize=8)
    name = "impulse_response" if shown.column == RENT else f"impulse_response_{shown.column}"
    return style.Plot(
        f"{name}_{shock}", figure, _caption(shown, shock, base, design.seeds, bool(others), len(forks) > 1)
    )


def _figure(paths: pd.DataFrame, base: str, others: list[str], forks: list[str], shock: str, design: Design) -> Figure:
    height = 1.05 + 1.3 + 1.05 * len(others)
    figure, axes = style.panels(1 + len(others), len(forks), height, sharex=True, sharey="row")
    for column, fork in enumerate(forks):
        first = series.response(paths, base + fork, shock, "shown", design.calm(shock))
        _panel(axes[0, column], first, base, shock, design)
        for panel, arm in zip(axes[1:, column], others, strict=True):
            apart = series.response_apart(paths, arm + fork, base + fork, shock, "shown", design.calm(shock))
            _panel(panel, apart, arm, shock, design)
    axes[0, 0].set_title(f"Response with {in_quotes(style.label(base))}")
    for panel, arm in zip(axes[1:, 0], others, strict=True):
        panel.set_title(style.against_words(arm, base))
    _same_scale(axes[1:])
    if len(forks) > 1:
        for panel, words in zip(axes[-1], ("Own history", "Forked at the shock"), strict=True):
            panel.set_xlabel(words)
    figure.supxlabel("Days since the shock", fontsize=8)
    return figure


def _panel(panel: Axes, change: pd.DataFrame, arm: str, shock: str, design: Design) -> None:
    days, values = series.since_shock(change, design, shock, after=AFTER_DAYS)
    if not values.size:
        panel.text(0.5, 0.5, "did not run", transform=panel.transAxes, ha="center", color=style.GREY)
        return
    style.shade_event(panel, design, shock)
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    style.middle_with_interval(panel, days, values, color=style.colour(design, arm))
    panel.margins(x=0)


def _same_scale(panels: np.ndarray) -> None:
    """Give all panels of differences one scale, so that arms can be compared."""
    limits = [panel.get_ylim() for panel in panels.flat if panel.has_data()]
    for panel in panels.flat if limits else ():
        panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))


def _caption(shown: Series, shock: str, base: str, seeds: int, others: bool, forked: bool) -> str:
    below = (
        f" Above, with {in_quotes(base)}; below, each other arm's response minus that one, all on one scale." * others
    )
    right = " Left, arms with their own history; right, all start from one state the day before." * forked
    what = "log rent" if shown.column == RENT else f"{'log ' * shown.logs}{shown.words}"
    return (
        f"Response of the {shown.words} to {the_shock(shock)}: {what} with the shock minus without it, same arm, "
        f"same seed.{below}{right} Line: median over {seeds} seeds; band: {style.median_words(seeds)}. Shaded: the "
        "days the shock lasts."
    )
