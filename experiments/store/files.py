"""The runs of a result folder: each is stored whole or not at all, then gathered in one ordered table."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from experiments.errors import ABSENT, Problem, StorageError, UsageError
from experiments.plugins.provenance import processor
from experiments.study.runs import RunSpec

LABELS = ("key", "arm", "shock", "seed", "status", "measured", "processor")
EVENT_LABELS = ("key", "arm", "shock", "seed")
PARTIAL = re.compile(r"\.(?P<place>\w+)-(?P<process>\d+)-\d*\.partial$")
ABANDONED_SECONDS = 86400.0  # no file of ours takes so long to write
LONGEST_LABEL = 60  # letters of a name that a file is called by
MOVE_RUNS = "move it away to have all its runs simulated again, or put back a copy"
MOVE_EVENTS = "move it away to go on without the events of runs that are done, or move runs.parquet away too"
MOVE_PATH = "move it away; the call that made the folder simulates its run again"
SHARE = "let your group read and write the folder (chmod -R g+rwX)"
MOVE_TABLE = "move it away; the call that made the folder writes it again"


def write_part(out: Path, row: dict[str, Any], folder: str = "parts") -> None:
    """Stores the row of one run under its key, whole or not at all."""
    target, text = out / folder / f"{row['key']}.json", json.dumps(row)
    make_folder(target.parent)
    try:
        write_whole(target, text)
    except StorageError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        make_folder(target.parent)  # which another call had removed, since it was empty
        write_whole(target, text)


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


def path_file(out: Path, run: RunSpec) -> Path:
    """Where the daily path of a run is stored."""
    return out / "paths" / f"{file_label(run.arm)}-{file_label(run.shock)}-{run.seed:04d}-{run.key[:8]}.parquet"


def path_of(out: Path, row: dict[str, Any]) -> Path | None:
    """The file with the recorded days of a stored run, if there is one."""
    return next(iter(sorted((out / "paths").glob(f"*-{row['seed']:04d}-{row['key'][:8]}.parquet"))), None)


def file_label(name: str) -> str:
    """A name as part of a file's name: itself, or cut and told apart by its hash if long or with odd letters."""
    plain = re.sub(r"[^A-Za-z0-9_.+@=-]", "_", name)
    if plain == name and len(name) <= LONGEST_LABEL:
        return name
    return f"{plain[: LONGEST_LABEL - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_path(out: Path, run: RunSpec, record: Any) -> None:
    """Stores a run's record: a row a day, labelled, the unit and meaning of each column in its field's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = record.frame()
    labels = {"arm": run.arm, "shock": run.shock, "seed": run.seed, **dict(run.sweep)}
    columns = {name: [value] * len(frame) for name, value in labels.items()}
    columns.update({name: frame[name].to_numpy() for name in frame.columns})
    table = pa.table(columns)
    fields = []
    for field in table.schema:
        known = record.columns.get(field.name)
        fields.append(field.with_metadata({"unit": known.unit, "meaning": known.meaning}) if known else field)
    target = path_file(out, run)
    partial = partial_name(target)
    with storage(target):
        make_folder(target.parent)
        pq.write_table(table.cast(pa.schema(fields)), partial, compression="zstd")
        settle(partial, target)


def stored_rows(out: Path) -> dict[str, dict[str, Any]]:
    """Key -> row of every run that the folder holds, finished or failed; damaged parts are set aside."""
    rows = {}
    if (out / "runs.parquet").exists():
        with readable(out / "runs.parquet", MOVE_RUNS):
            rows.update({row["key"]: row for row in rows_of_table(out / "runs.parquet")})
    for part in sorted((out / "parts").glob("*.json")):
        row = read_part(part)
        if row and (row["status"] == "ok" or rows.get(row["key"], {}).get("status") != "ok"):
            rows[row["key"]] = row
    return rows


def finished_keys(out: Path, keys: Iterable[str]) -> set[str]:
    """Those of some runs that are finished, read without the rows of all others."""
    import pyarrow.parquet as pq

    asked, finished = set(keys), set[str]()
    if (out / "runs.parquet").exists():
        with readable(out / "runs.parquet", MOVE_RUNS):
            table = pq.ParquetFile(out / "runs.parquet").read(["key", "status"]).to_pydict()
        finished = {key for key, status in zip(*table.values(), strict=True) if status == "ok"} & asked
    for key in asked - finished:
        part = out / "parts" / f"{key}.json"
        row = read_part(part) if part.exists() else None
        if row and row["status"] == "ok":
            finished.add(key)
    return finished


def read_part(part: Path) -> dict[str, Any] | None:
    """The row of one part file; one that is damaged is set aside, so that its run is missing."""
    with readable(part, SHARE):
        written = part.read_bytes()
    try:
        row = {"processor": "", **json.loads(written)}
        if {*LABELS, "sweep", "error", "metrics"} <= row.keys() and row["key"] == part.stem:
            return dict(row)
    except (ValueError, AttributeError, TypeError):
        pass
    set_aside(part)
    return None


def set_aside(file: Path) -> None:
    """Moves the damaged file of one run to `damaged/`, and says so: the run is simulated again."""
    damaged = file.parent.parent / "damaged"
    with storage(damaged / file.name):
        make_folder(damaged)
        file.replace(damaged / file.name)
    print(f"{file} is damaged: moved to {damaged}; its run is simulated again", flush=True)


def missing_runs(out: Path, runs: Sequence[RunSpec], record: str) -> list[RunSpec]:
    """The runs to simulate: all but those that are done (with their path, if asked for) or can be measured from it."""
    rows = stored_rows(out)

    def is_enough(run: RunSpec) -> bool:
        row = rows.get(run.key)
        return (record != "paths" and is_done(row, run)) or (row is not None and has_path(out, run))

    return [run for run in runs if not is_enough(run)]


def unmeasured_runs(out: Path, runs: Sequence[RunSpec]) -> list[RunSpec]:
    """The runs that were simulated but not measured by today's metrics, and whose path tells all that these need."""
    rows = stored_rows(out)
    return [run for run in runs if run.key in rows and not is_done(rows[run.key], run) and has_path(out, run)]


