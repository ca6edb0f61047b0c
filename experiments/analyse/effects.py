"""Effect sizes: every comparison a study's design offers, as paired differences with intervals over seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analyse import stats
from experiments.results import EXACT, FORK, NO_SHOCK, ROLES, ROUNDING, Design, Points, Results, is_fork, is_set
from experiments.store.files import write_arrow
from experiments.wording import value_words

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "metric", "arm", "baseline", "shock", "n", "estimate", "low", "high", "p", "p_holm", "variance_ratio", "along",
    "against", "family", "median", "leave_two_low", "leave_two_high", "same_sign", "rests_on", "p_symmetry",
    "detectable",
)  # fmt: skip
RESPONSE = "response:"  # before a metric's name: the difference between two arms' responses to one shock
ANSWER = "answer"  # the family of all comparisons that the answer says in words
ALONG = "along "  # before a swept key: the family of comparisons between its values
KEYS = frozenset({"key", "arm", "shock", "seed", "status", "error", "days"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A weighted sum of cells (arm, shock), each the same seeds: what `arm`, `baseline`, `shock` of a row mean."""

    family: str  # "shock", "arm", a contrast's role or a swept key
    arm: str
    baseline: str
    shock: str
    cells: tuple[tuple[float, str, str], ...]  # weight, arm, shock
    response: bool = False  # whether shock minus none is compared, and not the runs with this shock

    @property
    def kind(self) -> str:
        """What kind of comparison it is: responses and forked runs are kinds of their own."""
        parts = [self.family, "responses" if self.response else "", "forked" if is_fork(self.arm) else ""]
        return ", ".join(part for part in parts if part)

    def named(self, metric: str) -> str:
        """The metric's name in the table."""
        return RESPONSE + metric if self.response else metric


def comparisons(design: Design) -> Iterator[Comparison]:
    """Yield what can be compared: a shock within its arm, an arm with the baseline, contrasts, and the responses."""
    for arm in design.arms:
        for shock in design.shocks:
            if shock != NO_SHOCK:
                yield Comparison("shock", arm, arm, shock, ((1.0, arm, shock), (-1.0, arm, design.calm(shock))))
    for arm in design.arms if design.plan.compares_arms else ():
        base = design.baseline + FORK if is_fork(arm) else design.baseline
        if arm != base and base in design.arms:
            yield from _over_shocks("arm", arm, base, {arm: 1.0, base: -1.0}, design)
    for fork in ("", FORK):
        for name, contrast in design.contrasts.items():
            weights = {arm + fork: weight for arm, weight in contrast.weights.items()}
            if weights.keys() <= set(design.arms):
                yield from _over_shocks(contrast.role, name + fork, contrast.formula, weights, design)


def _over_shocks(
    family: str, arm: str, baseline: str, weights: Mapping[str, float], design: Design
) -> Iterator[Comparison]:
    """Yield a weighted sum of arms under every shock, then the same sum of their responses."""
    for shock in design.shocks:
        yield Comparison(family, arm, baseline, shock, tuple((w, name, shock) for name, w in weights.items()))
    for shock in design.shocks:
        if shock != NO_SHOCK:
            cells = [cell for name, w in weights.items() for cell in ((w, name, shock), (-w, name, design.calm(shock)))]
            yield Comparison(family, arm, baseline, shock, tuple(cells), response=True)


def comparisons_in(table: pd.DataFrame, family: str) -> int:
    """Return how many comparisons Holm's correction judges together in a family."""
    return int((table["p"].notna() & (table["family"] == family)).sum())


def metric_columns(runs: pd.DataFrame, design: Design) -> list[str]:
    """Return the columns of `runs` that are metrics: the numbers that are neither keys nor swept."""
    import pandas as pd

    numbers = [name for name in runs.columns if pd.api.types.is_numeric_dtype(runs[name])]
    return [name for name in numbers if name not in KEYS and name not in design.sweep]


