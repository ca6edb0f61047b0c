"""What a result depends on besides its configuration: the sources, and the versions of the numerical libraries."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import version
from typing import Any

from experiments.errors import ABSENT, Problem, UsageError

LIBRARIES = ("numpy", "numba", "mesa")


def check_packages() -> None:
    """Refuses to run when one of Rackrate's packages is another of the same name."""
    import rackrate

    problems = [Problem(name, place, rackrate.advice()) for name, place in rackrate.strangers().items()]
    if problems:
        raise UsageError("nothing was run", problems)


def versions() -> dict[str, str]:
    """The versions that can change a number."""
    return {name: version(name) for name in LIBRARIES}


def surroundings() -> dict[str, str]:
    """Facts that help to reproduce a run but are no part of its key."""
    return {
        "rackrate": version("rackrate"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }


def digest(thing: Any) -> str:
    """sha256 of a thing of dicts, lists, texts and numbers."""
    return hashlib.sha256(json.dumps(thing, sort_keys=True, default=str).encode()).hexdigest()


def first_difference(old: dict[str, str], new: dict[str, str]) -> Problem | None:
    """The first name whose hash or version differs, as a problem."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            state = "is new" if name not in old else "is gone" if name not in new else "has changed"
            return Problem(name, ABSENT, f"{state} since the runs in this folder")
    return None
