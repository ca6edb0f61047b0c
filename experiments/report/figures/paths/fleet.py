"""Fleet and investment: the stock of GPUs and the orders for new ones, relative to the growth path."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from experiments.plots import series, style
from experiments.results import NO_SHOCK, Design, Results
from experiments.wording import the_shock

FLEET = "fleet_ve"
PATH = "fleet_path_ve"
ORDERS = "orders_ve"
PATH_ORDERS = "orders_path_ve"  # of a month, on the days on which orders are placed


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield the calm world's fleet and orders, then the response of both to each shock."""
    design = results.design
    paths = results.first_paths([FLEET, PATH, ORDERS, PATH_ORDERS])
    paths["fleet"] = paths[FLEET] / paths[PATH]
    paths["ordered"] = (paths[ORDERS] / paths[PATH_ORDERS]).where(paths[PATH_ORDERS] > 0.0)
    levels = _LEVELS.format(seeds=design.seeds, band=style.band_words(design.seeds))
    yield style.Plot("fleet", _levels(paths, design), levels)
    for shock in design.shocks:
        if shock != NO_SHOCK:
            caption = _RESPONSE.format(
                shock=the_shock(shock), seeds=design.seeds, band=style.median_words(design.seeds)
            )
            yield style.Plot(f"fleet_{shock}", _responses(paths, design, shock), caption)


def _levels(paths: pd.DataFrame, design: Design) -> object:
    figure, axes = style.panels(2, 1, 3.6, sharex=True)
    for panel, column in zip(axes[:, 0], ("fleet", "ordered"), strict=True):
        for arm in design.figure_arms:
            values = series.cell(paths, arm, NO_SHOCK, column).dropna()
            if not values.empty:
                style.band(panel, values.index.to_numpy(), values.to_numpy(), **style.line(design, arm))
        panel.margins(x=0)
    for panel in axes[:, 0]:
        panel.axhline(1.0, color=style.GREY, linewidth=0.6)
    axes[0, 0].set_ylabel("Fleet, path = 1")
    axes[1, 0].set_ylabel("Monthly orders,\npath = 1")
    axes[1, 0].set_xlabel("Day")
    style.legend_above(figure, axes[0, 0])
    return figure


def _responses(paths: pd.DataFrame, design: Design, shock: str) -> object:
    figure, axes = style.panels(2, 1, 3.6, sharex=True)
    for panel, column in zip(axes[:, 0], ("fleet", "ordered"), strict=True):
        style.shade_event(panel, design, shock)
        panel.axhline(0.0, color=style.GREY, linewidth=0.6)
        for arm in design.figure_arms:
            change = series.response(paths, arm, shock, column).dropna()
            days, values = series.since_shock(change, design, shock, after=design.days)
            if values.size:
                style.middle_with_interval(panel, days, 100.0 * values, **style.line(design, arm))
        panel.margins(x=0)
    axes[0, 0].set_ylabel("Change in the fleet,\n% of the path")
    axes[1, 0].set_ylabel("Change in monthly\norders, % of the path")
    axes[1, 0].set_xlabel("Days since the shock")
    style.legend_above(figure, axes[0, 0])
    return figure


_LEVELS = (
    "The landlords' fleet (in H100 value equivalents) and their monthly chip orders without any shock, relative "
    "to the balanced growth path. Line: median over {seeds} seeds; band: {band}."
)
_RESPONSE = (
    "Response of the landlords' fleet and monthly chip orders to {shock} (shock minus none, same arm and seed), "
    "relative to the growth path. Line: median over {seeds} seeds; band: {band}."
)
