"""The settings of a study: everything in the configuration that is not the world."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from experiments.configuration.sweeps import Drawn, read_sweep
from experiments.errors import Problem, Typed, UsageError, nearest_name
from sim.problems import WrongValue

NAME = re.compile(r"[A-Za-z0-9_.+-]+")
DESIGNS = ("grid", "zip", "latin_hypercube", "sobol", "morris")
LISTED = ("grid", "zip")  # designs that take every value from a list
SAMPLES = {"latin_hypercube": 64, "sobol": 64, "morris": 16}  # points, base points, trajectories where none are given
LEVELS = 4  # of a parameter in a design of Morris

NO_SHOCK = "none"


def start_of(starts: Mapping[str, int], shock: str) -> int | None:
    """The day on which a shock strikes, or from which a calm run is measured; the first of all if it has no own."""
    own = starts.get(shock.removeprefix(f"{NO_SHOCK}@"))
    return min(starts.values(), default=None) if own is None else own


def calm_beside(starts: Mapping[str, int], shock: str) -> str:
    """The calm run that a shock is compared with: `none`, measured and forked from the first event on.

    Beside a shock that strikes later `none@NAME`: the same, from that day on; NAME is that day's first shock by name.
    """
    start = start_of(starts, shock)
    if start is None or start == start_of(starts, NO_SHOCK):
        return NO_SHOCK
    return f"{NO_SHOCK}@{min(name for name in starts if starts[name] == start)}"


class Strict(BaseModel):
    """Unknown keys, wrong types and non-finite numbers are errors; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False)


class Span(Strict):
    """Days from `start_day` (counted from 0, included) to `end_day` (not included)."""

    start_day: int = Field(ge=0)
    end_day: int = Field(ge=1)

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Span:
        if self.end_day <= self.start_day:
            raise ValueError(f"end_day must be greater than start_day = {self.start_day}")
        return self


class Fork(Strict):
    """The arm whose state on the event's first day is copied into `arms`; into every arm that meets shocks if empty."""

    arm: str
    arms: list[str] = Field(default_factory=list)


class Contrast(Strict):
    """A pre-registered linear combination of arms, with weights that sum to zero, and the words for its sign."""

    arms: dict[str, float]
    role: Literal["primary", "part", "control", "null", "placebo"] = "primary"
    higher: str = "higher"  # what a positive value means, in a table
    lower: str = "lower"
    dose: str = ""  # how much of what is compared; said beside its name
    by_construction: str = ""  # what of its effect assumptions make, and the model does not find
    endpoints: list[str] = Field(default_factory=list)  # of a control: those it must be found in; any one if empty
    shock: str = ""  # of a control: under which it must be found; empty: without one

    @field_validator("arms")
    @classmethod
    def _weights_balance(cls, arms: dict[str, float]) -> dict[str, float]:
        if len(arms) < 2 or 0.0 in arms.values() or abs(sum(arms.values())) > 1e-12:
            raise ValueError("must be two or more arms with weights other than 0 that sum to 0")
        return arms

    @model_validator(mode="after")
    def _only_controls_are_found(self) -> Contrast:
        for key in ("endpoints", "shock"):
            if (value := getattr(self, key)) and self.role != "control":
                raise WrongValue(key, value, "can be given to a contrast with role: control only")
        return self


