"""Rent relative to its growth path: each arm calm and shocked, median and 80 % band over seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from experiments.plots import series, style
from experiments.results import NO_SHOCK, Design, Results
from experiments.wording import the_shock

RENT = "rent_h100_usd_per_gpu_hour"
PATH = "rent_path_usd_per_ve_hour"


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock (or one of the calm world where a study has none)."""
    paths = _relative(results)
    for shock in [name for name in results.design.shocks if name != NO_SHOCK] or [NO_SHOCK]:
        yield _plot(paths, shock, results.design)


def one(results: Results, shock: str) -> style.Plot:
    """Draw the figure of one shock."""
    return _plot(_relative(results), shock, results.design)


def _relative(results: Results) -> pd.DataFrame:
    paths = results.first_paths([RENT, PATH])
    paths["relative"] = paths[RENT] / paths[PATH]
    return paths


def _plot(paths: pd.DataFrame, shock: str, design: Design) -> style.Plot:
    arms = list(design.figure_arms)
    columns = min(2, len(arms))
    rows = -(-len(arms) // columns)
    figure, axes = style.panels(rows, columns, 0.9 + 1.35 * rows, sharex=True, sharey=True)
    for panel, arm in zip(axes.flat, arms, strict=False):
        style.shade_event(panel, design, shock)
        panel.axhline(1.0, color=style.GREY, linewidth=0.6)
        days, values = series.since_shock(series.cell(paths, arm, shock, "relative"), design, shock)
        style.band(panel, days, values, color=style.colour(design, arm))
        if shock != NO_SHOCK:
            days, calm = series.since_shock(series.cell(paths, arm, NO_SHOCK, "relative"), design, shock)
            style.middle(panel, days, calm, color=style.GREY, linestyle="--")
        panel.set_title(style.label(arm))
        panel.margins(x=0)
    for panel in axes.flat[len(arms) :]:
        panel.set_visible(False)
    figure.supxlabel("Day" if design.start_of(shock) is None else "Days since the shock", fontsize=8)
    figure.supylabel("H100 rent (growth path = 1)" if rows > 1 else "H100 rent (path = 1)", fontsize=8)
    return style.Plot(f"rent_paths_{shock}", figure, _caption(shock, design.seeds))


def _caption(shock: str, seeds: int) -> str:
    calm = "; the dashed grey line is the median without the shock" if shock != NO_SHOCK else ""
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    shaded = " Shaded: the days the shock lasts." if shock != NO_SHOCK else ""
    return (
        f"H100 rent over the balanced growth path{event}, one panel an arm. Line: median over {seeds} seeds; band: "
        f"{style.band_words(seeds)}{calm}.{shaded}"
    )