def is_done(row: dict[str, Any] | None, run: RunSpec) -> bool:
    """Whether a stored row is that of the finished run, measured by today's metrics."""
    return row is not None and row["status"] == "ok" and row["measured"] == run.measuring.code


def has_path(out: Path, run: RunSpec) -> bool:
    """Whether a run's daily path is stored whole; one that is damaged is set aside."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = path_file(out, run)
    if not file.exists():
        return False
    with readable(file, SHARE), file.open("rb") as stored:
        try:
            pq.read_metadata(stored)
        except (pa.ArrowException, OSError):
            set_aside(file)
            return False
    return True


def compact(out: Path) -> list[dict[str, Any]]:
    """Gathers all parts into runs.parquet and events.parquet, ordered by their labels, and removes what it has read.

    Events first: a part holds a run's row and its events, and stays until both tables have them. A part that a job
    writes or replaces meanwhile stays for the next call, and so does what writers are at. Returns the rows.
    """
    found = {part: stamp(part) for part in (out / "parts").glob("*.json")}
    rows = sorted(stored_rows(out).values(), key=order)
    if rows:
        gather_events(out, rows)
        write_table(out / "runs.parquet", rows)
    for part, seen in found.items():
        if stamp(part) == seen:
            part.unlink(missing_ok=True)
    for partial in [*(out / "parts").glob(".*.partial"), *out.glob("paths/.*.partial")]:
        if is_abandoned(partial):
            partial.unlink(missing_ok=True)
    return rows


def stamp(file: Path) -> tuple[int, int, int] | None:
    """What tells one version of a file from another; None where it is gone."""
    try:
        held = file.stat()
    except FileNotFoundError:
        return None
    return held.st_mtime_ns, held.st_ino, held.st_size


def gather_events(out: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes events.parquet: those of the parts, and of all other runs those that it holds already."""
    import pyarrow as pa

    held = stored_events(out)
    told = [
        {**{name: row[name] for name in EVENT_LABELS}, "day": day, "kind": kind, "text": text}
        for row in rows
        for day, kind, text in row.get("events", held.get(row["key"], []))
    ]
    texts = [(name, pa.string()) for name in ("key", "arm", "shock")]
    numbers, words = [("seed", pa.int64()), ("day", pa.int64())], [("kind", pa.string()), ("text", pa.string())]
    write_rows(out / "events.parquet", told, pa.schema([*texts, *numbers, *words]))


def stored_events(out: Path) -> dict[str, list[list[Any]]]:
    """Key -> day, kind and text of each event that events.parquet holds."""
    file, held = out / "events.parquet", dict[str, list[list[Any]]]()
    if file.exists():
        for event in read_table(file, MOVE_EVENTS).to_pylist():
            held.setdefault(event["key"], []).append([event["day"], event["kind"], event["text"]])
    return held


def order(row: dict[str, Any]) -> tuple[Any, ...]:
    """The place of a row in runs.parquet."""
    swept = tuple((key, isinstance(value, str), value) for key, value in sorted(row["sweep"].items()))
    return row["arm"], row["shock"], swept, row["seed"], row["key"]


def write_table(target: Path, rows: list[dict[str, Any]]) -> None:
    """Writes runs.parquet: labels, swept parameters, error, then a column a metric."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    swept = sorted({key for row in rows for key in row["sweep"]})
    metrics = in_order({name for row in rows for name in row["metrics"]})
    columns = {name: pa.array([row[name] for row in rows]) for name in LABELS}
    for key in swept:
        columns[key] = swept_column([row["sweep"].get(key) for row in rows])
    columns["error"] = pa.array([row["error"] for row in rows], pa.string())
    for name in metrics:
        columns[name] = pa.array([row["metrics"].get(name) for row in rows], pa.float64())
    marks = {"swept": json.dumps(swept)}
    partial = partial_name(target)
    with storage(target):
        pq.write_table(pa.table(columns).replace_schema_metadata(marks), partial, compression="zstd")
        settle(partial, target)


def rows_of_table(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a stored runs.parquet as they were written."""
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()
    swept = json.loads((table.schema.metadata or {}).get(b"swept", b"[]"))
    known = {*LABELS, "error", *swept}
    for row in ({"processor": "", **row} for row in table.to_pylist()):
        metrics = {name: value for name, value in row.items() if name not in known and value is not None}
        labels = {name: row[name] for name in (*LABELS, "error")}
        yield {**labels, "sweep": {key: row[key] for key in swept if row[key] is not None}, "metrics": metrics}


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


