"""Futures: the curve before, during and after the shock, and the front month's basis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.plots import series, style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import in_quotes, the_shock

SPOT = "index_transaction_usd_per_gpu_hour"
MATURITIES = 6


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock, for the arms in which futures traded."""
    design = results.design
    columns = [f"future_{k}_usd_per_gpu_hour" for k in range(1, MATURITIES + 1)]
    columns = [name for name in columns if name in results.path_columns] or columns
    paths = results.first_paths([SPOT, *columns])
    traded = paths.groupby("arm", sort=False)[columns[0]].apply(lambda price: price.notna().any())
    arms = [arm for arm in design.figure_arms if traded.get(arm, False)]
    if not arms:
        raise MissingDataError("no futures traded")
    paths["basis"] = 100.0 * (paths[SPOT] - paths[columns[0]]) / paths[SPOT]
    for shock in [name for name in design.shocks if name != NO_SHOCK] or [NO_SHOCK]:
        figure, axes = style.panels(2, 1, 4.1)
        _curves(axes[0, 0], paths, columns, arms[0], shock, design)
        _basis(axes[1, 0], paths, arms, shock, design)
        yield style.Plot(f"futures_{shock}", figure, _caption(arms[0], shock, design))


def _curves(panel: object, paths: pd.DataFrame, columns: list[str], arm: str, shock: str, design: Design) -> None:
    chosen = paths[(paths["arm"] == arm) & (paths["shock"] == shock)]
    months = np.arange(1, len(columns) + 1)
    for (name, day), line in zip(_moments(design, shock).items(), ("-", "--", ":"), strict=False):
        today = chosen[chosen["day"] == day]
        if not today.empty:
            curve = style.over_seeds((today[columns].to_numpy() / today[[SPOT]].to_numpy() - 1.0).T, [0.5])[0]
            panel.plot(
                months, 100.0 * curve, line, marker="o", markersize=3, color=style.colour(design, arm), label=name
            )
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    panel.set_xlabel("Contract month (1 = front)")
    panel.set_ylabel("Futures over index, %")
    panel.set_xticks(months)
    panel.set_title(f"Curve, {style.label(arm)}")
    panel.legend()


def _basis(panel: object, paths: pd.DataFrame, arms: list[str], shock: str, design: Design) -> None:
    style.shade_event(panel, design, shock)
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    for arm in arms:
        days, values = series.since_shock(series.cell(paths, arm, shock, "basis"), design, shock)
        style.band(panel, days, values, **style.line(design, arm))
    panel.set_xlabel("Day" if design.start_of(shock) is None else "Days since the shock")
    panel.set_ylabel("Basis, % of index")
    panel.set_title("Basis: index minus front month")
    panel.margins(x=0)
    if len(arms) > 1:
        panel.legend()


def _moments(design: Design, shock: str) -> dict[str, int]:
    """Return the days whose curves are drawn, by name."""
    start, length = design.start_of(shock), max(design.shock_days(shock), 2)
    if start is None:
        return {"last day": design.days - 1}
    return {
        "the day before": start - 1,
        "in the middle of it": start + length // 2,
        "60 days after": start + length + 60,
    }


def _caption(arm: str, shock: str, design: Design) -> str:
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    return (
        f"Futures{event}. Above: the curve over the day's transaction index in the arm {in_quotes(arm)}, median over "
        f"{design.seeds} seeds. Below: transaction index minus front-month futures price; line: median, band: "
        f"{style.band_words(design.seeds)}; jumps at month ends are the roll to the next contract."
    )
