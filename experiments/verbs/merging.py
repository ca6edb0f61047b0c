"""One folder of several that hold runs of one study: `rackrate merge A B ... out=C`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.configuration.compose import Composer
from experiments.errors import ABSENT, Problem, UsageError
from experiments.plugins import provenance
from experiments.store.asked import read_asked, read_call, write_asked
from experiments.store.design import TABLE
from experiments.store.files import make_folder, partial_name, read_table, settle, storage, write_arrow, write_whole
from experiments.store.folder import check_writable, comparable, own_sources, read_json, read_yaml, to_yaml
from experiments.store.lock import locked
from experiments.store.paths import path_files
from experiments.store.rows import Rows
from experiments.verbs.measuring import settings_of
from experiments.verbs.standing import Read
from experiments.wording import plural

HOW = "write: rackrate merge A B ... out=C, with a new folder C"


def merge(composer: Composer, words: Sequence[str], read_results: Read) -> tuple[int, Path, list[str]]:
    """Writes a folder with the runs of all that are named, its tables, figures and report: status, folder, answer."""
    folders, out = folders_of(words)
    described, facts = one_study(folders)
    rows = all_rows(folders)
    check_writable(out)
    with locked(out):
        write_whole(out / "provenance.json", json.dumps(facts, indent=1, sort_keys=True))
        write_whole(out / "config.yaml", to_yaml(described))
        keep_asked(folders, out)
        if (design := next((folder / TABLE for folder in folders if (folder / TABLE).exists()), None)) is not None:
            write_arrow(out / TABLE, read_table(design))
        copy_paths(folders, out)
        runs = len(rows.write_both(out))
        print(
            f"{out}: {plural(runs, 'run')} of {len(folders)} folders, {plural(len(described['seeds']), 'seed')}",
            flush=True,
        )
        settings = settings_of(out, described, composer, [])
        status, answer = read_results(out, settings)
    return status, out, answer


def folders_of(words: Sequence[str]) -> tuple[list[Path], Path]:
    """The folders to read and the one to write."""
    folders = [Path(word).resolve() for word in words if "=" not in word]
    outs = [word.partition("=")[2].strip("'\"") for word in words if word.startswith("out=")]
    if len(folders) < 2 or len(outs) != 1 or len(folders) + 1 != len(words):
        raise UsageError("nothing was merged", [Problem("merge", " ".join(words) or ABSENT, HOW)])
    out = Path(outs[0]).resolve()
    problems = [Problem("merge", str(one), "is no result folder: it holds no config.yaml")
                for one in folders if not (one / "config.yaml").exists()]  # fmt: skip
    if out.exists() and any(path.name[0] != "." for path in out.iterdir()):
        problems.append(Problem("out", str(out), "holds files already; give a new folder"))
    if problems:
        raise UsageError("nothing was merged", problems)
    return folders, out


def one_study(folders: Sequence[Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """config.yaml and provenance.json of the merged folder; UsageError where two hold other studies or other code."""
    first, *others = folders
    described, facts = read_yaml(first / "config.yaml"), read_json(first / "provenance.json")
    held, seeds = comparable(described), set(described["seeds"])
    for other in others:
        theirs, their_facts = read_yaml(other / "config.yaml"), read_json(other / "provenance.json")
        own = comparable(theirs)
        for place, key in dict.fromkeys([*held, *own]):
            before, now = held.get((place, key), "absent"), own.get((place, key), "absent")
            if repr(before) != repr(now):
                allowed = f"is {before!r} in {first} and {now!r} in {other}: they hold other studies"
                raise UsageError("nothing was merged", [Problem(key, ABSENT, allowed, where=place and f"in {place}")])
        for name, kept in (("versions", dict), ("sources", own_sources)):
            wrong = provenance.first_difference(kept(facts[name]), kept(their_facts[name]))
            if wrong:
                allowed = f"differs between {first} and {other}: they were made by other code"
                raise UsageError("nothing was merged", [wrong._replace(allowed=allowed)])
        seeds |= set(theirs["seeds"])
    every = sorted(seeds)
    return {**described, "seeds": every}, {**facts, "seeds": every}


def all_rows(folders: Sequence[Path]) -> Rows:
    """The rows of all folders with their events, each run once; UsageError where two have other numbers for one run."""
    rows = Rows()
    for folder in folders:
        for before, now in rows.apart(rows.add_folder(folder)):
            one, other = rows.labels[before], rows.labels[now]
            kinds = f"{one['processor']} and {other['processor']}"
            allowed = f"has other numbers in {folder} (processors {kinds}); leave one folder out"
            raise UsageError("nothing was merged", [Problem(f"run {one['key']}", ABSENT, allowed)])
    return rows


def keep_asked(folders: Sequence[Path], out: Path) -> None:
    """Keeps the call of the first folder, and all runs that any has been asked for."""
    asked = {run.key: run for folder in folders for run in read_asked(folder)}
    if asked:
        write_asked(out, read_call(folders[0]), list(asked.values()))


def copy_paths(folders: Sequence[Path], out: Path) -> None:
    """Copies the recorded days of all runs."""
    for file in [file for folder in folders for file in path_files(folder)]:
        target = out / "paths" / file.name
        make_folder(target.parent)
        partial = partial_name(target)
        with storage(target):
            shutil.copyfile(file, partial)
            settle(partial, target)
