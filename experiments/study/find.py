"""Finds a kind of study: ours by the name of its file in `experiments/kinds`, the user's own by its dotted name."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from experiments.configuration.settings import Settings
from experiments.errors import Problem, Typed, UsageError, nearest_name
from experiments.plugins.guard import attempted, tell
from experiments.study.plan import Plan

SHARED = {"kind"}  # what all kinds share
COMMON = {"experiments.study.plan", "experiments.kinds.kind"}  # what all kinds derive from


def kinds() -> list[str]:
    """The names of our kinds."""
    folder = Path(__file__).parents[1] / "kinds"
    return [module.name for module in pkgutil.iter_modules([str(folder)]) if module.name not in SHARED]


def plan_of(name: str, plugins: tuple[str, ...] = ()) -> Plan:
    """The kind of this name; UsageError where there is none, or it cannot be built."""
    known = kinds()
    if name in known:
        module = importlib.import_module(f"experiments.kinds.{name}")
        [cls] = [cls for cls in vars(module).values() if is_kind(cls) and cls.__module__ == module.__name__]
        return cls()
    if "." not in name:
        allowed = f"there is no such kind of study; allowed: {', '.join(known)}, or a class of yours: package.Class"
        raise unusable(name, allowed, nearest_name(name, known))
    from sim.parts import find_class

    cls, error = attempted(lambda: find_class(name, plugins))
    if error is not None:
        raise unusable(name, str(error) if type(error) is ValueError else f"cannot be read: {tell(error)}")
    if not is_kind(cls):
        raise unusable(name, "is not a Kind of experiments.kinds.kind")
    plan, error = attempted(cls)
    if error is not None:
        raise unusable(name, f"cannot be built without arguments: {tell(error)}")
    assert isinstance(plan, Plan)
    return plan


def plan_for(settings: Settings) -> Plan:
    """The kind of a study."""
    return plan_of(settings.study.kind, tuple(settings.plugins))


def is_kind(value: object) -> bool:
    """Whether something is a class of kinds, and not one of the two that they all come from."""
    return isinstance(value, type) and issubclass(value, Plan) and value.__module__ not in COMMON


def unusable(name: str, allowed: str, nearest: str | None = None) -> UsageError:
    """The error of a name for a kind."""
    problem = Problem("study.kind", Typed(name), allowed, nearest)
    return UsageError("the study cannot be read; nothing was run", [problem])
