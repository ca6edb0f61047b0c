"""Runs batches in this process or on local workers, and survives the death of one."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby, islice
from pathlib import Path

from experiments.errors import WorkersError
from experiments.settings import Executor, Settings
from experiments.store import row_of, stored_rows, write_part
from experiments.study import RunSpec
from experiments.worker import Batch, Outcome, ignore_interrupts, run_batch

ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Report = Callable[[list[Outcome]], None]


def one_thread_each() -> None:
    """Lets a process use one core, since there is a process for every core."""
    for name in ONE_THREAD:
        os.environ[name] = "1"


def worker_count(settings: Settings) -> int:
    """Worker processes to use: as set, or one for each core this process may use."""
    return settings.workers or len(os.sched_getaffinity(0))


def prepare_workers() -> None:
    """Starts the process that workers are forked from, which imports the simulator meanwhile."""
    from multiprocessing import forkserver

    multiprocessing.set_forkserver_preload(["experiments.worker", "sim.economy", "sim.metrics", "sim.spec"])
    forkserver.ensure_running()


def batches_of(runs: Iterable[RunSpec], out: Path, record: str) -> list[Batch]:
    """One batch a run, but one for all runs that part from the same parent; the long batches first."""
    forked = sorted((run for run in runs if run.parent), key=parentage)
    batches = [Batch(tuple(group), out, record) for _, group in groupby(forked, key=parentage)]
    return batches + [Batch((run,), out, record) for run in runs if not run.parent]


def parentage(run: RunSpec) -> tuple[int, str]:
    """What runs of one parent have in common: the seed and the swept point."""
    return run.seed, repr(run.sweep)


def execute(batches: list[Batch], settings: Settings, report: Report) -> None:
    """Runs all batches and reports the outcomes of each as it ends."""
    workers = min(worker_count(settings), len(batches))
    if settings.executor.kind == "in_process":
        for batch in batches:
            report(run_batch(batch))
    elif batches:
        execute_on_workers(batches, settings.executor, workers, report)


def execute_on_workers(batches: list[Batch], executor: Executor, workers: int, report: Report) -> None:
    """Keeps long-lived workers busy; a batch whose worker dies is tried again, then recorded as failed."""
    from pebble import ProcessExpired, ProcessPool

    context = multiprocessing.get_context(executor.start_method)
    waiting: Iterator[tuple[Batch, int]] = iter([(batch, 0) for batch in batches])
    pool = ProcessPool(workers, context=context, initializer=ignore_interrupts)
    running: dict[Future[list[Outcome]], tuple[Batch, int]] = {}

    def start(batch: Batch, tries: int) -> None:
        running[pool.schedule(run_batch, args=(batch,))] = (batch, tries)

    try:
        for batch, tries in islice(waiting, 2 * workers):
            start(batch, tries)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                batch, tries = running.pop(future)
                try:
                    report(future.result())
                except ProcessExpired as death:
                    if tries < executor.retries:
                        start(batch, tries + 1)
                    else:
                        report(record_death(batch, death.exitcode))
                for following in islice(waiting, 1):
                    start(*following)
        pool.close()
    except BrokenProcessPool as error:
        pool.stop()
        raise WorkersError(f"the worker processes cannot go on ({error}); executor=in_process does without") from None
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def record_death(batch: Batch, exit_code: int | None) -> list[Outcome]:
    """Stores as failed what a dead worker left unfinished."""
    rows = stored_rows(batch.out)
    outcomes = []
    for run in batch.runs:
        row = rows.get(run.key)
        if not row or row["status"] != "ok":
            row = row_of(run, "failed", f"its worker process died (exit status {exit_code})")
            write_part(batch.out, row)
        outcomes.append(Outcome(run.key, row["status"], row["error"]))
    return outcomes