def headline(runs: pd.DataFrame, design: Design) -> list[str]:
    """Return the metrics to show first: the endpoints that were measured, or one metric of each family without any."""
    from experiments.wording import family_of

    measured = metric_columns(runs, design)
    endpoints = [metric for metric in design.endpoints if metric in measured]
    if endpoints:
        return endpoints
    by_family: dict[str, str] = {}
    for metric in measured:
        by_family.setdefault(family_of(metric) if family_of(metric) != "other" else metric, metric)
    return list(by_family.values())[:8]


@dataclass(frozen=True, slots=True)
class Placed:
    """A comparison at a swept point: the weighted runs it compares, each a frame indexed by seed."""

    comparison: Comparison
    point: dict[str, Any]  # swept key -> value; None where nothing compared depends on it
    frames: tuple[tuple[float, pd.DataFrame], ...]
    along: str | None = None  # the swept key whose values are compared
    against: str | None = None  # the value compared with

    def terms(self, metrics: Sequence[str]) -> Iterator[tuple[str, list[tuple[float, np.ndarray]]]]:
        """Yield every metric with its weighted columns over the seeds that all frames share."""
        seeds = self.frames[0][1].index
        for _, frame in self.frames[1:]:
            seeds = seeds.intersection(frame.index)
        present = [metric for metric in metrics if metric in self.frames[0][1].columns]
        tables = [(weight, frame.loc[seeds, present].to_numpy(float)) for weight, frame in self.frames]
        for column, metric in enumerate(present):
            yield metric, [(weight, values[:, column]) for weight, values in tables]


class Cells:
    """The runs by arm, shock and swept point; a run that does not depend on a swept key is found at all its values."""

    def __init__(self, runs: pd.DataFrame, design: Design) -> None:
        self.sweep = list(design.sweep)
        self.listed = design.points
        self.values = {key: design.values(key, runs) for key in self.sweep}
        shocks = {str(shock): group for shock, group in runs.groupby("shock")}
        self.depends = {shock: {k for k in self.sweep if group[k].notna().any()} for shock, group in shocks.items()}
        by_cell = runs.groupby(["arm", "shock", *self.sweep], sort=True, dropna=False)
        self.frames = {
            (str(arm), str(shock), self.own(dict(zip(self.sweep, values, strict=True)), str(shock))): group.set_index(
                "seed"
            ).sort_index()
            for (arm, shock, *values), group in by_cell
        }

    def own(self, point: Mapping[str, Any], *shocks: str) -> tuple[Any, ...]:
        """A point's values, with None for keys on which the runs with these shocks do not depend."""
        known = set().union(*(self.depends.get(shock, set()) for shock in shocks))
        return tuple(point[key] if key in known else None for key in self.sweep)

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield every point that ran: of a grid every combination of the swept values."""
        if self.listed:
            yield from self.listed
            return
        for values in itertools.product(*self.values.values()):
            yield dict(zip(self.sweep, values, strict=True))

    def weighted(self, cells: Sequence[tuple[float, str, str]], point: Mapping[str, Any]) -> list[Any]:
        """The weighted frames of cells at a point; None for a cell that did not run."""
        return [(weight, self.frames.get((arm, shock, self.own(point, shock)))) for weight, arm, shock in cells]


def placed(runs: pd.DataFrame, design: Design) -> Iterator[Placed]:
    """Yield every comparison at every swept point, each once, then the comparisons along each swept key."""
    cells = Cells(runs, design)
    seen = set()
    for point in cells.points():
        for number, comparison in enumerate(comparisons(design)):
            own = cells.own(point, *(shock for _, _, shock in comparison.cells))
            frames = cells.weighted(comparison.cells, point)
            if (number, own) not in seen and all(frame is not None for _, frame in frames):
                seen.add((number, own))
                yield Placed(comparison, dict(zip(cells.sweep, own, strict=True)), tuple(frames))
    for key in cells.sweep[:1] if design.points else cells.sweep:  # keys that go side by side are one way to go
        yield from _along(key, cells, design)


def _along(key: str, cells: Cells, design: Design) -> Iterator[Placed]:
    """Yield each arm and shock, and each shock's effect, at every other value of a swept key minus at the first."""
    seen = set()
    for point in cells.points():
        first = dict(design.points[0]) if design.points else point | {key: cells.values[key][0]}
        for arm, shock, response in itertools.product(design.arms, design.shocks, (False, True)):
            depending = design.calm(shock) if response else shock
            if key not in cells.depends.get(depending, ()) or (response and shock == NO_SHOCK) or point == first:
                continue
            effect = ((1.0, arm, shock), *([(-1.0, arm, design.calm(shock))] if response else []))
            own = cells.own(point, *(name for _, _, name in effect))
            here, there = cells.weighted(effect, point), cells.weighted(effect, first)
            frames = [*here, *((-weight, frame) for weight, frame in there)]
            if (arm, shock, response, own) not in seen and all(frame is not None for _, frame in frames):
                seen.add((arm, shock, response, own))
                comparison = Comparison(ALONG + key, arm, arm, shock, effect, response)
                at = dict(zip(cells.sweep, own, strict=True))
                yield Placed(comparison, at, tuple(frames), key, value_words(cells.values[key][0]))


