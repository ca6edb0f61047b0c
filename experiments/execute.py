"""Runs batches in this process or on local workers, and survives the death of one."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby, islice
from pathlib import Path

from experiments.errors import StorageError, WorkersError
from experiments.guard import heard_interrupts, ignore_interrupts, interrupts, tell
from experiments.runs import RunSpec
from experiments.settings import Executor, Settings
from experiments.store import row_of, stored_rows, write_part
from experiments.worker import Batch, Outcome, run_batch
from experiments.worlds import own_point

ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
BATCHES_A_WORKER = 4  # below this, runs that could share a history are done side by side
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


def batches_of(runs: Sequence[RunSpec], out: Path, record: str, workers: int = 0) -> list[Batch]:
    """One batch for all runs that part from the same parent, or by their shocks alone; the long batches first.

    The latter only where enough of them are left to keep so many workers busy: else one batch a run.
    """
    forked = sorted((run for run in runs if run.parent), key=parentage)
    batches = [Batch(tuple(group), out, record) for _, group in groupby(forked, key=parentage)]
    histories: dict[tuple[int, str], list[RunSpec]] = {}
    for run in runs:
        if not run.parent:
            histories.setdefault(history(run), []).append(run)
    if len(histories) < BATCHES_A_WORKER * workers:
        alike: dict[tuple[int, int, int], list[RunSpec]] = {}  # one world measured over several windows is lived once
        for run in runs:
            if not run.parent:
                alike.setdefault((run.seed, run.days, id(run.world)), []).append(run)
        return batches + [Batch(tuple(group), out, record) for group in alike.values()]
    together = sorted(histories.values(), key=len, reverse=True)
    return batches + [Batch(tuple(group), out, record) for group in together]


def history(run: RunSpec) -> tuple[int, str]:
    """What runs have in common that are alike until their shocks act: the seed and the rest of the world."""
    rest = {key: value for key, value in run.world.items() if key != "shocks"}
    return run.seed, json.dumps([run.days, run.plugins, rest], sort_keys=True, default=repr)


def parentage(run: RunSpec) -> tuple[int, str]:
    """What runs of one parent have in common: the seed, its swept point without shocks, and the day of the parting."""
    return run.seed, repr((own_point(run.sweep), run.parent.day if run.parent else None))


def execute(batches: list[Batch], settings: Settings, report: Report) -> None:
    """Runs all batches and reports the outcomes of each as it ends."""
    workers = min(worker_count(settings), len(batches))
    if settings.executor.kind == "in_process":
        with heard_interrupts():
            for batch in batches:
                report(run_batch(batch))
                interrupts.stop_if_heard()
    elif batches:
        execute_on_workers(batches, settings.executor, workers, report)


def execute_on_workers(batches: list[Batch], executor: Executor, workers: int, report: Report) -> None:
    """Keeps long-lived workers busy; a run whose worker dies is tried again, then recorded as failed."""
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
                    left, done = what_is_left(batch)
                    report(done)
                    if left and tries < executor.retries:
                        start(Batch(left, batch.out, batch.record), tries + 1)
                    elif len(left) > 1:  # of runs that share their first days each may be the one that kills
                        for run in left:
                            start(Batch((run,), batch.out, batch.record), tries)
                    elif left:
                        report(record_failure(Batch(left, batch.out, batch.record), words_of_death(death.exitcode)))
                except (StorageError, BrokenProcessPool):
                    raise
                except Exception as error:  # noqa: BLE001
                    report(record_failure(batch, tell(error)))
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


def what_is_left(batch: Batch) -> tuple[tuple[RunSpec, ...], list[Outcome]]:
    """The runs that a worker left undone when it died, and how those that it had finished ended."""
    rows = stored_rows(batch.out)
    finished = [run.key for run in batch.runs if rows.get(run.key, {}).get("status") == "ok"]
    left = tuple(run for run in batch.runs if run.key not in finished)
    return left, [Outcome(key, "ok", "") for key in finished]


def record_failure(batch: Batch, error: str) -> list[Outcome]:
    """Stores as failed what a batch left unfinished."""
    rows = stored_rows(batch.out)
    outcomes = []
    for run in batch.runs:
        row = rows.get(run.key)
        if not row or row["status"] != "ok":
            row = row_of(run, "failed", error)
            write_part(batch.out, row)
        outcomes.append(Outcome(run.key, row["status"], row["error"]))
    return outcomes


def words_of_death(exit_code: int | None) -> str:
    """How a worker process ended, in words."""
    if exit_code is not None and exit_code == -signal.SIGKILL:
        return "its worker process died: killed, as the system does when memory runs out (try fewer workers)"
    return f"its worker process died (exit status {exit_code})"
