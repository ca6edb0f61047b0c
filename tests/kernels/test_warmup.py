"""After the warm-up a run compiles nothing more."""

import os
import subprocess
import sys
from pathlib import Path

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
