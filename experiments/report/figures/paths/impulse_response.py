"""Impulse response of rent: shock minus none, seed by seed, in the baseline, and how other arms differ in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.plots import series, style
from experiments.results import FORK, Design, Results
from experiments.wording import in_quotes, the_shock

RENT = "rent_h100_usd_per_gpu_hour"
AFTER_DAYS = 180


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock: the baseline's response above, a panel below for each other arm's minus it.

    Where arms were forked from one state a second column shows the same of the forked runs.
    """
    design = results.design
    paths = results.first_paths([RENT])
    paths["log_rent"] = 100.0 * np.log(paths[RENT])
    base, others = series.against(design)
    forks = [fork for fork in ("", FORK) if not fork or base + FORK in design.arms]
    for shock in series.shocks_of(design):
        figure = _figure(paths, base, others, forks, shock, design)
        caption = _caption(shock, base, design.seeds, bool(others), len(forks) > 1)
        yield style.Plot(f"impulse_response_{shock}", figure, caption)


def _figure(paths: pd.DataFrame, base: str, others: list[str], forks: list[str], shock: str, design: Design) -> object:
    height = 1.05 + 1.3 + 1.05 * len(others)
    figure, axes = style.panels(1 + len(others), len(forks), height, sharex=True, sharey="row")
    for column, fork in enumerate(forks):
        first = series.response(paths, base + fork, shock, "log_rent", design.calm(shock))
        _panel(axes[0, column], first, base, shock, design)
        for panel, arm in zip(axes[1:, column], others, strict=True):
            apart = series.response_apart(paths, arm + fork, base + fork, shock, "log_rent", design.calm(shock))
            _panel(panel, apart, arm, shock, design)
    axes[0, 0].set_title(f"Response with {in_quotes(style.label(base))}")
    for panel, arm in zip(axes[1:, 0], others, strict=True):
        panel.set_title(style.against_words(arm, base))
    _same_scale(axes[1:])
    if len(forks) > 1:
        for panel, words in zip(axes[-1], ("Own history", "Forked at the shock"), strict=True):
            panel.set_xlabel(words)
    figure.supxlabel("Days since the shock", fontsize=8)
    figure.supylabel("Change in H100 rent, log × 100", fontsize=8)
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


def _caption(shock: str, base: str, seeds: int, others: bool, forked: bool) -> str:
    below = (
        f" Above, with {in_quotes(base)}; below, each other arm's response minus that one, all on one scale." * others
    )
    right = " Left, arms with their own history; right, all start from one state the day before." * forked
    return (
        f"Response of the H100 rent to {the_shock(shock)}: log rent with the shock minus without it, same arm, "
        f"same seed.{below}{right} Line: median over {seeds} seeds; band: {style.median_words(seeds)}. Shaded: the "
        "days the shock lasts."
    )
