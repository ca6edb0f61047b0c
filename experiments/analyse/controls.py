"""Positive controls: contrasts whose effect is known to be there, without which nothing that is not found says much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from experiments.results import NO_SHOCK, Contrast, Results
from experiments.wording import digits, listed, name_of, printed_unit, quantity, scaled, the_shock

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
ABSENT, MISSED, FOUND = "absent", "missed", "found"
Standing = Literal["absent", "missed", "found"]
SMALL = {  # what an effect shown to be within its margin is called, by what became of the controls
    FOUND: "shown to be smaller than ±{}",
    MISSED: "within ±{}, but so is what must be found: the control was not",
    ABSENT: "within ±{}, but no control shows that an effect would be found",
}
COUNTED = {
    FOUND: "shown to be smaller than their margins",
    MISSED: "within their margins, of which nothing is claimed as the control was not found",
    ABSENT: "within their margins, of which nothing is claimed without a control",
}


def standing(results: Results) -> Standing:
    """Whether a positive control was found, was missed or is absent; of several, whether one was found."""
    names = controls(results)
    if not names:
        return ABSENT
    return FOUND if any(is_found(results, name) for name in names) else MISSED


def controls(results: Results) -> dict[str, Contrast]:
    """The study's contrasts that are positive controls, by name."""
    return {name: contrast for name, contrast in results.design.contrasts.items() if contrast.role == "control"}


def is_found(results: Results, name: str) -> bool:
    """Whether a control's effect was told from none: in every endpoint it names, else in one at least."""
    rows = list(control_rows(results, name))
    named = results.design.contrasts[name].endpoints
    return len(rows) >= max(1, len(named)) and (all if named else any)(_p(row) < LEVEL for row in rows)


def control_rows(results: Results, name: str) -> Iterator[Any]:
    """The effects of a control on what it names, else on all endpoints, under its shock, else without one."""
    design = results.design
    table = results.effects_by_arm.get((name, design.contrasts[name].shock or NO_SHOCK))
    if table is None:
        return
    table = table[table["n"] > 1]
    for metric in design.contrasts[name].endpoints or design.endpoints:
        if metric in table.index:
            yield next(table.loc[[metric]].itertuples())


def _p(row: Any) -> float:
    """The p that judges a row: Holm's of an endpoint, its own of a secondary metric; 1 where there is none."""
    p = row.p_holm if isinstance(row.family, str) else row.p
    return 1.0 if p is None or math.isnan(p) else float(p)


def sentences(results: Results) -> Iterator[str]:
    """Say of each positive control where it was found; that there is none, where margins make claims of nothing."""
    for name, contrast in controls(results).items():
        rows = list(control_rows(results, name))
        seen = [row for row in rows if _p(row) < LEVEL]
        unseen = listed([name_of(row.metric) for row in rows if row not in seen])
        what = f"The positive control {titled(name, contrast)}"
        if contrast.shock:
            what += f" under {the_shock(contrast.shock)}"
        if not seen:
            yield f"{what} was not found: what this study does not find may be there all the same."
            continue
        parts = [f"{name_of(row.metric)}, {quantity(row.metric, row.estimate, row.low, row.high)}" for row in seen]
        but = f"; not in {unseen}" if unseen else ""
        yield f"{what} was {'' if is_found(results, name) else 'only '}found in {listed(parts)}{but}."
    if results.design.margins and standing(results) == ABSENT:
        yield (
            "No positive control shows that this design would find an effect, so no effect is said to be none "
            "(study.contrasts, role: control)."
        )


def titled(name: str, contrast: Contrast, capital: bool = False) -> str:
    """A contrast's name with its dose, where it says one: credit (loans of 70 % of cost)."""
    return name_of(name, capital) + (f" ({contrast.dose})" if contrast.dose else "")


def visible(metric: str, detectable: float) -> str:
    """Say how large an effect would have been found: ±1.2 % a year."""
    return f"±{digits(scaled(metric, detectable))} {printed_unit(metric)}".rstrip()


def visible_words(rows: pd.DataFrame | Sequence[Any], metrics: Sequence[str]) -> str:
    """Say how small effects on metrics would be found four times in five; empty where that is not known."""
    of: dict[str, float] = {}
    for row in rows if isinstance(rows, Sequence) else rows.itertuples():
        metric = row.metric.removeprefix("response:")
        if metric in metrics and row.detectable is not None and row.detectable > 0.0:
            of[metric] = max(of.get(metric, 0.0), float(row.detectable))
    said = [f"{visible(metric, of[metric])} in {name_of(metric)}" for metric in metrics if metric in of]
    return f"the smallest that would be found four times in five: {listed(said)}" if said else ""
