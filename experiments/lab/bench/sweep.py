"""How well a sweep keeps its workers busy, and how long the points of a design take to be composed."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from experiments.configuration.compose import as_override, composer
from experiments.configuration.settings import Settings, Study
from experiments.execute import local, worker
from experiments.execute.batches import batches_of, prepare_workers
from experiments.execute.executor import execute
from experiments.execute.worker import Batch, Outcome
from experiments.lab.bench.result import Measured
from experiments.lab.bench.startup import COMPOSED_DAY, bytecode_kept, wall
from experiments.lab.bench.world import bench_world
from experiments.study.runs import Point, RunSpec
from experiments.study.worlds import Bases

WORKERS, GOAL, COMPOSING_GOAL = 2, 0.85, 50.0
SHOCKS = "shocks=[]"


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


def measure_composing(quick: bool) -> Measured:
    """Worlds of two swept keys; the former way, each world composed of its own overrides, on some of them."""
    many, few = (200, 4) if quick else (5000, 20)
    points: list[Point] = [
        (("spot.convexity", 3.0 + k % 7), ("spot.occupancy", 0.7 + 0.2 * k / many)) for k in range(many)
    ]
    with composer() as opened:
        alone = []
        opened.world([SHOCKS])  # presets are parsed once
        began = time.perf_counter()
        for point in points[:few]:
            alone.append(opened.world([*(as_override(key, value) for key, value in point), SHOCKS]))
        reference = (time.perf_counter() - began) / few
        bases = Bases(opened)
        began = time.perf_counter()
        worlds = [bases.world([], SHOCKS, point, "") for point in points]
        seconds = (time.perf_counter() - began) / many
    if worlds[:few] != alone:
        raise AssertionError("worlds that are composed once differ from those that are composed each by itself")
    ratio = reference / seconds
    return Measured(
        f"composing {many:,} points of a design: each by itself / composed once", ratio, seconds, reference, "point",
        f">= {COMPOSING_GOAL:g} x", ratio >= COMPOSING_GOAL,
    )  # fmt: skip
