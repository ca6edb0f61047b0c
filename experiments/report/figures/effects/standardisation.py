"""What each index is worth as a hedge: a heat map of owners by indices, and lines by share of the reference product."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.plots import style
from experiments.results import MissingDataError, Results

DARK = 0.55  # cells above are labelled in white


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield both figures of a study of kind `standardisation`."""
    table = results.table_if_any("standardisation.parquet")
    if table is None or table.empty:
        raise MissingDataError("the study measures no hedges")
    horizon = int(table["horizon_months"].min())
    table = table[table["horizon_months"] == horizon]
    ahead = f"{horizon} month{'s' if horizon > 1 else ''} ahead; mean over {results.design.seeds} seeds"
    what = "Share of the variance of an owner's monthly revenue by the hour that a future on each index takes away"
    owners = table[table["reference_share"].isna()]
    yield style.Plot("hedge_effectiveness", _heat(owners), f"{what}, by fleet, {ahead}.")
    mixed = table[table["reference_share"].notna()]
    if not mixed.empty:
        by = "by share of the reference product in the fleet, the rest the market's mix"
        caption = f"{what}, {by}, {ahead}, with its 95 % interval."
        yield style.Plot("hedge_by_share", _lines(mixed), caption)


def _heat(table: pd.DataFrame) -> object:
    owners, indices = list(dict.fromkeys(table["owner"])), list(dict.fromkeys(table["index"]))
    values = table.pivot(index="owner", columns="index", values="effectiveness").loc[owners, indices]
    numbers = values.to_numpy(dtype=float)
    figure, axes = style.panels(1, 1, 0.9 + 0.15 * len(owners))
    panel = axes[0, 0]
    panel.imshow(np.clip(numbers, 0.0, 1.0), cmap="cividis_r", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), value in np.ndenumerate(numbers):
        if np.isfinite(value):
            shade = "white" if value > DARK else "black"
            panel.text(
                column, row, f"{value:.2f}".replace("-", "−"), ha="center", va="center", fontsize=5.5, color=shade
            )
    panel.set_xticks(range(len(indices)), [style.label(name) for name in indices], rotation=40, ha="right", fontsize=6)
    panel.set_yticks(range(len(owners)), [style.label(name) for name in owners], fontsize=6)
    panel.grid(visible=False)
    bottom = 0.65 / figure.get_figheight()
    panel.set_position([0.3, bottom, 0.68, 0.99 - bottom])  # constrained layout finds no room for names this long
    return figure


def _lines(table: pd.DataFrame) -> object:
    figure, axes = style.panels(1, 1, 2.6)
    panel = axes[0, 0]
    table = table.sort_values("reference_share", kind="stable")
    for k, (index, mine) in enumerate(table.groupby("index", sort=False)):
        looks = {"color": style.PALETTE[k % len(style.PALETTE)], "linestyle": style.DASHES[k % len(style.DASHES)]}
        share = 100.0 * mine["reference_share"]
        panel.fill_between(share, mine["low"], mine["high"], color=looks["color"], alpha=0.12, linewidth=0)
        panel.plot(share, mine["effectiveness"], marker="o", markersize=2.5, label=style.label(str(index)), **looks)
    panel.set_xlabel("reference product, % of the fleet")
    panel.set_ylabel("variance taken away, share")
    style.legend_above(figure, panel)
    return figure
