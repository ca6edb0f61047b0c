"""What is wrong with a configuration: the key, the value, what is allowed, the nearest valid name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a configuration."""

    key: str
    value: object
    allowed: str
    nearest: str | None = None

    def __str__(self) -> str:
        near = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.key} = {self.value!r}: {self.allowed}{near}"


class SpecError(ValueError):
    """A configuration that cannot be built; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class OutOfBounds(ArithmeticError):
    """A run has left the bounds within which its figures mean something; it fails, and the others go on."""


class WrongValue(ValueError):
    """What is wrong with a key further in than the one that is being read."""

    def __init__(self, key: str, value: object, allowed: str, nearest: str | None = None) -> None:
        super().__init__(f"{key} = {value!r} {allowed}")
        self.key, self.value, self.allowed, self.nearest = key, value, allowed, nearest


def nearest(name: str, names: list[str]) -> str | None:
    """The closest valid name, if any is close."""
    found = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return found[0] if found else None


def problems_of(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[Problem]:
    """Translate pydantic's errors: key, value, what is allowed, the nearest valid name."""
    problems = []
    for item in error.errors():
        where = [str(part) for part in item["loc"]]
        key = ".".join([prefix, *where] if prefix else where)
        if item["type"] == "extra_forbidden":
            names = _names_at(model, where[:-1])
            problems.append(
                Problem(
                    key, item["input"], f"there is no such key; allowed: {', '.join(names)}", nearest(where[-1], names)
                )
            )
        elif item["type"] == "missing":
            problems.append(Problem(key, None, "is required"))
        elif isinstance(raised := (item.get("ctx") or {}).get("error"), WrongValue):
            problems.append(Problem(f"{key}.{raised.key}", raised.value, raised.allowed, raised.nearest))
        else:
            wanted = allowed_at(model, where) if item["type"] != "value_error" else None
            problems.append(Problem(key, item["input"], f"must be {wanted}" if wanted else plainly(item["msg"])))
    return problems


def plainly(message: str) -> str:
    """A message of pydantic's in the words of ours."""
    return message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")


WORDS = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}


def allowed_at(model: type[BaseModel], where: list[str]) -> str | None:
    """What a key may hold, in words: its kind and its bounds; None where that is not a plain number, text or choice."""
    at: type[BaseModel] | None = model
    for depth, name in enumerate(where):
        if at is None:
            return None
        field = at.model_fields.get(name)
        if field is None:  # a name of the user's own in a mapping
            return None
        kind = field.annotation
        if get_origin(kind) is Literal:
            return " or ".join(str(choice) for choice in get_args(kind))
        if get_origin(kind) is dict:
            inner = get_args(kind)[1]
            return allowed_at(inner, where[depth + 2 :]) if isinstance(inner, type) and depth + 2 < len(where) else None
        if kind in WORDS:
            return _bounded(WORDS[kind], field.metadata)
        if (kinds := set(get_args(kind))) and len(kinds) == 2 and NoneType in kinds:
            (inner,) = kinds - {NoneType}
            return f"{worded} or null" if (worded := _annotated(inner)) else None
        at = kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
    return None


def _annotated(kind: Any) -> str | None:
    """The kind and bounds of an annotated number or text; None for all else."""
    plain, rules = (get_args(kind)[0], list(get_args(kind)[1:])) if get_origin(kind) is Annotated else (kind, [])
    flat = [inner for rule in rules for inner in (getattr(rule, "metadata", None) or [rule])]
    return _bounded(WORDS[plain], flat) if plain in WORDS else None


def _bounded(word: str, metadata: list[Any]) -> str:
    bounds = []
    for rule in metadata:
        for attribute, text in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
            if (limit := getattr(rule, attribute, None)) is not None:
                bounds.append(f"{text} {limit:g}")
        if pattern := getattr(rule, "pattern", None):
            bounds.append(f"as {pattern}")
    return f"{word} {' and '.join(bounds)}".strip() if bounds else word


def _names_at(model: type[BaseModel], where: list[str]) -> list[str]:
    """Valid names of the mapping that a key stands in; names of the user's own are passed over."""
    at: Any = model
    for name in where:
        if isinstance(at, type) and issubclass(at, BaseModel):
            field = at.model_fields.get(name)
            at = field.annotation if field else None
        elif get_origin(at) is dict:
            at = get_args(at)[1]
        else:
            at = None
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []
