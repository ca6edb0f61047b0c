"""The result folder as a whole: it holds one study, made by one version of the code, and one call at a time."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments import provenance
from experiments.compose import flat
from experiments.errors import ABSENT, Problem, UsageError
from experiments.store import write_whole
from experiments.study import Expansion

FREE = (
    "seeds",
    "question",
    "baseline",
    "endpoints",
    "secondary",
    "equivalence",
    "contrasts",
    "shown",
    "lasts_days",
)  # may change without touching a run


@contextlib.contextmanager
def opened_folder(out: Path, expansion: Expansion) -> Iterator[None]:
    """Makes the folder, or checks that it holds this very study, and keeps other calls out while it is open."""
    check_writable(out)
    with locked(out):
        described = description(expansion)
        if (out / "config.yaml").exists():
            refuse_another_study(out, described, expansion)
            described["seeds"] = sorted({*read_yaml(out / "config.yaml")["seeds"], *described["seeds"]})
        facts = {"versions": expansion.versions, "sources": expansion.sources, **provenance.surroundings()}
        facts["seeds"] = described["seeds"]
        write_whole(out / "provenance.json", json.dumps(facts, indent=1, sort_keys=True))
        write_whole(out / "config.yaml", to_yaml(described))
        for part in ("parts", *(["paths"] if expansion.settings.record == "paths" else [])):
            (out / part).mkdir(exist_ok=True)
        yield
        with contextlib.suppress(OSError):  # a part that is still there is a run to be gathered by the next call
            (out / "parts").rmdir()


def check_writable(out: Path) -> None:
    """Makes the folder; raises if it cannot be written or holds something that is no study."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    except OSError as error:
        problem = Problem("out", str(out), f"cannot be written: {error.strerror}")
        raise UsageError("nothing was run", [problem]) from None
    if names - {"provenance.json"} and "config.yaml" not in names:
        allowed = "is a folder of something else; give an empty or new folder, or one that holds this study"
        raise UsageError("nothing was run", [Problem("out", str(out), allowed)])
    try:
        probe = out / ".probe"
        probe.write_bytes(b"writable")
        probe.unlink()
    except OSError as error:
        problem = Problem("out", str(out), f"cannot be written: {error.strerror}")
        raise UsageError("nothing was run", [problem]) from None


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keeps a second call out of a folder while the first one runs in it."""
    import fcntl

    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                allowed = "is in use by another call; wait for it or give another folder"
                raise UsageError("nothing was run", [Problem("out", str(out), allowed)]) from None
        yield


def description(expansion: Expansion) -> dict[str, Any]:
    """The study as config.yaml holds it: its settings, the first world, and what the others change in it."""
    settings = expansion.settings
    study = settings.study.model_dump()
    first_label, first = next(iter(expansion.worlds.items()))
    base = flat(first)
    others = {name: differences(base, flat(world)) for name, world in expansion.worlds.items() if name != first_label}
    return {
        "study": study,
        "seeds": sorted(settings.seed_list),
        "days": settings.days,
        "window": list(settings.window),
        "first": first_label,
        "world": first,
        "differences": others,
        **({"replications": settings.replications} if settings.replications else {}),
    }


def differences(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The leaves in which a world differs from the first, `absent` where it lacks one."""
    keys = [
        key for key in {**base, **other} if not isinstance(base.get(key), dict) or not isinstance(other.get(key), dict)
    ]
    changed = {key: other.get(key, "absent") for key in keys if base.get(key, ABSENT) != other.get(key, ABSENT)}
    return {key: value for key, value in changed.items() if not any(key.startswith(f"{top}.") for top in changed)}


def refuse_another_study(out: Path, described: dict[str, Any], expansion: Expansion) -> None:
    """Raises if the folder holds other settings, other worlds, other code or other versions, naming the first."""
    try:
        held = read_yaml(out / "config.yaml")
        facts = json.loads((out / "provenance.json").read_text())
        old, new = comparable(held), comparable(described)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        problem = Problem("out", str(out), f"holds a config.yaml or provenance.json that cannot be read: {error}")
        raise UsageError("nothing was run", [problem]) from None
    advice = f"{out} holds another study; give another out=FOLDER. Nothing was run"
    for key in [*old, *(key for key in new if key not in old)]:
        before, now = old.get(key, ABSENT), new.get(key, ABSENT)
        if before != now and not (isinstance(before, dict) and isinstance(now, dict)):
            there = "the folder was made without it" if before is ABSENT else f"the folder was made with {before!r}"
            gone = ", now it is gone" if now is ABSENT else ""
            raise UsageError(advice, [Problem(key.removeprefix("world."), now, there + gone)])
    code = f"{out} was made by other code; give another out=FOLDER. Nothing was run"
    for name in ("versions", "sources"):
        problem = provenance.first_difference(facts[name], getattr(expansion, name))
        if problem:
            raise UsageError(code, [problem])


def comparable(described: dict[str, Any]) -> dict[str, Any]:
    """The flattened description without what may change between calls."""
    plain = json.loads(json.dumps(described, default=str))
    flattened = flat(plain)
    return {key: value for key, value in flattened.items() if key.removeprefix("study.").split(".")[0] not in FREE}


def to_yaml(thing: dict[str, Any]) -> str:
    """YAML of plain dicts, keys in their order."""
    import yaml

    return yaml.dump(thing, sort_keys=False, allow_unicode=True, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file as plain dicts."""
    import yaml

    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