class Swept(Strict):
    """What a study sweeps, and which points of it are run."""

    sweep: dict[str, Any] = Field(default_factory=dict)  # key -> its values, or `Drawn`: whence to where it is drawn
    design: str = "grid"  # how swept keys are combined: one of DESIGNS
    points: Annotated[int, Field(ge=1)] | None = None  # of a latin hypercube; base points of sobol; trajectories
    levels: Annotated[int, Field(ge=2)] = LEVELS  # that a design of Morris moves each key between
    design_seed: Annotated[int, Field(ge=0)] = 1  # of the points that are drawn

    @field_validator("sweep", mode="before")
    @classmethod
    def _values_to_sweep(cls, sweep: Any) -> Any:
        return {key: read_sweep(key, said) for key, said in sweep.items()} if isinstance(sweep, dict) else sweep

    @field_validator("design")
    @classmethod
    def _a_design_that_is_known(cls, design: str) -> str:
        if design not in DESIGNS:
            raise WrongValue("", design, f"must be one of {', '.join(DESIGNS)}", nearest_name(design, DESIGNS))
        return design

    @model_validator(mode="after")
    def _sweeps_as_its_design_does(self) -> Swept:
        for key, values in self.sweep.items():
            if isinstance(values, Drawn):
                if self.lists_points:
                    cure = f"{values.low:g}:{values.high:g}:5 lists five of them, study.design=latin_hypercube draws"
                    allowed = f"says no values, which a {self.design} takes: {cure}"
                    raise WrongValue(f"sweep.{key}", Typed("an interval"), allowed)
            elif self.design != "zip" and len(set(values)) < len(values):
                allowed = f"the values of {key} must be one or more, each given once (1, 1.0 and true are alike)"
                raise WrongValue(f"sweep.{key}", values, allowed)
        if self.design == "zip":
            self._zips()
        if self.lists_points and self.points is not None:
            allowed = f"cannot be set for a {self.design}, which has all that its lists say"
            raise WrongValue("points", self.points, allowed)
        if not self.lists_points:
            self._samples()
        return self

    def _zips(self) -> None:
        """Raises for lists that cannot be taken side by side."""
        lengths = {key: len(values) for key, values in self.sweep.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            raise WrongValue("sweep", Typed(told), "a zip takes lists of one length")
        times = Counter(zip(*self.sweep.values(), strict=True))
        if times and max(times.values()) > 1:
            point = list(max(times, key=times.__getitem__))
            raise WrongValue("sweep", point, "stands at two places of a zip; each point is run once")

    def _samples(self) -> None:
        """Raises for a design that cannot be drawn."""
        if not self.sweep:
            raise WrongValue("sweep", {}, f"must say what a {self.design} draws: KEY: interval(low, high)")
        if self.design == "sobol" and self.drawn_points & (self.drawn_points - 1):
            low = 1 << (self.drawn_points.bit_length() - 1)
            allowed = f"must be a power of two for sobol, such as {low} or {2 * low}"
            raise WrongValue("points", self.points, allowed)
        if self.design == "morris" and self.levels % 2:
            raise WrongValue("levels", self.levels, "must be even for morris, which moves by half of them")

    @property
    def lists_points(self) -> bool:
        """Whether all its swept values are listed, and not drawn by a design."""
        return self.design in LISTED

    @property
    def drawn_points(self) -> int:
        """How many points, base points or trajectories a design draws."""
        return self.points or SAMPLES[self.design]


class Study(Swept):
    """Arms x shocks x swept parameters, and how they are to be read."""

    name: str
    # a file of experiments/kinds, a class of the user's own: package.Class, or its `_target_` beside its parameters
    kind: str | dict[str, Any] = "paired"
    question: str = ""
    arms: dict[str, list[str]] = Field(default_factory=dict)  # name -> overrides
    baseline: str | None = None  # the arm others are compared with; the first by default
    shocks: dict[str, list[str]] = Field(default_factory=dict)  # name -> presets and overrides of theirs
    event: Span | None = None  # the days of shocks that do not say themselves when they strike
    events: dict[str, Span] = Field(default_factory=dict)  # shock -> its days: from the shocks' own start and length
    window: Span | None = None  # the days that metrics are taken over
    burn_in: Annotated[int, Field(ge=0)] | None = None  # days at the start that no metric counts
    fork: Fork | None = None
    calm_only: list[str] = Field(default_factory=list)  # arms that run without shocks only
    shown: list[str] = Field(default_factory=list)  # arms that figures show; all if empty
    contrasts: dict[str, Contrast] = Field(default_factory=dict)
    endpoints: list[str] = Field(default_factory=list)  # the pre-registered metrics, for Holm's correction
    secondary: list[str] = Field(default_factory=list)  # what else the report tables, exploratory and not adjusted
    equivalence: dict[str, Annotated[float, Field(gt=0.0)]] = Field(
        default_factory=dict
    )  # metric -> margin within which effects count as none
    untested: dict[str, str] = Field(default_factory=dict)  # hypothesis -> why this study cannot test it

    @property
    def kind_name(self) -> str:
        """The name of its kind."""
        return self.kind if isinstance(self.kind, str) else str(self.kind["_target_"])

    @field_validator("arms")
    @classmethod
    def _one_arm_at_least(cls, arms: dict[str, list[str]]) -> dict[str, list[str]]:
        return check_names(arms) or {"base": []}

    @field_validator("shocks")
    @classmethod
    def _none_is_always_there(cls, shocks: dict[str, list[str]]) -> dict[str, list[str]]:
        if shocks.get("none"):
            raise ValueError("'none' is the run without a shock and takes no presets")
        return {"none": [], **check_names(shocks)}

    @field_validator("events")
    @classmethod
    def _events_of_shocks(cls, events: dict[str, Span], info: ValidationInfo) -> dict[str, Span]:
        for shock in events:
            if shock not in info.data.get("shocks", events):
                raise ValueError(f"{shock!r} must be one of the shocks {', '.join(info.data['shocks'])}")
        return events

    @model_validator(mode="after")
    def _names_an_arm(self) -> Study:
        wanted = [("baseline", self.baseline), ("fork.arm", self.fork.arm if self.fork else None)]
        wanted += [("fork.arms", arm) for arm in (self.fork.arms if self.fork else ())]
        wanted += [("calm_only", arm) for arm in self.calm_only] + [("shown", arm) for arm in self.shown]
        wanted += [(f"contrasts.{name}", arm) for name, contrast in self.contrasts.items() for arm in contrast.arms]
        for key, arm in wanted:
            if arm is not None and arm not in self.arms:
                allowed = f"must be one of the arms {', '.join(self.arms)}"
                raise WrongValue(key, arm, allowed, nearest_name(arm, self.arms))
        return self

    @model_validator(mode="after")
    def _burns_in_or_has_a_window(self) -> Study:
        if self.burn_in is not None and self.window:
            raise WrongValue("burn_in", self.burn_in, "cannot be set beside study.window, which says it all")
        return self

    @model_validator(mode="after")
    def _controls_are_found_in_what_is_measured(self) -> Study:
        known = [*self.endpoints, *self.secondary]
        for name, contrast in self.contrasts.items():
            if contrast.shock and contrast.shock not in self.shocks:
                allowed = f"must be one of study.shocks: {', '.join(self.shocks) or 'none'}"
                nearest = nearest_name(contrast.shock, self.shocks)
                raise WrongValue(f"contrasts.{name}.shock", contrast.shock, allowed, nearest)
            for metric in contrast.endpoints:
                if metric not in known:
                    allowed = f"must be of study.endpoints or study.secondary: {', '.join(known) or 'none'}"
                    raise WrongValue(f"contrasts.{name}.endpoints", metric, allowed, nearest_name(metric, known))
        return self

    @field_validator("contrasts")
    @classmethod
    def _names_of_their_own(cls, contrasts: dict[str, Contrast], info: ValidationInfo) -> dict[str, Contrast]:
        for name in contrasts:
            if name in info.data.get("arms", {}) or not NAME.fullmatch(name):
                raise ValueError(f"{name!r} must hold letters, digits and _ . + - only, and not be the name of an arm")
        return contrasts

    @property
    def starts(self) -> dict[str, int]:
        """The first day of each shock's event."""
        return {shock: event.start_day for shock, event in self.events.items()}

    def forked_arms(self) -> list[str]:
        """The arms that also run from one common state."""
        if not self.fork:
            return []
        return self.fork.arms or [arm for arm in self.arms if arm not in self.calm_only]

    @property
    def reference_arm(self) -> str:
        """The arm that others are compared with."""
        return self.baseline or next(iter(self.arms))


class Settings(Strict):
    """One call of the program."""

    study: Study
    seeds: Annotated[int, Field(ge=1)] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = 4
    days: int = Field(ge=1)
    workers: Annotated[int, Field(ge=1)] | None = None  # all cores by default
    record: Literal["summary", "paths"] = "summary"
    shard: str | None = None  # "3/20": the third of twenty parts of the seeds, for machines that share nothing
    fail_fast: bool = False  # stop at the first run that fails
    dry: bool = False  # say what would be run and what it would take, and run nothing
    out: str = Field(min_length=1)
    executor: dict[str, Any] = Field(default_factory=dict)  # who runs the runs: its class and parameters
    replications: dict[str, dict[str, Any]] = Field(default_factory=dict)  # name -> its parameters
    metrics: dict[str, dict[str, Any]] = Field(default_factory=dict)  # the user's own: name -> class and parameters
    figures: dict[str, dict[str, Any]] = Field(default_factory=dict)  # likewise
    plugins: list[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]] = Field(default_factory=list)  # the user's packages

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds_of_a_file(cls, seeds: Any) -> Any:
        return seeds_in(Path(seeds)) if isinstance(seeds, str) else seeds

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: int | list[int]) -> int | list[int]:
        if isinstance(seeds, list) and len(set(seeds)) < len(seeds):
            raise ValueError("each seed must be given once")
        return seeds

    @field_validator("shard")
    @classmethod
    def _a_part_of_the_seeds(cls, shard: str | None, info: ValidationInfo) -> str | None:
        if shard is None or "seeds" not in info.data:
            return shard
        seeds, found = info.data["seeds"], re.fullmatch(r"(\d+)/(\d+)", shard)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise ValueError("must be PART/PARTS such as 3/20, PART from 1 to PARTS")
        have = seeds if isinstance(seeds, int) else len(seeds)
        if int(found[2]) > have:
            raise ValueError(
                f"has more parts than there are seeds ({have}); all runs of a seed are done by one machine"
            )
        return shard

    @field_validator("days")
    @classmethod
    def _the_study_fits(cls, days: int, info: ValidationInfo) -> int:
        study = info.data.get("study")
        if study and study.window and study.window.end_day > days:
            raise ValueError(f"must be at least study.window.end_day = {study.window.end_day}")
        if study and study.burn_in is not None and study.burn_in >= days:
            raise ValueError(f"must be more than study.burn_in = {study.burn_in}")
        return days

    @property
    def seed_list(self) -> list[int]:
        """The seeds to run: 1 to `seeds`, or those listed; of a shard every so many."""
        seeds = list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else list(self.seeds)
        if self.shard is None:
            return seeds
        part, parts = map(int, self.shard.split("/"))
        return seeds[part - 1 :: parts]

    @property
    def window(self) -> tuple[int, int]:
        """Days that metrics without a shock are taken over (first, last + 1): as set, from the first event, or all."""
        return self.window_of(NO_SHOCK)

    def window_of(self, shock: str) -> tuple[int, int]:
        """Days that metrics under a shock, or beside it in a calm run, are taken over: as set, else from its event."""
        if self.study.window:
            return self.study.window.start_day, self.study.window.end_day
        start = start_of(self.study.starts, shock)
        return (self.study.burn_in or 0) if start is None else start, self.days


