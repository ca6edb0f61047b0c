"""What of the core-seconds that Slurm allots to a sweep goes into its runs: a real Slurm with one core, by our script.

Beside the jobs one process does the same runs one after another, so that whatever else the machine does slows both.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

from experiments.configuration.compose import composer
from experiments.execute.batches import batches_of
from experiments.execute.executor import execute
from experiments.execute.jobs import submissions
from experiments.execute.slurm import Slurm, asked
from experiments.execute.worker import Batch, Outcome, run_batch
from experiments.lab.bench.result import Measured, Skipped
from experiments.study.expand import expand

SCRIPTS = Path(__file__).parents[4] / "tests" / "cluster"
NEEDED = ("slurmctld", "slurmd", "sbatch", "munged")
GOAL = 0.85
RUNS, DAYS, RUNS_PER_JOB = 200, 365, 20
CHILD = "from experiments.lab.bench.studies.on_slurm import one_after_another; one_after_another({0!r}, {1}, {2})"


def measure_slurm(quick: bool) -> list[Measured]:
    """The same runs by one process against what jobs were allotted, and against a core from the call to its end."""
    runs, days = (2 * RUNS_PER_JOB, 60) if quick else (RUNS, DAYS)
    with own_slurm(), tempfile.TemporaryDirectory() as folder:
        code = CHILD.format(f"{folder}/alone", runs, days)
        beside = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        try:
            batches = batches_of_study(f"{folder}/jobs", runs, days)
            outcomes: list[Outcome] = []
            began = time.perf_counter()
            execute(batches, Slurm(runs_per_job=RUNS_PER_JOB), 1, outcomes.extend)
            passed = time.perf_counter() - began
            allotted, jobs = core_seconds(Path(folder) / "jobs")
            said, _ = beside.communicate()
        finally:
            beside.kill()
    failed = [outcome.error for outcome in outcomes if outcome.status != "ok"]
    if failed or len(outcomes) != runs:
        raise AssertionError(f"{len(failed)} of {runs} runs failed: {failed[:1]}")
    alone = float(json.loads(said.splitlines()[-1]))
    what = f"{runs} runs of {days} days, {jobs} Slurm jobs: one process /"
    return [
        Measured(f"{what} {name}", alone / seconds, seconds, alone, "sweep", f">= {GOAL:g}", alone / seconds >= GOAL)
        for name, seconds in (("core-seconds allotted", allotted), ("one core from call to end", passed))
    ]


def batches_of_study(out: str, runs: int, days: int) -> list[Batch]:
    """The study as batches: the tiny world, a seed a run."""
    words = ["population=tiny", f"days={days}", "record=summary", "shocks=[]", f"seeds={runs}", f"out={out}"]
    (Path(out) / "parts").mkdir(parents=True)
    with composer() as opened:
        return batches_of(expand(opened, words).runs, Path(out), "summary")


def one_after_another(out: str, runs: int, days: int) -> None:
    """Does the same runs in this process and prints how long that takes once it is ready."""
    batches = batches_of_study(out, runs + 1, days)
    run_batch(batches[0])
    began = time.perf_counter()
    for batch in batches[1:]:
        run_batch(batch)
    print(json.dumps(time.perf_counter() - began))


def core_seconds(out: Path) -> tuple[float, int]:
    """Seconds of all jobs of a folder times their cores, as the controller tells, and how many jobs there were."""
    jobs = [job for one in submissions(out, ended=True) for job in one.jobs]
    return sum(allotted(asked("scontrol", "show", "job", "-o", job)) for job in jobs), len(jobs)


def allotted(told: str) -> float:
    """Core-seconds of a job by what `scontrol show job` says of it."""
    time_run, cores = re.search(r"RunTime=(?:(\d+)-)?(\d+):(\d+):(\d+)", told), re.search(r"NumCPUs=(\d+)", told)
    if time_run is None or cores is None:
        raise AssertionError(f"Slurm does not tell how long a job ran: {told}")
    days, hours, minutes, seconds = (int(part or 0) for part in time_run.groups())
    return float((((24 * days + hours) * 60 + minutes) * 60 + seconds) * int(cores[1]))


@contextmanager
def own_slurm() -> Iterator[None]:
    """A Slurm of one core meanwhile; Skipped where none can be started."""
    if why := why_none():
        raise Skipped(f"no Slurm: {why}")
    folder = tempfile.mkdtemp(prefix="rackrate-slurm-")  # munge wants every folder above it open to all
    told = {"RACKRATE_SLURM_DIR": folder, "RACKRATE_SLURM_CPUS": "1", "RACKRATE_SLURM_PORT": "28817"}
    known = {"SLURM_CONF": f"{folder}/slurm.conf", "MUNGE_SOCKET": f"{folder}/munge/socket"}
    with mock.patch.dict(os.environ, {**told, **known}):
        try:
            _do([str(SCRIPTS / "slurm_up.sh")])
            yield
        finally:
            _do([str(SCRIPTS / "slurm_down.sh"), "--purge"])


def why_none() -> str:
    """Why no Slurm can be started here; empty where one can."""
    if find_spec("submitit") is None:
        return "submitit is not installed (pip install 'rackrate[slurm]')"
    if not SCRIPTS.exists():
        return f"{SCRIPTS} is not here, as in a checkout"
    if os.geteuid() != 0:
        return "only root can start one"
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in NEEDED if not shutil.which(name, path=path)]
    return f"{', '.join(missing)} not found (tests/cluster/slurm_up.sh --install)" if missing else ""


def _do(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"no Slurm: {done.stderr.strip()}")
