"""The study's answer in sentences, built from its effects and recorded days, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analyse import along, controls
from experiments.analyse.effects import ANSWER, RESPONSE, comparisons_in, headline
from experiments.analyse.robust import carried_words
from experiments.analyse.stats import few_words
from experiments.kinds.kind import kind_of
from experiments.results import FORK, NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import (
    digits,
    in_quotes,
    listed,
    meaning_of,
    name_of,
    printed_unit,
    quantity,
    scaled,
    the_shock,
    value_words,
)

if TYPE_CHECKING:
    import pandas as pd

RENT = "rent_h100_usd_per_gpu_hour"
LEVEL = 0.05
MOST_NAMED = 4  # intervals that one sentence names
ENOUGH = 6  # seeds from which order statistics hold the median in 95 % of samples


def sentences(results: Results) -> list[str]:
    """Return the answer: what was compared and what came of it, or why nothing was."""
    return [*mixed(results), *(found_sentences(results) or nothing_compared(results))]


def mixed(results: Results) -> Iterator[str]:
    """Say which seeds are left out of all effects, since their runs do not compare to the last bit."""
    seeds = results.mixed_seeds
    if seeds:
        many = f"Seeds {listed(map(str, seeds))} were" if len(seeds) > 1 else f"Seed {seeds[0]} was"
        yield f"{many} done by several kinds of processor and left out of all effects; `rackrate restart` mends it."


def found_sentences(results: Results) -> list[str]:
    """Return whether arms differ, without a shock and in their responses, then what each shock did."""
    design, table = results.design, results.design.at_first(with_family_sizes(results.effects))
    table = table[table["n"] > 0]
    kind = kind_of(results)
    found = list(kind.sentences(results))
    if not kind.compares_arms:
        return found
    if design.contrasts:
        from experiments.analyse import verdicts

        peaks = [text for shock in design.shocks if shock != NO_SHOCK for text in peak_rent(results, shock)]
        return [*found, *verdicts.sentences(results), *peaks, *unmeasured(results)]
    shocks = [shock for shock in design.shocks if shock != NO_SHOCK]
    found += arm_effects(table, design)
    found += [text for shock in shocks for fork in (False, True) for text in responses(table, design, shock, fork)]
    found += along.sentences(results)
    for shock in shocks:
        found += peak_rent(results, shock)
        found += [text for metric in design.endpoints for text in shock_effect(table, design, metric, shock)]
    found += carried(table)
    found += [*few_seeds(results), *unmeasured(results)] if found else []
    if design.drawn and found:
        found.append(
            f"All is said of means over the {len(design.points)} points of a {name_of(design.drawn)} design over "
            f"{listed(list(design.sweep))} (design.parquet)."
        )
    elif design.sweep and found:
        at = ", ".join(f"{name} = {value_words(design.values(name, results.finished)[0])}" for name in design.sweep)
        found.append(f"All else is said of the first swept point ({at}); the tables have the others.")
    return found


def nothing_compared(results: Results) -> Iterator[str]:
    """Say why nothing is compared, and which levels the endpoints have."""
    design, runs = results.design, results.finished
    if runs.empty:
        yield f"No run finished, so nothing is compared: all {len(results.runs)} failed."
        return
    one_world = len(design.arms) == 1 and set(design.shocks) == {NO_SHOCK} and not design.sweep
    if one_world:
        yield "This study compares nothing: it has one arm, no shock and no swept parameter."
    elif not (results.effects["n"] > 0).any():
        yield "Nothing is compared: no two runs that finished share a seed and differ in arm, shock or swept value."
    else:
        names = listed([name_of(metric) for metric in design.endpoints]) if design.endpoints else "any metric"
        yield f"Nothing is said of {names}: no pair of runs measured it; the tables hold what was measured."
    levels = list(level_words(results))
    if levels:
        seeds = f"mean of {design.seeds} seeds" if design.seeds > 1 else "one seed"
        yield f"Levels without a shock ({seeds}): {'; '.join(levels)}."


def unmeasured(results: Results) -> Iterator[str]:
    """Say which endpoints no run has, over which days, and what they ask for: futures, loans, or more days."""
    design, runs = results.design, results.finished
    empty = [metric for metric in design.endpoints if metric not in runs.columns or runs[metric].isna().all()]
    if empty:
        over = f" over days {design.window[0]} to {design.window[1] - 1}" if design.window else ""
        asks = [f"{name_of(metric)} is {why}" for metric in empty if (why := when_empty(metric))]
        because = f": {'; '.join(asks)}" if asks else ""
        yield (
            f"Nothing is said of {listed([name_of(metric) for metric in empty])}, which no run could measure{over}"
            f"{because}."
        )


def when_empty(metric: str) -> str:
    """Say when a metric is empty, as its meaning does: empty for windows below 730 days."""
    at = meaning_of(metric).find("empty ")
    return meaning_of(metric)[at:].partition(";")[0] if at >= 0 else ""


def level_words(results: Results) -> Iterator[str]:
    """Yield each endpoint's mean level in the baseline without a shock, with its unit."""
    design = results.design
    calm = design.at_first(results.finished)
    calm = calm[(calm["shock"] == NO_SHOCK) & (calm["arm"] == design.baseline)]
    for metric in headline(calm, design) if not calm.empty else ():
        level = float(calm[metric].mean())
        if math.isfinite(level):
            yield f"{name_of(metric)} {digits(scaled(metric, level))} {printed_unit(metric)}".rstrip()


