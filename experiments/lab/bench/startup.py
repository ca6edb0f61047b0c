"""How long a fresh process takes until it has done something, against one that imports numba and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from experiments.lab.bench.result import Measured
from experiments.lab.bench.world import bench_world

GOAL = 3.0
ONE_DAY = """
import json, sys
from sim.economy import Economy
from sim.spec import read_spec
Economy(read_spec(json.load(open(sys.argv[1], encoding="utf-8"))), seed=1, days=1).step()
"""
COMPOSED_DAY = """
from experiments.lab.bench.world import bench_spec
from sim.economy import Economy
Economy(bench_spec(1000), seed=1, days=1).step()
"""


def measure_start_up(quick: bool) -> list[Measured]:
    """Version command, a day of a world read from a file, the same composed from presets: fastest of several."""
    with bytecode_kept(), tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world.json"
        world.write_text(json.dumps(bench_world(1000)), encoding="utf-8")
        commands = {
            "rackrate --version": [sys.executable, "-m", "experiments.run", "--version"],
            "24 hours of a world": [sys.executable, "-c", ONE_DAY, str(world)],
            "24 hours of a world, composed from presets": [sys.executable, "-c", COMPOSED_DAY],
            "import numba": [sys.executable, "-c", "import numba"],
        }
        for command in commands.values():
            wall(command)  # fills the caches
        timed: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(3 if quick else 9):
            for name in list(commands)[:: 1 if turn % 2 == 0 else -1]:
                timed[name].append(wall(commands[name]))
    fastest = {name: min(seconds) for name, seconds in timed.items()}
    numba = fastest.pop("import numba")
    return [
        Measured(f"fresh process, {name} / import numba", seconds / numba, seconds, numba, "process",
                 f"<= {GOAL:g} x", seconds / numba <= GOAL)
        for name, seconds in fastest.items()
    ]  # fmt: skip


@contextmanager
def bytecode_kept() -> Iterator[None]:
    """Lets fresh processes find compiled modules, as usual, also where Python is told to leave none."""
    if not sys.dont_write_bytecode:
        yield
        return
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"PYTHONPYCACHEPREFIX": folder}):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        yield


def wall(command: Sequence[str]) -> float:
    """Seconds on the clock for a process that must end well."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
