"""From the section of shocks to what strikes: dates become days, sizes are drawn, targets checked, overlaps noted."""

from __future__ import annotations

import datetime
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import reduce
from types import ModuleType
from typing import Any

import sim.shocks
from sim.environment import Environment, Shock
from sim.nature.announcements import announced_on
from sim.parts import build_part, deal
from sim.problems import Problem, SpecError, nearest
from sim.streams import Purpose, Streams

TARGETS = {"grade": "grades", "region": "regions", "tier": "tiers"}  # field of a shock -> section that has the names
LATEST_DAY = 100_000
Draw = Callable[[str, Any], Any]  # key, value as configured -> number
CALM = Environment()  # the baseline of every day


def build_shocks(
    section: Mapping[str, Any], start_date: str, streams: Streams, plugins: tuple[str, ...] = ()
) -> dict[str, Shock]:
    """All shocks of a run, in order of name; raises SpecError with everything that is wrong.

    A size or length given as `[law, a, b]` is drawn from the run's seed, at an address of the shock's name and the key:
    all arms of a seed share it, and no other draw moves.
    """
    problems: list[Problem] = []
    found: dict[str, Shock] = {}
    first = datetime.date.fromisoformat(start_date)
    for name, settings in sorted(section.items()):
        try:
            found[name] = _build(name, settings, first, plugins, _drawn_for(name, streams))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return found


