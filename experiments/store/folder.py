"""The result folder as a whole: it holds one study, made by one version of the code, and one call at a time."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from experiments.configuration.canonical import exact, orders
from experiments.configuration.compose import flat
from experiments.configuration.settings import Settings, Study
from experiments.errors import ABSENT, Problem, StorageError, UsageError
from experiments.plugins import provenance
from experiments.plugins.sources import SIMULATES
from experiments.store.design import write_design
from experiments.store.files import make_folder, mark, readable, write_whole
from experiments.store.lock import locked, whose
from experiments.store.replaced import FOLDER, set_old_code_aside
from experiments.store.rows import stored_labels
from experiments.study.own import described
from experiments.study.runs import Expansion

DESIGN = ("design", "points", "levels", "design_seed")  # keys of the study
FOLDERS = ("parts", "paths", "figures", "damaged", FOLDER)
FREE = (
    "seeds",
    "question",
    "baseline",
    "endpoints",
    "secondary",
    "equivalence",
    "untested",
    "contrasts",
    "shown",
    "metrics",
    "figures",
    "plugins",
    "measures",
)  # may change without touching a run


@contextlib.contextmanager
def opened_folder(out: Path, expansion: Expansion) -> Iterator[None]:
    """Makes the folder, or checks that it holds this very study, and keeps other calls out while it is open."""
    check_writable(out)
    with locked(out):
        described = description(expansion)
        if holds_a_study(out) and not restored(out, expansion):
            refuse_another_study(out, described, expansion)
            described["seeds"] = sorted({*read_yaml(out / "config.yaml")["seeds"], *described["seeds"]})
            tell_replaced(out, set_old_code_aside(out, expansion.runs))
        facts = {"versions": expansion.versions, "sources": expansion.sources, **provenance.surroundings()}
        facts["seeds"] = described["seeds"]
        try:
            write_whole(out / "provenance.json", json.dumps(facts, indent=1, sort_keys=True))
            write_whole(out / "config.yaml", to_yaml(described))
            write_design(out, expansion.layout)
            for part in ("parts", *(["paths"] if expansion.settings.record == "paths" else [])):
                make_folder(out / part)
        except (OSError, StorageError) as error:
            raise UsageError("nothing was run", [Problem("out", str(out), str(error))]) from None
        yield
        with contextlib.suppress(OSError):  # a part that is still there is a run to be gathered by the next call
            (out / "parts").rmdir()


def check_writable(out: Path) -> None:
    """Makes the folder; raises if it or a folder in it cannot be written, or if it holds what is no study."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        check_holds_nothing_else(out)
    except OSError as error:
        problem = Problem("out", str(out), f"cannot be written: {error.strerror}")
        raise UsageError("nothing was run", [problem]) from None
    for folder in (out, *(out / name for name in FOLDERS if (out / name).is_dir())):
        try:
            probe = folder / f".probe.{mark()}"
            probe.write_bytes(b"writable")
            probe.unlink()
        except OSError as error:
            allowed = f"cannot be written: {error.strerror}{whose(folder)}; give another out=FOLDER"
            raise UsageError("nothing was run", [Problem("out", str(folder), allowed)]) from None


def check_holds_nothing_else(out: Path) -> None:
    """Raises if a folder holds what is no study."""
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    if names - {"provenance.json"} and not holds_a_study(out):
        allowed = "is a folder of something else; give an empty or new folder, or one that holds this study"
        raise UsageError("nothing was run", [Problem("out", str(out), allowed)])


def check_could_be_written(out: Path) -> None:
    """Raises, without writing anything, where a folder cannot be made or written, or holds what is no study."""
    there = next(path for path in (out, *out.parents) if path.exists())
    wrong = "Not a directory" if not there.is_dir() else "" if os.access(there, os.W_OK) else "Permission denied"
    if wrong:
        problem = Problem("out", str(out), f"cannot be written: {wrong}{whose(there)}; give another out=FOLDER")
        raise UsageError("nothing was run", [problem])
    if there == out:
        check_holds_nothing_else(out)


