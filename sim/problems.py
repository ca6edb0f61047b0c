"""What is wrong with a configuration: the key, the value, what is allowed, the nearest valid name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

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
                Problem(key, item["input"], f"no such key; allowed are {', '.join(names)}", nearest(where[-1], names))
            )
        elif item["type"] == "missing":
            problems.append(Problem(key, None, "is required"))
        else:
            problems.append(Problem(key, item["input"], item["msg"]))
    return problems


def _names_at(model: type[BaseModel], where: list[str]) -> list[str]:
    for name in where:
        field = model.model_fields.get(name)
        inner = getattr(field, "annotation", None)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)
