"""Which runs are done in one go, and by how many workers."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Sequence
from itertools import groupby
from multiprocessing import forkserver
from pathlib import Path

from experiments.configuration.settings import Settings
from experiments.execute.worker import Batch
from experiments.study.runs import RunSpec
from experiments.study.worlds import own_point

ONE_THREAD = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
BATCHES_A_WORKER = 4  # below this, runs that could share a history are done side by side


def one_thread_each() -> None:
    """Lets a process use one core, since there is a process for every core."""
    for name in ONE_THREAD:
        os.environ[name] = "1"


def worker_count(settings: Settings, executor: object = None) -> int:
    """Runs to do side by side: as the executor says, or as set, or one for each core this process may use."""
    return getattr(executor, "side_by_side", None) or settings.workers or len(os.sched_getaffinity(0))


def prepare_workers(overrides: Sequence[str] = ()) -> None:
    """Starts the process that workers are forked from, which imports the simulator meanwhile.

    Not where the words of a call name another executor, or one worker, which is started from here.
    """
    asked = dict(word.partition("=")[::2] for word in overrides)
    if asked.get("executor", "local") != "local" or asked.get("workers") == "1":
        return
    multiprocessing.set_forkserver_preload(["experiments.execute.worker", "sim.economy", "sim.metrics", "sim.spec"])
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


def by_seed(batches: Sequence[Batch], least: int) -> list[list[Batch]]:
    """Batches in groups of so many runs or more, all of a seed in one: what is compared is done by one machine."""
    seeds: dict[int, list[Batch]] = {}
    for batch in batches:
        seeds.setdefault(batch.runs[0].seed, []).append(batch)
    groups: list[list[Batch]] = [[]]
    for of_seed in seeds.values():
        if sum(len(batch.runs) for batch in groups[-1]) >= least:
            groups.append([])
        groups[-1] += of_seed
    return groups


def history(run: RunSpec) -> tuple[int, str]:
    """What runs have in common that are alike until their shocks act: the seed and the rest of the world."""
    rest = {key: value for key, value in run.world.items() if key != "shocks"}
    return run.seed, json.dumps([run.days, run.plugins, rest], sort_keys=True, default=repr)


def parentage(run: RunSpec) -> tuple[int, str]:
    """What runs of one parent have in common: the seed, its swept point without shocks, and the day of the parting."""
    return run.seed, repr((own_point(run.sweep), run.parent.day if run.parent else None))
