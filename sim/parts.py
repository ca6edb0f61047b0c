"""Agents, shocks and indices from a configuration: classes found by name, parameters dealt, drawn and checked."""

from __future__ import annotations

import importlib
import math
import traceback
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from sim.agent import Agent, group_of
from sim.problems import Problem, SpecError, nearest, problems_of
from sim.roles import broken_promises, keeps
from sim.streams import Purpose, Streams, stable_id

TRUSTED = ("sim", "agents")


def find_class(target: str, plugins: tuple[str, ...] = ()) -> type:
    """The class a `_target_` names; only from this project and from packages the user named as plug-ins.

    Raises ValueError saying what is allowed and the nearest valid name.
    """
    module_name, _, name = str(target).rpartition(".")
    if not module_name or module_name.split(".")[0] not in (*TRUSTED, *plugins):
        raise ValueError(f"is not in a package that may be built from: {', '.join((*TRUSTED, *plugins))}")
    module = imported(module_name)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        classes = [key for key, value in vars(module).items() if isinstance(value, type)]
        near = nearest(name, classes)
        raise ValueError(f"there is no class {name} in {module_name}" + (f"; did you mean {near!r}?" if near else ""))
    return found


def imported(name: str) -> ModuleType:
    """A module; ValueError with file, line and what was raised where it, or one that it imports, cannot be imported."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise ValueError(f"there is no module {name}") from error
        raise ValueError(told(name, error)) from error
    except (Exception, SystemExit) as error:
        raise ValueError(told(name, error)) from error


def told(name: str, error: BaseException) -> str:
    """What stopped a module's import, and the last place in its own package that led there."""
    said = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
        said = f"{type(error).__name__}: {error.msg}"
    frames = [frame for frame in frames if not frame[0].startswith("<frozen ")]
    package = name.split(".", maxsplit=1)[0]
    own = [frame for frame in frames if package in (Path(frame[0]).stem, *Path(frame[0]).parts)]
    place = "{}, line {}: ".format(*(own or frames)[-1]) if frames else ""
    return f"{name} cannot be imported: {place}{said}"


MAX_COUNT = 100_000
PROMISES = {
    "shocks": "__call__",
    "indices": "strike",
    "metrics": "of",
    "figures": "draw",
}  # what a part of a section must be able to do
LAWS = ("uniform", "normal", "lognormal")
LARGEST_LOG_SD = 5.0


@dataclass(frozen=True)
class Member:
    """One agent to be built: class, name, own parameters, share of its group."""

    cls: type[Agent]
    name: str
    parameters: Any
    weight: float

    @property
    def group(self) -> str:
        """The group it is one of, as the configuration names it."""
        return group_of(self.name)


def deal(value: Any, index: int, name: str, key: str, streams: Streams, purpose: Purpose = Purpose.POPULATION) -> Any:
    """One agent's value of a parameter: lists are dealt out in turn, `[law, a, b]` is drawn by the agent's own stream.

    Laws: uniform (low, high), normal (mean, sd), lognormal (median, log sd).
    """
    if not isinstance(value, list) or not value:
        return value
    if not isinstance(value[0], str):
        return value[index % len(value)]
    if len(value) != 3 or not all(
        isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in value[1:]
    ):
        raise ValueError(f"must be [law, number, number], for example [uniform, 0.1, 0.6]; it is {value}")
    law, a, b = value
    cell = purpose, 0, stable_id(f"{name}/{key}")
    if law == "uniform":
        return a + (b - a) * streams.uniform(*cell)
    if law == "normal":
        return a + b * streams.normal(*cell)
    if law == "lognormal":
        if abs(b) > LARGEST_LOG_SD:
            raise ValueError(f"the log sd of a lognormal law must be at most {LARGEST_LOG_SD:g}; it is {b}")
        return a * math.exp(b * streams.normal(*cell))
    near = nearest(law, list(LAWS))
    raise ValueError(
        f"unknown law {law!r}; allowed are {', '.join(LAWS)}" + (f"; did you mean {near!r}?" if near else "")
    )


@cache
def promises_broken_by(cls: type) -> tuple[str, ...]:
    """What a class of agents says and does not keep: a class is asked once, however many worlds name it."""
    return tuple(broken_promises(cls, set(dir(Agent))))


