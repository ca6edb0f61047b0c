"""What the charts of a report are made of: recorded days and metrics of every run, small enough for one page."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analyse.effects import RESPONSE, comparisons, metric_columns
from experiments.plots import style
from experiments.results import FORK, NO_SHOCK, ROLES, Design, MissingDataError, Results, is_fork
from experiments.wording import name_of, printed_unit, scale

if TYPE_CHECKING:
    import pandas as pd

TEMPLATES = Path(__file__).parent / "templates"
LIBRARY = ("bokeh.min.js", "bokeh-api.min.js")  # of Bokeh, which the page carries whole
SERIES = (  # recorded columns that may be chosen, as far as a study has them
    "rent_h100_usd_per_gpu_hour", "rent_b200_usd_per_gpu_hour", "occupancy", "fleet_ve", "future_2_usd_per_gpu_hour",
    "loans_usd", "chip_price_usd_per_ve", "open_interest_contracts",
)  # fmt: skip
MOST_NUMBERS = 700_000  # float32 of recorded days: 3.7 MB of the page
FEWEST_NUMBERS = 60_000
BYTES_A_NUMBER = 16 / 3  # four bytes in base64
MOST_OF_RUNS = 150_000  # float32 of metrics by run: .8 MB
MOST_EFFECTS = 120_000  # numbers of effects, five a comparison and metric: .6 MB
STEPS = (1, 2, 3, 5, 7)  # days from one shown to the next
FEWEST_SEEDS = 4  # shown before days are left out further
MOST_AT_FIRST = 4  # arms that are drawn before any is chosen
DASHES = ("solid", "dashed", "dotted", "dashdot")


def charts(results: Results, room: int = 7_000_000) -> dict[str, Any] | None:
    """Return what the page's charts need: the library, their data as JSON, notes in words; None without runs or Bokeh.

    `room` is what the page has left, bytes. The same folder gives the same text.
    """
    found = library()
    design = results.design
    if found is None or results.finished.empty or not design.plan.compares_arms:
        return None
    runs, note = runs_of(results)
    room -= sum(map(len, found)) + len(json.dumps(runs))
    days, said = days_of(results, max(FEWEST_NUMBERS, min(MOST_NUMBERS, int(room / BYTES_A_NUMBER))))
    data = {
        "arms": [arm_of(design, arm) for arm in design.arms],
        "shocks": [shock_of(design, shock) for shock in design.shocks],
        "baseline": design.arms.index(design.baseline) if design.baseline in design.arms else 0,
        "days": days,
        "runs": runs,
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    own = (TEMPLATES / "charts.js").read_text(encoding="utf-8")
    return {"scripts": found, "own": own, "data": text, "days": days is not None, "note": said, "note_runs": note}


def library() -> list[str] | None:
    """The scripts of Bokeh, read without importing it; None where it is not installed."""
    spec = find_spec("bokeh")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "server" / "static" / "js"
    if not all((folder / name).exists() for name in LIBRARY):
        return None
    return [(folder / name).read_text(encoding="utf-8") for name in LIBRARY]


def arm_of(design: Design, arm: str) -> dict[str, Any]:
    """An arm as it is drawn: name, colour, dashes, and whether it is shown at first."""
    place = style.place_of(design, arm)
    return {
        "name": name_of(arm) + (" (forked)" if is_fork(arm) else ""),
        "colour": style.PALETTE[place % len(style.PALETTE)],
        "dash": DASHES[(place + 2 * is_fork(arm)) % len(DASHES)],
        "shown": arm in design.figure_arms[:MOST_AT_FIRST],
    }


def shock_of(design: Design, shock: str) -> dict[str, Any]:
    """A shock: its name, when it strikes and for how long, and the calm runs it is compared with."""
    start = None if shock == NO_SHOCK else design.start_of(shock)
    length = 0 if shock == NO_SHOCK else design.shock_days(shock)
    return {"name": "no shock" if shock == NO_SHOCK else name_of(shock), "start": start, "days": length}


# ---- days


def days_of(results: Results, room: int) -> tuple[dict[str, Any] | None, str]:
    """Return recorded days as the page holds them, and in words what was left out; None where none were recorded."""
    names = [name for name in SERIES if name in results.path_columns]
    if not names or not results.has_paths:
        return None, ""
    design = results.design
    arms = [*design.whole_arms, *(arm for arm in design.arms if is_fork(arm))]
    runs = design.at_first(results.finished)
    runs = runs[runs["arm"].isin(arms) & runs["shock"].isin(design.shocks)]
    seeds, step, arms = chosen(runs, design, room // len(names))
    try:
        frame = results.first_paths(names)
    except MissingDataError:
        return None, ""
    frame = frame[frame["seed"].isin(seeds) & frame["arm"].isin(arms) & frame["shock"].isin(design.shocks)]
    start = next(iter(sorted(day for shock, day in design.starts.items() if shock != NO_SHOCK)), 0)
    grid = np.arange(start % step, int(frame["day"].max()) + 1, step)
    frame = frame[frame["day"].isin(grid)]
    names = [name for name in names if frame[name].notna().any()]
    cells, parts = [], []
    for (arm, shock, seed), mine in frame.groupby(["arm", "shock", "seed"], sort=False):
        cells.append([design.arms.index(arm), design.shocks.index(shock), seeds.index(seed)])
        table = mine.set_index("day")[names].reindex(grid).to_numpy(float) * [scale_of(results, name) for name in names]
        parts.append(table.T)
    values = np.array(parts, np.float32)  # run, series, day
    days = {
        "series": [{"label": label_of(results, name), "unit": unit_of(results, name)} for name in names],
        "seeds": seeds,
        "grid": [int(grid[0]), step, len(grid)],
        "cells": cells,
        "values": packed(values),
    }
    return days, left_out(step, seeds, arms, runs, design)


def chosen(runs: pd.DataFrame, design: Design, room: int) -> tuple[list[int], int, list[str]]:
    """Return seeds, step in days and arms of which so many numbers a series are shown: seeds go first, then arms."""
    seeds = sorted(map(int, runs["seed"].unique()))
    days = max(1, design.days)
    for arms in ([arm for arm in design.arms if (runs["arm"] == arm).any()], list(design.figure_arms)):
        a_seed = max(1, len(runs[runs["arm"].isin(arms)].groupby(["arm", "shock"])))
        for step in STEPS:
            if len(seeds) * a_seed * math.ceil(days / step) <= room:
                return seeds, step, arms
        fit = room // (a_seed * math.ceil(days / STEPS[-1]))
        if fit >= FEWEST_SEEDS:
            return seeds[:fit], STEPS[-1], arms
    few = seeds[:FEWEST_SEEDS]
    return few, max(STEPS[-1], math.ceil(len(few) * a_seed * days / room)), arms


def left_out(step: int, seeds: Sequence[int], arms: Sequence[str], runs: pd.DataFrame, design: Design) -> str:
    """Say what of the recorded days the page shows."""
    every, total, ran = "every day" if step == 1 else f"every {ordinal(step)} day", runs["seed"].nunique(), runs["arm"]
    said = f"The page holds {every} of {'all ' if len(seeds) == total else 'the first '}{len(seeds)} seeds"
    said += "" if len(seeds) == total else f" of {total}"
    said += "" if len(arms) == ran.nunique() else f" and of {len(arms)} of {ran.nunique()} arms"
    at = " at the first swept point" if design.sweep else ""
    return f"{said}{at}; all days are in paths/, medians and bands here are over what is shown."


def ordinal(number: int) -> str:
    """2nd, 3rd, 7th."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def scale_of(results: Results, column: str) -> float:
    """What a recorded column is multiplied by: shares are shown in per cent."""
    return 100.0 if results.recorded_unit(column) == "share" else 1.0


