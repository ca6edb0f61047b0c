"""Finds a kind of study: ours by the name of its file under `experiments/kinds`, the user's own by its dotted name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiments.configuration.canonical import plain
from experiments.configuration.settings import Settings
from experiments.errors import Problem, Typed, UsageError, nearest_name
from experiments.plugins.guard import attempted, problems_told, tell
from experiments.study.plan import Plan

SHARED = {"kind"}  # what all kinds share
COMMON = {"experiments.study.plan", "experiments.kinds.kind"}  # what all kinds derive from
UNREADABLE = "the study cannot be read; nothing was run"


def kinds() -> dict[str, str]:
    """The names of our kinds, and the module of each: a file of `experiments/kinds` or of a folder in it."""
    folder = Path(__file__).parents[1] / "kinds"
    found = pkgutil.walk_packages([str(folder)], "experiments.kinds.")
    modules = {module.name.rpartition(".")[2]: module.name for module in found if not module.ispkg}
    return {name: module for name, module in sorted(modules.items()) if name not in SHARED}


def plan_of(kind: str | Mapping[str, Any], plugins: tuple[str, ...] = ()) -> Plan:
    """The kind of this name, or that a `_target_` names beside its parameters; UsageError where it cannot be built."""
    given = dict(kind) if isinstance(kind, Mapping) else {"_target_": kind}
    key, name = "study.kind._target_" if isinstance(kind, Mapping) else "study.kind", str(given.pop("_target_", ""))
    cls = class_of(name, plugins, key)
    plan, error = attempted(lambda: cls.model_validate(given))
    if isinstance(error, ValidationError):
        from sim.problems import SpecError, problems_of

        raise UsageError(UNREADABLE, problems_told(key, SpecError(problems_of(error, cls, "study.kind"))))
    if error is not None:
        raise unusable(key, name, f"cannot be built: {tell(error)}")
    assert isinstance(plan, Plan)
    return plan


def class_of(name: str, plugins: tuple[str, ...], key: str) -> type[Plan]:
    """The class of kinds of this name; UsageError where there is none."""
    known = kinds()
    if name in known:
        module = importlib.import_module(known[name])
        [ours] = [cls for cls in vars(module).values() if is_kind(cls) and cls.__module__ == module.__name__]
        return ours
    if "." not in name:
        allowed = f"there is no such kind of study; allowed: {', '.join(known)}, or a class of yours: package.Class"
        raise unusable(key, name, allowed, nearest_name(name, known))
    from sim.parts import find_class

    cls, error = attempted(lambda: find_class(name, plugins))
    if error is not None:
        raise unusable(key, name, str(error) if type(error) is ValueError else f"cannot be read: {tell(error)}")
    if not is_kind(cls):
        raise unusable(key, name, "is not a Kind of experiments.kinds.kind")
    return cls


def one_form(kind: str | Mapping[str, Any], plan: Plan) -> str | dict[str, Any]:
    """How a configuration names a kind: by its name, where it has parameters beside all of them."""
    name = kind if isinstance(kind, str) else str(kind["_target_"])
    parameters = plain(plan)
    return {"_target_": name, **parameters} if parameters else name


def plan_for(settings: Settings) -> Plan:
    """The kind of a study."""
    return plan_of(settings.study.kind, tuple(settings.plugins))


def is_kind(value: object) -> bool:
    """Whether something is a class of kinds, and not one of the two that they all come from."""
    return isinstance(value, type) and issubclass(value, Plan) and value.__module__ not in COMMON


def unusable(key: str, name: str, allowed: str, nearest: str | None = None) -> UsageError:
    """The error of a name for a kind, given at a key."""
    return UsageError(UNREADABLE, [Problem(key, Typed(name), allowed, nearest)])
