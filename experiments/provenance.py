"""What a result depends on besides its configuration: the sources, and the versions of the numerical libraries."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from experiments.errors import ABSENT, Problem, UsageError

OWN = ("sim", "agents")
LIBRARIES = ("numpy", "numba", "mesa")


def check_packages() -> None:
    """Refuses to run when `agents` or `configs` is another package of the same name."""
    import agents
    import configs
    import sim

    home = Path(sim.__file__).parent.parent
    for package in (agents, configs):
        found = Path(package.__file__ or "").parent.parent
        if found != home:
            allowed = f"is another package of that name; Rackrate's lies in {home}. Uninstall it or use a fresh venv"
            raise UsageError("nothing was run", [Problem(package.__name__, str(found), allowed)])


def sources(plugins: Iterable[str]) -> dict[str, str]:
    """File -> hash of its contents, for `sim`, `agents` and the plug-in packages."""
    hashes: dict[str, str] = {}
    for package in sorted({*OWN, *plugins}):
        for name, path in files_of(package):
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return hashes


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


def files_of(package: str) -> list[tuple[str, Path]]:
    """The source files of a package or module, named from the package on, in order."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        allowed = "no such package can be imported; it must lie in the working folder or beside --config-dir"
        raise UsageError("nothing was run", [Problem("plugins", package, allowed)])
    if not spec.submodule_search_locations:
        return [(package, Path(spec.origin))] if spec.origin and Path(spec.origin).is_file() else []
    found: list[tuple[str, Path]] = []
    for location in spec.submodule_search_locations:
        for path in sorted(Path(location).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".nbi", ".nbc", ".pyc"}:
                found.append((f"{package}/{path.relative_to(location).as_posix()}", path))
    return found


def first_difference(old: dict[str, str], new: dict[str, str]) -> Problem | None:
    """The first name whose hash or version differs, as a problem."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            state = "is new" if name not in old else "is gone" if name not in new else "has changed"
            return Problem(name, ABSENT, f"{state} since the runs in this folder")
    return None
