"""How well a sweep keeps its workers busy: seconds in runs over workers times the wall clock."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from experiments.configuration.settings import Settings, Study
from experiments.execute import local, worker
from experiments.execute.batches import batches_of, prepare_workers
from experiments.execute.executor import execute
from experiments.execute.worker import Batch, Outcome
from experiments.lab.bench.result import Measured
from experiments.lab.bench.startup import COMPOSED_DAY, bytecode_kept, wall
from experiments.lab.bench.world import bench_world
from experiments.study.runs import RunSpec

WORKERS, GOAL = 2, 0.85


def timed_batch(batch: Batch) -> list[Outcome]:
    """A batch as a worker does it, with a note of how long it took."""
    began = time.perf_counter()
    outcomes = worker.run_batch(batch)
    (batch.out / f"{batch.runs[0].key}.seconds").write_text(str(time.perf_counter() - began), encoding="utf-8")
    return outcomes


def measure_sweep(quick: bool) -> Measured:
    """Years of the world of a hundred institutions by the study's own executor, from the first call to the last row."""
    world, runs, days = bench_world(1000), 8 if quick else 64, 365
    settings = Settings(
        study=Study(name="bench"), seeds=runs, days=days, workers=WORKERS, record="summary",
        out="results",
    )  # fmt: skip
    specs = [
        RunSpec("base", "none", seed, (), days, (0, days), world, key=f"{seed:032d}") for seed in settings.seed_list
    ]
    with (
        bytecode_kept(),
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(local, "run_batch", timed_batch),
    ):
        wall([sys.executable, "-c", COMPOSED_DAY])
        out = Path(folder)
        (out / "parts").mkdir()
        outcomes: list[Outcome] = []
        began = time.perf_counter()
        prepare_workers()
        execute(batches_of(specs, out, settings.record), local.Local(retries=0), WORKERS, outcomes.extend)
        passed = time.perf_counter() - began
        inside = sum(float(path.read_text(encoding="utf-8")) for path in out.glob("*.seconds"))
    failed = [outcome.error for outcome in outcomes if outcome.status != "ok"]
    if failed or len(outcomes) != runs:
        raise AssertionError(f"{len(failed)} of {runs} runs failed: {failed[:1]}")
    efficiency = inside / (WORKERS * passed)
    return Measured(
        f"sweep of {runs} runs of {days} days on {WORKERS} workers: busy share", efficiency, passed,
        inside / WORKERS, "sweep", f">= {GOAL:g}", efficiency >= GOAL,
    )  # fmt: skip