# ---- files


def write_whole(target: Path, text: str) -> None:
    """Writes a text file under a temporary name, syncs it, and renames it."""
    partial = partial_name(target)
    with storage(target):
        partial.write_text(text, encoding="utf-8", errors="replace")
        settle(partial, target)


def write_bytes(target: Path, data: bytes) -> None:
    """Writes a file under a temporary name, syncs it, and renames it."""
    partial = partial_name(target)
    with storage(target):
        partial.write_bytes(data)
        settle(partial, target)


def write_rows(target: Path, rows: list[dict[str, Any]], schema: Any) -> None:
    """Writes rows as a Parquet table of this schema."""
    import pyarrow as pa

    write_arrow(target, pa.Table.from_pylist(rows, schema=schema))


def write_arrow(target: Path, table: Any) -> None:
    """Writes an Arrow table as Parquet under a temporary name, syncs it, and renames it."""
    import pyarrow.parquet as pq

    partial = partial_name(target)
    with storage(target):
        pq.write_table(table, partial)
        settle(partial, target)


def partial_name(target: Path) -> Path:
    """The temporary name of a file while it is written: no other process, machine or job has the same."""
    return target.with_name(f".{target.name}.{mark()}-{os.environ.get('SLURM_JOB_ID', '')}.partial")


def mark() -> str:
    """What no other process has, wherever it runs."""
    return f"{place()}-{os.getpid()}"


@cache
def place() -> str:
    """Where this process runs: the machine's name, and a mark of the one start of it in which its number counts."""
    facts = [socket.gethostname()]
    for file, read in (("/proc/sys/kernel/random/boot_id", Path.read_text), ("/proc/self/ns/pid", os.readlink)):
        with contextlib.suppress(OSError):
            facts.append(read(Path(file)))
    name = re.sub("[^A-Za-z0-9]", "", facts[0].split(".")[0])[:24]
    return f"{name}_{hashlib.sha256(repr(facts).encode()).hexdigest()[:8]}"


def user_name(user: int) -> str:
    """A user's name; his number where this machine has no name for it, as in containers and on nodes of a cluster."""
    try:
        import pwd

        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def is_abandoned(partial: Path) -> bool:
    """Whether nobody writes a temporary file any more: its process has ended here, or it is a day old."""
    written = PARTIAL.search(partial.name)
    if written and written["place"] == place():
        return not is_running(int(written["process"]))
    try:
        return time.time() - partial.stat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:
        return False


def is_running(process: int) -> bool:
    """Whether a process of this machine is alive."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def settle(partial: Path, target: Path) -> None:
    """Makes a written file durable, shares it with its folder's group, and gives it its name."""
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    share(partial)
    partial.replace(target)


def share(path: Path) -> None:
    """Lets a group that may write in a folder read and write what this user makes in it, whatever the umask."""
    folder = path.parent.stat().st_mode
    if folder & 0o020:
        mode = path.stat().st_mode
        path.chmod(mode | (folder & 0o2070 if path.is_dir() else 0o060))


def make_folder(folder: Path) -> None:
    """Makes a folder, shared with the group of the one that it lies in; leaves one that is there as it is."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        share(folder)


@contextlib.contextmanager
def readable(file: Path, cure: str) -> Iterator[None]:
    """Tells in words that a file of a result folder cannot be read, and what to do about it."""
    import pyarrow as pa
    from yaml import YAMLError

    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, AttributeError, pa.ArrowException, YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else " ".join(str(error).split())
        problem = Problem(str(file), ABSENT, f"cannot be read ({reason or type(error).__name__}); {cure}")
        raise UsageError("a file of the result folder is damaged", [problem]) from error


def read_table(file: Path, cure: str = MOVE_TABLE, columns: Sequence[str] | None = None) -> Any:
    """An Arrow table of a result folder, or of it the columns that it has; a UsageError if it is damaged."""
    import pyarrow.parquet as pq

    with readable(file, cure):
        stored = pq.ParquetFile(file)
        return stored.read(None if columns is None else [name for name in columns if name in stored.schema_arrow.names])


@contextlib.contextmanager
def storage(target: Path) -> Iterator[None]:
    """Turns the errors of a full or lost disk into one that stops the study."""
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError):
            partial_name(target).unlink(missing_ok=True)
        raise StorageError(f"{target.parent} can no longer be written: {error.strerror or error}") from error
