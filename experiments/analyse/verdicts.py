"""The verdicts of a study with pre-registered contrasts: tables to open a report with, and their sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from experiments.analyse import controls
from experiments.analyse.effects import RESPONSE
from experiments.analyse.robust import carried_words
from experiments.results import FORK, NO_SHOCK, Contrast, Results, is_fork
from experiments.wording import (
    digits,
    in_quotes,
    listed,
    metric_label,
    name_of,
    p_words,
    printed_unit,
    quantity,
    scaled,
    the_shock,
)

LEVEL = 0.05
TITLES = {
    "primary": "Verdicts",
    "part": "By link and channel",
    "control": "Positive controls: what this design must find",
    "null": "Nulls: what must be exactly zero",
    "placebo": "Placebos: what should do nothing",
}


def verdict_tables(results: Results) -> list[dict[str, Any]]:
    """Return the tables of verdicts: the primary contrasts calm, then what they do to each shock; parts; checks."""
    design = results.design
    found = []
    for role, title in TITLES.items():
        names = [name for name, contrast in design.contrasts.items() if contrast.role == role]
        for shock in design.shocks:
            calm = shock == NO_SHOCK
            rows = [row for fork in ("", FORK) for row in _rows(results, [name + fork for name in names], shock)]
            if rows:
                says = "" if calm and len(design.shocks) == 1 else _under(shock)
                lines = [_line(row, results) for row in rows]
                forked = any(is_fork(row.arm) for row in rows)
                found.append(
                    {"title": title + says, "rows": _merged(lines), "calm": calm, "forked": forked, "secondary": False}
                )
    return [*found, *_secondary(results)]


def _secondary(results: Results) -> Iterator[dict[str, Any]]:
    """Yield the tables of secondary metrics: of primary contrasts; without contrasts of arms, or of shocks in one."""
    design = results.design
    names = [name for name, contrast in design.contrasts.items() if contrast.role == "primary"]
    shocks, one_arm = (NO_SHOCK,), False
    if not design.contrasts and design.plan.compares_arms:
        names, shocks = [arm for arm in design.whole_arms if arm != design.baseline], design.shocks
        one_arm = not names
        names = names or [design.baseline]
    for shock in shocks:
        of = "" if shock == NO_SHOCK or one_arm else RESPONSE
        rows = [row for name in names for row in _rows(results, [name], shock, design.secondary, of)]
        if rows:
            says = f" under {the_shock(shock)}" if one_arm else "" if len(shocks) == 1 else _under(shock)
            title = f"What else moved{says} (exploratory: p is not adjusted)"
            lines = _merged([_line(row, results) for row in rows])
            yield {"title": title, "rows": lines, "calm": True, "forked": False, "secondary": True}


def _under(shock: str) -> str:
    return ", without a shock" if shock == NO_SHOCK else f", in the response to {the_shock(shock)}"


def _rows(
    results: Results, names: list[str], shock: str, metrics: Sequence[str] | None = None, of: str = RESPONSE
) -> Iterator[Any]:
    """Yield the rows of effects on endpoints, or other metrics: of a contrast calm, or of its response to a shock."""
    design = results.design
    asked = design.endpoints if metrics is None else metrics
    wanted = [metric if shock == NO_SHOCK else of + metric for metric in asked]
    for name in names:
        mine = results.effects_by_arm.get((name, shock))
        if mine is not None:
            mine = mine[mine["n"] > 0]
            yield from (next(mine.loc[[metric]].itertuples()) for metric in wanted if metric in mine.index)


def _line(row: Any, results: Results) -> dict[str, Any]:
    metric = row.metric.removeprefix(RESPONSE)
    estimate, low, high = (digits(scaled(metric, value), signed=True) for value in (row.estimate, row.low, row.high))
    contrast = results.design.contrasts.get(row.arm.removesuffix(FORK), Contrast({}))
    return {
        "contrast": controls.titled(row.arm, contrast, capital=True) + (" (forked)" if is_fork(row.arm) else ""),
        "by_construction": contrast.by_construction,
        "formula": _formula(row, results),
        "metric": metric_label(metric),
        "estimate": estimate,
        "interval": f"[{low}, {high}]" if row.n > 1 else "",
        "median": digits(scaled(metric, row.median), signed=True) if row.n > 2 else "",
        "leave_two": span(metric, row.leave_two_low, row.leave_two_high),
        "detectable": controls.visible(metric, row.detectable) if row.detectable > 0.0 else "–",
        "same_sign": f"{100.0 * row.same_sign:.0f} %" if not math.isnan(row.same_sign) else "–",
        "p": p_words(row.p_holm) if metric in results.design.endpoints else p_words(row.p),
        "words": in_words(row, results),
        "sure": bool(row.p_holm < LEVEL),
        "exact": is_exact(row),
    }


def _formula(row: Any, results: Results) -> str:
    """Say what is compared: the arms of a contrast with their signs, or what an arm is held against."""
    if row.arm == row.baseline:
        return "against no shock"
    if row.arm.removesuffix(FORK) not in results.design.contrasts:
        return f"against {in_quotes(row.baseline)}"
    return " ".join(name_of(word) for word in row.baseline.replace(" - ", " − ").split(" "))


def span(metric: str, low: float, high: float) -> str:
    """The range of means without any two seeds."""
    return (
        "–"
        if math.isnan(low)
        else f"{digits(scaled(metric, low), signed=True)} to {digits(scaled(metric, high), signed=True)}"
    )


def _merged(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say a contrast's name in its first row only, with the number of rows it spans."""
    for line in lines:
        line["span"] = sum(other["contrast"] == line["contrast"] for other in lines)
        line["first"] = line is next(other for other in lines if other["contrast"] == line["contrast"])
    return lines


