"""Writes `report.html`: the question, its answer, the evidence; one file that opens without a network."""

from __future__ import annotations

import base64
import math
import shlex
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.analyse import along, verdicts
from experiments.analyse.effects import ANSWER, COLUMNS, RESPONSE, headline
from experiments.analyse.stats import FEW_SEEDS
from experiments.kinds.kind import kind_of
from experiments.report import answer, charts
from experiments.report.departures import departures
from experiments.results import NO_SHOCK, MissingDataError, Results, is_fork, is_set
from experiments.store.asked import CALL, read_call
from experiments.store.files import file_label, write_whole
from experiments.wording import (
    digits,
    family_of,
    meaning_of,
    metric_label,
    name_of,
    p_words,
    scaled,
    the_shock,
    value_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import jinja2
    import pandas as pd

    from experiments.plots import style

TEMPLATES = Path(__file__).parent / "templates"
MOST_ARMS = 6  # columns of a table; where there are more, arms are its rows
MOST_SENTENCES = 5  # of the answer that stand open
MOST_FIGURES = 4  # that stand open
MOST_BYTES = 7_000_000  # of the page, but for what has a fixed size
A_ROW = 300  # bytes of a row of all effects
MOST_ROWS = 8000  # of all effects; beyond, those of endpoints and secondary metrics
MOST_CLEAREST = 8  # comparisons in short
EQUIVALENCE = "equivalence"


def write_report(
    out: Path | Results,
    settings: object = None,
    drawn: Sequence[style.Kept] | None = None,
    answered: Sequence[str] | None = None,
) -> Path:
    """Write the report of a result folder from its files alone; the same folder gives the same bytes.

    Figures that are drawn already and sentences that are found already may be given.
    """
    del settings  # the folder's config.yaml says it all
    results = out if isinstance(out, Results) else Results(out)
    page = template().render(content(results, drawn, answered))
    path = results.out / "report.html"
    write_whole(path, page)
    return path


@lru_cache
def template() -> jinja2.Template:
    """The page without its content, compiled once."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2")


def content(
    results: Results, drawn: Sequence[style.Kept] | None = None, answered: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return everything the page shows, as words and numbers ready to print."""
    design = results.design
    endpoints = headline(results.finished, design)
    contrasts = verdicts.verdict_tables(results) if design.plan.compares_arms else []
    printed = figures(results, drawn)
    effects = families(results) if design.plan.compares_arms else []
    used = sum(len(one["png"]) for one in printed) + A_ROW * sum(len(family["rows"]) for family in effects)
    return {
        "design": design,
        "has_paths": results.has_paths,
        "name": name_of(design.name, capital=True),
        "answer": answer.sentences(results) if answered is None else answered,
        "most_sentences": MOST_SENTENCES,
        "most_figures": MOST_FIGURES,
        "short": in_short(results, endpoints) if design.plan.compares_arms else None,
        "charts": charts.charts(results, MOST_BYTES - used),
        "departures": departures(results),
        "command": command(results),
        "contrasts": [table for table in contrasts if not table["secondary"]],
        "secondary": [table for table in contrasts if table["secondary"]],
        "verdicts": [verdict(results, shock, endpoints) for shock in design.shocks if shock != NO_SHOCK]
        if design.plan.compares_arms
        else [],
        "alongs": alongs(results),
        "levels": levels(results, endpoints) if design.plan.compares_arms else {"rows": []},
        "families": effects,
        "figures": printed,
        "tables": [table for name in (*kind_of(results).tables, EQUIVALENCE) if (table := extra_table(results, name))],
        "strikes": strikes(results),
        "counts": counts(results),
        "events": events(results),
        "failures": failures(results),
        "provenance": provenance(results),
        "meanings": meanings(endpoints),
        "few_seeds": FEW_SEEDS,
        "words": name_of,
        "cut": design.plan.compares_arms and len(results.effects) > MOST_ROWS,
    }


def strikes(results: Results) -> str:
    """Say on which day the shocks strike, each if they do on different days."""
    starts = {shock: start for shock, start in results.design.starts.items() if shock != NO_SHOCK}
    if len(set(starts.values())) < 2:
        what = "shocks strike" if len(starts) > 1 else "the shock strikes"
        return "".join(f"{what} on day {start}" for start in set(starts.values()))
    return ", ".join(f"{name_of(shock)} strikes on day {start}" for shock, start in starts.items())


def verdict(results: Results, shock: str, endpoints: list[str]) -> dict[str, Any]:
    """Return the table of one shock: a row an endpoint, a column an arm; whole arms, then forked."""
    table = results.design.at_first(results.effects)
    table = table[(table["shock"] == shock) & (table["arm"] == table["baseline"])]
    cells = {(row.metric, row.arm): cell(row) for row in table.itertuples()}
    groups = [("Arms with their own history", list(results.design.whole_arms))]
    groups.append(("Arms forked from one state", [arm for arm in results.design.arms if is_fork(arm)]))
    blocks = []
    for title, arms in groups:
        if any((metric, arm) in cells for metric in endpoints for arm in arms):
            rows = [[cells.get((metric, arm), EMPTY) for arm in arms] for metric in endpoints]
            blocks.append({"title": title} | turned([metric_label(one) for one in endpoints], map(name_of, arms), rows))
    long = any(block["long"] for block in blocks)
    return {"shock": the_shock(shock), "blocks": blocks, "forked": len(blocks) > 1, "long": long}


def turned(endpoints: Sequence[str], arms: Iterable[str], rows: list[list[Any]]) -> dict[str, Any]:
    """Return a table of endpoints by arms; arms are its rows where they are many."""
    names = list(arms)
    if len(names) <= MOST_ARMS:
        return {"columns": names, "rows": list(zip(endpoints, rows, strict=True)), "long": False}
    return {"columns": endpoints, "rows": list(zip(names, zip(*rows, strict=True), strict=True)), "long": True}


def in_short(results: Results, endpoints: list[str]) -> dict[str, Any] | None:
    """Return the verdicts in one short table: primary contrasts by endpoint, or of many arms what is clearest."""
    design = results.design
    table = design.at_first(results.effects)
    primary = [name for name, contrast in design.contrasts.items() if contrast.role == "primary"]
    if primary:
        cells = {(row.arm, row.metric): cell(row) for row in table[table["shock"] == NO_SHOCK].itertuples() if row.n}
        ran = [name for name in primary if any((name, metric) in cells for metric in endpoints)]
        endpoints = [metric for metric in endpoints if any((name, metric) in cells for name in ran)]
        if not ran:
            return None
        rows = [(name_of(arm, capital=True), [cells.get((arm, metric), EMPTY) for metric in endpoints]) for arm in ran]
        note = (
            "Without a shock, mean over seeds with its 95 % interval. Bold: p < .05 after Holm. Grey: unchanged in "
            "every seed. All verdicts stand below."
        )
        labels = [metric_label(metric) for metric in endpoints]
        return {"title": "Verdicts in short", "note": note, "of": "Contrast", "columns": labels, "rows": rows}
    said = table[(table["family"] == ANSWER) & table["p_holm"].notna()]
    if len(design.whole_arms) <= MOST_ARMS or said.empty:
        return None
    clearest = said.sort_values(["p_holm", "p"], kind="stable").head(MOST_CLEAREST)
    sure = int((said["p_holm"] < answer.LEVEL).sum())
    of = f"The clearest {len(clearest)} of the {len(said)} comparisons that the answer is made of"
    note = f"{of}; {sure} have p < .05 after Holm. All stand below."
    rows = [
        (
            f"{comparison(row)}: {metric_label(row.metric.removeprefix(RESPONSE))}",
            [cell(row), EMPTY | {"text": p_words(row.p_holm)}],
        )
        for row in clearest.itertuples(index=False)
    ]
    return {"title": "In short", "note": note, "of": "Comparison", "columns": ["Effect", "p, Holm"], "rows": rows}


def alongs(results: Results) -> list[dict[str, Any]]:
    """Return the tables of what each swept key does, with the cells as text."""
    found = along.tables(results)
    for table in found:
        values = table["values"]
        table["lines"] = [
            (metric, where, [cell(row) if (row := rows.get(value)) else EMPTY for value in values])
            for metric, where, rows in table["lines"]
        ]
        table["values"] = [value_words(value) for value in values]
    return found


EMPTY = {"text": "–", "interval": "", "sure": False, "exact": False}


def cell(row: Any) -> dict[str, Any]:
    """Return one effect as text, and whether it is distinguishable from nothing."""
    metric = row.metric.removeprefix(RESPONSE)
    estimate, low, high = (scaled(metric, value) for value in (row.estimate, row.low, row.high))
    return {
        "text": digits(estimate, signed=True),
        "interval": f"[{digits(low, signed=True)}, {digits(high, signed=True)}]" if not math.isnan(low) else "",
        "sure": bool(row.p_holm < answer.LEVEL),
        "exact": bool(row.low == 0 and row.high == 0),
    }


def levels(results: Results, endpoints: list[str]) -> dict[str, Any]:
    """Return the endpoints' means over seeds without a shock, by arm."""
    design, runs = results.design, results.finished
    calm = runs[runs["shock"] == NO_SHOCK]
    calm = design.at_first(calm)
    arms = [arm for arm in design.whole_arms if (calm["arm"] == arm).any()]
    means = calm.groupby("arm")[[metric for metric in endpoints if metric in calm.columns]].mean()
    rows = [
        [EMPTY | {"text": digits(scaled(metric, float(means.loc[arm, metric])))} for arm in arms]
        for metric in means.columns
    ]
    return turned([metric_label(metric) for metric in means.columns], map(name_of, arms), rows)


def families(results: Results) -> list[dict[str, Any]]:
    """Return all effects, grouped by the metrics' families."""
    design = results.design
    grouped: dict[str, list[dict[str, Any]]] = {}
    table = results.effects
    if len(table) > MOST_ROWS:
        named = table["metric"].str.removeprefix(RESPONSE).isin([*design.endpoints, *design.secondary])
        table = table[named].head(MOST_ROWS)
    for row in table.itertuples(index=False):
        metric = row.metric.removeprefix(RESPONSE)
        if row.n == 0 or (design.contrasts and row.arm != row.baseline and row.baseline in design.arms):
            continue  # of a study with contrasts, plain pairs of arms are left to the table of effects
        point = point_words(design.sweep, row)
        line = cell(row) | {"metric": metric_label(metric), "what": comparison(row), "point": point, "n": row.n}
        line |= robust_words(row) | {
            "p": p_words(row.p),
            "p_holm": p_words(row.p_holm),
            "ratio": digits(row.variance_ratio),
        }
        grouped.setdefault(family_of(metric), []).append(line)
    return [{"name": name_of(name, capital=True), "rows": rows} for name, rows in grouped.items()]


def robust_words(row: Any) -> dict[str, str]:
    """Return an effect's median and the range of its means without any two seeds, as text."""
    metric = row.metric.removeprefix(RESPONSE)
    median = digits(scaled(metric, row.median), signed=True)
    return {"median": median, "leave_two": verdicts.span(metric, row.leave_two_low, row.leave_two_high)}


def point_words(sweep: Sequence[str], row: Any) -> str:
    """Say at which swept values a row of effects was taken, and against which; nothing of keys that play no part."""
    values = zip(sweep, row[len(COLUMNS) :], strict=True)
    parts = [
        f"{key} = {value_words(value)}" + (f" against {row.against}" if key == row.along else "")
        for key, value in values
        if is_set(value)
    ]
    return "; ".join(parts)


def comparison(row: Any) -> str:
    """Say in words what a row of effects compares."""
    fork = " (forked)" if is_fork(row.arm) else ""
    arm, base, shock = name_of(row.arm), name_of(row.baseline), name_of(row.shock)
    if " " in row.baseline:
        what = f"{arm} ({row.baseline.replace(' - ', ' − ').replace('_', ' ')})"
        said = "response to" if row.metric.startswith(RESPONSE) else "under" if row.shock != NO_SHOCK else ""
        return f"{what}, {said} {shock}{fork}" if said else f"{what}, no shock{fork}"
    if is_set(row.along):  # a column without any text is read back as NaN
        said = "response to" if row.metric.startswith(RESPONSE) else "under" if row.shock != NO_SHOCK else ""
        return f"{arm}, {said} {shock}{fork}" if said else f"{arm}, no shock{fork}"
    if row.metric.startswith(RESPONSE):
        return f"response to {shock}: {arm} − {base}{fork}"
    if row.arm == row.baseline:
        return f"{arm}: {shock} − none{fork}"
    return f"{arm} − {base}, {'no shock' if row.shock == NO_SHOCK else 'under ' + shock}{fork}"


def figures(results: Results, drawn: Sequence[style.Kept] | None) -> list[dict[str, str]]:
    """Return the figures as they are kept, to set into the page, with captions."""
    from experiments.report import draw

    kept = draw.kept(results) if drawn is None else drawn
    return [
        {"name": file_label(one.name), "caption": one.caption, "png": base64.b64encode(one.png).decode()}
        for one in kept
    ]


def extra_table(results: Results, name: str) -> dict[str, Any] | None:
    """Return one of the folder's further tables with its numbers made readable."""
    table = results.table_if_any(f"{name}.parquet")
    if table is None:
        return None
    rows = [[(shown(value), isinstance(value, str)) for value in row] for row in table.itertuples(index=False)]
    return {"name": name_of(name, capital=True), "columns": [name_of(column) for column in table.columns], "rows": rows}


def shown(value: Any) -> str:
    """Return a table's value as text."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str):
        return value.replace("_", " ")
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    return digits(float(value)) if isinstance(value, float) else str(value)


def counts(results: Results) -> list[tuple[str, str, int, int]]:
    """Return arm, shock, runs finished and runs failed or missing a result."""
    runs = results.runs
    found = []
    beside = dict.fromkeys(results.design.calm(shock) for shock in results.design.shocks)
    for arm in results.design.arms:
        for shock in dict.fromkeys([*beside, *results.design.shocks]):
            mine = runs[(runs["arm"] == arm) & (runs["shock"] == shock)]
            finished = len(results.finished.index.intersection(mine.index))
            if len(mine):
                found.append(
                    (
                        name_of(arm) + (" (forked)" if is_fork(arm) else ""),
                        shock_words(shock),
                        finished,
                        len(mine) - finished,
                    )
                )
    return found


def shock_words(shock: str) -> str:
    """Return a shock's name, or beside which shock a calm run is measured."""
    beside = shock.removeprefix(f"{NO_SHOCK}@")
    return name_of(shock) if beside == shock else f"none, from the day of the {name_of(beside)} on"


def events(results: Results) -> dict[str, Any] | None:
    """Return how often each kind of event happened: a row a kind and shock, a column an arm; None if not kept."""
    told, design = results.events, results.design
    if told is None:
        return None
    often = told.groupby(["kind", "shock", "arm"]).size()
    ran = set(results.finished.groupby(["shock", "arm"]).groups)
    arms = [arm for arm in design.arms if any((shock, arm) in ran for shock in design.shocks)]
    rows = []
    for kind in sorted(told["kind"].unique()):
        for shock in design.shocks:
            cells = [f"{often.get((kind, shock, arm), 0):,}" if (shock, arm) in ran else "–" for arm in arms]
            if set(cells) - {"0", "–"}:
                rows.append((kind, name_of(shock), cells))
    return {"arms": [arm_words(arm) for arm in arms], "rows": rows}


def failures(results: Results) -> list[tuple[str, str, int, str]]:
    """Return arm, shock, seed and the error of every run that failed, at most 50."""
    failed: pd.DataFrame = results.runs.drop(results.finished.index).head(50)
    return [(arm_words(row.arm), name_of(row.shock), int(row.seed), str(row.error)) for row in failed.itertuples()]


def arm_words(arm: str) -> str:
    """Return an arm's name and whether it was forked."""
    return name_of(arm) + (" (forked)" if is_fork(arm) else "")


def provenance(results: Results) -> list[tuple[str, str]]:
    """Return what the runs depended on, flat, as label and text; long lists are left to provenance.json."""
    try:
        facts = results.provenance
    except MissingDataError:
        return []
    flat: list[tuple[str, str]] = []
    for key, value in facts.items():
        if isinstance(value, dict) and len(value) <= 8:
            flat += [(f"{name_of(key)}: {name_of(str(inner))}", str(text)) for inner, text in value.items()]
        elif not isinstance(value, dict | list):
            flat.append((name_of(key), str(value)))
    return flat


def command(results: Results) -> dict[str, str] | None:
    """Return the call that made the folder as a shell reads it, and where it was typed; None if that is not held."""
    if not (results.out / CALL).exists():
        return None
    call = read_call(results.out)
    presets = ["--config-dir", call.config_dir] if call.config_dir else []
    return {
        "line": shlex.join(["rackrate", *presets, *call.arguments]),
        "folder": call.folder,
        "presets": call.config_dir or "",
    }


def meanings(metrics: list[str]) -> list[tuple[str, str]]:
    """Return each metric's label and what it means."""
    return [(metric_label(metric), meaning_of(metric)) for metric in metrics if meaning_of(metric)]
