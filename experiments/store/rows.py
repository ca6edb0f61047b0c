"""The runs of a result folder in one ordered table, with what has ended since it was written, and which are missing."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from experiments.plugins.provenance import processor
from experiments.store.files import (
    MOVE_EVENTS,
    MOVE_RUNS,
    has_path,
    is_abandoned,
    partial_name,
    read_table,
    readable,
    settle,
    storage,
    write_arrow,
)
from experiments.store.parts import FOLDER, LABELS, part_files, part_rows, remove
from experiments.study.runs import RunSpec

TABLE, EVENTS = "runs.parquet", "events.parquet"
EVENT_LABELS = ("key", "arm", "shock", "seed")
TOGETHER = 2000  # rows whose metrics become columns at once


def row_of(
    run: RunSpec,
    status: str,
    error: str = "",
    metrics: dict[str, float] | None = None,
    events: Iterable[tuple[int, str, str]] = (),
) -> dict[str, Any]:
    """A run's row: labels, status, error, its metrics, and what else happened (day, kind, text)."""
    labels = {"key": run.key, "arm": run.arm, "shock": run.shock, "seed": run.seed, "status": status}
    labels |= {"measured": run.measuring.code, "processor": processor()}
    told = [[int(day), kind, text] for day, kind, text in events]
    return {**labels, "sweep": dict(run.sweep), "error": error, "metrics": metrics or {}, "events": told}


def stored_rows(out: Path) -> dict[str, dict[str, Any]]:
    """Key -> row of every run that the folder holds, finished or failed; damaged parts are set aside."""
    return joined(rows_of_table(out / TABLE), part_rows(part_files(out)))


def stored_labels(out: Path) -> dict[str, dict[str, Any]]:
    """The same without metrics: what each run is, and how it ended."""
    return joined(labels_of_table(out / TABLE), map(labels_of, part_rows(part_files(out))))


def rows_without_metrics(out: Path) -> dict[str, dict[str, Any]]:
    """The same with the events that parts still hold: of what is to be measured again."""
    parts = ({**row, "metrics": {}} for row in part_rows(part_files(out)))
    return joined(labels_of_table(out / TABLE), parts)


