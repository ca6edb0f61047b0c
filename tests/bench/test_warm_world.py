"""After the warm-up a whole world runs without compiling anything."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import importlib, pkgutil
import sim.kernels
from sim.kernels.warmup import warm_up
warm_up()
names = [f"sim.kernels.{module.name}" for module in pkgutil.iter_modules(sim.kernels.__path__)]
kernels = {f for name in names for f in vars(importlib.import_module(name)).values() if hasattr(f, "signatures")}
before = {f: len(f.signatures) for f in kernels}
from experiments.bench.world import bench_spec
from sim.economy import Economy
Economy(bench_spec(30, "population=tiny", "shocks=[fleet_outage]", "shocks.fleet_outage.start=2"), days=33).run(33)
print(sorted(f.__name__ for f in kernels if len(f.signatures) != before[f]), len(kernels) > 25)
"""


def test_after_the_warm_up_a_world_compiles_nothing_new() -> None:
    env = {key: value for key, value in os.environ.items() if key != "NUMBA_DISABLE_JIT"}
    run = subprocess.run(
        [sys.executable, "-c", CODE],
        env=env | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == "[] True\n", run.stdout + run.stderr
