"""Two result folders, or two arms of theirs, seed by seed: paired differences, where paths part, which keys differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.analyse import stats
from experiments.analyse.effects import headline, metric_columns
from experiments.errors import ABSENT, Problem, UsageError
from experiments.results import EXACT, Results
from experiments.store.files import MOVE_PATH, path_of, read_table
from experiments.store.folder import comparable

if TYPE_CHECKING:
    import pandas as pd

LABELS = {"arm", "shock", "seed", "day", "date"}


class Side(NamedTuple):
    """What is compared: a folder, or one arm of it."""

    results: Results
    arm: str | None = None

    def runs(self) -> pd.DataFrame:
        """Its finished runs; those of one arm have no name of theirs."""
        runs = self.results.finished
        return runs if self.arm is None else runs[runs["arm"] == self.arm].assign(arm="")


class Parting(NamedTuple):
    """Where the paths of one pair of runs part: the first day, and the columns that differ on it; None if nowhere."""

    arm: str
    shock: str
    point: tuple[Any, ...]
    seed: int
    day: int | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """What tells two sides apart."""

    effects: pd.DataFrame  # arm, shock, swept keys, metric, n, estimate, low, high, p: the second minus the first
    partings: list[Parting]
    keys: list[tuple[str, Any, Any]]  # key, in the first, in the second


def side(text: str) -> Side:
    """`FOLDER` or `FOLDER:ARM`; UsageError where there is no such folder or arm."""
    folder, colon, arm = text.rpartition(":") if not Path(text).is_dir() else (text, "", "")
    results = Results(Path(folder or text).resolve())
    if not (results.out / "runs.parquet").exists():
        raise UsageError("nothing was compared", [Problem("compare", text, "is no result folder with runs")])
    arms = sorted(results.finished["arm"].unique())
    if colon and arm not in arms:
        raise UsageError("nothing was compared", [Problem("compare", text, f"has the arms {', '.join(arms)}")])
    return Side(results, arm if colon else None)


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
        differences(both, cell[:-1], wanted), list(partings(first, second, both, swept)), keys(first, second)
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
    for row in both.to_dict("records"):
        one = path_of(first.results.out, row)
        other = path_of(second.results.out, {"seed": row["seed"], "key": row["key of second"]})
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
