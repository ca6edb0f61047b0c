"""Jobs that outlive the call that submits them: a folder knows which run is with which job, and who to ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from experiments.errors import StorageError, UsageError, WorkersError
from experiments.execute.executor import Executor, Report, executor_of
from experiments.execute.worker import Batch, Outcome
from experiments.store.files import make_folder, write_whole
from experiments.store.parts import key_of_line, lines_of, part_files, row_of_line

FOLDER = "jobs"


@runtime_checkable
class Queues(Executor, Protocol):
    """An executor whose jobs outlive the call that submits them."""

    def submit(self, batches: Sequence[Batch]) -> list[Submission]:
        """Has jobs queued that do every batch, and returns at once; each submission is recorded in the folder."""

    def watch(self, out: Path, keys: Iterable[str], report: Report) -> None:
        """Returns when no job is left that may do any of these runs; reports each run as its row comes."""

    def cancel(self, jobs: Sequence[str]) -> None:
        """Has jobs ended that have not."""

    def ends(self, jobs: Sequence[str]) -> dict[str, str]:
        """Job -> how it ended, where that is known."""

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """Job -> its state, of those that have not ended; WorkersError where the queue cannot be asked."""


@dataclass(frozen=True)
class Submission:
    """Jobs that were queued at one go, as `jobs/NAME.json` of a folder keeps them."""

    name: str
    executor: dict[str, Any]  # the section of the configuration that asks for it
    jobs: dict[str, list[str]]  # job -> keys of its runs
    host: str
    user: str
    when: str
    ended: bool = False


def new_name() -> str:
    """The name of a submission: no two have the same, wherever they are made."""
    host, ticks = socket.gethostname().split(".")[0][:30], time.time_ns() % 10**6
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{host}-{os.getpid()}-{ticks:06d}"


def section_of(executor: Any) -> dict[str, Any]:
    """The section of a configuration that asks for an executor as this one is."""
    return {"_target_": f"{type(executor).__module__}.{type(executor).__qualname__}", **executor.model_dump()}


def record(out: Path, submission: Submission) -> None:
    """Keeps a submission in its folder."""
    make_folder(out / FOLDER)
    write_whole(out / FOLDER / f"{submission.name}.json", json.dumps(asdict(submission)))


def submissions(out: Path, ended: bool = False) -> list[Submission]:
    """The submissions of a folder in their order; those whose jobs are known to have ended where asked for."""
    found = []
    for file in sorted((out / FOLDER).glob("*.json")):
        try:
            submission = Submission(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # half of a record that a kill left: its runs count as nobody's
        if ended or not submission.ended:
            found.append(submission)
    return found


@dataclass(frozen=True)
class Queue:
    """Which runs are with jobs that have not ended."""

    runs: dict[str, str]  # key of a run -> its job
    jobs: dict[str, str]  # job -> its state
    unknown: list[str]  # why some jobs cannot be asked for

    def runs_of(self, job: str) -> set[str]:
        """The keys of the runs that are with a job."""
        return {key for key, mine in self.runs.items() if mine == job}

    def told(self) -> str:
        """The jobs by state, in words."""
        states = sorted(set(self.jobs.values()))
        counts = [(state, [job for job, held in self.jobs.items() if held == state]) for state in states]
        return "; ".join(f"{len(jobs)} {state.lower()} ({few(jobs)})" for state, jobs in counts)


def few(names: Sequence[str], most: int = 4) -> str:
    """Some names, and how many there are besides."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def queue_of(out: Path) -> Queue:
    """Which runs of a folder are with jobs; what has ended is marked so and not asked for again.

    Where an executor cannot be asked (another machine, a controller that is down), its runs count as nobody's, and
    why is told: a run that is done twice has the same row.
    """
    runs, jobs, unknown = dict[str, str](), dict[str, str](), []
    for submission in submissions(out):
        try:
            alive = built(submission).states(list(submission.jobs))
        except (UsageError, WorkersError) as error:
            unknown.append(f"jobs of {submission.when} from {submission.host}: {' '.join(str(error).split())}")
            continue
        if not alive:
            with contextlib.suppress(StorageError):  # who only looks may not be let write
                record(out, Submission(**{**asdict(submission), "ended": True}))
        jobs.update(alive)
        runs.update({key: job for job in alive for key in submission.jobs[job]})
    return Queue(runs, jobs, unknown)


def ends_of(out: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Each job of a folder's submissions that is not in the queue: how it ended, as far as is known, and its runs."""
    for submission in submissions(out, ended=True):
        try:
            executor = built(submission)
            alive, ends = executor.states(list(submission.jobs)), executor.ends(list(submission.jobs))
        except (UsageError, WorkersError):
            continue
        yield from ((job, ends.get(job, ""), keys) for job, keys in submission.jobs.items() if job not in alive)


def built(submission: Submission) -> Queues:
    """The executor that submitted."""
    package = str(submission.executor.get("_target_")).split(".")[0]
    executor = executor_of(submission.executor, (package,))
    assert isinstance(executor, Queues)
    return executor


class Arrivals:
    """The rows of runs as they come into a folder, whoever writes them."""

    def __init__(self, out: Path, keys: Iterable[str]) -> None:
        """What lies there now has come before."""
        self.out, self.waited = out, set(keys)
        self.read = {file: held.size for file, held in part_files(out).items()}  # bytes of each part
        self.left = set(self.waited)

    def new(self) -> list[Outcome]:
        """How the runs ended whose rows have come since the last call."""
        rows = [row for file, held in part_files(self.out).items() for row in self._fresh(file, held.size)]
        self.left.difference_update(row["key"] for row in rows)
        return [Outcome(row["key"], row["status"], row["error"]) for row in rows]

    def _fresh(self, file: Path, size: int) -> Iterator[dict[str, Any]]:
        """The rows of runs that are waited for, of the whole lines that a part has got since it was last read."""
        at = self.read.get(file, 0)
        for line in lines_of(file, at) if size > at else ():
            if line.endswith(b"\n"):
                at += len(line)
                row = row_of_line(line) if key_of_line(line) in self.waited else None
                if row is not None:
                    yield row
        self.read[file] = at