def holds_a_study(out: Path) -> bool:
    """Whether a folder holds a study, or runs of one."""
    return any((out / name).exists() for name in ("config.yaml", "runs.parquet", "parts"))


def restored(out: Path, expansion: Expansion) -> bool:
    """Whether config.yaml or provenance.json was damaged or lost, but all runs are this call's: they are made anew.

    A run's key holds its world, days, window, code and versions, so that the runs say themselves what they are of.
    """
    lost = [
        name
        for name, read in (("config.yaml", read_yaml), ("provenance.json", read_json))
        if not is_read(out / name, read)
    ]
    if not lost:
        return False
    if set(stored_labels(out)) <= {run.key for run in expansion.runs}:
        print(
            f"{out}: {' and '.join(lost)} cannot be read and is made anew: all runs here are of this study", flush=True
        )
        return True
    allowed = (
        "cannot be read, and the folder holds runs that this call does not ask for; repeat the call that made it "
        "(which makes it anew), put back a copy, or give another out=FOLDER"
    )
    raise UsageError("nothing was run", [Problem(str(out / name), ABSENT, allowed) for name in lost])


def is_read(file: Path, read: Callable[[Path], dict[str, Any]]) -> bool:
    """Whether a file is there and can be read."""
    try:
        return file.exists() and bool(read(file))
    except UsageError:
        return False


def study_as_held(study: Study) -> dict[str, Any]:
    """A study as config.yaml holds it: where it lists its points, as folders say it that know no designs."""
    plain = study.model_dump()
    if study.design == Study.model_fields["design"].default:
        plain = {key: value for key, value in plain.items() if key not in DESIGN}
    return plain


def description(expansion: Expansion) -> dict[str, Any]:
    """The study as config.yaml holds it: its settings, the first world, and what the others change in it."""
    settings = expansion.settings
    study = study_as_held(settings.study)
    first_label, first = next(iter(expansion.worlds.items()))
    base = ordered(first)
    others = {
        name: differences(base, ordered(world))
        for name, world in expansion.worlds.items()
        if name != first_label and (expansion.told is None or name in expansion.told)
    }
    return {
        "study": study,
        "seeds": sorted(settings.seed_list),
        "days": settings.days,
        "window": list(settings.window),
        "first": first_label,
        "world": first,
        "differences": others,
        **({"replications": settings.replications} if settings.replications else {}),
        **own_parts(settings),
    }


def own_parts(settings: Settings) -> dict[str, Any]:
    """The user's own packages, metrics and figures as config.yaml holds them, with what each metric means."""
    held = {
        "plugins": settings.plugins,
        "metrics": settings.metrics,
        "figures": settings.figures,
        "measures": described(settings),
    }
    return {name: value for name, value in held.items() if value}


