"""Effect sizes of the pre-registered endpoints as a forest: a panel an endpoint in its own unit, a row an arm."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from matplotlib.axes import Axes

from experiments.analyse.effects import RESPONSE, headline
from experiments.analyse.stats import FEW_SEEDS
from experiments.plots import style
from experiments.results import FORK, NO_SHOCK, Design, MissingDataError, Results, is_fork
from experiments.wording import in_quotes, metric_label, name_of, scale, the_shock

MOST_PANELS = 10


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield, for each shock, its effects within arms; and, where arms differ, the effects of arms without a shock."""
    design = results.design
    table = first_point(results.effects, design)
    metrics = headline(results.finished, design)[:MOST_PANELS]
    if design.contrasts:
        yield from _contrasts(table, metrics, design)
    shown = [*design.figure_arms, *(arm + FORK for arm in design.figure_arms)]
    table = table[table["arm"].isin(shown)]
    within = table[table["arm"] == table["baseline"]]
    for shock in design.shocks:
        if shock != NO_SHOCK:
            rows = within[(within["shock"] == shock) & within["metric"].isin(metrics)]
            if not rows["estimate"].isna().all():
                yield style.Plot(f"forest_{shock}", _figure(rows, metrics, design), _caption(design, shock))
    apart = table[(table["arm"] != table["baseline"]) & (table["shock"] == NO_SHOCK) & table["metric"].isin(metrics)]
    if not design.contrasts and not apart.empty and not apart["estimate"].isna().all():
        yield style.Plot("forest_arms", _figure(apart, metrics, design), _caption(design, NO_SHOCK))


def _contrasts(table: pd.DataFrame, metrics: list[str], design: Design) -> Iterator[style.Plot]:
    """Yield the contrasts without a shock: the primary ones and what they are made of, then nulls and placebos."""
    calm = table[(table["shock"] == NO_SHOCK) & table["metric"].isin(metrics)]
    for name, roles in (("contrasts", ("primary", "part")), ("checks", ("control", "null", "placebo"))):
        chosen = [key for key, contrast in design.contrasts.items() if contrast.role in roles]
        rows = calm[calm["arm"].isin(chosen)]
        if not rows["estimate"].isna().all():
            arms = [key for key in chosen if (rows["arm"] == key).any()]
            yield style.Plot(f"forest_{name}", _figure(rows, metrics, design, arms), _contrast_caption(name, design))


def _contrast_caption(name: str, design: Design) -> str:
    what = {
        "contrasts": "The pre-registered contrasts of arms and what they are made of",
        "checks": "The checks: positive controls, which must be found, nulls, which must be exactly zero, and placebos",
    }[name]
    how = "studentised bootstrap over seeds" if design.seeds >= FEW_SEEDS else "a paired t over seeds"
    band = " Shaded: effects within the margins set in advance, which count as small." if design.margins else ""
    return f"{what}, without a shock: mean over {design.seeds} seeds with its 95 % interval ({how}).{band}"


def first_point(table: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the rows of the first swept point, responses left out."""
    table = table[~table["metric"].str.startswith(RESPONSE)]
    table = design.at_first(table)
    if table.empty:
        raise MissingDataError("no effects: the study compares nothing")
    return table


def _figure(rows: pd.DataFrame, metrics: list[str], design: Design, arms: list[str] | None = None) -> object:
    shown = [metric for metric in metrics if rows.loc[rows["metric"] == metric, "estimate"].notna().any()]
    arms = arms or [
        arm for arm in design.arms if not is_fork(arm) and (rows["arm"].str.removesuffix("@fork") == arm).any()
    ]
    forked = rows["arm"].map(is_fork).any()
    figure, axes = style.panels(len(shown), 1, 0.5 + len(shown) * (0.5 + 0.17 * len(arms)))
    for panel, metric in zip(axes[:, 0], shown, strict=True):
        _panel(panel, rows[rows["metric"] == metric], arms, design)
        panel.set_title(metric_label(metric), fontsize=7.5, loc="right" if arms[0] in design.contrasts else "left")
    if forked:
        style.forest_key(figure)
    return figure


def _panel(panel: Axes, rows: pd.DataFrame, arms: list[str], design: Design) -> None:
    panel.axvline(0.0, color=style.GREY, linewidth=0.8)
    times = rows["metric"].map(scale)
    margin = design.margins.get(rows["metric"].iloc[0]) if arms[0] in design.contrasts else None
    if margin is not None:
        half = margin * float(times.iloc[0])
        panel.axvspan(-half, half, color=style.GREY, alpha=0.15, linewidth=0.0)
    rows = rows.assign(low=rows["low"] * times, high=rows["high"] * times, estimate=rows["estimate"] * times)
    for row in rows.itertuples():
        fork = is_fork(row.arm)
        height = arms.index(row.arm.removesuffix("@fork")) + (0.18 if fork else -0.12)
        shade = style.colour(design, row.arm) if row.arm.removesuffix(FORK) in design.arms else style.PALETTE[1]
        if not pd.isna(row.low):
            panel.plot([row.low, row.high], [height, height], color=shade, linewidth=1.1)
        panel.plot(row.estimate, height, "o", color=shade, markersize=3.6, markerfacecolor="white" if fork else shade)
    named = len(arms) > 0 and arms[0] in design.contrasts
    words = [style.shortened(name_of(arm, capital=True), 44) if named else style.label(arm) for arm in arms]
    small = max(map(len, words), default=0) > style.LONGEST_BESIDE
    panel.set_yticks(range(len(arms)), words, fontsize=5.5 if small else None)
    panel.set_ylim(len(arms) - 0.45, -0.55)
    panel.grid(axis="y", visible=False)
    panel.locator_params(axis="x", nbins=4 if small else 5)
    style.compact(panel.xaxis)


def _caption(design: Design, shock: str) -> str:
    what = (
        f"Effect of {the_shock(shock)} within each arm (shock minus none, same seed)"
        if shock != NO_SHOCK
        else f"Effect of each arm against {in_quotes(design.baseline)}, without any shock (same seed)"
    )
    how = (
        "95 % interval (studentised bootstrap over seeds"
        if design.seeds >= FEW_SEEDS
        else "95 % interval (a paired t over seeds"
    )
    endpoint = "pre-registered endpoint" if design.endpoints else "metric"
    return f"{what}: mean over {design.seeds} seeds with its {how}). A panel is one {endpoint} in its unit."