def peak_rent(results: Results, shock: str) -> Iterator[str]:
    """Say how far the shock moved the H100 rent at the median response's peak, by arm, if days were recorded."""
    from experiments.plots.series import response
    from experiments.plots.style import median_interval

    design = results.design
    try:
        paths = results.first_paths([RENT])
    except MissingDataError:
        return
    paths["log_rent"] = np.log(paths[RENT])
    start = design.start_of(shock) or 0
    parts = []
    for arm in design.figure_arms:
        change = response(paths, arm, shock, "log_rent")
        change = change[change.index >= start]
        if change.empty:
            continue
        middle = change.median(axis=1).to_numpy()
        at = int(np.argmax(np.abs(middle)))
        low, high = (100.0 * math.expm1(float(edge[0])) for edge in median_interval(change.to_numpy()[[at]]))
        size = 100.0 * math.expm1(float(middle[at]))
        if size == low == high == 0.0:
            parts.append(("nothing", arm))
            continue
        numbers = f"{digits(size, signed=True)} % [{digits(low, signed=True)}, {digits(high, signed=True)}]"
        parts.append((f"{numbers} on its day {int(change.index[at]) - start + 1}", arm))
    if parts:
        over = "median over seeds with its 95 % interval" if design.seeds >= ENOUGH else "median and range of the seeds"
        over = over if design.seeds > 1 else "one seed"
        yield f"At its peak, {the_shock(shock)} moved the H100 rent by {by_arm(parts)} ({over})."


def shock_effect(table: pd.DataFrame, design: Design, metric: str, shock: str) -> Iterator[str]:
    """Say what a shock did to one endpoint in every arm."""
    rows = table[(table["metric"] == metric) & (table["shock"] == shock) & (table["arm"] == table["baseline"])]
    rows = rows[~rows["arm"].str.endswith(FORK).astype(bool) & rows["estimate"].notna()]
    if rows.empty:
        return
    subject = name_of(metric, capital=True)
    if (rows["estimate"] == 0).all() and (rows["low"] == 0).all() and (rows["high"] == 0).all():
        yield f"{subject}: unchanged by {the_shock(shock)} in every arm."
        return
    if len(design.whole_arms) == 1:
        parts = with_interval(next(rows.itertuples()), metric)
    else:
        parts = by_arm([(with_interval(row, metric), row.arm) for row in rows.itertuples()])
    yield f"{subject}: {parts}{judged(rows)}."