def differences(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The leaves in which a world differs from the first, `absent` where it lacks one."""
    keys = [
        key for key in {**base, **other} if not isinstance(base.get(key), dict) or not isinstance(other.get(key), dict)
    ]
    changed = {
        key: other.get(key, "absent")
        for key in keys
        if exact(base.get(key, "absent")) != exact(other.get(key, "absent"))
    }
    return {key: value for key, value in changed.items() if not any(key.startswith(f"{top}.") for top in changed)}


def ordered(world: dict[str, Any]) -> dict[str, Any]:
    """A world flattened, with the order of the names whose order moves results."""
    return {**flat(world), **orders(world)}


def refuse_another_study(out: Path, described: dict[str, Any], expansion: Expansion) -> None:
    """Raises if the folder holds other settings, other worlds, other code or other versions, naming the first."""
    facts = read_json(out / "provenance.json")
    old, new = comparable(read_yaml(out / "config.yaml")), comparable(described)
    advice = f"{out} holds another study; give another out=FOLDER. Nothing was run"
    for place, key in [*old, *(key for key in new if key not in old)]:
        before, now = old.get((place, key), ABSENT), new.get((place, key), ABSENT)
        if exact_or_absent(before) != exact_or_absent(now):
            there = "the folder was made without it" if before is ABSENT else f"the folder was made with {before!r}"
            gone = ", now it is gone" if now is ABSENT else ""
            raise UsageError(advice, [Problem(key, now, there + gone, where=place and f"in {place}")])
    code = f"{out} was made by other code; give another out=FOLDER. Nothing was run"
    for name, kept in (("versions", dict), ("sources", own_sources)):
        problem = provenance.first_difference(kept(facts[name]), kept(getattr(expansion, name)))
        if problem:
            raise UsageError(code, [problem])


def own_sources(files: dict[str, str]) -> dict[str, str]:
    """The files of Rackrate's own: a plug-in that has changed concerns the runs that use it, and those alone."""
    return {name: text for name, text in files.items() if name.split("/")[0] in SIMULATES}


def tell_replaced(out: Path, rows: list[dict[str, Any]]) -> None:
    """Says which runs are no longer those of the plug-ins as they are."""
    if rows:
        arms = ", ".join(sorted({row["arm"] for row in rows}))
        said = f"the code of a plug-in has changed: {len(rows)} runs (arms {arms}) are set aside in {out / FOLDER}"
        print(f"{said} and are run anew", flush=True)


def exact_or_absent(value: Any) -> str:
    """A text that tells values apart; none for what is absent."""
    return "" if value is ABSENT else exact(value)


def comparable(described: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """What may not change between calls, by world (none for settings) and key: all worlds whole, arms by name only."""
    plain = json.loads(json.dumps(described, default=str))
    base = ordered(plain.pop("world"))
    worlds = {plain.pop("first"): base, **{name: changed(base, own) for name, own in plain.pop("differences").items()}}
    study = {**plain["study"], **{key: sorted(plain["study"].get(key) or ()) for key in ("arms", "shocks")}}
    settings = {
        key: value
        for key, value in leaves(flat({**plain, "study": study})).items()
        if key.removeprefix("study.").split(".")[0] not in FREE
    }
    held = {("", key): value for key, value in settings.items()}
    return held | {(name, key): value for name, world in worlds.items() for key, value in leaves(world).items()}


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The flattened world that differs from a first one by `changes`, as `differences` tells them."""
    world = {key: value for key, value in base.items() if not within(key, changes)}
    given = {key: value for key, value in changes.items() if value != "absent"}
    return {**world, **flat(given)}


def within(key: str, tops: Collection[str]) -> bool:
    """Whether a dotted key is one of some keys, or lies inside one."""
    names = key.split(".")
    return any(".".join(names[:depth]) in tops for depth in range(1, len(names) + 1))


def leaves(flattened: dict[str, Any]) -> dict[str, Any]:
    """The values of a flattened mapping, without the mappings that hold others."""
    return {key: value for key, value in flattened.items() if not isinstance(value, dict) or not value}


def to_yaml(thing: dict[str, Any]) -> str:
    """YAML of plain dicts, keys in their order."""
    import yaml

    return yaml.dump(thing, sort_keys=False, allow_unicode=True, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))


def read_yaml(path: Path) -> dict[str, Any]:
    """The config.yaml of a folder as plain dicts."""
    import yaml

    with readable(path, "repeat the call that made the folder, which makes it anew"):
        held = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not isinstance(held, dict):
            raise ValueError("it is empty" if held is None else "it is no table of keys and values")
    return held


def read_json(path: Path) -> dict[str, Any]:
    """The provenance.json of a folder as plain dicts."""
    with readable(path, "repeat the call that made the folder, which makes it anew"):
        held = json.loads(path.read_text(encoding="utf-8") or "null")
        if not isinstance(held, dict):
            raise ValueError("it is empty" if held is None else "it is no table of keys and values")
    return held
