"""A result folder, read back: the study that made it, its runs, effects and paths."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from experiments.configuration.settings import LISTED, NO_SHOCK, calm_beside, start_of
from experiments.errors import ABSENT, Problem, UsageError, nearest_name
from experiments.store.files import MOVE_RUNS, MOVE_TABLE, read_table
from experiments.store.paths import Paths, files_of, path_columns, path_files, path_units
from experiments.study.find import plan_of
from experiments.study.plan import Plan
from experiments.wording import bare_name, learn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

FORK = "@fork"
FINISHED = "ok"
EXACT = 1e-12  # of a figure's size: smaller differences are rounding of its last bits
ROUNDING = 1e-8  # the same of what markets clear to (a billionth of all interest, over many days): no change in words
READ_TOGETHER = (  # recorded columns that several figures show
    "rent_h100_usd_per_gpu_hour", "rent_b200_usd_per_gpu_hour", "rent_path_usd_per_ve_hour", "occupancy", "fleet_ve",
    "fleet_path_ve", "orders_ve", "orders_path_ve", "index_transaction_usd_per_gpu_hour", "loans_usd",
    "chip_price_usd_per_ve", "open_interest_contracts", *(f"future_{k}_usd_per_gpu_hour" for k in range(1, 7)),
)  # fmt: skip
MOST_HELD = 20_000_000  # numbers of recorded days that are held
MOST_NAMED = 12  # values that an error names
ROLES = ("primary", "part", "control", "null", "placebo")  # of contrasts
NO_DAYS = "days were not recorded (record=summary); the same call with record=paths records them"


class MissingDataError(LookupError):
    """What a figure or table needs is not in this result folder."""


@dataclass(frozen=True, slots=True)
class Event:
    """When a shock strikes: first day and length, days."""

    start: int
    days: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """A pre-registered linear combination of arms: weights by arm, its role, and the words for its sign."""

    weights: dict[str, float]
    role: str = "primary"
    higher: str = "higher"
    lower: str = "lower"
    dose: str = ""
    by_construction: str = ""
    endpoints: tuple[str, ...] = ()  # of a positive control: those it must be found in
    shock: str = ""  # of a positive control: under which it must be found; empty: without one

    @property
    def formula(self) -> str:
        """`a - b`, `a - b - c + d`, `2 a - b - c`: what stands in the column `baseline` of the effects."""
        terms = []
        for arm, weight in self.weights.items():
            sign = "-" if weight < 0.0 else "+" if terms else ""
            size = "" if abs(weight) == 1.0 else f"{abs(weight):g} "
            terms.append(f"{sign} {size}{arm}".strip())
        return " ".join(terms)


@dataclass(frozen=True, slots=True)
class Points:
    """The swept points of a study that does not run all combinations, in its order, and the design that drew them."""

    rows: tuple[dict[str, Any], ...] = ()
    drawn: str = ""  # empty where they are listed


@dataclass(frozen=True)
class Design:
    """What the statistics need to know of a study; arms and shocks in the order the user wrote them."""

    name: str = "study"
    question: str = ""
    plan: Plan = field(default_factory=Plan)  # of its kind
    arms: tuple[str, ...] = ()
    shocks: tuple[str, ...] = (NO_SHOCK,)
    baseline: str = ""
    endpoints: tuple[str, ...] = ()
    endpoints_named: bool = True  # by the study; Rackrate's choice if not
    secondary: tuple[str, ...] = ()
    margins: dict[str, float] = field(default_factory=dict)  # metric -> equivalence margin, in the metric's unit
    untested: dict[str, str] = field(default_factory=dict)  # hypothesis -> why the study cannot test it
    contrasts: dict[str, Contrast] = field(default_factory=dict)
    shown: tuple[str, ...] = ()  # arms that figures show; all if empty
    sweep: tuple[str, ...] = ()
    swept: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # swept key -> its values as the study lists them
    laid: Points = field(default_factory=Points)  # its swept points where it does not run all combinations
    events: dict[str, Event] = field(default_factory=dict)  # shock -> when it strikes
    days: int = 0
    seeds: int = 0
    window: tuple[int, int] | None = None  # days the metrics are taken over: first, last + 1
    overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)  # arm -> what it changes

    @property
    def points(self) -> tuple[dict[str, Any], ...]:
        """The swept points where not all combinations are run; none otherwise."""
        return self.laid.rows

    @property
    def drawn(self) -> str:
        """The design that drew the swept points; empty where they are listed."""
        return self.laid.drawn

    @property
    def whole_arms(self) -> tuple[str, ...]:
        """The arms that have their own history."""
        return tuple(arm for arm in self.arms if not arm.endswith(FORK))

    @property
    def starts(self) -> dict[str, int]:
        """The day on which each shock strikes, as far as it is known."""
        return {shock: event.start for shock, event in self.events.items()}

    def start_of(self, shock: str) -> int | None:
        """The day on which a shock strikes; without one the first event's, None if there is none."""
        return start_of(self.starts, shock)

    def calm(self, shock: str) -> str:
        """The label of the calm runs that those with a shock are compared with."""
        return calm_beside(self.starts, shock)

    def shock_days(self, shock: str) -> int:
        """How long a shock lasts, days; 0 if that is not known."""
        return self.events[shock].days if shock in self.events else 0

    @property
    def figure_arms(self) -> tuple[str, ...]:
        """The arms with their own history that figures show."""
        return tuple(arm for arm in self.whole_arms if arm in self.shown) if self.shown else self.whole_arms

    def values(self, key: str, table: pd.DataFrame) -> tuple[Any, ...]:
        """A swept key's values as the study lists them, the first to compare with; else those of a table in order."""
        return self.swept.get(key) or tuple(sorted(table[key].dropna().unique()))

    def at_first(self, table: pd.DataFrame, but: str = "") -> pd.DataFrame:
        """The rows at the first value of every swept key (but one), with those that are shared by all values.

        All rows of a design that is drawn, whose points are spoken of together, and along keys that go side by side.
        """
        if self.drawn or (self.points and but):
            return table
        first = {key: values[0] for key in self.sweep if key != but and (values := self.values(key, table))}
        return at_values(table, first)

    def at_first_point(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows at the first swept point, with those that are shared by all points."""
        return at_values(table, self.points[0]) if self.drawn else self.at_first(table)

    @property
    def forked(self) -> bool:
        """Whether any arm was forked from a common state."""
        return len(self.whole_arms) < len(self.arms)


class Drawn(Protocol):
    """A figure of a report: the name of its file, what it shows, and the figure itself, which a notebook displays."""

    @property
    def name(self) -> str:
        """The name that its files in `figures/` have."""

    @property
    def figure(self) -> Figure:
        """The figure."""

    @property
    def caption(self) -> str:
        """What it shows, in a sentence or two."""


class Parting(NamedTuple):
    """Where the paths of one pair of runs part: the first day, and the columns that differ on it; None if nowhere."""

    arm: str
    shock: str
    point: tuple[Any, ...]
    seed: int
    day: int | None
    columns: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Compared:
    """What tells two folders or arms apart; printed as `rackrate compare` prints it."""

    effects: pd.DataFrame  # arm, shock, swept keys, metric, n, estimate, low, high, p: the second minus the first
    partings: list[Parting]
    keys: list[tuple[str, Any, Any]]  # key, in the first, in the second
    named: tuple[str, str] = ("the first", "the second")

    def __repr__(self) -> str:
        return "\n".join(_above("experiments.analyse.compare").lines(self))


class Results:
    """One result folder, in a notebook as in Rackrate itself: `Results("OUT")`; tables are read when first asked for.

    Raises a UsageError where there is no such folder.
    """

    def __init__(self, out: str | os.PathLike[str]) -> None:
        self.out = Path(out)
        if not self.out.is_dir():
            beside = [path.name for path in self.out.parent.iterdir()] if self.out.parent.is_dir() else []
            problem = Problem("Results", str(out), "is no folder", nearest_name(self.out.name, beside))
            raise UsageError("nothing was read", [problem])

    def __repr__(self) -> str:
        return f"Results({str(self.out)!r})"

    @cached_property
    def config(self) -> dict[str, Any]:
        """The study as it was resolved, or nothing when the folder holds none."""
        from experiments.store.folder import read_yaml

        path = self.out / "config.yaml"
        config = read_yaml(path) if path.exists() else {}
        learn(config.get("measures") or {})
        return config

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, sources and seeds behind the runs."""
        from experiments.store.folder import read_json

        path = self.out / "provenance.json"
        return read_json(path) if path.exists() else {}

    @cached_property
    def design(self) -> Design:
        """The study's arms, shocks, endpoints and event, from `config.yaml`; what it does not say, from the runs."""
        from experiments.store.design import read_design as read_points

        return read_design(self.config, self.runs, read_points(self.out))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run, failures included; a UsageError if two rows are of one arm, shock, swept point and seed."""
        runs = self._table("runs.parquet")
        study = self.config.get("study") or {}
        refuse_two_rows(runs, self.out / "runs.parquet", [key for key in study.get("sweep") or {} if key in runs])
        return runs

    @cached_property
    def finished(self) -> pd.DataFrame:
        """A row a run that ended well."""
        return self.runs[self.runs["status"] == FINISHED]

    @cached_property
    def mixed_seeds(self) -> list[int]:
        """The seeds whose finished runs were done by more than one kind of processor: they do not compare exactly."""
        if "processor" not in self.finished:
            return []
        kinds = self.finished["processor"].replace("", None).groupby(self.finished["seed"]).nunique()
        return [int(seed) for seed in kinds.index[kinds > 1]]

    @property
    def paired(self) -> pd.DataFrame:
        """A row a finished run of the seeds whose runs compare exactly, by one kind of processor each."""
        return self.finished[~self.finished["seed"].isin(self.mixed_seeds)]

    @cached_property
    def effects(self) -> pd.DataFrame:
        """A row a metric and comparison."""
        return self._table("effects.parquet")

    @cached_property
    def effects_by_arm(self) -> dict[tuple[str, str], pd.DataFrame]:
        """The effects at the first swept point by arm or contrast and shock, their rows by metric."""
        table = self.design.at_first(self.effects).set_index("metric", drop=False)
        return {(str(arm), str(shock)): mine for (arm, shock), mine in table.groupby(["arm", "shock"], sort=False)}

    @cached_property
    def equivalence(self) -> pd.DataFrame | None:
        """A row a test that an effect lies within the margin set in advance; None where none is set."""
        return self.table_if_any("equivalence.parquet")

    @cached_property
    def events(self) -> pd.DataFrame | None:
        """A row an event (key, arm, shock, seed, day, kind, text) of every finished run; None if they were not kept."""
        events = self.table_if_any("events.parquet")
        return events if events is None else events[events["key"].isin(self.finished["key"])]

    @property
    def has_paths(self) -> bool:
        """Whether days were recorded."""
        return bool(path_files(self.out))

    @cached_property
    def path_columns(self) -> tuple[str, ...]:
        """Columns of the recorded days, in the file's order."""
        return path_columns(path_files(self.out)[:1])

    def recorded_unit(self, column: str) -> str:
        """Return the unit of a recorded column, as its file says it; empty where it does not."""
        return self._units.get(column, "")

    @cached_property
    def _units(self) -> dict[str, str]:
        return path_units(path_files(self.out)[:1])

    def paths(
        self,
        columns: Sequence[str] | str | None = None,
        *,
        arm: str | Sequence[str] | None = None,
        shock: str | Sequence[str] | None = None,
        seed: int | Sequence[int] | None = None,
    ) -> Paths:
        """Return the recorded days of the runs with these arms, shocks and seeds (all without any), not yet read.

        `.frame()` reads them: a row a day, with `arm, shock, seed`, swept keys, `day` and the columns asked for, all
        there are without any. A column may be named without its unit: `rent_h100`. A UsageError tells a name that the
        study lacks, a MissingDataError that days or a column were not recorded.
        """
        if not self.has_paths:
            raise MissingDataError(NO_DAYS)
        only = {name: self._asked(name, given) for name, given in (("arm", arm), ("shock", shock), ("seed", seed))}
        only = {name: values for name, values in only.items() if values}
        chosen = self.runs
        for name, values in only.items():
            chosen = chosen[chosen[name].isin(values)]
        files = files_of(self.out, self.runs, chosen)
        labels = ("arm", "shock", "seed", *self.design.sweep, "day")
        asked = self.path_columns if columns is None else [columns] if isinstance(columns, str) else columns
        named = dict.fromkeys(self.column(name, files) for name in asked)
        return Paths(files, labels, tuple(name for name in named if name not in labels), only)

    def first_paths(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return `paths(columns).frame()` at the first swept point alone, which figures of days show.

        What most figures show is read together when the first of them asks, and held, unless it is large.
        """
        wanted = self.paths(columns)
        if len(wanted) * max(1, self.design.days) * len(READ_TOGETHER) > MOST_HELD:
            return self.design.at_first(wanted.frame())
        missing = [name for name in wanted.columns if name not in self._held]
        if missing:
            together = [name for name in READ_TOGETHER if name in self.path_columns and name not in self._held]
            found = self.design.at_first(self.paths(list(dict.fromkeys([*missing, *together]))).frame())
            self._held.update({name: found[name] for name in found.columns})
        import pandas as pd

        return pd.DataFrame({name: self._held[name] for name in (*wanted.labels, *wanted.columns)})

    @cached_property
    def _held(self) -> dict[str, pd.Series[Any]]:
        return {}

    def column(self, name: str, files: Sequence[Path] | None = None) -> str:
        """Return the recorded column of a name, which may lack its unit; MissingDataError if there is none."""
        if files is None and not self.has_paths:
            raise MissingDataError(NO_DAYS)
        for known in (self.path_columns, lambda: path_columns(path_files(self.out) if files is None else files)):
            columns = known() if callable(known) else known
            found = name if name in columns else next((one for one in columns if bare_name(one) == name), None)
            if found:
                return found
        near = nearest_name(name, {*self.path_columns, *map(bare_name, self.path_columns)})
        raise MissingDataError(f"paths/ has no column {name}" + (f"; did you mean {near}?" if near else ""))

    @property
    def plot(self) -> Figures:
        """The report's figures: `.plot.rent_paths()`, `.plot.impulse("rent_h100")`, `.plot["forest_contrasts"]`."""
        return Figures(self)

    def compare(
        self,
        other: Results | str | os.PathLike[str],
        metrics: Sequence[str] = (),
        arms: tuple[str, str] | None = None,
    ) -> Compared:
        """Return what tells another folder from this one: the other minus this, seed by seed.

        Printed, it is what `rackrate compare` prints. `metrics` are those to compare, the endpoints without any; `arms`
        are one of this folder and one of the other, which may be the same, where arms are compared. UsageError where no
        run is in both.
        """
        comparing = _above("experiments.analyse.compare")
        theirs = other if isinstance(other, Results) else Results(other)
        mine, other_arm = arms or (None, None)
        found: Compared = comparing.compare(comparing.of(self, mine), comparing.of(theirs, other_arm), metrics)
        return found

    def table_if_any(self, name: str) -> pd.DataFrame | None:
        """Return one of the folder's further tables, or nothing where the study wrote none."""
        return self._table(name) if (self.out / name).exists() else None

    def _table(self, name: str) -> pd.DataFrame:
        path = self.out / name
        if not path.exists():
            raise MissingDataError(f"{path} does not exist")
        return read_table(path, MOVE_RUNS if name == "runs.parquet" else MOVE_TABLE).to_pandas()

    def _asked(self, label: str, given: Any) -> list[Any]:
        """The values of a label that a call names, none for all; UsageError for one that no run has."""
        if given is None:
            return []
        values = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
        ran = self.runs[label].unique().tolist()
        for value in values:
            if value not in ran:
                known = ", ".join(map(str, ran[:MOST_NAMED])) + (" ..." if len(ran) > MOST_NAMED else "")
                near = nearest_name(value, map(str, ran)) if isinstance(value, str) else None
                raise UsageError("nothing was read", [Problem(label, value, f"no run has it; there are {known}", near)])
        return values


@dataclass(frozen=True)
class Figures:
    """The figures that the report of a folder shows, each drawn when it is asked for."""

    results: Results

    def rent_paths(self, shock: str | None = None) -> Drawn:
        """Draw the rent of an H100 over its growth path, a panel an arm; under the first shock if none is named."""
        return self._of("rent_paths", self._shock(shock))

    def impulse(self, column: str = "rent_h100", shock: str | None = None) -> Drawn:
        """Draw the response of a recorded column to a shock, the first if none is named: shock minus none, by seed.

        A column of positive prices or quantities is compared in logs, all others as they are.
        """
        return self._of("impulse_response", self._shock(shock), self.results.column(column))

    def names(self) -> list[str]:
        """Return the names of all figures there are data for, as their files are named."""
        return [plot.name for plot in self._all()]

    def __getitem__(self, name: str) -> Drawn:
        """Draw one of the report's figures by its name."""
        found = list(self._all())
        names = [plot.name for plot in found]
        if name not in names:
            allowed = f"is no figure of this folder; there are {', '.join(names)}"
            raise UsageError("nothing was drawn", [Problem("plot", name, allowed, nearest_name(name, names))])
        return found[names.index(name)]

    def _shock(self, asked: str | None) -> str:
        shocks = [shock for shock in self.results.design.shocks if shock != NO_SHOCK] or [NO_SHOCK]
        if asked is not None and asked not in shocks:
            allowed = f"is no shock of this study; there are {', '.join(shocks)}"
            raise UsageError("nothing was drawn", [Problem("shock", asked, allowed, nearest_name(asked, shocks))])
        return asked or shocks[0]

    def _of(self, theme: str, *asked: str) -> Drawn:
        drawn: Drawn = _above("experiments.report.draw").one(self.results, theme, *asked)
        return drawn

    def _all(self) -> Iterator[Drawn]:
        drawn: Iterator[Drawn] = _above("experiments.report.draw").settled(self.results)
        return drawn


def _above(module: str) -> Any:
    """A module that is built on this one: found by name, since what is read knows nothing of who draws it."""
    return import_module(module)


def calm(results: Results, columns: list[str], arm: str | None = None) -> list[pd.DataFrame]:
    """Return columns of the recorded days of an arm (the baseline by default) without a shock, a frame a seed."""
    paths = results.first_paths(columns)
    mine = paths[(paths["arm"] == (arm or results.design.baseline)) & (paths["shock"] == NO_SHOCK)]
    return [days for _, days in mine.groupby("seed", sort=True)]


def refuse_two_rows(runs: pd.DataFrame, file: Path, swept: Sequence[str] = ()) -> None:
    """Raises if a table holds one cell twice, which statistics would count as two seeds.

    Swept parameters are those the file says it has, and those the study names.
    """
    cell = list(dict.fromkeys(["arm", "shock", *swept_in(file), *swept, "seed"]))
    twice = runs[runs.duplicated(cell)]
    if len(twice):
        named = ", ".join(f"{name} {value}" for name, value in twice.iloc[0][cell].items() if is_set(value))
        more = f" (and {len(twice) - 1} other rows like it)" if len(twice) > 1 else ""
        allowed = f"has two rows for {named}{more}, which statistics would count as two runs; {MOVE_RUNS}"
        raise UsageError("the runs of the folder cannot be read as one study", [Problem(str(file), ABSENT, allowed)])


def swept_in(file: Path) -> list[str]:
    """The columns of a runs.parquet that are swept parameters."""
    import pyarrow.parquet as pq

    return list(json.loads((pq.read_schema(file).metadata or {}).get(b"swept", b"[]")))


def read_design(config: dict[str, Any], runs: pd.DataFrame, laid_out: pd.DataFrame | None = None) -> Design:
    """Return the design a resolved config describes; arms and shocks that ran but are not named come last."""
    study = config.get("study") or {}
    plan = plan_of(study.get("kind") or "paired", tuple(config.get("plugins") or ()))
    points = points_of(study, runs, laid_out)
    ran = [str(arm) for arm in runs["arm"].unique()]
    arms = _in_order([str(arm) for arm in study.get("arms") or {}], [arm for arm in ran if not arm.endswith(FORK)])
    forks = [arm + FORK for arm in arms if arm + FORK in ran]
    shocks = _in_order(
        [NO_SHOCK, *map(str, study.get("shocks") or {})],
        [str(shock) for shock in runs["shock"].unique() if not str(shock).startswith(f"{NO_SHOCK}@")],
    )
    return Design(
        name=str(study.get("name") or "study"),
        question=str(study.get("question") or ""),
        plan=plan,
        arms=(*arms, *forks),
        shocks=tuple(shocks),
        baseline=str(study.get("baseline") or (arms[0] if arms else "")),
        endpoints=plan.endpoints(study.get("endpoints") or (), config.get("metrics") or ()),
        endpoints_named=bool(study.get("endpoints")),
        secondary=tuple(study.get("secondary") or ()),
        margins={str(name): float(margin) for name, margin in (study.get("equivalence") or {}).items()},
        untested={str(name): str(why) for name, why in (study.get("untested") or {}).items()},
        contrasts={str(name): read_contrast(given) for name, given in (study.get("contrasts") or {}).items()},
        shown=tuple(map(str, study.get("shown") or ())),
        sweep=tuple(name for name in (study.get("sweep") or {}) if name in runs.columns),
        swept=swept_values(study.get("sweep") or {}, runs, points),
        laid=Points(points, str(study["design"]) if study.get("design") not in {None, *LISTED} else ""),
        events=read_events(study),
        days=int(config.get("days") or 0),
        seeds=int(runs["seed"].nunique()),
        window=tuple(config["window"]) if config.get("window") else None,
        overrides={str(arm): tuple(map(str, changes)) for arm, changes in (study.get("arms") or {}).items()},
    )


def read_events(study: dict[str, Any]) -> dict[str, Event]:
    """Return when each shock strikes, as a resolved config says; all on one event where it names but that."""
    events = study.get("events") or {}
    if not events and study.get("event"):
        events = {shock: study["event"] for shock in study.get("shocks") or {} if shock != NO_SHOCK}
    spans = {str(shock): (int(event["start_day"]), int(event["end_day"])) for shock, event in events.items()}
    return {shock: Event(start, end - start) for shock, (start, end) in spans.items()}


def is_set(value: Any) -> bool:
    """Whether a table's value is there: neither None nor the NaN that stands for null."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def at_values(table: pd.DataFrame, point: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows at these values of swept keys, with those that do not depend on them."""
    for key, value in point.items():
        table = table[table[key].isna() | (table[key] == value)]
    return table


def points_of(study: dict[str, Any], runs: pd.DataFrame, laid_out: pd.DataFrame | None) -> tuple[dict[str, Any], ...]:
    """Return the swept points of a design that is no grid, each once, in its order; none of a grid."""
    if laid_out is None or study.get("design") in {None, "grid"}:
        return ()
    keys = [key for key in study.get("sweep") or {} if key in runs.columns]
    return tuple(laid_out.drop_duplicates("point").sort_values("point")[keys].to_dict("records"))


def swept_values(
    sweep: dict[str, Any], runs: pd.DataFrame, points: Sequence[dict[str, Any]] = ()
) -> dict[str, tuple[Any, ...]]:
    """Return the values of each swept key that ran, as the column of the runs holds them, in the study's order."""
    found = {}
    for key, said in sweep.items():
        if key in runs.columns:
            values = list(dict.fromkeys(point[key] for point in points)) if points else said
            ran = set(runs[key].dropna())
            listed = [value if value in ran else str(value) for value in values]
            found[key] = tuple(value for value in listed if value in ran)
    return found


def read_contrast(given: dict[str, Any]) -> Contrast:
    """Return the contrast a resolved config describes."""
    weights = {str(arm): float(weight) for arm, weight in given["arms"].items()}
    words = ("role", "higher", "lower", "dose", "by_construction", "shock")
    named = tuple(map(str, given.get("endpoints") or ()))
    return Contrast(weights, endpoints=named, **{key: str(given[key]) for key in words if key in given})


def is_fork(arm: str) -> bool:
    """Whether an arm's runs were forked from one common state."""
    return arm.endswith(FORK)


def _in_order(named: list[str], ran: list[str]) -> list[str]:
    return [name for name in dict.fromkeys([*named, *sorted(ran)]) if name in ran]
