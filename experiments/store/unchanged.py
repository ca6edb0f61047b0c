"""A folder that is as its last call left it shows that call's answer; nothing in it is read again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import rackrate
from experiments.plugins.provenance import digest
from experiments.plugins.sources import PluginCode
from experiments.store.files import write_whole
from experiments.study.runs import Expansion

ANSWER, REPORT = "answer.json", "report.html"
HOW = {"out", "workers", "executor", "fail_fast", "dry", "shard"}  # settings that change no answer
DRAWS = ("matplotlib", "pandas", "scipy", "bokeh", "jinja2")  # libraries behind tables and pages


class Held(NamedTuple):
    """What the last call said of a folder."""

    digest: str
    status: int
    answer: list[str]
    events: str  # a line on what happened in the runs
    runs: int  # that were asked for, those of further rounds among them


def unchanged(out: Path, asked: str) -> Held | None:
    """What the last call said, if that asked for the same and no file of the folder has changed since; else None."""
    try:
        held = Held(**json.loads((out / ANSWER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return held if (out / REPORT).exists() and held.digest == folder_digest(out, asked) else None


def keep_answer(out: Path, asked: str, status: int, answer: list[str], events: str, runs: int) -> None:
    """Keeps what is said of a folder, for as long as it stays as it is."""
    held = Held(folder_digest(out, asked), status, list(answer), events, runs)
    write_whole(out / ANSWER, json.dumps(held._asdict(), indent=1))


def folder_digest(out: Path, asked: str) -> str:
    """A hash of what is asked and of name, size and time of each file of a folder."""
    return digest([asked, sorted(files_in(out))])


def files_in(folder: Path, within: str = "") -> Iterator[tuple[str, int, int]]:
    """Name, size and time of change of each file of a folder, but for what calls leave beside the study."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = within + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from files_in(Path(entry.path), f"{name}/")
            elif name not in {ANSWER, ".lock", ".holder"}:
                held = entry.stat()
                yield name, held.st_size, held.st_mtime_ns


def asked_of(expansion: Expansion) -> str:
    """A hash of all that a folder's answer depends on beside its files: study, runs, code, libraries and data."""
    settings = expansion.settings
    plugins = PluginCode(settings.plugins, expansion.runs[0].presets if expansion.runs else ())
    ours = [file for package in rackrate.PACKAGES for file in sorted((rackrate.HOME / package).rglob("*.[pyj]*"))]
    code = [file.stat() for file in ours if file.suffix != ".pyc"]
    return digest([
        settings.model_dump(mode="json", exclude=HOW),
        [run.key for run in expansion.runs],
        expansion.runs[0].measuring.code if expansion.runs else "",
        expansion.sources,
        plugins.used_by(settings.figures),
        [[file.st_size, file.st_mtime_ns] for file in code],
        [version(name) for name in DRAWS],
        [[name, Path(name).stat().st_mtime_ns] for name in texts_in(settings.study.kind) if os.path.isfile(name)],
    ])  # fmt: skip


def texts_in(thing: Any) -> Iterable[str]:
    """All texts in a thing of dicts and lists."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict | list | tuple):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from texts_in(inner)
