"""Two result folders, or two arms of theirs, seed by seed: paired differences, where paths part, which keys differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.analyse import stats
from experiments.analyse.effects import headline, metric_columns
from experiments.errors import ABSENT, Problem, UsageError
from experiments.results import EXACT, Compared, Parting, Results, is_set
from experiments.store.files import MOVE_PATH, read_table
from experiments.store.folder import comparable
from experiments.store.paths import Stored

if TYPE_CHECKING:
    import pandas as pd

LABELS = {"arm", "shock", "seed", "day", "date"}
MOST_KEYS, MOST_COLUMNS = 40, 3  # that are printed


class Side(NamedTuple):
    """What is compared: a folder, or one arm of it."""

    results: Results
    arm: str | None = None

    @property
    def name(self) -> str:
        """FOLDER, or FOLDER:ARM."""
        return str(self.results.out) + (f":{self.arm}" if self.arm else "")

    def runs(self) -> pd.DataFrame:
        """Its finished runs; those of one arm have no name of theirs."""
        runs = self.results.finished
        return runs if self.arm is None else runs[runs["arm"] == self.arm].assign(arm="")


def side(text: str) -> Side:
    """`FOLDER` or `FOLDER:ARM`; UsageError where there is no such folder or arm."""
    folder, colon, arm = text.rpartition(":") if not Path(text).is_dir() else (text, "", "")
    path = Path(folder or text).resolve()
    if not (path / "runs.parquet").exists():
        raise UsageError("nothing was compared", [Problem("compare", text, "is no result folder with runs")])
    return of(Results(path), arm if colon else None)


def of(results: Results, arm: str | None = None) -> Side:
    """A folder, or one arm of it; UsageError where it has no such arm."""
    arms = sorted(results.finished["arm"].unique())
    if arm is not None and arm not in arms:
        allowed = f"has the arms {', '.join(arms)}"
        raise UsageError("nothing was compared", [Problem("compare", f"{results.out}:{arm}", allowed)])
    return Side(results, arm)


def compare(first: Side, second: Side, metrics: Sequence[str] = ()) -> Compared:
    """Everything that tells two sides apart, over the runs that both have by arm, shock, swept values and seed.

    `metrics` are those to take, the endpoints without any. UsageError where no run is on both sides.
    """
    swept = [key for key in first.results.design.sweep if key in second.results.design.sweep]
    cell = ["arm", "shock", *swept, "seed"]
    both = first.runs().merge(second.runs(), on=cell, suffixes=("", " of second"))
    if both.empty:
        allowed = "no run of the first is in the second by arm, shock, swept values and seed; FOLDER:ARM compares arms"
        raise UsageError("nothing was compared", [Problem("compare", ABSENT, allowed)])
    known = [name for name in metric_columns(first.runs(), first.results.design) if f"{name} of second" in both]
    wanted = list(metrics) or [name for name in headline(first.runs(), first.results.design) if name in known]
    unknown = [Problem("metrics", name, "is not a metric that both have") for name in wanted if name not in known]
    if unknown:
        raise UsageError("nothing was compared", unknown)
    return Compared(
        differences(both, cell[:-1], wanted),
        list(partings(first, second, both, swept)),
        keys(first, second),
        (first.name, second.name),
    )


def differences(both: pd.DataFrame, cell: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """The second minus the first, a row a cell and metric, with the interval of the paired mean over seeds."""
    import pandas as pd

    places, pairs = [], []
    for place, group in both.groupby(list(cell), sort=True, dropna=False):
        for metric in metrics:
            terms = [(1.0, group[f"{metric} of second"].to_numpy(float)), (-1.0, group[metric].to_numpy(float))]
            places.append((*place, metric))
            pairs.append(stats.paired(terms, rounding=EXACT))
    found = [(one.n, one.estimate, one.low, one.high, one.p) for one in stats.estimates(pairs)]
    columns = [*cell, "metric", "n", "estimate", "low", "high", "p"]
    return pd.DataFrame([(*place, *values) for place, values in zip(places, found, strict=True)], columns=columns)


def partings(first: Side, second: Side, both: pd.DataFrame, swept: Sequence[str]) -> Iterator[Parting]:
    """Where the paths of each pair of runs part, of those whose days both folders hold."""
    ours, theirs = Stored(first.results.out), Stored(second.results.out)
    for row in both.to_dict("records"):
        one, other = ours.of(row), theirs.of({"seed": row["seed"], "key": row["key of second"]})
        if one and other:
            day, columns = first_difference(one, other)
            yield Parting(row["arm"], row["shock"], tuple(row[key] for key in swept), row["seed"], day, columns)


def first_difference(one: Path, other: Path) -> tuple[int | None, tuple[str, ...]]:
    """The first day on which two paths differ in any bit of what both record, and the columns that do."""
    ours, theirs = read_table(one, MOVE_PATH), read_table(other, MOVE_PATH)
    names = [
        field.name for field in ours.schema if b"unit" in (field.metadata or {}) and field.name in theirs.schema.names
    ]
    days, found = min(ours.num_rows, theirs.num_rows), dict[str, int]()
    for name in [name for name in names if name not in LABELS]:
        a, b = ours[name].to_numpy()[:days], theirs[name].to_numpy()[:days]
        apart = np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))
        if len(apart):
            found[name] = int(apart[0])
    day = min(found.values(), default=None)
    return day, tuple(name for name, at in found.items() if at == day)


def keys(first: Side, second: Side) -> list[tuple[str, Any, Any]]:
    """The keys of the worlds and studies that differ, each once, with what they are on both sides."""
    one, other = held(first), held(second)
    places = [place for place in one if place in other]
    found = {
        (key, repr(before), repr(now)): (key, before, now)
        for place in places
        for key in dict.fromkeys([*one[place], *other[place]])
        if repr(before := one[place].get(key, "absent")) != repr(now := other[place].get(key, "absent"))
    }
    return list(found.values())


def held(one: Side) -> dict[str, dict[str, Any]]:
    """World -> key -> value of a side, the study's own settings under an empty name; of an arm by shock alone."""
    from experiments.store.folder import read_yaml

    found: dict[str, dict[str, Any]] = {}
    for (place, key), value in comparable(read_yaml(one.results.out / "config.yaml")).items():
        arm, _, rest = place.partition(", ")
        if one.arm is None or not place:
            found.setdefault(place, {})[key] = value
        elif arm == one.arm.removesuffix("@fork"):
            found.setdefault(rest, {})[key] = value
    return found