def judged_with(place: Placed, design: Design) -> str:
    """Return the family that Holm's correction goes over: one of all that the answer says, else one of each kind."""
    return ANSWER if is_said(place, design) else place.comparison.kind


def is_said(place: Placed, design: Design) -> bool:
    """Whether the answer says a comparison in words, in a sentence or a table of verdicts.

    Of a study with contrasts those are contrasts of all roles, calm and in their responses, whole and forked. Of one
    without: shocks within whole arms, arms without a shock, responses, and the values of swept keys, levels and whole
    arms. Arms and shocks are spoken of at the first swept point.
    """
    comparison = place.comparison
    whole, calm = not is_fork(comparison.arm), comparison.shock == NO_SHOCK
    if not design.plan.compares_arms:
        return False
    if place.along:
        return not design.contrasts and whole and not comparison.response
    if any(is_set(value) and value != design.swept.get(key, (value,))[0] for key, value in place.point.items()):
        return False
    if design.contrasts:
        return comparison.family in ROLES and (calm or comparison.response)
    return comparison.response or (whole and (calm or comparison.family == "shock"))


def effects(runs: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the table of effects: one row a metric, comparison and swept point, Holm-adjusted over the endpoints.

    Holm goes over all pre-registered endpoints of a family: one of everything that the answer says in words, and one
    of each kind of comparison that only tables hold. Other metrics are exploratory and have no adjusted p. Differences
    of rounding size are zero; those of contrasts with the role `null` only where the last bits alone differ.
    """
    import pandas as pd

    columns = [*COLUMNS, *design.sweep]
    if design.drawn:
        runs, design = over_points(runs, design)
    rows: list[dict[str, Any]] = []
    pairs: list[stats.Pairs] = []
    metrics = metric_columns(runs, design)
    for place in placed(runs, design):
        comparison, family = place.comparison, judged_with(place, design)
        for metric, terms in place.terms(metrics):
            row = {"metric": comparison.named(metric), "arm": comparison.arm, "baseline": comparison.baseline}
            row |= {"shock": comparison.shock, "along": place.along, "against": place.against}
            rows.append(row | {"family": family if metric in design.endpoints else None} | place.point)
            pairs.append(stats.paired(terms, EXACT if comparison.family == "null" else ROUNDING))
    found = stats.estimates(pairs)
    for row, estimate in zip(rows, found, strict=True):
        row.update(told(estimate))
    for family in {row["family"] for row in rows if row["family"]}:
        judge([(row, one) for row, one in zip(rows, found, strict=True) if row["family"] == family])
    return pd.DataFrame(rows, columns=columns)


def over_points(runs: pd.DataFrame, design: Design) -> tuple[pd.DataFrame, Design]:
    """Return each arm, shock and seed with the means over the points of a drawn design, and a design without a sweep.

    Only seeds that hold every point that the arm and shock ran: the mean of other points is of another thing.
    """
    cells, metrics = ["arm", "shock", "seed"], metric_columns(runs, design)
    ran = runs.groupby(cells[:2])[list(design.sweep)].apply(lambda rows: len(rows.drop_duplicates()))
    grouped = runs.groupby(cells)
    whole = grouped.size()
    whole = whole[whole == ran.reindex(whole.index.droplevel("seed")).to_numpy()].index
    means = grouped[metrics].mean().where(grouped[metrics].count().eq(grouped.size(), axis=0)).loc[whole].reset_index()
    return means, replace(design, sweep=(), swept={}, laid=Points())


def told(estimate: stats.Estimate) -> dict[str, Any]:
    """The columns of an effect that hold an estimate."""
    robust = estimate.robust
    return {
        "n": estimate.n, "estimate": estimate.estimate, "low": estimate.low, "high": estimate.high, "p": estimate.p,
        "p_holm": None, "variance_ratio": estimate.variance_ratio, "median": robust.median,
        "leave_two_low": robust.leave_two_low, "leave_two_high": robust.leave_two_high, "same_sign": robust.same_sign,
        "rests_on": robust.rests_on, "p_symmetry": estimate.p_symmetry, "detectable": None,
    }  # fmt: skip


def judge(members: Sequence[tuple[dict[str, Any], stats.Estimate]]) -> None:
    """Write into the rows of one family Holm's p and the smallest effect that it could have seen."""
    together = sum(row["p"] is not None for row, _ in members)
    for (row, estimate), p in zip(members, stats.holm([row["p"] for row, _ in members]), strict=True):
        row["p_holm"] = p
        if estimate.spread is not None:
            row["detectable"] = stats.detectable(estimate.spread, estimate.n, together)


def equivalences(runs: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the tests that arms are equivalent within the margins set in advance, one row a comparison of arms."""
    import pandas as pd

    if design.drawn:
        runs, design = over_points(runs, design)
    rows: list[dict[str, Any]] = []
    pairs: list[stats.Pairs] = []
    for place in placed(runs, design):
        comparison = place.comparison
        if comparison.family == "shock" or place.along:
            continue
        for metric, terms in place.terms(list(design.margins)):
            row = {"metric": comparison.named(metric), "arm": comparison.arm, "baseline": comparison.baseline}
            rows.append(row | {"shock": comparison.shock, "margin": design.margins[metric]} | place.point)
            pairs.append(stats.paired(terms, EXACT if comparison.family == "null" else ROUNDING))
    tests = stats.equivalences(pairs, [row["margin"] for row in rows])
    for row, test in zip(rows, tests, strict=True):
        row |= {"n": test.n, "estimate": test.estimate, "low": test.low, "high": test.high, "p": test.p}
        row |= {"equivalent": test.equivalent}
    return pd.DataFrame(rows)


def write_effects(out: Path, settings: object = None) -> Path:
    """Write `effects.parquet`, and `equivalence.parquet` where margins are set; return the former's path."""
    del settings  # the folder's config.yaml says it all
    results = Results(Path(out))
    table = effects(results.paired, results.design)
    path = results.out / "effects.parquet"
    _write(table, path)
    if results.design.margins:
        _write(equivalences(results.paired, results.design), results.out / "equivalence.parquet")
    return path


def _write(table: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa

    numbers = ("estimate", "low", "high", "p", "p_holm", "variance_ratio", "margin", "median", "leave_two_low")
    numbers += ("leave_two_high", "same_sign", "p_symmetry", "detectable")
    types = dict.fromkeys(numbers, pa.float64())
    types |= dict.fromkeys(("metric", "arm", "baseline", "shock", "along", "against", "family"), pa.string())
    types |= {"n": pa.int64(), "rests_on": pa.int64(), "equivalent": pa.bool_()}
    columns = {}
    for name in table.columns:
        values = table[name].astype(float) if types.get(name) == pa.float64() else table[name]
        columns[name] = pa.array(values, types.get(name), from_pandas=True)
    write_arrow(path, pa.table(columns))
