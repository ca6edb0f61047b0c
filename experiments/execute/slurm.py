"""A Slurm cluster: arrays of jobs, each of whole seeds, queued by submitit and watched by squeue, sacct or not."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.errors import ABSENT, Problem, Typed, UsageError, WorkersError, nearest_name
from experiments.execute.batches import by_seed, prepare_workers
from experiments.execute.executor import Report
from experiments.execute.jobs import FOLDER, Arrivals, Submission, new_name, queue_of, record, section_of
from experiments.execute.local import Local
from experiments.execute.parcel import OtherCode, Parcel, Surroundings, parcel, python_path, surroundings
from experiments.execute.worker import Batch, Outcome, record_failure, what_is_left
from experiments.plugins.guard import tell
from experiments.store.files import make_folder, user_name
from experiments.store.rows import finished_keys

WARNING_SECONDS = 90  # before its limit a job is told to stop
COARSE_SECONDS = 75  # Slurm keeps time limits to the minute
ENDED = re.compile("BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|NODE_FAIL|OUT_OF_MEMORY|REVOKED|SPECIAL_EXIT|TIMEOUT")
PATIENCE_SECONDS = 60.0  # that a command of Slurm is waited for
SILENCE_SECONDS = 900.0  # after which a controller that does not answer is given up
LINGER_SECONDS = 60.0  # that jobs may stay in the queue once all their runs have their rows
DEFAULT_ARRAY = 1001
COMMANDS = ("sbatch", "sinfo", "squeue", "scontrol", "srun")
INSTALL = "install it with `pip install 'rackrate[slurm]'`"


class Slurm(Strict):
    """Queues jobs of whole seeds and waits for their rows; what a lost job leaves is queued again, then failed."""

    start_method: ClassVar[Literal["forkserver"]] = "forkserver"
    partition: str | None = None  # the site's default
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None  # features of nodes, such as one kind of processor
    minutes: int = Field(default=60, ge=1)  # time limit of a job
    cpus: int = Field(default=1, ge=1)  # of a job; as many runs are done side by side
    memory_gb: float = Field(default=2.0, gt=0.0)  # for each cpu
    runs_per_job: int = Field(default=20, ge=1)  # or more: all runs of a seed are done by one job
    jobs_at_once: int = Field(default=256, ge=1)
    setup: list[str] = Field(default_factory=list)  # lines of shell before a job's work, such as `module load python`
    options: dict[str, Any] = Field(default_factory=dict)  # other options of sbatch, by their long names
    environment: list[str] = Field(default_factory=list)  # variables that your own code needs, taken from this shell
    retries: int = Field(default=1, ge=0)  # of what a lost job left undone
    poll_seconds: float = Field(default=10.0, gt=0.0)
    lag_seconds: float = Field(default=30.0, ge=0.0)  # after which a network's file system shows what a job wrote

    @property
    def side_by_side(self) -> int:
        """How many runs a job does side by side."""
        return self.cpus

    def run(self, batches: Sequence[Batch], workers: int, report: Report) -> None:
        """Queues the batches, waits for their rows, and queues what lost jobs left, so often as `retries` says."""
        del workers
        left = list(batches)
        for again in reversed(range(self.retries + 1)):
            told, ends = self._tried(left, report)
            left = [rest for batch in left if (rest := batch.without(told)).runs]
            lost = [batch for batch in left if not again or "CANCELLED" in ends[batch.runs[0].key]]
            for batch in lost:
                end = ends[batch.runs[0].key]
                report(record_failure(batch, f"its job ended without it: {self.what_is_known(batch.out, end)}"))
            left = [batch for batch in left if batch not in lost]
            if not left:
                return

    def _tried(self, batches: Sequence[Batch], report: Report) -> tuple[set[str], dict[str, str]]:
        """Keys of the runs whose rows came, and how the job of each run ended, once jobs have been queued for all."""
        told = set[str]()

        def noted(outcomes: list[Outcome]) -> None:
            told.update(outcome.key for outcome in outcomes)
            report(outcomes)

        submitted = self.submit(batches)
        self.watch(batches[0].out, [run.key for batch in batches for run in batch.runs], noted)
        ends = self.ends([job for one in submitted for job in one.jobs])
        return told, {key: ends.get(job, "") for one in submitted for job, keys in one.jobs.items() for key in keys}

    def check(self) -> None:
        """Raises UsageError where there is no Slurm that answers, or no submitit."""
        missing = [command for command in COMMANDS if not shutil.which(command)]
        if missing:
            allowed = f"there is no Slurm here ({', '.join(missing)} not found); call this where jobs are submitted"
            raise UsageError("nothing was run", [Problem("executor", Typed("slurm"), allowed)])
        if find_spec("submitit") is None:
            raise UsageError("nothing was run", [Problem("executor", Typed("slurm"), f"needs submitit; {INSTALL}")])
        try:
            known = partitions()
        except WorkersError as error:
            allowed = f"no controller of Slurm answers here ({error}); call this where jobs are submitted"
            raise UsageError("nothing was run", [Problem("executor", Typed("slurm"), allowed)]) from None
        if self.partition and self.partition not in known:
            allowed = f"there is no such partition; allowed: {', '.join(known)}"
            near = nearest_name(self.partition, known)
            raise UsageError("nothing was run", [Problem("executor.partition", self.partition, allowed, near)])

    def submit(self, batches: Sequence[Batch]) -> list[Submission]:
        """Queues arrays of jobs, each of whole seeds, no array larger than the site allows."""
        self.check()
        out, around = batches[0].out, surroundings(self.environment)
        groups = by_seed(batches, self.runs_per_job)
        make_folder(out / FOLDER)
        largest = largest_array()
        return [self._submit_array(out, groups[k : k + largest], around) for k in range(0, len(groups), largest)]

    def _submit_array(self, out: Path, groups: Sequence[Sequence[Batch]], around: Surroundings) -> Submission:
        """Queues one array and records which run is with which of its jobs."""
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        name = new_name()
        queue = submitit.SlurmExecutor(folder=out / FOLDER / name)
        queue.update_parameters(**self._parameters(name, around))
        jobs = [Job(parcel(group, around), self.cpus, self.minutes) for group in groups]
        try:
            queued = queue.map_array(do, jobs)
        except (FailedSubmissionError, FailedJobError, subprocess.CalledProcessError) as error:
            raise UsageError("Slurm does not take the jobs", [Problem("executor", ABSENT, refusal(error))]) from None
        keys = [[run.key for batch in group for run in batch.runs] for group in groups]
        ids = {job.job_id: own for job, own in zip(queued, keys, strict=True)}
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        submission = Submission(name, section_of(self), ids, socket.gethostname(), user_name(os.geteuid()), when)
        record(out, submission)
        return submission

    def _parameters(self, name: str, around: Surroundings) -> dict[str, Any]:
        """What submitit is told of a job."""
        from shlex import quote

        exports = [f"export {key}={quote(value)}" for key, value in around.environment.items()]
        exports.append(f'export PYTHONPATH={quote(python_path())}"${{PYTHONPATH:+:$PYTHONPATH}}"')
        named = {key: getattr(self, key) for key in ("partition", "account", "qos", "constraint")}
        return {
            **{key: value for key, value in named.items() if value is not None},
            "job_name": "rackrate",
            "time": self.minutes,
            "cpus_per_task": self.cpus,
            "mem": f"{round(1024 * self.memory_gb * self.cpus)}M",
            "setup": [*self.setup, *exports],
            "signal_delay_s": WARNING_SECONDS,
            "array_parallelism": self.jobs_at_once,
            "wckey": "",
            "comment": name,
            "additional_parameters": {"requeue": True, **self.options},
        }

    def watch(self, out: Path, keys: Iterable[str], report: Report) -> None:
        """Waits till no job of the folder is left that may do any of these runs, and their rows can be seen.

        A controller that was down when a job ended may queue it again and hold it for ever: what has nothing left to do
        and stays is cancelled.
        """
        arrivals, answered = Arrivals(out, keys), time.monotonic()
        worked = answered  # when a row was last missing
        while True:
            queue = queue_of(out)
            if not queue.unknown:
                answered = time.monotonic()
            elif time.monotonic() - answered > SILENCE_SECONDS:
                raise WorkersError(f"Slurm does not answer; its jobs may go on: {queue.unknown[0]}")
            if not queue.unknown and not arrivals.waited & queue.runs.keys():
                break
            if arrivals.left:
                worked = time.monotonic()
            elif time.monotonic() - worked > LINGER_SECONDS:
                with suppress(WorkersError):  # which may have left meanwhile
                    self.cancel([job for job in queue.jobs if queue.runs_of(job) <= arrivals.waited])
            time.sleep(self.poll_seconds)
            report(arrivals.new())
        until = time.monotonic() + self.lag_seconds
        report(arrivals.new())
        while arrivals.left and time.monotonic() < until:
            time.sleep(min(1.0, self.poll_seconds))
            report(arrivals.new())

    def states(self, jobs: Sequence[str]) -> dict[str, str]:
        """Job -> its state by squeue, of those that have not ended; WorkersError where Slurm does not answer."""
        return {job: state for job, state in asked_of_squeue(jobs).items() if not ENDED.match(state)}

    def cancel(self, jobs: Sequence[str]) -> None:
        """Has jobs ended that have not."""
        if jobs:
            asked("scancel", *jobs)

    def ends(self, jobs: Sequence[str]) -> dict[str, str]:
        """Job -> how it ended, as squeue or sacct still know; empty where neither does."""
        try:
            known = asked_of_squeue(jobs)
        except WorkersError:
            known = {}
        return asked_of_sacct(jobs) | known

    def what_is_known(self, out: Path, end: str) -> str:
        """What is known of a job that left no row, and what to think of one that left no log either."""
        if not any((out / FOLDER).glob("*/*_log.out")):
            return f"{end or 'UNKNOWN'}, without a log; is {out} on a file system that the nodes share?"
        return end or f"UNKNOWN; what it said is in {out / FOLDER}"


# ---- in a job


class Stopped(BaseException):
    """Slurm has said that the job will be ended soon."""


@dataclass(frozen=True)
class Job:
    """What one job does: whole seeds, as many runs at a time as it has cpus; what is stored is not done again."""

    parcel: Parcel
    cpus: int
    minutes: int

    def do(self) -> None:
        """Does what is left; on Slurm's warning what has ended stays, and the job is queued again for the rest."""
        end = float(os.environ.get("SLURM_JOB_END_TIME") or time.time() + 60 * self.minutes)  # else as if it began now
        batches = self.parcel.unpacked()
        before = left_of(batches)
        try:
            with warned():
                self.parcel.check(batches)
                Local().run(before, self.cpus, lambda outcomes: None)
        except OtherCode as error:
            for batch in before:
                record_failure(batch, f"its job did not begin: {error}")
        except Stopped:
            near = end - time.time() < WARNING_SECONDS + COARSE_SECONDS
            if near and count(left_of(batches)) == count(before):
                for batch in before:
                    record_failure(
                        batch, f"no run of its job ended within {self.minutes} min; executor.minutes=N gives more"
                    )
            else:
                requeue()


