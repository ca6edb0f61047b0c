"""Measures stored runs anew from their recorded days, without simulating: `rackrate measure OUT`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.configuration.compose import Composer, key_of, split
from experiments.configuration.settings import Settings, Study, read_settings
from experiments.errors import ABSENT, Problem, UsageError, nearest_name
from experiments.execute.worker import Outcome
from experiments.plugins.guard import attempted, tell
from experiments.plugins.sources import PluginCode
from experiments.store.files import MOVE_PATH, read_table, write_whole
from experiments.store.folder import FREE, check_writable, locked, own_parts, read_yaml, study_as_held, to_yaml
from experiments.store.parts import write_part
from experiments.store.paths import Stored, path_files
from experiments.store.rows import compact, rows_without_metrics, stored_labels
from experiments.study.own import Measuring, checked_metrics, in_one_form, measuring_of
from experiments.study.runs import RunSpec
from experiments.study.worlds import check_metrics
from experiments.wording import plural

if TYPE_CHECKING:
    from sim.record import Record

OWN = ("metrics", "figures", "plugins")  # added to what the folder holds
READINGS = {f"study.{name}" for name in FREE if name in Study.model_fields}  # may be said anew too
WindowOf = Callable[[str], tuple[int, int]]  # shock -> the days its metrics are taken over
Read = Callable[[Path, Settings], tuple[int, list[str]]]


@dataclass(frozen=True)
class Measured:
    """What came of measuring a folder: the status of its kind, its answer, and the runs that could not be measured."""

    out: Path
    status: int
    answer: list[str]
    failures: list[Outcome]


def measure_folder(composer: Composer, words: Sequence[str], read_results: Read) -> Measured:
    """Measures all runs of a folder that have a path, and writes its tables, figures and report anew."""
    out, overrides = folder_of(words)
    with locked(out):
        held = read_yaml(out / "config.yaml")
        settings = settings_of(out, held, composer, overrides)
        check_metrics(settings.study, checked_metrics(settings))
        settings = in_one_form(settings)
        measuring = measuring_of(settings, PluginCode(settings.plugins, composer.folders[1:]))
        stored = Stored(out)
        keys = [key for key, row in stored_labels(out).items() if stored.of(row)]
        if not keys and settings.metrics:
            allowed = "no run here has its path stored (record=paths keeps them); run the study again with record=paths"
            raise UsageError("nothing was measured", [Problem("measure", str(out), allowed)])
        print(f"measure {plural(len(keys), 'run')} from their paths ...", flush=True)
        failures = measure_again(out, keys, measuring, settings.window_of)
        rest = {name: value for name, value in held.items() if name not in {*OWN, "measures"}}
        write_whole(
            out / "config.yaml", to_yaml({**rest, "study": study_as_held(settings.study), **own_parts(settings)})
        )
        others = [row for row in compact(out) if row["status"] == "ok" and row["measured"] != measuring.code]
        if others:
            print(f"{len(others)} runs keep the metrics they had", flush=True)
        return Measured(out, *read_results(out, settings), failures)


def folder_of(words: Sequence[str]) -> tuple[Path, list[str]]:
    """The folder to measure and the overrides, of what follows `measure` on the command line."""
    folders = [word for word in words if "=" not in word]
    if len(folders) != 1:
        allowed = "write: rackrate measure FOLDER [metrics=[NAME]] [figures=[NAME]] [plugins=[PACKAGE]]"
        raise UsageError("nothing was measured", [Problem("measure", " ".join(folders) or ABSENT, allowed)])
    out = Path(folders[0]).resolve()
    if not (out / "config.yaml").exists() or not stored_labels(out):
        allowed = "must be a result folder with runs: one that holds config.yaml and runs.parquet"
        raise UsageError("nothing was measured", [Problem("measure", folders[0], allowed)])
    check_writable(out)
    return out, [word for word in words if "=" in word]


def settings_of(out: Path, held: dict[str, Any], composer: Composer, overrides: Sequence[str]) -> Settings:
    """The settings of a folder's study, with what a call adds to its metrics and figures or says of how it is read."""
    changed = {key_of(override) for override in overrides}
    for key in sorted(changed):
        if key.split(".")[0] not in OWN and ".".join(key.split(".")[:2]) not in READINGS:
            allowed = f"the runs are done; what may be given here is {', '.join((*OWN, *sorted(READINGS)))}"
            raise UsageError("nothing was measured", [Problem(key, ABSENT, allowed, nearest_name(key, READINGS))])
    asked = split(composer.compose(overrides))[1]
    names = {key.split(".")[1] for key in changed if key.startswith("study.")}
    return read_settings({
        "study": held["study"] | {name: asked["study"][name] for name in names},
        "seeds": held["seeds"],
        "days": held["days"],
        "record": "paths" if path_files(out) else "summary",
        "out": str(out),
        "plugins": list(dict.fromkeys([*(held.get("plugins") or []), *asked["plugins"]])),
        **{name: {**(held.get(name) or {}), **(asked.get(name) or {})} for name in ("metrics", "figures")},
    })  # fmt: skip


def measure_stored(out: Path, runs: Sequence[RunSpec], window_of: WindowOf) -> list[Outcome]:
    """Measures runs from their paths by today's metrics; the outcomes of those that fail."""
    return measure_again(out, [run.key for run in runs], runs[0].measuring, window_of) if runs else []


def measure_again(out: Path, keys: Iterable[str], measuring: Measuring, window_of: WindowOf) -> list[Outcome]:
    """Writes a row for every run of these keys, measured from its path; the outcomes of those that fail."""
    rows, stored, failures = rows_without_metrics(out), Stored(out), []
    for key in keys:
        row = rows[key]
        path = stored.of(row)
        assert path is not None
        record, window = record_of(path), window_of(row["shock"])
        metrics, error = attempted(lambda record=record, window=window: measuring.measure(record, window))
        status, said = ("failed", tell(error)) if error else ("ok", "")
        failures += [Outcome(key, status, said)] if error else []
        write_part(out, {**row, "status": status, "measured": measuring.code, "error": said, "metrics": metrics or {}})
    return failures


def record_of(path: Path) -> Record:
    """The record of a run as it was when its path was written, laid out alike, so that sums have the same bits."""
    import numpy as np

    from sim.record import Column, Record

    table = read_table(path, MOVE_PATH)
    fields = [field for field in table.schema if b"unit" in (field.metadata or {})]
    columns = [Column(f.name, f.metadata[b"unit"].decode(), f.metadata[b"meaning"].decode()) for f in fields]
    record = Record(columns, table["date"][0].as_py().date(), table.num_rows)
    record.rows[:] = np.column_stack([table[field.name].to_numpy() for field in fields])
    record.days = table.num_rows
    return record