def judged(rows: pd.DataFrame) -> str:
    """Say what can be told from no change: by the intervals, each for itself, and by the family they belong to."""
    sure = rows["p_holm"].fillna(1.0) < LEVEL
    apart = leaves_out_zero(rows)
    family, among = int(rows["among"].iloc[0]), among_words(rows)
    if sure.all():
        return f" — distinguishable from no change, {among}" if family > 1 else " — distinguishable from no change"
    if sure.any():
        return f" — {among} distinguishable from no change only with {_arms(rows[sure])}"
    if family == 1 or not apart.any():
        return " — not distinguishable from no change" if rows["p"].notna().any() else ""
    whose = "each interval" if apart.all() else f"the interval with {_arms(rows[apart])}"
    return f" — {whose} leaves out zero by itself, but {among} none is distinguishable from no change"


def leaves_out_zero(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whether each interval leaves out zero."""
    return (rows["low"] > 0) | (rows["high"] < 0)


def among_words(rows: pd.DataFrame) -> str:
    """Say over how many comparisons Holm's correction goes in the family of these rows: all that the answer says."""
    size = int(rows["among"].iloc[0])
    return f"among the answer's {size} comparison{'s' * (size != 1)} (Holm)"


def with_family_sizes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the effects with a column `among`: how many comparisons, at all swept points, each is judged with."""
    sizes = {family: comparisons_in(table, family) for family in table["family"].dropna().unique()}
    return table.assign(among=table["family"].map(sizes).fillna(0).astype(int))


def _arms(rows: pd.DataFrame) -> str:
    return listed([in_quotes(str(arm)) for arm in rows["arm"].unique()])


def few_seeds(results: Results) -> Iterator[str]:
    """Say how large a change must be to count, where the seeds are few for all that the answer says."""
    said = results.effects[results.effects["family"] == ANSWER]
    open_ones = said[said["p_holm"] >= LEVEL]
    if open_ones.empty:
        return
    if few := few_words(int(open_ones["n"].max()), comparisons_in(said, ANSWER)):
        yield few + "."


def responses(table: pd.DataFrame, design: Design, shock: str, fork: bool = False) -> Iterator[str]:
    """Say whether arms respond differently from the baseline to a shock, after Holm's correction; whole or forked."""
    rows = table[
        table["metric"].str.startswith(RESPONSE)
        & (table["shock"] == shock)
        & (table["arm"].str.endswith(FORK).astype(bool) == fork)
    ]
    rows = rows[rows["metric"].str.removeprefix(RESPONSE).isin(design.endpoints)]
    if rows.empty:
        return
    base = in_quotes(design.baseline)
    sure, where = rows[rows["p_holm"] < LEVEL], "Forked from one state, " if fork else ""
    if is_same(rows).all():
        yield _capital(f"{where}every arm's response to {the_shock(shock)} is the same as with {base}.")
    elif rows["n"].max() == 1:
        yield _capital(f"{where}in one seed, without interval or p, the shock's effect changes {differences(rows)}.")
    elif sure.empty:
        yield _capital(
            f"{where}no arm's response to {the_shock(shock)} can be told from that with {base} in any endpoint, "
            f"{among_words(rows)}; that is no proof of equality{by_themselves(rows)}{would_be_found(rows, design)}."
        )
    for arm, mine in sure.groupby("arm", sort=False):
        changed = [(row.metric.removeprefix(RESPONSE), row) for row in mine.itertuples()]
        parts = [f"on {name_of(metric)} by {with_interval(row, metric)}" for metric, row in changed]
        yield f"{where}{in_quotes(str(arm))} instead of {base} changes the shock's effect {listed(parts)}."


def is_same(rows: pd.DataFrame) -> pd.Series[bool]:
    """Whether each difference is zero, or of rounding size, in every seed."""
    return (rows["estimate"] == 0) & ((rows["n"] == 1) | ((rows["low"] == 0) & (rows["high"] == 0)))


def differences(rows: pd.DataFrame) -> str:
    """The first few differences that are not zero, each with its metric and arm."""
    named = [
        f"{name_of(row.metric.removeprefix(RESPONSE))} by {with_interval(row, row.metric.removeprefix(RESPONSE))} with "
        f"{in_quotes(row.arm)}"
        for row in rows[~is_same(rows)].itertuples()
    ]
    return listed(shortened(named))


def shortened(names: list[str]) -> list[str]:
    """At most so many names as a sentence can hold, and how many more there are."""
    return names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def arm_effects(table: pd.DataFrame, design: Design) -> Iterator[str]:
    """Say what arms change without any shock."""
    rows = table[
        (table["shock"] == NO_SHOCK)
        & (table["arm"] != table["baseline"])
        & ~table["arm"].str.endswith(FORK).astype(bool)
    ]
    rows = rows[rows["metric"].isin(design.endpoints)]
    if rows.empty:
        return
    same = [arm for arm, mine in rows.groupby("arm", sort=False) if is_same(mine).all()]
    base, sure = in_quotes(design.baseline), rows[rows["p_holm"] < LEVEL]
    for metric, mine in sure.groupby("metric", sort=False):
        parts = by_arm([(with_interval(row, str(metric)), row.arm) for row in mine.itertuples()])
        yield f"Without any shock and against {base}: {name_of(str(metric))} {parts}."
    if sure.empty and len(same) < rows["arm"].nunique():
        if rows["n"].max() == 1:
            yield f"Without any shock and against {base}, in one seed, without interval or p: {differences(rows)}."
            return
        yield (
            f"Without any shock, no arm can be told from {base} in any endpoint, {among_words(rows)}; that is no proof "
            f"of equality{by_themselves(rows)}{would_be_found(rows, design)}."
        )
    if same:
        names = listed([in_quotes(str(arm)) for arm in same])
        yield f"Without any shock, the endpoints with {names} are the same as with {base}."


def by_themselves(rows: pd.DataFrame) -> str:
    """Say which intervals leave out zero if they are looked at one by one, where any does."""
    apart = rows[leaves_out_zero(rows)]
    if apart.empty:
        return ""
    names = [f"{name_of(row.metric.removeprefix(RESPONSE))} with {in_quotes(row.arm)}" for row in apart.itertuples()]
    return f"; by themselves the intervals of {listed(shortened(names))} leave out zero"


def would_be_found(rows: pd.DataFrame, design: Design) -> str:
    """Say how large the effects would have to be, where that is known."""
    words = controls.visible_words(rows, design.endpoints)
    return f"; {words}" if words else ""


def with_interval(row: object, metric: str) -> str:
    """Return an effect with its interval and unit: +1.2 [+0.8, +1.6] GPU-hours."""
    return quantity(metric, row.estimate, row.low, row.high)  # type: ignore[attr-defined]


def carried(rows: pd.DataFrame) -> Iterator[str]:
    """Say of which effects that can be told from none a few seeds carry the mean, or the median says otherwise."""
    for row in rows[(rows["family"] == ANSWER) & (rows["p_holm"] < LEVEL)].itertuples():
        metric = row.metric.removeprefix(RESPONSE)
        words = carried_words(metric, row.n, row.rests_on, row.estimate, row.median)
        if words:
            yield f"{name_of(metric, capital=True)} {effect_words(row)}: {words}."


def effect_words(row: Any) -> str:
    """Say which comparison a row is: in the response to the shock “out” with “loans”."""
    shock = "" if row.shock == NO_SHOCK else f" {the_shock(row.shock)}"
    said = f"in the response to{shock}" if row.metric.startswith(RESPONSE) else f"under{shock}" if shock else ""
    return f"{said} with {in_quotes(row.arm)}".strip()


def by_arm(parts: Sequence[tuple[str, str]]) -> str:
    """Join what is said of each arm, saying it once where several arms share it."""
    arms: dict[str, list[str]] = {}
    for text, arm in parts:
        arms.setdefault(text, []).append(arm)
    return "; ".join(f"{text} {with_arms(names)}" for text, names in arms.items())


def with_arms(names: Sequence[str]) -> str:
    """Return `with “loans” and “futures”`; names that begin with their own preposition keep it."""
    own = any(name.startswith("with") for name in names)
    return ("" if own else "with ") + listed([in_quotes(name) for name in names])