def check_shocks(container: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> list[Problem]:
    """Everything that is wrong with the shocks of a world that is otherwise sound, at both ends of uniform laws."""
    problems: dict[str, Problem] = {}
    section = container.get("shocks") or {}
    if not isinstance(section, Mapping):
        return [Problem("shocks", section, "must be a mapping of named shocks")]
    first = _first_day(container)
    for name, settings in section.items():
        for draw in (_drawn_for(name, Streams(0)), _end(1), _end(2)):
            try:
                shock = _build(name, settings, first, plugins, draw)
            except SpecError as error:
                problems |= {problem.key: problem for problem in error.problems}
            else:
                problems |= {problem.key: problem for problem in _unknown_targets(name, shock, container)}
    return list(problems.values())


def span_of(settings: Mapping[str, Any], start_date: str) -> tuple[int, int | None] | None:
    """First day of a shock and how many it lasts (None: for good), as far as its settings say; None if they do not.

    One that is announced begins when it becomes public. Of what is drawn, the largest it may be.
    """
    start = settings.get("start")
    try:
        plain = {key: _end(2)(key, value) for key, value in settings.items()}
        day = day_of(start, datetime.date.fromisoformat(start_date)) if isinstance(start, str) else plain.get("start")
    except ValueError:
        return None
    if not isinstance(day, int):
        return None
    length, ahead = plain.get("length", 1), plain.get("announced_days", 0)
    ahead = min(max(ahead, 0), day) if isinstance(ahead, int) else 0
    return day - ahead, length + ahead if isinstance(length, int) else None


def outside_the_run(shocks: Mapping[str, Shock], days: int) -> list[tuple[int, str, str]]:
    """An event for each shock that begins after the last day that was asked for."""
    late = [(name, int(getattr(shock, "start", 0))) for name, shock in shocks.items()]
    return [
        (0, "shock outside the run", f"{name} begins on day {day}, the run ends on day {days - 1}")
        for name, day in late
        if day >= days
    ]


def quiet_days(shocks: Mapping[str, Shock], days: int) -> int:
    """On how many of the first `days` days no shock changes anything or is announced: so long nothing differs.

    None of them, if an event is told on the first day. Every day is tried, whatever a shock says of its start.
    """
    if outside_the_run(shocks, days):
        return 0
    told = [first for shock in shocks.values() if (first := announced_on(shock)) is not None]
    for day in range(min([days, *told])):
        if reduce(lambda e, shock: shock(day, e), shocks.values(), CALM) != CALM:
            return day
    return min([days, *told])


class Overlaps:
    """Which shocks have been seen to do the same thing to the same target on one day; their effects multiply."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def note(self, day: int, shocks: Mapping[str, Shock]) -> list[tuple[int, str, str]]:
        """An event for each pair that meets for the first time today."""
        if len(shocks) < 2:
            return []
        events = []
        does = {name: _touched(shock(day, Environment())) for name, shock in shocks.items()}
        names = [name for name, touched in does.items() if touched]
        for i, one in enumerate(names):
            for other in names[i + 1 :]:
                both = does[one] & does[other]
                if both and (one, other) not in self.seen:
                    self.seen.add((one, other))
                    events.append((day, "shocks overlap", f"{one} and {other} both change {', '.join(sorted(both))}"))
        return events


def _touched(environment: Environment) -> set[str]:
    """What an environment changes: names of fields, with the target of each hit."""
    found = set()
    for name in Environment.__slots__:
        value = getattr(environment, name)
        if value == getattr(CALM, name):
            continue
        if isinstance(value, tuple):
            targets = [" ".join(part or "any" for part in (hit.grade, hit.region, hit.tier)) for hit in value]
            found |= {f"{name} ({target})" for target in targets}
        else:
            found.add(name)
    return found


def _build(name: str, settings: Any, first: datetime.date, plugins: tuple[str, ...], draw: Draw) -> Any:
    if not isinstance(settings, Mapping):
        return build_part("shocks", name, settings, plugins)
    values, problems = dict(settings), []
    for key, value in settings.items():
        try:
            values[key] = day_of(value, first) if key == "start" and isinstance(value, str) else draw(key, value)
        except ValueError as error:
            problems.append(Problem(f"shocks.{name}.{key}", value, str(error)))
    if problems:
        raise SpecError(problems)
    try:
        return build_part("shocks", name, values, plugins)
    except SpecError as error:
        raise SpecError([_target_it_lacks(problem) for problem in error.problems]) from error


def _target_it_lacks(problem: Problem) -> Problem:
    """Say of a target that a shock of this kind does not have where it acts, and which shocks have one."""
    field = problem.key.rpartition(".")[2]
    if field not in TARGETS or not problem.allowed.startswith("there is no such key"):
        return problem
    kinds = [importlib.import_module(f"sim.shocks.{info.name}") for info in pkgutil.iter_modules(sim.shocks.__path__)]
    able = [kind.__name__.rpartition(".")[2] for kind in kinds if _has_field(kind, field)]
    text = f"a shock of this kind acts in all {TARGETS[field]} alike; a {field} may be named in {', '.join(able)}"
    return Problem(problem.key, problem.value, text)


def _has_field(module: ModuleType, field: str) -> bool:
    """Whether a shock that a module defines has such a field."""
    mine = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    return any(field in getattr(value, "model_fields", ()) for value in mine)


def day_of(date: str, first: datetime.date) -> int:
    """The day number of a date; raises ValueError for what is none, or lies before the world's first day."""
    try:
        day = (datetime.date.fromisoformat(date) - first).days
    except ValueError:
        raise ValueError("must be a day number from 0 or a date as 2026-03-01") from None
    if day < 0:
        raise ValueError(
            f"is {-day} days before the world's first day {first}; start the world earlier (world.start_date), "
            "or give a day number"
        )
    if day > LATEST_DAY:
        raise ValueError(f"is {day} days after the world's first day {first}; allowed are {LATEST_DAY}")
    return day


def _is_law(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _whole_if_days(key: str, value: Any) -> Any:
    """Days are whole numbers, drawn or not."""
    return round(value) if key in ("start", "length") or key.endswith("_days") else value


def _drawn_for(name: str, streams: Streams) -> Draw:
    def draw(key: str, value: Any) -> Any:
        if not _is_law(value):
            return value
        return _whole_if_days(key, deal(value, 0, name, key, streams, Purpose.SHOCK))

    return draw


def _end(place: int) -> Draw:
    """One end of a uniform law; the middle of the others."""

    def draw(key: str, value: Any) -> Any:
        if not _is_law(value):
            return value
        deal(value, 0, "", key, Streams(0))  # refuses what is no law
        return _whole_if_days(key, value[place] if value[0] == "uniform" else value[1])

    return draw


def _first_day(container: Mapping[str, Any]) -> datetime.date:
    """The world's first day; some day where that is itself wrong, which is told elsewhere."""
    world = container.get("world")
    try:
        return datetime.date.fromisoformat(world["start_date"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return datetime.date(1, 1, 1)


def _unknown_targets(name: str, shock: Any, container: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for field, section in TARGETS.items():
        target, names = getattr(shock, field, None), container.get(section)
        if isinstance(target, str) and isinstance(names, Mapping) and target not in names:
            allowed = f"there is no such {field}; allowed: {', '.join(names)}"
            problems.append(Problem(f"shocks.{name}.{field}", target, allowed, nearest(target, list(names))))
    return problems
