"""Fans of coverage: how it is spread over borrowers, with the levels at which terms bite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from experiments.plots import credit, style
from experiments.results import NO_SHOCK, Design, Results
from experiments.wording import in_quotes, the_shock
from sim.credit.reports import QUANTILES, quantile

ROWS = {  # what, its axis, the levels that are drawn in it
    "dscr": ("Debt service\ncoverage", {"dscr_lock_up": "lock-up", "dscr_covenant": "covenant"}),
    "base_cover": ("Borrowing base\nover loans", {}),
    "ltv": ("Loans over what\nGPUs count for", {"ltv_call": "margin call"}),
}
BASE = "base_cover"  # bites at 1
MOST_ARMS = 3
LEVELS = {"lock-up": ":", "covenant": "--", "margin call": "--", "no draws": "--"}


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock: arms side by side."""
    design = results.design
    names = [quantile(what, q) for what in ROWS for q in QUANTILES]
    levels = [name for _, lines in ROWS.values() for name in lines]
    arms = credit.arms_with(results, *names, *levels)[:MOST_ARMS]
    for shock in credit.shocks_of(design):
        figure, axes = style.panels(len(ROWS), len(arms), 4.8, sharex=True, sharey="row")
        figure.set_figwidth(style.WIDTH_IN if len(arms) == 1 else 2.0 * style.WIDTH_IN)
        for column, arm in enumerate(arms):
            days = credit.days_of(results, arm, shock, [*names, *levels])
            for row, what in enumerate(ROWS):
                _fan(axes[row, column], days, what, shock, design)
            axes[0, column].set_title(style.label(arm))
            axes[-1, column].set_xlabel("Day" if design.start_of(shock) is None else "Days since the shock")
        for row, (label, _) in enumerate(ROWS.values()):
            axes[row, 0].set_ylabel(label)
        _legend(figure, axes)
        yield style.Plot(f"coverage_{shock}", figure, _caption(arms, shock, design))


def _fan(panel: Any, days: pd.DataFrame, what: str, shock: str, design: Design) -> None:
    style.shade_event(panel, design, shock)
    found = {}
    for q in QUANTILES:
        since, values = credit.since_shock(days, quantile(what, q), design, shock)
        known = np.isfinite(values).any(axis=1)
        found[q] = np.nanmedian(values[known], axis=1)
    colour, since = style.PALETTE[1], since[known]
    for low, high, shade, name in ((10, 90, 0.16, "10 to 90 %"), (25, 75, 0.3, "25 to 75 %")):
        label = f"{name} of borrowers"
        panel.fill_between(since, found[low], found[high], color=colour, alpha=shade, linewidth=0, label=label)
    panel.plot(since, found[50], color=colour, label="median borrower")
    seen = np.array([found[10], found[90]])
    for level, name in _levels(days, what):
        if seen.size and seen.min() - 0.5 < level < seen.max() + 0.5:
            panel.axhline(level, color=style.PALETTE[2], linewidth=0.9, linestyle=LEVELS[name], label=name)
    panel.set_xlim(since.min(), since.max())


def _levels(days: pd.DataFrame, what: str) -> list[tuple[float, str]]:
    """The levels at which terms bite, as the first day has them."""
    if what == BASE:
        return [(1.0, "no draws")]
    found = [(days[name].dropna().head(1).to_numpy(), label) for name, label in ROWS[what][1].items()]
    return [(float(values[0]), label) for values, label in found if len(values)]


def _legend(figure: Any, axes: Any) -> None:
    """One legend above all panels."""
    known: dict[str, Any] = {}
    for panel in axes.flat:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            known.setdefault(name, handle)
    columns = 2 if axes.shape[1] == 1 else 4
    figure.legend(list(known.values()), list(known), loc="outside upper center", ncols=columns, columnspacing=1.2)


def _caption(arms: list[str], shock: str, design: Design) -> str:
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    shown = ", ".join(in_quotes(style.label(arm)) for arm in arms)
    return (
        f"Coverage over borrowers{event}, arms {shown}. From above: debt service coverage; the borrowing base over "
        "what is owed (below 1 nothing may be drawn); what is owed over what GPUs and chips on order count for. Bands "
        f"and line: quantiles over borrowers at month ends, median over {design.seeds} seeds. Lines across: where "
        "terms bite, if near."
    )
