"""What a study would take, from a few of its runs that are timed: `rackrate experiment=NAME dry=true`."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.execute.batches import batches_of, by_seed, worker_count
from experiments.execute.executor import Executor
from experiments.execute.jobs import Queues
from experiments.execute.progress import clock
from experiments.execute.worker import Batch, run_batch
from experiments.store.folder import check_could_be_written
from experiments.store.rows import missing_runs
from experiments.study.runs import Expansion, RunSpec
from experiments.wording import plural

PILOTS = 3  # runs that are timed, of different arms


@dataclass(frozen=True)
class Pilot:
    """What the timed runs took."""

    seconds: list[float]  # of each, the first one's start of the process left out
    memory_mb: float  # of the process that did them
    disk_kb: float  # of a run
    failures: list[str]


def dry_run(expansion: Expansion, executor: Executor) -> int:
    """Prints how many runs a call would do and what they would take; writes nothing in the folder. The exit status."""
    settings, out = expansion.settings, Path(expansion.settings.out).resolve()
    check_could_be_written(out)
    missing = missing_runs(out, expansion.runs, settings.record)
    total, worlds = len(expansion.runs), len(expansion.worlds)
    of = f"{plural(worlds, 'world')}, {plural(len(settings.seed_list), 'seed')}"
    print(f"{settings.study.name}: {plural(total, 'run')} ({of}), "
          f"{total - len(missing)} of them stored already, {len(missing)} to do")  # fmt: skip
    if not missing:
        return 0
    found = timed(chosen(missing), settings.record)
    for error in found.failures:
        print(f"a run of the pilot failed: {error}")
    workers = worker_count(settings, executor)
    print("\n".join(estimate(found, missing, out, workers, executor)))
    return 3 if found.failures else 0


def chosen(runs: Sequence[RunSpec]) -> list[RunSpec]:
    """A few runs of different arms, shocks among them where there are any: the last of each arm's first seed."""
    of_arms = {run.arm: run for run in runs if run.seed == runs[0].seed}
    every = list(of_arms.values())
    return [every[k * (len(every) - 1) // max(PILOTS - 1, 1)] for k in range(PILOTS)] if len(every) > PILOTS else every


def timed(runs: Sequence[RunSpec], record: str) -> Pilot:
    """Does some runs in a process of their own, storing them where nobody looks."""
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(warmed, replace(runs[0], parent=None), folder).result()
            seconds, failures = [], []
            for run in runs:
                took, error = pool.submit(one, run, folder, record).result()
                seconds.append(took)
                failures += [error] if error else []
            memory = pool.submit(peak_mb).result()
        size = sum(file.stat().st_size for file in Path(folder).glob("*/*") if file.suffix in {".jsonl", ".parquet"})
    return Pilot(seconds, memory, size / len(runs) / 1000, failures)


def warmed(run: RunSpec, folder: str) -> None:
    """Loads the simulator, which no run is charged with."""
    from experiments.execute.worker import started

    del folder
    started(run.world, run).run(1)


def one(run: RunSpec, folder: str, record: str) -> tuple[float, str]:
    """How long one run took, and how it failed if it did."""
    began = time.perf_counter()
    [outcome] = run_batch(Batch((run,), Path(folder), record))
    return time.perf_counter() - began, outcome.error


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def estimate(found: Pilot, missing: Sequence[RunSpec], out: Path, workers: int, executor: Executor) -> Iterator[str]:
    """The estimate in lines."""
    mean = sum(found.seconds) / len(found.seconds)
    low, high = min(found.seconds), max(found.seconds)
    yield f"pilot: {plural(len(found.seconds), 'run')}, {mean:.3g} s a run ({low:.3g} to {high:.3g}) on one core"
    hours = mean * len(missing) / 3600
    at_once = workers
    if isinstance(executor, Queues):
        jobs = by_seed(batches_of(missing, out, "", workers), int(getattr(executor, "runs_per_job", 1)))
        longest = max(sum(len(batch.runs) for batch in job) for job in jobs)
        at_once = workers * min(len(jobs), int(getattr(executor, "jobs_at_once", len(jobs))))
        yield f"jobs: {len(jobs)}, the longest {plural(longest, 'run')}, about {clock(mean * longest / workers)}"
    yield (
        f"estimate: {hours:.3g} core-hours at most (runs that share their first days take less), "
        f"about {clock(3600 * hours / at_once)} with {at_once} at once"
    )
    space = disk(found.disk_kb * len(missing))
    yield f"memory: {found.memory_mb:.0f} MB for each run that is done at once; disk: {space}"


def disk(kilobytes: float) -> str:
    """A size in words."""
    return f"{kilobytes / 1000:.3g} MB" if kilobytes < 1e6 else f"{kilobytes / 1e6:.3g} GB"
