"""One call at a time in a folder: the system's lock on this machine, and a holder's mark for all others."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.errors import Problem, UsageError
from experiments.store.files import mark, place, share, user_name

HELD_FOR_SECONDS = 300.0  # a call that has not renewed its hold for so long has ended
RENEWED_SECONDS = 30.0


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Keeps a second call out of a folder while the first one runs in it; needs no right to write the lock itself.

    The lock is the system's, which knows the processes of this machine; `.holder` tells other machines.
    """
    import fcntl

    with opened_lock(out) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                raise in_use(out, read_holder(out)) from None
            if error.errno == errno.EBADF:  # a network's file system that locks only what may be written
                allowed = f"cannot be locked: .lock may not be written{whose(out / '.lock')}"
                raise UsageError("nothing was run", [Problem("out", str(out), allowed)]) from None
        with holding(out):
            yield


@contextlib.contextmanager
def opened_lock(out: Path) -> Iterator[int]:
    """The lock file of a folder, made if need be; only read where another member of a group made it for himself."""
    file = out / ".lock"
    try:
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            lock = os.open(file, os.O_RDONLY)
        else:
            if os.fstat(lock).st_uid == os.geteuid():
                share(file)
    except OSError as error:
        allowed = f"cannot be locked: {error.strerror}{whose(file if file.exists() else out)}"
        raise UsageError("nothing was run", [Problem("out", str(out), allowed)]) from None
    try:
        yield lock
    finally:
        os.close(lock)


def in_use(out: Path, holder: dict[str, Any]) -> UsageError:
    """What is said of a folder in which another call runs."""
    told = f" ({holder_words(holder)})" if holder else ""
    allowed = f"is in use by another call{told}; wait for it or give another folder"
    return UsageError("nothing was run", [Problem("out", str(out), allowed)])


def holder_words(holder: dict[str, Any]) -> str:
    """Who holds a folder, in words."""
    job = f", job {holder['job']}" if holder.get("job") else ""
    return f"{holder.get('user')} on {holder.get('host')}, process {holder.get('process')}{job}, {holder.get('since')}"


def read_holder(out: Path) -> dict[str, Any]:
    """Who holds a folder; nothing where nobody does, or where that was written by half."""
    try:
        held = json.loads((out / ".holder").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


@contextlib.contextmanager
def holding(out: Path) -> Iterator[None]:
    """Writes down who holds a folder, and renews it; refused where a call of another machine does."""
    file = out / ".holder"
    me = {
        "place": place(),
        "host": socket.gethostname(),
        "process": os.getpid(),
        "job": os.environ.get("SLURM_JOB_ID", ""),
        "user": user_name(os.geteuid()),
        "since": time.strftime("since %Y-%m-%d %H:%M:%S"),
    }
    take_over(out, file)
    try:
        with file.open("x", encoding="utf-8") as held:
            held.write(json.dumps(me))
    except FileExistsError:
        raise in_use(out, read_holder(out)) from None
    except OSError as error:
        allowed = f"cannot be locked: {error.strerror}{whose(out)}"
        raise UsageError("nothing was run", [Problem("out", str(out), allowed)]) from None
    share(file)
    ended = threading.Event()
    thread = threading.Thread(target=renew, args=(file, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        if read_holder(out) == me:
            file.unlink(missing_ok=True)


def take_over(out: Path, file: Path) -> None:
    """Removes the hold of a call that has ended without doing so, and says so; refused where it may still run."""
    if not file.exists():
        return
    holder = read_holder(out)
    if holder.get("place") != place():  # of this machine: its lock would have been met
        probe = out / f".probe.{mark()}"
        probe.write_bytes(b"now")  # as the server of the files sees it
        age = probe.stat().st_mtime - file.stat().st_mtime
        probe.unlink()
        if age < HELD_FOR_SECONDS:
            raise in_use(out, holder)
        print(f"{out}: the call of {holder_words(holder)} has ended without giving the folder back", flush=True)
    file.unlink(missing_ok=True)


def renew(file: Path, ended: threading.Event) -> None:
    """Shows other machines that a call goes on."""
    while not ended.wait(RENEWED_SECONDS):
        with contextlib.suppress(OSError):
            os.utime(file)


def whose(folder: Path) -> str:
    """Whose a folder is, and how its owner lets a group write in it; nothing if it is one's own."""
    owner = folder.stat().st_uid
    if owner == os.geteuid():
        return ""
    return f"; it is {user_name(owner)}'s, who can share it with a group: chmod -R g+rwX {folder}"
