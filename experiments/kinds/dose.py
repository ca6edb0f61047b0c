"""Doses: arms `LINKS_GAIN` beside `LINKS_0`; the effect of each against the gain that was measured, by wealth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from experiments.analyse import stats
from experiments.kinds.kind import Kind
from experiments.results import NO_SHOCK, Results
from experiments.wording import digits, metric_label, value_words

if TYPE_CHECKING:
    import pandas as pd

    from experiments.plots.style import Plot

NONE, MEASURED, STATED = "0", "fund_gain_measured", "fund_gain_stated"


class Dose(Kind):
    """Compares doses by arm name: what stands before the last underscore is shared, `0` behind it is no dose."""

    def sentences(self, results: Results) -> Iterator[str]:
        """Stated and measured gains beside each other."""
        calm = results.finished[results.finished["shock"] == NO_SHOCK]
        for arm, rows in calm.groupby("arm"):
            if MEASURED in rows and rows[STATED].notna().any() and rows[MEASURED].notna().any():
                stated, measured = float(rows[STATED].mean()), float(rows[MEASURED].mean())
                yield f"Arm {arm}: a joint gain of {digits(stated)} is stated, {digits(measured)} was measured."

    def draw(self, results: Results) -> Iterator[Plot]:
        """Effect against measured gain, a row an endpoint and a column a way of reading; a line a swept point."""
        from experiments.plots import style

        metrics, groups = [m for m in results.design.endpoints if m in results.finished], families(results)
        if not groups or not metrics:
            return
        figure, axes = style.panels(len(metrics), len(groups), 0.8 + 1.15 * len(metrics), sharex="col", sharey="row")
        for (family, doses), column in zip(groups.items(), axes.T, strict=True):
            for panel, metric in zip(column, metrics, strict=True):
                panel.axhline(0.0, color=style.GREY, linewidth=0.6)
                for label, rows in points(results).items():
                    found = [effect(rows, family, dose, metric) for dose in doses]
                    at, low, middle, high = np.array(sorted([(0.0, 0.0, 0.0, 0.0), *(x for x in found if x)])).T
                    (line,) = panel.plot(at, middle, marker="o", markersize=3, label=label)
                    panel.vlines(at, low, high, color=line.get_color(), linewidth=1.0)
            column[-1].set_xlabel(f"joint gain measured, {family}", fontsize=7)
        for panel, metric in zip(axes[:, 0], metrics, strict=True):
            panel.set_title(metric_label(metric), fontsize=7.5)
        style.legend_above(figure, axes[0, 0])
        caption = (
            "Effect of leveraged funds (same seed, arm minus that without funds) against the joint loop gain measured "
            f"at the close: mean over {results.design.seeds} seeds with its 95 % interval, a line a swept point."
        )
        yield style.Plot("dose", figure, caption)


def families(results: Results) -> dict[str, list[str]]:
    """Ways of reading that have an arm without a dose, with the doses of those whose gain was measured."""
    found: dict[str, list[str]] = {}
    arms = list(results.design.whole_arms)
    measured = results.finished.groupby("arm")[MEASURED].count()
    for arm in arms:
        family, _, dose = arm.rpartition("_")
        if dose != NONE and f"{family}_{NONE}" in arms and measured.get(arm, 0):
            found.setdefault(family, []).append(dose)
    return found


def points(results: Results) -> dict[str, pd.DataFrame]:
    """The calm runs of each swept point, by its values in words."""
    calm, keys = results.finished[results.finished["shock"] == NO_SHOCK], list(results.design.sweep)
    if not keys:
        return {"all": calm}
    return {_named(keys, values): rows for values, rows in calm.groupby(keys, sort=True)}


def _named(keys: list[str], values: tuple[object, ...]) -> str:
    words = [f"{value:.3g}" if isinstance(value, float) else value_words(value) for value in values]
    return ", ".join(f"{key.rpartition('.')[2].split('_')[0]} {word}" for key, word in zip(keys, words, strict=True))


def effect(rows: pd.DataFrame, family: str, dose: str, metric: str) -> tuple[float, float, float, float] | None:
    """Mean measured gain of a dose, and low, mean and high of its paired effect; None without two pairs."""
    with_dose, without = (rows[rows["arm"] == f"{family}_{name}"].set_index("seed") for name in (dose, NONE))
    pairs = (with_dose[metric] - without[metric]).dropna().to_numpy(float)
    if len(pairs) < 2:
        return None
    low, high = stats.interval(pairs)
    return float(with_dose[MEASURED].mean()), low, float(pairs.mean()), high
