"""Impulse response of rent: shock minus none, seed by seed, within each arm and from one common state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.plots import series, style
from experiments.results import FORK, Design, Results, is_fork

RENT = "rent_h100_usd_per_gpu_hour"


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock: whole arms above, forked arms below where they ran."""
    design = results.design
    paths = results.paths([RENT])
    paths["log_rent"] = 100.0 * np.log(paths[RENT])
    whole = list(design.figure_arms)
    forked = [arm for arm in design.arms if is_fork(arm) and arm.removesuffix(FORK) in whole]
    rows = 2 if forked else 1
    for shock in series.shocks_of(design):
        figure, axes = style.panels(rows, 1, 1.05 + 1.55 * rows, sharex=True, sharey=True)
        _arms(axes[0, 0], paths, whole, shock, design)
        axes[0, 0].set_title("Arms that lived apart from day 0" if forked else "Shock minus none, within each arm")
        if forked:
            _arms(axes[1, 0], paths, forked, shock, design)
            axes[1, 0].set_title("Arms forked from one state at the shock")
        axes[-1, 0].set_xlabel("Days since the shock")
        figure.supylabel("Change in H100 rent, log × 100", fontsize=8)
        style.legend_above(figure, axes[0, 0])
        yield style.Plot(f"impulse_response_{shock}", figure, _caption(shock, design.seeds, bool(forked)))


def _arms(panel: Axes, paths: pd.DataFrame, arms: Sequence[str], shock: str, design: Design) -> None:
    style.shade_event(panel, design, shock)
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    for arm in arms:
        days, values = series.since_shock(series.response(paths, arm, shock, "log_rent"), design, after=180)
        if values.size:
            style.middle_with_interval(panel, days, values, **style.line(design, arm))
    panel.margins(x=0)


def _caption(shock: str, seeds: int, forked: bool) -> str:
    below = " Above, each arm has its own history; below, all arms start from the same state the day before." * forked
    return (
        f"Response of the H100 rent to the {style.label(shock)}: log rent with the shock minus without it, same arm, "
        f"same seed. Line: median over {seeds} seeds; band: {style.median_words(seeds)}. Shaded: the "
        f"days the shock lasts.{below}"
    )