def members(agents: Any, streams: Streams, plugins: tuple[str, ...] = ()) -> list[Member]:
    """All agents to build, in order of stable id; raises SpecError with everything that is wrong."""
    if not isinstance(agents, dict):
        raise SpecError([Problem("agents", agents, "must be a mapping of groups of agents")])
    problems: list[Problem] = []
    found: list[Member] = []
    for group, settings in agents.items():
        prefix = f"agents.{group}"
        if not isinstance(settings, dict):
            problems.append(Problem(prefix, settings, "must be a mapping with _target_ and parameters"))
            continue
        values = dict(settings)
        target = values.pop("_target_", "")
        try:
            cls = find_class(target, plugins)
        except ValueError as error:
            problems.append(Problem(f"{prefix}._target_", target, str(error)))
            continue
        if not issubclass(cls, Agent):
            problems.append(Problem(f"{prefix}._target_", target, "is not an Agent"))
            continue
        broken = promises_broken_by(cast("Hashable", cls))
        if broken:
            problems += [Problem(f"{prefix}._target_", target, text) for text in broken]
            continue
        count = values.get("count")
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_COUNT:
            problems.append(Problem(f"{prefix}.count", count, f"a whole number from 1 to {MAX_COUNT}"))
            continue
        records = []
        for i in range(count):
            name = f"{group}_{i + 1}"
            try:
                records.append((name, cls.Parameters.model_validate(_dealt(values, i, name, prefix, streams))))
            except ValidationError as error:
                problems += problems_of(error, cls.Parameters, prefix)
                break
            except SpecError as error:
                problems += error.problems
                break
            except (Exception, SystemExit) as error:
                problems.append(Problem(f"{prefix}._target_", target, cannot(error)))
                break
        total = math.fsum(record.size for _, record in records)
        found += [Member(cls, name, record, record.size / total) for name, record in records]
    if problems:
        raise SpecError(problems)
    return sorted(found, key=lambda member: stable_id(member.name))


def _dealt(values: dict[str, Any], index: int, name: str, prefix: str, streams: Streams) -> dict[str, Any]:
    own, problems = {}, []
    for key, value in values.items():
        try:
            own[key] = deal(value, index, name, key, streams)
        except ValueError as error:
            problems.append(Problem(f"{prefix}.{key}", value, str(error)))
    if problems:
        raise SpecError(problems)
    return own


def check_agents(agents: Any, plugins: tuple[str, ...] = ()) -> list[Problem]:
    """Everything that is wrong with the agents' section."""
    try:
        members(agents, Streams(0), plugins)
    except SpecError as error:
        return error.problems
    return []


def build_part(section: str, name: str, settings: Any, plugins: tuple[str, ...] = ()) -> Any:
    """Build a shock or an index from `_target_` and its arguments; raises SpecError."""
    return build(f"{section}.{name}", settings, plugins, f"one of the {section}", PROMISES[section])


def build(prefix: str, settings: Any, plugins: tuple[str, ...], what: str, method: str) -> Any:
    """Build what a key names by `_target_`, which must have a method; raises SpecError."""
    if not isinstance(settings, dict):
        raise SpecError([Problem(prefix, settings, "must be a mapping with _target_ and parameters")])
    values = dict(settings)
    target = values.pop("_target_", "")
    try:
        cls = find_class(target, plugins)
    except ValueError as error:
        raise SpecError([Problem(f"{prefix}._target_", target, str(error))]) from error
    if not issubclass(cls, BaseModel):
        raise SpecError([Problem(f"{prefix}._target_", target, "takes no parameters from a configuration")])
    if not any(method in vars(base) for base in cls.__mro__):
        raise SpecError([Problem(f"{prefix}._target_", target, f"is not {what}: it has no {method}")])
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        raise SpecError(problems_of(error, cls, prefix)) from error
    except (Exception, SystemExit) as error:
        raise SpecError([Problem(f"{prefix}._target_", target, cannot(error))]) from error


def cannot(error: BaseException) -> str:
    """What a class that cannot be built raised, in words."""
    return f"cannot be built: {type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def check_parts(section: str, parts: dict[str, Any], plugins: tuple[str, ...] = ()) -> list[Problem]:
    """Everything that is wrong with the shocks' or indices' section."""
    problems: list[Problem] = []
    for name, settings in parts.items():
        try:
            build_part(section, name, settings, plugins)
        except SpecError as error:
            problems += error.problems
    return problems


def groups_of(role: type, agents: dict[str, dict[str, Any]], plugins: tuple[str, ...] = ()) -> list[str]:
    """The groups whose class keeps the promises of a role; for a section that has been checked."""
    return [
        group
        for group, settings in agents.items()
        if keeps(find_class(str(settings.get("_target_", "")), plugins), role)
    ]