def is_exact(row: Any) -> bool:
    """Whether every seed's difference is zero: of a null to the last bits, else but for rounding."""
    return bool(row.n > 0 and row.estimate == 0 and (row.n == 1 or (row.low == 0 and row.high == 0)))


def in_words(row: Any, results: Results) -> str:
    """Return what a row of a contrast shows, and no more than that."""
    contrast = results.design.contrasts.get(row.arm.removesuffix(FORK), Contrast({}))
    if row.metric.removeprefix(RESPONSE) not in results.design.endpoints and not is_exact(row):
        return _explored(row)
    if is_exact(row):
        return "exactly none, as it must be" if contrast.role == "null" else "unchanged"
    if contrast.role == "null":
        return "not exactly zero: a fault"
    sure, small = row.p_holm < LEVEL, shown_small(row, results)
    if contrast.role == "control":
        return "found" if sure else "not found"
    if sure:
        return direction(row.estimate, contrast) + (f", but by less than {margin(row, results)}" if small else "")
    if small:
        return controls.SMALL[controls.standing(results)].format(margin(row, results))
    alone = "its interval leaves out zero by itself, but in its family " if row.low > 0.0 or row.high < 0.0 else ""
    return f"{alone}not distinguishable from none, nor shown to be small"


def _explored(row: Any) -> str:
    """What a metric that is no endpoint shows."""
    if row.n < 2:
        return "one seed: no interval, no p"
    if not row.p < LEVEL:
        return "not distinguishable from none"
    return "higher" if row.estimate > 0.0 else "lower"


def direction(estimate: float, contrast: Contrast) -> str:
    """Return the contrast's word for a sign."""
    return contrast.higher if estimate > 0.0 else contrast.lower


def margin(row: Any, results: Results) -> str:
    """Return the margin of equivalence of a row's metric as it is printed."""
    metric = row.metric.removeprefix(RESPONSE)
    return f"{digits(scaled(metric, results.design.margins[metric]))} {printed_unit(metric)}".strip()


def shown_small(row: Any, results: Results) -> bool:
    """Whether two one-sided tests show the effect to lie within the margin set in advance."""
    tests = results.equivalence
    if tests is None or tests.empty:
        return False
    same = (tests["metric"] == row.metric) & (tests["arm"] == row.arm) & (tests["shock"] == row.shock)
    return bool(tests.loc[same, "equivalent"].any())


def sentences(results: Results) -> Iterator[str]:
    """Say in a sentence what each primary contrast does, then whether nulls and placebos hold."""
    design = results.design
    for name, contrast in design.contrasts.items():
        if contrast.role == "primary":
            rows = [(row, shock) for shock in design.shocks for row in _rows(results, [name], shock)]
            if rows:
                yield _sentence(name, contrast, rows, results)
    yield from controls.sentences(results)
    for role, said in (("null", "Nulls"), ("placebo", "Placebos")):
        names = [name for name, contrast in design.contrasts.items() if contrast.role == role]
        found = [row for shock in design.shocks for row in _rows(results, names, shock)]
        if found:
            yield _checked(said, found, results, "exactly zero" if role == "null" else "unchanged")


def _sentence(name: str, contrast: Contrast, rows: list[tuple[Any, str]], results: Results) -> str:
    sure = [(row, shock) for row, shock in rows if row.p_holm < LEVEL]
    rest = [row for row, _ in rows if not row.p_holm < LEVEL]
    exact = sum(is_exact(row) for row in rest)
    small = sum(not is_exact(row) and shown_small(row, results) for row in rest)
    parts = []
    for row, shock in sure:
        metric = row.metric.removeprefix(RESPONSE)
        where = "" if shock == NO_SHOCK else f" in the response to {the_shock(shock)}"
        number = quantity(metric, row.estimate, row.low, row.high)
        carried = carried_words(metric, row.n, row.rests_on, row.estimate, row.median)
        number += f" ({carried})" if carried else ""
        parts.append(f"{direction(row.estimate, contrast)} by {name_of(metric)}{where}, {number}")
    counts = [(exact, "unchanged"), (small, controls.COUNTED[controls.standing(results)]),
              (len(rest) - exact - small, "neither distinguishable from none nor shown to be small")]  # fmt: skip
    told = [f"{number} {words}" for number, words in counts if number]
    if not sure:
        parts.append("no effect distinguishable from none")
    others = f" Of {len(rest)} {'other ' if sure else ''}figures {listed(told)}" if told else ""
    would = controls.visible_words([row for row in rest if not is_exact(row)], results.design.endpoints)
    others += (f"; {would}." if would else ".") if told else ""
    made = f" By construction: {contrast.by_construction.rstrip('.')}." if contrast.by_construction else ""
    return f"{controls.titled(name, contrast, capital=True)}: {'; '.join(parts)}.{others}{made}"


def _checked(said: str, rows: list[Any], results: Results, none: str) -> str:
    exact = [row for row in rows if is_exact(row)]
    within = [row for row in rows if not is_exact(row) and shown_small(row, results)]
    moved = [row for row in rows if not is_exact(row) and row.p_holm < LEVEL]
    text = f"{said}: of {len(rows)} figures {len(exact)} are {none}"
    if len(exact) < len(rows):
        text += f", {len(within)} more are {controls.COUNTED[controls.standing(results)]}"
    names = list(dict.fromkeys(name_of(row.arm) for row in moved))
    return text + (f"; {len(moved)} differ from zero ({listed(names)})." if names else ".")