def do(job: Job) -> None:
    """Does a job: what submitit calls where it runs."""
    job.do()


@contextmanager
def warned() -> Iterator[None]:
    """Raises Stopped when Slurm warns of its end; the workers started meanwhile hear neither that nor SIGTERM.

    SIGTERM comes where a job is cancelled or preempted: what ends before SIGKILL is kept.
    """
    warning = getattr(signal, f"SIG{os.environ.get('SUBMITIT_PREEMPT_SIGNAL', 'USR2')}")

    def stop(number: int, frame: object) -> None:
        del number, frame
        signal.signal(warning, signal.SIG_IGN)
        raise Stopped

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(warning, signal.SIG_IGN)
    prepare_workers()  # the signals are ignored by all that are forked from it
    signal.signal(warning, stop)
    try:
        yield
    finally:
        signal.signal(warning, signal.SIG_IGN)


def left_of(batches: Iterable[Batch]) -> list[Batch]:
    """What is not stored of some batches."""
    batches = list(batches)
    finished = finished_keys(batches[0].out, [run.key for batch in batches for run in batch.runs]) if batches else set()
    left = [replace(batch, runs=what_is_left(batch, finished)[0]) for batch in batches]
    return [batch for batch in left if batch.runs]


def count(batches: Iterable[Batch]) -> int:
    """How many runs there are."""
    return sum(len(batch.runs) for batch in batches)


