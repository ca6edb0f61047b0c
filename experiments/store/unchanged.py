"""A folder that is as its last call left it shows that call's answer; nothing in it is read again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import rackrate
from experiments.configuration.presets import stamps_of
from experiments.configuration.settings import Settings
from experiments.plugins.provenance import LIBRARIES, digest
from experiments.plugins.sources import PluginCode
from experiments.store.files import write_whole
from experiments.study.runs import Expansion

LONGEST = 4096  # letters of a value that may be the name of a file
ANSWER, REPORT = "answer.json", "report.html"
HOW = {"out", "workers", "executor", "fail_fast", "dry", "shard"}  # settings that change no answer
DRAWS = ("matplotlib", "pandas", "scipy", "bokeh", "jinja2")  # libraries behind tables and pages
COMPOSES = ("hydra-core", "omegaconf", "pydantic", *LIBRARIES)  # behind what words mean, and what runs come to


class Held(NamedTuple):
    """What the last call said of a folder, and what that depends on beside its files."""

    asked: str  # a hash of the study, by its runs
    status: int
    answer: list[str]
    events: str  # a line on what happened in the runs
    runs: int  # that were asked for, those of further rounds among them
    out: str
    name: str  # of the study
    seeds: int
    words: str  # a hash of the words of the call and of all that says what they mean; empty where that cannot be told
    data: dict[str, int]  # files of data that the study names, and when they were last changed
    said: list[str]  # before the answer
    digest: str = ""  # of the folder's files


def unchanged(out: Path, asked: str) -> Held | None:
    """What the last call said, if that asked for the same and no file of the folder has changed since; else None."""
    held = held_in(out)
    return held if held and held.asked == asked and is_as_left(held, out) else None


def answer_at_hand(overrides: Sequence[str], words: str) -> Held | None:
    """The same where a call has the words of the last one: nothing is composed."""
    held = held_in(out_of(overrides)) if words else None
    if held is None or held.words != words or Path(held.out) != out_of(overrides):
        return None
    try:
        same = all(Path(name).stat().st_mtime_ns == changed for name, changed in held.data.items())
    except OSError:
        return None
    return held if same and is_as_left(held, Path(held.out)) else None


def held_in(out: Path) -> Held | None:
    """What a folder's last call said of it; None where it does not hold that."""
    try:
        return Held(**json.loads((out / ANSWER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_as_left(held: Held, out: Path) -> bool:
    """Whether a folder's files are as the last call left them."""
    return (out / REPORT).exists() and held.digest == folder_digest(out, held.asked)


def keep_answer(held: Held) -> None:
    """Keeps what is said of a folder, for as long as it stays as it is."""
    held = held._replace(answer=list(held.answer), digest=folder_digest(Path(held.out), held.asked))
    write_whole(Path(held.out) / ANSWER, json.dumps(held._asdict(), indent=1))


def out_of(overrides: Sequence[str]) -> Path:
    """The folder that words name, or else the one that a study has by its name; another one holds no such call."""
    named = dict(override.partition("=")[::2] for override in overrides)
    return Path(named.get("out", "").strip("'\"") or f"results/{named.get('experiment', 'trial')}").resolve()


def words_and_surroundings(overrides: Sequence[str], config_dir: str | None) -> str:
    """A hash of the words of a call, where they were typed, and all presets, code and libraries; empty with plug-ins.

    Which files code of the user's own uses is told only once a study is composed.
    """
    own = sorted(Path(config_dir).resolve().rglob("*.yaml")) if config_dir else []
    texts = [*overrides, *(file.read_text(encoding="utf-8", errors="replace") for file in own)]
    if any(word in text for text in texts for word in ("plugins", "oc.", "now:")):
        return ""
    values = [override.partition("=")[2] for override in overrides]
    files = [Path(value) for value in values if len(value) < LONGEST and os.path.isfile(value)]
    stamps = stamps_of([*own, *files])
    libraries = [version(name) for name in (*DRAWS, *COMPOSES)]
    return digest([list(overrides), str(config_dir), os.getcwd(), sys.version, stamps, code_stamps(), libraries])


def data_of(settings: Settings) -> dict[str, int]:
    """The files of data that a study's kind names, and when they were last changed."""
    return {name: Path(name).stat().st_mtime_ns for name in texts_in(settings.study.kind) if os.path.isfile(name)}


def code_stamps() -> list[list[int]]:
    """Size and time of each file of ours: code, presets and templates."""
    ours = [file for package in rackrate.PACKAGES for file in sorted((rackrate.HOME / package).rglob("*.[pyj]*"))]
    stats = [file.stat() for file in ours if file.suffix != ".pyc"]
    return [[held.st_size, held.st_mtime_ns] for held in stats]


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
    return digest([
        settings.model_dump(mode="json", exclude=HOW),
        [run.key for run in expansion.runs],
        expansion.runs[0].measuring.code if expansion.runs else "",
        expansion.sources,
        plugins.used_by(settings.figures),
        code_stamps(),
        [version(name) for name in DRAWS],
        sorted(data_of(settings).items()),
    ])  # fmt: skip


def texts_in(thing: Any) -> Iterable[str]:
    """All texts in a thing of dicts and lists."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict | list | tuple):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from texts_in(inner)
