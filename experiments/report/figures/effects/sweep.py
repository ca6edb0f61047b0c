"""Swept parameters: what each value does against the first, and each shock's effect at each value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.analyse.along import rows_along
from experiments.analyse.effects import headline
from experiments.plots import style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results, is_fork
from experiments.wording import metric_label, scale, the_shock, value_words

MOST_PANELS = 6
KEYS_BESIDE = 2  # panels side by side in a column's width
APART = 0.06  # of the distance between values, so that arms that coincide stay visible


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield the effects along every swept key, a figure a shock, then each shock's effect at every value."""
    design = results.design
    if not design.sweep or design.drawn:
        raise MissingDataError("the study lists no values of swept parameters")
    metrics = headline(results.finished, design)[:MOST_PANELS]
    for shock in design.shocks:
        yield from _along(results, metrics, shock)
    for shock in design.shocks:
        if shock != NO_SHOCK:
            yield from _at_each(results, metrics, shock)


def _along(results: Results, metrics: list[str], shock: str) -> Iterator[style.Plot]:
    design = results.design
    tables = {key: rows_along(results, key) for key in design.sweep}
    tables = {key: rows[(rows["shock"] == shock) & rows["estimate"].notna()] for key, rows in tables.items()}
    keys = [key for key in design.sweep if tables[key]["metric"].isin(metrics).any()]
    for number, beside in enumerate(_groups(keys, KEYS_BESIDE)):
        shown = [metric for metric in metrics if any((tables[key]["metric"] == metric).any() for key in beside)]
        name = f"along_{shock}" + (f"_{number + 1}" if number else "")
        event = "without a shock" if shock == NO_SHOCK else f"under {the_shock(shock)}"
        caption = (
            f"What swept parameters change {event}: each value minus the first (at zero), same arm and seed; other "
            f"swept parameters at their first value. Mean over {design.seeds} seeds with its 95 % interval."
        )
        yield style.Plot(name, _figure({key: tables[key] for key in beside}, shown, design, zero=True), caption)


def _at_each(results: Results, metrics: list[str], shock: str) -> Iterator[style.Plot]:
    design, table = results.design, results.effects
    within = table[(table["shock"] == shock) & (table["arm"] == table["baseline"]) & table["along"].isna()]
    within = within[within["estimate"].notna()]
    for key in design.sweep:
        rows = design.at_first(within, but=key)
        rows = rows[rows[key].notna()]
        shown = [metric for metric in metrics if (rows["metric"] == metric).any()]
        if shown:
            caption = (
                f"Effect of {the_shock(shock)} within each arm (shock minus none, same seed) at each "
                f"value of {key}: mean over {design.seeds} seeds with its 95 % interval."
            )
            name = f"sweep_{shock}" + (f"_{key}" if key != design.sweep[0] else "")
            yield style.Plot(name, _figure({key: rows}, shown, design), caption)


def _groups(keys: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(keys), size):
        yield list(keys[start : start + size])


def _figure(tables: dict[str, pd.DataFrame], metrics: list[str], design: Design, zero: bool = False) -> object:
    """Draw a column a key and a row a metric, an effect with its interval against the value."""
    height = 0.8 + 1.15 * len(metrics)
    figure, axes = style.panels(len(metrics), len(tables), height, sharex="col", sharey="row")
    for (key, rows), column in zip(tables.items(), axes.T, strict=True):
        values = design.values(key, rows)
        for panel, metric in zip(column, metrics, strict=True):
            _panel(panel, rows[rows["metric"] == metric], key, values, design, zero)
        column[-1].set_xlabel(key, fontsize=7)
    for panel, metric in zip(axes[:, 0], metrics, strict=True):
        panel.set_title(metric_label(metric), fontsize=7.5)
        style.compact(panel.yaxis)
    style.legend_above(figure, axes[0, 0])
    return figure


def _panel(panel: Axes, rows: pd.DataFrame, key: str, values: Sequence[Any], design: Design, zero: bool) -> None:
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    places = _places(values)
    arms = [arm for arm in design.whole_arms if (rows["arm"] == arm).any() and not is_fork(arm)]
    step = APART * min(np.diff(sorted(places.values())), default=1.0)
    for number, arm in enumerate(arms):
        mine = rows[rows["arm"] == arm]
        times, aside = scale(str(mine["metric"].iloc[0])), step * (number - (len(arms) - 1) / 2)
        at = mine[key].map(places).to_numpy(float)
        low, middle, high = (times * mine[name].to_numpy(float) for name in ("low", "estimate", "high"))
        if zero:
            at, low, middle, high = (np.append(start, rest) for start, rest in (
                (places[values[0]], at), (0.0, low), (0.0, middle), (0.0, high)))  # fmt: skip
        order, looks = np.argsort(at), style.line(design, arm)
        at, low, middle, high = (line[order] for line in (at + aside, low, middle, high))
        panel.vlines(at, low, high, color=looks["color"], linewidth=1.1)
        panel.plot(at, middle, marker="o", markersize=3, **looks)
    if not _are_numbers(values):
        panel.set_xticks(list(places.values()), [value_words(value) for value in values])
        panel.set_xlim(-0.5, len(values) - 0.5)


def _places(values: Sequence[Any]) -> dict[Any, float]:
    """Return where each value stands on the axis: numbers at themselves, all else side by side."""
    if _are_numbers(values):
        return {value: float(value) for value in values}
    return {value: float(place) for place, value in enumerate(values)}


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