def requeue() -> None:
    """Has Slurm queue this job again; what it has stored it will skip."""
    job = "_".join(os.environ[name] for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID") if name in os.environ)
    asked("scontrol", "requeue", job or os.environ["SLURM_JOB_ID"])


# ---- what Slurm is asked


def asked(*command: str) -> str:
    """What a command of Slurm prints; WorkersError where it fails or does not answer."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WorkersError(f"{command[0]} cannot be asked: {tell(error)}") from None
    if done.returncode:
        raise WorkersError(f"{command[0]} says: {' '.join(done.stderr.split())}")
    return done.stdout


def partitions() -> list[str]:
    """The names of the site's partitions."""
    return sorted(set(asked("sinfo", "--noheader", "--format=%R").split()))


def largest_array() -> int:
    """How many jobs an array may have: indices lie below the site's MaxArraySize."""
    found = re.search(r"MaxArraySize\s*=\s*(\d+)", asked("scontrol", "show", "config"))
    return max(int(found[1]), 1) if found else DEFAULT_ARRAY


def asked_of_squeue(jobs: Sequence[str]) -> dict[str, str]:
    """Job -> state of those that squeue still knows, however they stand."""
    arrays = sorted({job.split("_")[0] for job in jobs})
    if not arrays:
        return {}
    try:
        lines = asked("squeue", "--noheader", "--array", "--states=all", "--format=%i|%T", f"--jobs={','.join(arrays)}")
    except WorkersError as error:
        if "Invalid job id" not in str(error):
            raise
        return {}  # all of them ended some time ago
    known = dict(line.split("|")[:2] for line in lines.splitlines() if "|" in line)
    return {job: known[job] for job in jobs if job in known}


def asked_of_sacct(jobs: Sequence[str]) -> dict[str, str]:
    """Job -> state by the site's accounting; nothing where it keeps none."""
    arrays = sorted({job.split("_")[0] for job in jobs})
    try:
        lines = asked("sacct", "-n", "-X", "-P", "--array", "-o", "JobID,State", "-j", ",".join(arrays))
    except WorkersError:
        return {}
    known = dict(line.split("|")[:2] for line in lines.splitlines() if "|" in line)
    return {job: known[job] for job in jobs if job in known}


def refusal(error: Exception) -> str:
    """What Slurm says of a job that it does not take."""
    told = [line for line in str(error).splitlines() if "error:" in line]
    return "; ".join(line.partition("error:")[2].strip() for line in told) or " ".join(str(error).split())[-300:]
