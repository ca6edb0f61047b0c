"""After the warm-up a run compiles nothing more; the processes that do it compile nothing twice."""

import importlib
import os
import pkgutil
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import sim.kernels
from sim.kernels import crowd, sums, warmup

COMPILED = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")

HERE = Path(__file__).parent


def test_after_the_warm_up_a_run_compiles_nothing_new() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from sim.kernels.warmup import warm_up; warm_up()\n"
        "from sim.kernels import call_auction, crowd, philox\n"
        "found = {f for mod in (call_auction, crowd, philox) for f in vars(mod).values() if hasattr(f, 'signatures')}\n"
        "before = {f: len(f.signatures) for f in found}\n"
        "import futures_world as w; w.trade(w.make_crowd(20), 21)\n"
        "print([f.__name__ for f in found if len(f.signatures) != before[f]], len(found) > 15)\n"
    )
    env = {key: value for key, value in os.environ.items() if key != "NUMBA_DISABLE_JIT"}
    run = subprocess.run(
        [sys.executable, "-c", code, str(HERE)],
        env=env | {"PYTHONPATH": str(HERE.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == "[] True\n", run.stdout + run.stderr


def all_kernels() -> set[Any]:
    names = (f"sim.kernels.{module.name}" for module in pkgutil.iter_modules(sim.kernels.__path__))
    found = (one for name in names for one in vars(importlib.import_module(name)).values())
    return {one for one in found if hasattr(one, "py_func")}


@COMPILED
def test_the_pieces_of_the_warm_up_call_every_kernel() -> None:
    reached = set[Any]().union(*map(warmup.kernels_called, warmup.PIECES))
    assert reached
    assert sorted(one.__name__ for one in all_kernels() - reached) == []


@COMPILED
def test_what_a_kernel_calls_is_seen_through_plain_functions_and_other_files() -> None:
    called = {one.__name__ for one in warmup.kernels_called(crowd.crowd_orders)}
    assert {"philox", "uniform", "limit_tick", "last_waking"} <= called  # the second last is a rule, in sim/rules
    assert sums.part in warmup.kernels_called(jobs_like)


def jobs_like() -> None:
    sums.total(np.ones(1))


@COMPILED
@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("order", range(5))
def test_no_kernel_is_compiled_by_two_processes_at_once_and_none_is_left(processes: int, order: int) -> None:
    chance = random.Random(order)
    waiting, running, compiled = list(warmup.PIECES), list[Any](), set[Any]()
    beside = 0
    while waiting or running:
        for piece in warmup.startable(waiting, [warmup.kernels_called(one) for one in running], compiled):
            if len(running) < processes:
                waiting.remove(piece)
                running.append(piece)
        counted = Counter(kernel for one in running for kernel in warmup.kernels_called(one) - compiled)
        assert set(counted.values()) <= {1}
        beside = max(beside, len(running))
        compiled |= warmup.kernels_called(running.pop(chance.randrange(len(running))))
    assert compiled == all_kernels()
    assert beside >= min(processes, 3)