def joined(held: Iterable[dict[str, Any]], parts: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by key, those of parts in place of those that are held; a failure replaces no run that has ended well."""
    rows = {row["key"]: row for row in held}
    for row in parts:
        if replaces(row, rows.get(row["key"])):
            rows[row["key"]] = row
    return rows


def replaces(row: dict[str, Any], held: dict[str, Any] | None) -> bool:
    """Whether a row that came later stands for the run in place of one that is held."""
    return row["status"] == "ok" or held is None or held["status"] != "ok"


def labels_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its metrics and events."""
    return {name: row[name] for name in (*LABELS, "error", "sweep")}


def finished_keys(out: Path, keys: Iterable[str]) -> set[str]:
    """Those of some runs that are finished, read without the rows of all others."""
    asked, finished = set(keys), set[str]()
    if (out / TABLE).exists():
        table = read_table(out / TABLE, MOVE_RUNS, ["key", "status"]).to_pydict()
        finished = {key for key, status in zip(*table.values(), strict=True) if status == "ok"} & asked
    return finished | {row["key"] for row in part_rows(part_files(out), asked - finished) if row["status"] == "ok"}


def missing_runs(out: Path, runs: Sequence[RunSpec], record: str) -> list[RunSpec]:
    """The runs to simulate: all but those that are done (with their path, if asked for) or can be measured from it."""
    rows = stored_labels(out)

    def is_enough(run: RunSpec) -> bool:
        row = rows.get(run.key)
        return (record != "paths" and is_done(row, run)) or (row is not None and has_path(out, run))

    return [run for run in runs if not is_enough(run)]


def unmeasured_runs(out: Path, runs: Sequence[RunSpec]) -> list[RunSpec]:
    """The runs that were simulated but not measured by today's metrics, and whose path tells all that these need."""
    rows = stored_labels(out)
    return [run for run in runs if run.key in rows and not is_done(rows[run.key], run) and has_path(out, run)]


def is_done(row: dict[str, Any] | None, run: RunSpec) -> bool:
    """Whether a stored row is that of the finished run, measured by today's metrics."""
    return row is not None and row["status"] == "ok" and row["measured"] == run.measuring.code


# ---- the table


def compact(out: Path, without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Gathers all parts into runs.parquet and events.parquet, ordered by their labels, and removes what it has read.

    Events first: a part holds runs' rows and their events, and stays until both tables have them. A part to which a
    job writes meanwhile stays for the next call, and so does what writers are at. Runs `without` whose keys are left
    out. Returns the labels of the rows.
    """
    parts = part_files(out)
    labels = gathered(out, part_rows(parts), without) if parts or without else list(labels_of_table(out / TABLE))
    remove(parts)
    for partial in [*out.glob(f"{FOLDER}/.*.partial"), *out.glob("paths/.*.partial")]:
        if is_abandoned(partial):
            partial.unlink(missing_ok=True)
    return labels


def gathered(out: Path, rows: Iterable[dict[str, Any]], without: Collection[str] = ()) -> list[dict[str, Any]]:
    """Writes both tables of a folder anew with these rows beside those that they hold; the labels of all, in order."""
    table = Rows()
    table.add_table(out / TABLE)
    held = held_events(out)
    for row in rows:
        table.add(row)
    for key in without:
        table.place.pop(key, None)
    labels = table.write_both(out, held)
    if not labels and without:
        (out / TABLE).unlink(missing_ok=True)
    return labels


def held_events(out: Path) -> Any:
    """The table of a folder's events; None where it has none."""
    return read_table(out / EVENTS, MOVE_EVENTS) if (out / EVENTS).exists() else None


def write_table(target: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes rows as a table of runs in their order."""
    table = Rows()
    for row in rows:
        table.add(row)
    table.write(target, range(len(table.labels)))


@dataclass
class Rows:
    """Rows on their way into the tables, their metrics and events as columns: what 100,000 runs take is their numbers.

    A row that stands for a run in place of an earlier one leaves that where it is; `place` says which one counts.
    """

    labels: list[dict[str, Any]] = field(default_factory=list)  # without metrics, in the order in which they came
    place: dict[str, int] = field(default_factory=dict)  # key -> number of the row that counts
    metrics: list[Any] = field(default_factory=list)  # Arrow tables, one after another
    told: list[Any] = field(default_factory=list)  # Arrow tables of events with the number of their row
    tells: set[int] = field(default_factory=set)  # rows that say which events they had, were it none
    fresh: list[dict[str, Any]] = field(default_factory=list)  # the last rows, which are no columns yet

    def add(self, row: dict[str, Any]) -> None:
        """Takes a row, unless the run has one that has ended well and this one has not."""
        held = self.place.get(row["key"])
        if not replaces(row, None if held is None else self.labels[held]):
            return
        self.place[row["key"]] = len(self.labels)
        self.labels.append(labels_of(row))
        self.fresh.append(row)
        if len(self.fresh) >= TOGETHER:
            self.settle()

    def add_table(self, file: Path) -> None:
        """Takes all rows of a table of runs, if there is one."""
        if file.exists():
            rows = list(labels_of_table(file))
            known = {*LABELS, "error", *swept_of(file)}
            table = read_table(file, MOVE_RUNS)
            table = table.select([name for name in table.column_names if name not in known])
            self.metrics.append(numbered(table, np.arange(len(rows)) + len(self.labels)))
            self.place |= {row["key"]: len(self.labels) + k for k, row in enumerate(rows)}
            self.labels += rows

    def add_folder(self, out: Path) -> list[tuple[int, int]]:
        """Takes all rows of a folder with their events; a run that another has ended well stays as that has it.

        Returns the numbers of both rows of each run that two folders have ended well.
        """
        import pyarrow as pa

        own = Rows()
        own.add_table(out / TABLE)
        for row in part_rows(part_files(out)):
            own.add(row)
        own.settle()
        numbers, first = list(own.place.values()), len(self.labels)
        place = {key: first + k for k, key in enumerate(own.place)}
        self.labels += [own.labels[number] for number in numbers]
        self.metrics.append(numbered(own.measured(numbers), np.arange(len(numbers)) + first))
        events = own.events(numbers, held_events(out))
        self.told.append(numbered(events, pa.array([place[key] for key in events["key"].to_pylist()], pa.int64())))
        self.tells |= set(place.values())
        ended_well = [key for key in place if key in self.place and self.labels[self.place[key]]["status"] == "ok"]
        twice = [(self.place[key], place[key]) for key in ended_well if self.labels[place[key]]["status"] == "ok"]
        self.place |= place | {key: self.place[key] for key in ended_well}
        return twice

    def apart(self, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of some pairs of rows whose metrics differ in a bit."""
        if not pairs:
            return []
        ones, others = (self.measured([pair[side] for pair in pairs]) for side in (0, 1))
        apart = np.zeros(len(pairs), np.bool_)
        for name in ones.column_names:
            one, other = ones[name], others[name]
            a, b = one.to_numpy(), other.to_numpy()
            same = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
            apart |= ~same | (one.is_null().to_numpy() != other.is_null().to_numpy())
        return [pair for pair, differs in zip(pairs, apart, strict=True) if differs]

    def measured(self, order: Sequence[int]) -> Any:
        """The metrics of some rows, a column each."""
        import pyarrow as pa

        metrics = pa.concat_tables(self.metrics, promote_options="default").take(pa.array(order, pa.int64()))
        return metrics.drop_columns([ROW])

    def settle(self) -> None:
        """Makes columns of the last rows."""
        import pyarrow as pa

        first = len(self.labels) - len(self.fresh)
        columns: dict[str, Any] = {ROW: pa.array(np.arange(first, len(self.labels)))}
        for name in dict.fromkeys(name for row in self.fresh for name in row["metrics"]):
            columns[name] = pa.array([row["metrics"].get(name) for row in self.fresh], pa.float64())
        self.metrics.append(pa.table(columns))
        events = [
            {ROW: first + k, **{name: row[name] for name in EVENT_LABELS}, "day": day, "kind": kind, "text": text}
            for k, row in enumerate(self.fresh)
            for day, kind, text in row.get("events", ())
        ]
        self.told.append(pa.Table.from_pylist(events, schema=event_schema().append(pa.field(ROW, pa.int64()))))
        self.tells |= {first + k for k, row in enumerate(self.fresh) if "events" in row}
        self.fresh = []

    def order(self) -> list[int]:
        """The numbers of the rows that count, in the order of their labels."""
        return sorted(self.place.values(), key=lambda number: order(self.labels[number]))

    def write_both(self, out: Path, held: Any = None) -> list[dict[str, Any]]:
        """Writes both tables of a folder, if there is a row; the labels of those that count, in order."""
        if order := self.order():
            write_arrow(out / EVENTS, self.events(order, held))
            self.write(out / TABLE, order)
        return [self.labels[place] for place in order]

    def write(self, target: Path, order: Sequence[int]) -> None:
        """Writes a table of runs: labels, swept parameters, error, then a column a metric."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.settle()
        rows = [self.labels[number] for number in order]
        swept = sorted({key for row in rows for key in row["sweep"]})
        columns = {name: pa.array([row[name] for row in rows]) for name in LABELS}
        for key in swept:
            columns[key] = swept_column([row["sweep"].get(key) for row in rows])
        columns["error"] = pa.array([row["error"] for row in rows], pa.string())
        metrics = self.measured(order)
        for name in in_order(metrics.column_names):
            if metrics[name].null_count < len(rows):
                columns[name] = metrics[name].combine_chunks()
        marks = {"swept": json.dumps(swept)}
        partial = partial_name(target)
        with storage(target):
            pq.write_table(pa.table(columns).replace_schema_metadata(marks), partial, compression="zstd")
            settle(partial, target)

    def events(self, order: Sequence[int], held: Any) -> Any:
        """The events of the rows that count, in their order; of those that do not say theirs, what was held of them."""
        import pyarrow as pa

        self.settle()
        counts = set(order)
        parts = [table.filter(pa.array(np.isin(table[ROW], list(order)))) for table in self.told]
        if held is not None:
            owners = [self.place.get(key, -1) for key in held["key"].to_pylist()]
            kept = [owner in counts and owner not in self.tells for owner in owners]
            parts.append(numbered(held, pa.array(owners, pa.int64())).filter(pa.array(kept, pa.bool_())))
        table = pa.concat_tables(parts, promote_options="default")
        rank = np.empty(len(self.labels), np.int64)
        rank[list(order)] = np.arange(len(order))
        table = table.take(np.argsort(rank[table[ROW].to_numpy()], kind="stable"))
        return table.select(event_schema().names).cast(event_schema()).combine_chunks()


ROW = " row"  # a column that no metric is called by


def numbered(table: Any, numbers: Any) -> Any:
    """A table with the number of each row's run."""
    import pyarrow as pa

    return table.append_column(ROW, pa.array(numbers))


def event_schema() -> Any:
    """The columns of the table of events."""
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("key", "arm", "shock")]
    numbers, words = [("seed", pa.int64()), ("day", pa.int64())], [("kind", pa.string()), ("text", pa.string())]
    return pa.schema([*texts, *numbers, *words])


def stored_events(out: Path) -> dict[str, list[list[Any]]]:
    """Key -> day, kind and text of each event that events.parquet holds."""
    file, held = out / EVENTS, dict[str, list[list[Any]]]()
    if file.exists():
        for event in read_table(file, MOVE_EVENTS).to_pylist():
            held.setdefault(event["key"], []).append([event["day"], event["kind"], event["text"]])
    return held


def order(row: dict[str, Any]) -> tuple[Any, ...]:
    """The place of a row in runs.parquet."""
    swept = tuple((key, isinstance(value, str), value) for key, value in sorted(row["sweep"].items()))
    return row["arm"], row["shock"], swept, row["seed"], row["key"]


def rows_of_table(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a stored runs.parquet as they were written; none where there is none."""
    if not path.exists():
        return
    swept = swept_of(path)
    known = {*LABELS, "error", *swept}
    for row in ({"processor": "", **row} for row in read_table(path, MOVE_RUNS).to_pylist()):
        metrics = {name: value for name, value in row.items() if name not in known and value is not None}
        yield {**with_sweep(row, swept), "metrics": metrics}


def labels_of_table(path: Path) -> Iterator[dict[str, Any]]:
    """The same without metrics, which are not read."""
    if path.exists():
        swept = swept_of(path)
        for row in read_table(path, MOVE_RUNS, [*LABELS, "error", *swept]).to_pylist():
            yield with_sweep({"processor": "", **row}, swept)


def with_sweep(row: dict[str, Any], swept: Sequence[str]) -> dict[str, Any]:
    """The labels of a row of the table, its swept parameters in a table of their own."""
    return {
        **{name: row[name] for name in (*LABELS, "error")},
        "sweep": {key: row[key] for key in swept if row[key] is not None},
    }


def swept_of(path: Path) -> list[str]:
    """The columns of a runs.parquet that are swept parameters."""
    import pyarrow.parquet as pq

    with readable(path, MOVE_RUNS):
        return list(json.loads((pq.read_schema(path).metadata or {}).get(b"swept", b"[]")))


def swept_column(values: list[Any]) -> Any:
    """A swept parameter as one column: numbers as numbers, anything mixed as text; null where it is not set."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float}:
        return pa.array(values, pa.float64() if float in kinds else pa.int64())
    return (
        pa.array(values)
        if len(kinds) == 1
        else pa.array([None if value is None else str(value) for value in values], pa.string())
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Metrics in the order in which sim.metrics lists them, unknown ones last."""
    from sim.metrics import METRICS

    place = {name: number for number, name in enumerate(METRICS)}
    return sorted(names, key=lambda name: (place.get(name, math.inf), name))
