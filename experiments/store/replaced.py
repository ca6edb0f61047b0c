"""Runs of a plug-in's earlier code: set aside when a study goes on, and taken back when the code is as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from experiments.store.files import (
    make_folder,
    read_part,
    storage,
    stored_events,
    stored_rows,
    write_part,
    write_table,
)
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

    for part in sorted((out / FOLDER).glob("*.json")):
        row = read_part(part)
        if row and is_current(row):
            write_part(out, row)
            move_path(out / FOLDER, out / "paths", row["key"])
            part.unlink()
    rows = list(stored_rows(out).values())
    stale = [row for row in rows if not is_current(row)]
    if stale:
        events = stored_events(out)
        for row in stale:
            write_part(out, {"events": events.get(row["key"], []), **row}, FOLDER)
            move_path(out / "paths", out / FOLDER, row["key"])
        keep_rows(out, [row for row in rows if is_current(row)], stale)
    return stale


def set_mixed_aside(out: Path, seeds: Iterable[int]) -> None:
    """Moves all runs of some seeds to `mixed/`, so that one machine does each seed anew."""
    rows, mixed = list(stored_rows(out).values()), set(seeds)
    aside = [row for row in rows if row["seed"] in mixed]
    events = stored_events(out)
    for row in aside:
        write_part(out, {"events": events.get(row["key"], []), **row}, MIXED)
        move_path(out / "paths", out / MIXED, row["key"])
    keep_rows(out, [row for row in rows if row["seed"] not in mixed], aside)


def keep_rows(out: Path, kept: list[dict[str, Any]], gone: Iterable[dict[str, Any]]) -> None:
    """Makes the tables and parts of a folder those of the rows that are kept."""
    if kept:
        write_table(out / "runs.parquet", kept)
    else:
        (out / "runs.parquet").unlink(missing_ok=True)
    for row in gone:
        (out / "parts" / f"{row['key']}.json").unlink(missing_ok=True)


def cell(arm: str, shock: str, sweep: dict[str, Any]) -> Cell:
    """What a run and its row have in common but for the seed."""
    return arm, shock, json.dumps(sweep, sort_keys=True)


def move_path(here: Path, there: Path, key: str) -> None:
    """Moves the recorded days of a run, if there are any."""
    for path in here.glob(f"*-{key[:8]}.parquet"):
        make_folder(there)
        with storage(there / path.name):
            path.replace(there / path.name)