def unit_of(results: Results, column: str) -> str:
    """The unit in which a recorded column is shown."""
    unit = results.recorded_unit(column) or printed_unit(column)
    return "%" if unit == "share" else unit.replace("USD per ", "$/").replace("USD", "$")


def label_of(results: Results, column: str) -> str:
    """A recorded column as the page names it, with its unit."""
    words, unit = name_of(column, capital=True), unit_of(results, column)
    words = words.replace("Future 2", "Second listed future").replace("Rent H100", "Rent of an H100")
    return f"{words.replace('Rent B200', 'Rent of a B200')}{f' ({unit})' if unit else ''}"


# ---- metrics by run


def runs_of(results: Results) -> tuple[dict[str, Any], str]:
    """Return every metric of every run at the first swept point, its effects, and in words which seeds are left out."""
    design = results.design
    runs = design.at_first(results.finished)
    runs = runs[runs["arm"].isin(design.arms)].sort_values(["seed", "arm", "shock"], kind="stable")
    metrics = shown_metrics(runs, design)
    most = max(1, MOST_OF_RUNS // max(1, len(metrics)))
    seeds = sorted(map(int, runs["seed"].unique()))
    total = len(seeds)
    while len(runs) > most and len(seeds) > 1:
        seeds = seeds[: max(1, min(len(seeds) - 1, len(seeds) * most // len(runs)))]
        runs = runs[runs["seed"].isin(seeds)]
    labels = [*design.shocks, *(label for label in runs["shock"].unique() if label not in design.shocks)]
    cells = zip(runs["arm"], runs["shock"], runs["seed"], strict=True)
    scales = np.array([scale(metric) for metric in metrics])
    found = [one for one in comparisons(design) if kind_of(one.family, one.response)]
    table, found = effects_of(results, metrics, found)
    held = {
        "metrics": [{"label": name_of(metric, capital=True), "unit": printed_unit(metric)} for metric in metrics],
        "cells": [[design.arms.index(arm), labels.index(shock), int(seed)] for arm, shock, seed in cells],
        "values": packed((runs[metrics].to_numpy(float) * scales).astype(np.float32)),
        "groups": list(KINDS.values()),
        "comparisons": [comparison_of(one, design, labels) for one in found],
        "effects": packed(table),
    }
    few = f"Dots are of the first {len(seeds)} seeds of {total}; means and intervals are over all."
    return held, few if len(seeds) < total else ""


KINDS = {
    "contrast": "Contrasts named in advance",
    "shock": "What the shock does, in each arm",
    "arm": "Each arm minus the baseline",
    "response": "Each arm's response minus the baseline's",
    "contrast_response": "Contrasts of responses",
}


def kind_of(family: str, response: bool) -> str | None:
    """Which of the page's groups of comparisons one is in."""
    if family in ROLES:
        return "contrast_response" if response else "contrast"
    return {"shock": "shock", "arm": "response" if response else "arm"}.get(family)


def shown_metrics(runs: pd.DataFrame, design: Design) -> list[str]:
    """The metrics that may be chosen: endpoints, secondary ones, then all others that any run has."""
    measured = [name for name in metric_columns(runs, design) if runs[name].notna().any()]
    first = [name for name in (*design.endpoints, *design.secondary) if name in measured]
    return list(dict.fromkeys([*first, *measured]))


def comparison_of(one: Any, design: Design, labels: Sequence[str]) -> list[Any]:
    """A comparison as the page holds it: group, name, shock, and its weighted cells."""
    plain = one.arm.removesuffix(FORK)
    words = name_of(one.arm, capital=plain in design.contrasts) + (" (forked)" if is_fork(one.arm) else "")
    group = list(KINDS).index(str(kind_of(one.family, one.response)))
    cells = [
        [weight, design.arms.index(arm), labels.index(shock)] for weight, arm, shock in one.cells if shock in labels
    ]
    return [group, words, design.shocks.index(one.shock), cells]


def effects_of(results: Results, metrics: Sequence[str], found: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """Return estimate, low, high, p (Holm's where there is one) and n, by comparison and metric; and the comparisons.

    Only comparisons that some run was made for; the first ones where there are more than the page has room for.
    """
    rows = results.design.at_first(results.effects)
    rows = rows[rows["along"].isna() & (rows["n"] > 0)]
    place = {metric: number for number, metric in enumerate(metrics)}
    whole = {(row.arm, row.baseline, row.shock, row.metric): row for row in rows.itertuples(index=False)}
    kept, tables = [], []
    for one in found[: max(1, MOST_EFFECTS // (5 * max(1, len(metrics))))]:
        table = np.full((len(metrics), 5), np.nan, np.float32)
        for metric, number in place.items():
            row = whole.get((one.arm, one.baseline, one.shock, RESPONSE * one.response + metric))
            if row is not None:
                times = scale(metric)
                p = row.p if math.isnan(none_as_nan(row.p_holm)) else row.p_holm
                table[number] = [times * none_as_nan(x) for x in (row.estimate, row.low, row.high)] + [
                    none_as_nan(p),
                    row.n,
                ]
        if not np.isnan(table[:, 4]).all():
            kept.append(one)
            tables.append(table)
    return np.array(tables, np.float32).reshape(len(kept), len(metrics), 5), kept


def none_as_nan(value: Any) -> float:
    """A number, NaN where there is none."""
    return math.nan if value is None else float(value)


def packed(values: np.ndarray[Any, Any] | Iterable[float]) -> str:
    """Numbers as little-endian float32 in base64, which a browser reads as they are."""
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
