"""Whether arms differ: rent and fleet of each arm minus the baseline's, same seed and same shock, day by day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.plots import series, style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import in_quotes, the_shock

RENT = "rent_h100_usd_per_gpu_hour"
FLEET = "fleet_ve"


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock, none first: a row an arm, rent on the left and fleet on the right."""
    design = results.design
    base, others = series.against(design)
    if not others:
        raise MissingDataError("the study has one arm")
    paths = results.first_paths([RENT, FLEET])
    logs = [f"log_{name}" for name in (RENT, FLEET)]
    paths[logs] = 100.0 * np.log(paths[[RENT, FLEET]].where(paths[[RENT, FLEET]] > 0.0))
    for shock in design.shocks:
        ran = [arm for arm in others if ((paths["arm"] == arm) & (paths["shock"] == shock)).any()]
        if ran:
            caption = _caption(shock, in_quotes(base), design.seeds)
            yield style.Plot(f"arms_{shock}", _figure(paths, logs, ran, base, shock, design), caption)


def _figure(paths: pd.DataFrame, columns: list[str], arms: list[str], base: str, shock: str, design: Design) -> object:
    figure, axes = style.panels(len(arms), 2, 0.75 + 1.15 * len(arms), sharex=True, sharey="col")
    for row, arm in zip(axes, arms, strict=True):
        for panel, column in zip(row, columns, strict=True):
            apart = series.difference(paths, (arm, shock), (base, shock), column)
            _panel(panel, apart, arm, shock, design)
        row[0].set_title(style.against_words(arm, base))
    axes[-1, 0].set_xlabel("Rent of an H100")
    axes[-1, 1].set_xlabel("Fleet")
    figure.supxlabel("Day" if shock == NO_SHOCK else "Days since the shock", fontsize=8)
    figure.supylabel("Difference, log × 100", fontsize=8)
    return figure


def _panel(panel: object, apart: pd.DataFrame, arm: str, shock: str, design: Design) -> None:
    style.shade_event(panel, design, shock)
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)
    apart = apart.dropna()
    whole = (apart.index.to_numpy(), apart.to_numpy(dtype=float))
    days, values = whole if shock == NO_SHOCK else series.since_shock(apart, design, shock)
    if values.size:
        style.middle_with_interval(panel, days, values, color=style.colour(design, arm))
    panel.margins(x=0)


def _caption(shock: str, base: str, seeds: int) -> str:
    event = "without a shock" if shock == NO_SHOCK else f"under {the_shock(shock)} in both"
    return (
        f"Whether arms differ, {event}: log rent of an H100 (left) and log fleet (right) of each arm minus that with "
        f"{base}, same seed. Line: median over {seeds} seeds; band: {style.median_words(seeds)}."
    )
