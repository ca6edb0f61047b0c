"""After the warm-up a whole world runs without compiling anything."""

import os
import subprocess
import sys
from pathlib import Path

SPARED = """
import sys
import sim.kernels.philox
sim.kernels.philox.normal(1, 2, 3, 4, 0)
print("scipy.linalg" in sys.modules)
import numba, numpy as np
print(numba.njit(lambda a: a @ a)(np.eye(2)).tolist())
"""

CODE = """
import importlib, pkgutil
import sim.kernels
from sim.kernels.warmup import warm_up
warm_up()
names = [f"sim.kernels.{module.name}" for module in pkgutil.iter_modules(sim.kernels.__path__)]
kernels = {f for name in names for f in vars(importlib.import_module(name)).values() if hasattr(f, "signatures")}
before = {f: len(f.signatures) for f in kernels}
from experiments.lab.bench.world import bench_spec
from sim.economy import Economy
Economy(bench_spec(30, "population=tiny", "shocks=[fleet_outage]", "shocks.fleet_outage.start=2"), days=33).run(33)
print(sorted(f.__name__ for f in kernels if len(f.signatures) != before[f]), len(kernels) > 25)
"""


def run_fresh(code: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "NUMBA_DISABLE_JIT"}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


def test_after_the_warm_up_a_world_compiles_nothing_new() -> None:
    run = run_fresh(CODE)
    assert run.stdout == "[] True\n", run.stdout + run.stderr


def test_kernels_do_not_wait_for_scipy_and_users_may_still_multiply_matrices() -> None:
    run = run_fresh(SPARED)
    assert run.stdout == "False\n[[1.0, 0.0], [0.0, 1.0]]\n", run.stdout + run.stderr