def lines(found: Compared) -> Iterator[str]:
    """What was found, in lines."""
    yield "first: {}; second: {}".format(*found.named)
    yield f"keys that differ: {len(found.keys) or 'none'}"
    yield from (f"  {key}: {before!r} -> {now!r}" for key, before, now in found.keys[:MOST_KEYS])
    if len(found.keys) > MOST_KEYS:
        yield f"  and {len(found.keys) - MOST_KEYS} more"
    yield from parting_lines(found.partings)
    yield "second minus first, mean over pairs of one seed [95 %]:"
    place = [name for name in found.effects.columns[: list(found.effects.columns).index("metric")]]
    for row in found.effects.to_dict("records"):
        where = ", ".join(str(row[name]) for name in place if is_set(row[name]) and row[name] != "")
        p = f", p {row['p']:.2g}" if is_set(row["p"]) else ""
        yield f"  {row['metric']} ({where}): {band(row)}, {row['n']} seeds{p}"


def band(row: dict[str, object]) -> str:
    """An estimate with its interval, if it has one."""
    estimate, low, high = (row[name] for name in ("estimate", "low", "high"))
    if not is_set(estimate):
        return "not measured"
    if not is_set(low):
        return f"{estimate:+.6g}"
    return f"{estimate:+.6g} [{low:+.6g}, {high:+.6g}]"


def parting_lines(partings: Sequence[Parting]) -> Iterator[str]:
    """Where paths part, a line for each arm, shock and swept point."""
    if not partings:
        yield "paths: not both recorded (record=paths)"
        return
    cells: dict[tuple[object, ...], list[Parting]] = {}
    for one in partings:
        cells.setdefault((one.arm, one.shock, *one.point), []).append(one)
    yield "paths:"
    for cell, ones in cells.items():
        where = ", ".join(str(part) for part in cell if part != "")
        apart = [one for one in ones if one.day is not None]
        if not apart:
            yield f"  {where}: the same to the last bit in {len(ones)} seeds"
            continue
        first = min(apart, key=lambda one: (one.day, one.seed))
        named = ", ".join(first.columns[:MOST_COLUMNS]) + (" ..." if len(first.columns) > MOST_COLUMNS else "")
        many = f"{len(apart)} of {len(ones)} seeds do"
        yield f"  {where}: part on day {first.day} at first (seed {first.seed}: {named}), {many}"
