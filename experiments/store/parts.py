"""The rows of runs as they end, before they are gathered: each process appends to a file of its own in `parts/`.

A row is a line of JSON that begins with its run's key. It is there whole or not at all: a line that a kill or a full
disk has cut is no row. What a process has written is kept when it dies; that a machine may go down too costs it a sync
of the disk, which it does once a second at most: runs that take longer are all on the disk when they are told as done.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.store.files import SHARE, make_folder, mark, readable, set_aside, share, storage, write_bytes

FOLDER = "parts"
SYNC_SECONDS = 1.0  # at least between two syncs of one process
LABELS = ("key", "arm", "shock", "seed", "status", "measured", "processor")
HEAD = b'{"key": "'  # that a row begins with


class Stamp(NamedTuple):
    """What tells one state of a file from another."""

    changed_ns: int
    inode: int
    size: int


class Sync:
    """When this process has last made its rows durable."""

    last = -SYNC_SECONDS

    def due(self) -> bool:
        """Whether it is time to do so again."""
        return time.monotonic() - self.last >= SYNC_SECONDS

    def done(self) -> None:
        """Takes note that it has been done."""
        self.last = time.monotonic()


sync = Sync()


def write_part(out: Path, *rows: dict[str, Any], folder: str = FOLDER) -> None:
    """Appends the rows of one run, or of several, to this process's file: all or none."""
    lines, file = as_lines(rows), out / folder / f"{mark()}.jsonl"
    with storage(file):
        with opened(file) as held:
            size = os.fstat(held).st_size
            try:
                append(held, lines if ends_a_line(held, size) else b"\n" + lines)
                if sync.due():
                    os.fsync(held)
                    sync.done()
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(held, size)
                raise
        if not size:
            share(file)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[int]:
    """A part as this process appends to it, made if need be, and locked against being removed meanwhile."""
    while True:
        make_folder(file.parent)
        try:
            held = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        except FileNotFoundError:  # another call had removed the folder, since it was empty
            continue
        try:
            alone(held)
            if os.fstat(held).st_nlink:
                yield held
                return
        finally:
            os.close(held)


def alone(held: int) -> None:
    """Locks a file as long as it is open, where its file system can."""
    with contextlib.suppress(OSError):
        fcntl.flock(held, fcntl.LOCK_EX)


def append(held: int, data: bytes) -> None:
    """Writes all of some bytes at a file's end; OSError where the disk does not take them."""
    left = memoryview(data)
    while left:
        left = left[os.write(held, left) :]


def ends_a_line(held: int, size: int) -> bool:
    """Whether a file is empty or ends with a line, not with what a kill has left of one."""
    return not size or os.pread(held, 1, size - 1) == b"\n"


def part_files(out: Path, folder: str = FOLDER) -> dict[Path, Stamp]:
    """The parts of a folder and their stamps, those last written to last."""
    found = {}
    for file in (out / folder).glob("[!.]*.json*"):  # one of .json holds one row, as parts of earlier builds do
        if (held := stamp(file)) is not None:
            found[file] = held
    return dict(sorted(found.items(), key=lambda pair: (pair[1].changed_ns, pair[0].name)))


def stamp(file: Path) -> Stamp | None:
    """The stamp of a file; None where it is gone."""
    try:
        held = file.stat()
    except FileNotFoundError:
        return None
    return Stamp(held.st_mtime_ns, held.st_ino, held.st_size)


def part_rows(files: Iterable[Path], keys: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of some parts in their order, or those of some runs; what is damaged is set aside and told."""
    for file in files:
        damaged = False
        for line in lines_of(file):
            if keys is not None and key_of_line(line) not in keys:
                continue
            row = row_of_line(line)
            if row is not None:
                yield row
            damaged = damaged or (row is None and line.endswith(b"\n"))
        if damaged:
            mend(file)


def lines_of(file: Path, start: int = 0) -> Iterator[bytes]:
    """The lines of a part from a place on; none where it has been gathered meanwhile."""
    with readable(file, SHARE):
        try:
            held = file.open("rb")
        except FileNotFoundError:
            return
    with held:
        held.seek(start)
        yield from held


def key_of_line(line: bytes) -> str | None:
    """The key with which a line begins, not looking further; None where it does not begin as a row does."""
    return line[len(HEAD) : end].decode() if line.startswith(HEAD) and (end := line.find(b'"', len(HEAD))) > 0 else None


def row_of_line(line: bytes) -> dict[str, Any] | None:
    """The row that a line holds; None where it is damaged or written by half."""
    try:
        row = {"processor": "", **json.loads(line)}
        return row if {*LABELS, "sweep", "error", "metrics"} <= row.keys() else None
    except (ValueError, TypeError):
        return None


def mend(file: Path) -> None:
    """Sets a damaged part aside, and keeps the rows that can still be read of it."""
    write_anew(file.parent, [row for line in lines_of(file) if (row := row_of_line(line)) is not None])
    set_aside(file)


def write_anew(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes rows that a folder of parts holds already into a part of their own."""
    if rows:
        write_bytes(folder / f"{mark()}-{time.time_ns()}.jsonl", as_lines(rows))


def as_lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """Rows as lines, each with its key first."""
    return b"".join(json.dumps({"key": row["key"], **row}).encode() + b"\n" for row in rows)


def remove(files: dict[Path, Stamp]) -> None:
    """Removes parts that are as they were when they were read; what has been written to stays."""
    for file, seen in files.items():
        try:
            held = os.open(file, os.O_RDWR)
        except FileNotFoundError:
            continue
        except PermissionError:  # of another member of a group that may not write it
            held = os.open(file, os.O_RDONLY)
        try:
            alone(held)
            if stamp(file) == seen:
                file.unlink(missing_ok=True)
        finally:
            os.close(held)
