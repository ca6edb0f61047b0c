"""Swept parameters: each shock's effect on the pre-registered endpoints against the first swept value."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from experiments.effects import headline
from experiments.plots import style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results, is_fork
from experiments.wording import metric_label, scale

MOST_PANELS = 6


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock, of a study that sweeps a number."""
    design = results.design
    numeric = [name for name in design.sweep if pd.api.types.is_numeric_dtype(results.effects[name])]
    if not numeric:
        raise MissingDataError("the study sweeps no number")
    key = numeric[0]
    table = results.effects
    for other in design.sweep:
        if other != key:
            table = table[table[other] == table[other].min()]
    metrics = headline(results.finished, design)
    for shock in design.shocks:
        rows = table[(table["shock"] == shock) & (table["arm"] == table["baseline"]) & table["estimate"].notna()]
        shown = [metric for metric in metrics if (rows["metric"] == metric).any()][:MOST_PANELS]
        if shock != NO_SHOCK and shown:
            caption = (
                f"Effect of the {style.label(shock)} within each arm (shock minus none, same seed) at each "
                f"value of {key}: mean over {design.seeds} seeds with its 95 % interval."
            )
            yield style.Plot(f"sweep_{shock}", _figure(rows, shown, key, design), caption)


def _figure(rows: pd.DataFrame, metrics: list[str], key: str, design: Design) -> object:
    figure, axes = style.panels(len(metrics), 1, 0.7 + 1.2 * len(metrics), sharex=True)
    for panel, metric in zip(axes[:, 0], metrics, strict=True):
        panel.axhline(0.0, color=style.GREY, linewidth=0.6)
        for arm in design.arms:
            mine = rows[(rows["metric"] == metric) & (rows["arm"] == arm)].sort_values(key)
            if not is_fork(arm) and not mine.empty:
                looks = style.line(design, arm)
                low, middle, high = (scale(metric) * mine[name] for name in ("low", "estimate", "high"))
                panel.fill_between(mine[key], low, high, color=looks["color"], alpha=0.16, linewidth=0)
                panel.plot(mine[key], middle, marker="o", markersize=3, **looks)
        panel.set_title(metric_label(metric), fontsize=7.5)
        style.compact(panel.yaxis)
    axes[-1, 0].set_xlabel(key)
    style.legend_above(figure, axes[0, 0])
    return figure
