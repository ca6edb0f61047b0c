"""What is wrong with a request, told in one message: the key, its value, what is allowed, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: the dotted key, its value, what is allowed, the nearest valid name, where it arises."""

    key: str
    value: Any
    allowed: str
    nearest: str | None = None
    where: str = ""


ABSENT = object()


class Typed(str):
    """A value as it stood on the command line."""

    def __repr__(self) -> str:
        return str(self)


class UsageError(Exception):
    """A request that cannot be run; the message is all that a user sees."""

    def __init__(self, title: str, problems: Iterable[Problem] = ()) -> None:
        self.title = title
        self.problems = list(problems)
        super().__init__("\n".join([title, *(f"  {describe(problem)}" for problem in self.problems)]))


class WorkersError(Exception):
    """Worker processes that cannot start, or that all ended without a task to blame."""


class StorageError(Exception):
    """A result folder that can no longer be written (full disk, lost mount)."""


def describe(problem: Problem) -> str:
    """One line for one problem."""
    named = problem.key if problem.value is ABSENT else f"{problem.key} = {shown(problem.value)}"
    hint = f"; did you mean {problem.nearest}?" if problem.nearest else ""
    where = f"  [{problem.where}]" if problem.where else ""
    return f"{named}: {problem.allowed}{hint}{where}"


def shown(value: Any, limit: int = 80) -> str:
    """A value as a user would recognise it, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def nearest_name(name: str, names: Iterable[str]) -> str | None:
    """The valid name most like `name`, or none: the whole dotted name first, then its last part."""
    names = sorted(set(names))
    whole = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if whole:
        return whole[0]
    by_last_part: dict[str, str] = {}
    for known in names:
        by_last_part.setdefault(known.rsplit(".", 1)[-1], known)
    last = difflib.get_close_matches(name.rsplit(".", 1)[-1], list(by_last_part), n=1, cutoff=0.75)
    return by_last_part[last[0]] if last else None