def seeds_in(file: Path) -> list[int]:
    """The seeds that a file lists, one a line; what stands after a # is passed over."""
    if not file.is_file():
        raise WrongValue("", str(file), "must be how many seeds, a list of them, or a file with one a line")
    lines = [line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    listed = [(place, line) for place, line in enumerate(lines, start=1) if line]
    found: dict[int, int] = {}  # seed -> its line
    for place, line in listed:
        if not re.fullmatch(r"\d{1,18}", line):
            raise WrongValue("", str(file), f"holds {line!r} on line {place}: seeds are whole numbers, one a line")
        if int(line) in found:
            told = f"holds seed {int(line)} on lines {found[int(line)]} and {place}: each seed must be given once"
            raise WrongValue("", str(file), told)
        found[int(line)] = place
    if not found:
        raise WrongValue("", str(file), "holds no seed")
    return list(found)


def read_settings(container: dict[str, Any]) -> Settings:
    """Validates the experiment's own keys; a UsageError lists everything that is wrong."""
    try:
        return Settings.model_validate(container)
    except ValidationError as error:
        raise UsageError("the settings of the study cannot be used; nothing was run", problems_of(error)) from None


def problems_of(error: ValidationError) -> list[Problem]:
    """The problems of a pydantic error, with the nearest valid name for unknown keys."""
    found: dict[tuple[str, str], Problem] = {}
    for detail in error.errors():
        path = [str(part) for part in detail["loc"] if not is_union_branch(part)]
        key, near = ".".join(path), None
        allowed = detail["msg"].replace("Input should be", "must be").replace("String should have", "must have")
        allowed = allowed.removeprefix("Value error, ")
        raised = (detail.get("ctx") or {}).get("error")
        if isinstance(raised, WrongValue):
            own = ".".join([*path, *([raised.key] if raised.key else [])])
            found[(own, "")] = Problem(own, raised.value, raised.allowed, raised.nearest)
            continue
        if detail["type"] == "extra_forbidden":
            allowed = "there is no such key"
            near = nearest_name(path[-1], fields_at(path[:-1]))
            near = ".".join([*path[:-1], near]) if near else None
        elif detail["type"] == "missing":
            allowed = "must be given"
        elif detail["type"] in {"model_type", "model_attributes_type"} and (names := fields_at(path)):
            allowed = f"must hold {' and '.join(names)}"
        earlier = found.get((key, ""))
        if earlier and detail["type"] != "extra_forbidden":
            allowed = f"{earlier.allowed}, or {allowed.removeprefix('must be ')}"
        found[(key, "")] = Problem(key, detail["input"], allowed, near)
    keys = [key for key, _ in found]
    return [  # what is wrong further in says why the whole is
        problem for problem in found.values() if not any(key.startswith(f"{problem.key}.") for key in keys)
    ]


def is_union_branch(part: Any) -> bool:
    """Whether a step of pydantic's location names a branch of a union and not a key."""
    if not isinstance(part, str):
        return False
    return part in {"int", "float", "str", "bool"} or part.startswith(("list[", "constrained-"))


SECTIONS: dict[str, type[BaseModel]] = {
    "": Settings,
    "study": Study,
    "study.event": Span,
    "study.window": Span,
    "study.fork": Fork,
}


def fields_at(path: list[str]) -> list[str]:
    """The names of the fields of the model at a dotted path."""
    model = Contrast if path[:2] == ["study", "contrasts"] and len(path) == 3 else SECTIONS.get(".".join(path))
    return list(model.model_fields) if model else []


def needed_at(section: str) -> set[str]:
    """The names of the fields that a section of the study must give."""
    return {name for name, field in SECTIONS[section].model_fields.items() if field.is_required()}


def check_names(named: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same mapping, if its names can stand in a table and a file name."""
    for name in named:
        if not NAME.fullmatch(name):
            raise ValueError(f"the name {name!r} may hold letters, digits and _ . + - only")
    return named
