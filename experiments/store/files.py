"""The files of a result folder: each is written whole or not at all, and what is damaged is told in words."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from experiments.errors import ABSENT, Problem, StorageError, UsageError
from experiments.study.runs import RunSpec

PARTIAL = re.compile(r"\.(?P<place>\w+)-(?P<process>\d+)-\d*\.partial$")
ABANDONED_SECONDS = 86400.0  # no file of ours takes so long to write
LONGEST_LABEL = 60  # letters of a name that a file is called by
MOVE_RUNS = "move it away to have all its runs simulated again, or put back a copy"
MOVE_EVENTS = "move it away to go on without the events of runs that are done, or move runs.parquet away too"
MOVE_PATH = "move it away; the call that made the folder simulates its run again"
SHARE = "let your group read and write the folder (chmod -R g+rwX)"
MOVE_TABLE = "move it away; the call that made the folder writes it again"


def path_file(out: Path, run: RunSpec) -> Path:
    """Where the daily path of a run is stored."""
    return out / "paths" / f"{file_label(run.arm)}-{file_label(run.shock)}-{run.seed:04d}-{run.key[:8]}.parquet"


def file_label(name: str) -> str:
    """A name as part of a file's name: itself, or cut and told apart by its hash if long or with odd letters."""
    plain = re.sub(r"[^A-Za-z0-9_.+@=-]", "_", name)
    if plain == name and len(name) <= LONGEST_LABEL:
        return name
    return f"{plain[: LONGEST_LABEL - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def write_path(out: Path, run: RunSpec, record: Any) -> None:
    """Stores a run's record: a row a day, labelled, the unit and meaning of each column in its field's metadata.

    What is not there on a day is null: of NaN, which statistics of Parquet leave out, readers of many files lose rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = record.frame()
    labels = {"arm": run.arm, "shock": run.shock, "seed": run.seed, **dict(run.sweep)}
    columns = {name: [value] * len(frame) for name, value in labels.items()}
    columns.update({name: pa.array(frame[name].to_numpy(), from_pandas=True) for name in frame.columns})
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


def set_aside(file: Path) -> None:
    """Moves the damaged file of one run to `damaged/`, and says so: the run is simulated again."""
    damaged = file.parent.parent / "damaged"
    with storage(damaged / file.name):
        make_folder(damaged)
        file.replace(damaged / file.name)
    print(f"{file} is damaged: moved to {damaged}; its run is simulated again", flush=True)


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
