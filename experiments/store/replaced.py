"""Runs of a plug-in's earlier code: set aside when a study goes on, and taken back when the code is as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.store.files import make_folder, storage
from experiments.store.parts import part_files, part_rows, remove, write_anew, write_part
from experiments.store.rows import compact, stored_events, stored_labels, stored_rows
from experiments.study.runs import RunSpec, key_of

FOLDER = "replaced"
MIXED = "mixed"  # runs of seeds that several kinds of processor had done
Cell = tuple[str, str, str]


def set_old_code_aside(out: Path, runs: Iterable[RunSpec]) -> list[dict[str, Any]]:
    """Moves rows and paths whose code is no longer that of the study into `replaced/`, and back; the rows moved there.

    A row is known by its arm, shock and swept values; whatever else its key holds has been compared before.
    """
    made_of = {cell(run.arm, run.shock, dict(run.sweep)): run.made_of for run in runs}

    def is_current(row: dict[str, Any]) -> bool:
        hashed = made_of.get(cell(row["arm"], row["shock"], row["sweep"]))
        return hashed is None or key_of(hashed, row["seed"]) == row["key"]

    parts = part_files(out, FOLDER)
    aside = list(part_rows(parts))
    if back := [row for row in aside if is_current(row)]:
        for row in back:
            move_path(out / FOLDER, out / "paths", row["key"])
        write_part(out, *back)
        write_anew(out / FOLDER, [row for row in aside if not is_current(row)])
        remove(parts)
    stale = {key for key, row in stored_labels(out).items() if not is_current(row)}
    return set_rows_aside(out, stale, FOLDER) if stale else []


def set_mixed_aside(out: Path, seeds: Iterable[int]) -> None:
    """Moves all runs of some seeds to `mixed/`, so that one machine does each seed anew."""
    mixed = set(seeds)
    set_rows_aside(out, {key for key, row in stored_labels(out).items() if row["seed"] in mixed}, MIXED)


def set_rows_aside(out: Path, keys: set[str], folder: str) -> list[dict[str, Any]]:
    """Moves the rows, events and paths of some runs to a folder; the rows."""
    events = stored_events(out)
    rows = [{"events": events.get(key, []), **row} for key, row in stored_rows(out).items() if key in keys]
    write_part(out, *rows, folder=folder)
    for key in keys:
        move_path(out / "paths", out / folder, key)
    compact(out, without=keys)
    return rows


def cell(arm: str, shock: str, sweep: dict[str, Any]) -> Cell:
    """What a run and its row have in common but for the seed."""
    return arm, shock, json.dumps(sweep, sort_keys=True)


def move_path(here: Path, there: Path, key: str) -> None:
    """Moves the recorded days of a run, if there are any."""
    for path in here.glob(f"*-{key[:8]}.parquet"):
        make_folder(there)
        with storage(there / path.name):
            path.replace(there / path.name)
