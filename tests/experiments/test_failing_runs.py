"""One run never takes the study with it, whatever is raised in it; the user's own Ctrl-C still stops the study."""

import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from experiments import run
from experiments.run import main
from experiments.store.parts import part_rows

PLUGIN = '''
"""A shock that raises what no shock should, on its day."""

import os
import signal
import sys
import time
import warnings
from typing import Literal

import numpy as np

from sim.vocabulary import Parameters


class Sealed(Exception):
    """Cannot be pickled, nor said."""

    def __init__(self):
        self.file = open(os.devnull)

    def __str__(self):
        raise RuntimeError("says nothing")

    def __reduce__(self):
        raise TypeError("cannot be pickled")


def deeper(n):
    return deeper(n + 1)


def warned():
    warnings.simplefilter("error")
    np.seterr(all="raise")
    warnings.warn("of no importance")


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def thrown(error):
    raise error


WAYS = {
    "system_exit": lambda: sys.exit(),
    "exit_zero": lambda: sys.exit(0),
    "keyboard_interrupt": lambda: thrown(KeyboardInterrupt()),
    "generator_exit": lambda: thrown(GeneratorExit()),
    "sealed": lambda: thrown(Sealed()),
    "surrogate": lambda: thrown(ValueError("half a letter \\ud800")),
    "recursion": lambda: deeper(0),
    "memory": lambda: np.ones(1 << 56),
    "warning": warned,
    "os_exit": lambda: os._exit(0),
    "os_exit_nine": lambda: os._exit(9),
    "killed": killed,
    "slow": lambda: time.sleep(0.3),
}


class Breach(Parameters):
    start: int
    way: str

    def __call__(self, day, environment):
        if day >= self.start:
            try:
                WAYS[self.way]()
            except BaseException:
                if self.way != "slow":
                    raise
        return environment
'''
RAISED = {
    "system_exit": "SystemExit",
    "exit_zero": "SystemExit: 0",
    "keyboard_interrupt": "KeyboardInterrupt",
    "generator_exit": "GeneratorExit",
    "sealed": "Sealed: what it says cannot be shown",
    "surrogate": "ValueError: half a letter ?",
    "recursion": "RecursionError",
    "memory": "MemoryError",
    "warning": "UserWarning: of no importance",
    "os_exit": "SystemExit: os._exit(0)",
    "os_exit_nine": "SystemExit: os._exit(9)",
}


@pytest.fixture
def breach(tmp_path):
    """Arguments of a study in which the runs with a shock end in the given way."""

    def asked(way, *more):
        module = f"breach_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / "presets"
        (folder / "shocks").mkdir(parents=True)
        (tmp_path / f"{module}.py").write_text(PLUGIN)
        preset = f"breach: {{_target_: {module}.Breach, start: 3, way: {way}}}\n"
        (folder / "shocks" / "breach.yaml").write_text(preset)
        base = ["--config-dir", str(folder), f"plugins=[{module}]", "shocks=[breach]", "population=tiny"]
        return [*base, "days=6", f"out={tmp_path / 'out'}", *more]

    before = list(sys.path)
    yield asked
    sys.path[:] = before


@pytest.fixture
def without_figures(monkeypatch):
    """Leaves the reading of results out, where only the runs matter."""
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))


def table(tmp_path):
    return pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index(["shock", "seed"])


def assert_only_its_runs_failed(tmp_path, said):
    rows = table(tmp_path)
    assert set(rows.loc["none", "status"]) == {"ok"}
    assert set(rows.loc["breach", "status"]) == {"failed"}
    assert all(said in text for text in rows.loc["breach", "error"])


@pytest.mark.parametrize("way", RAISED)
def test_whatever_a_run_raises_is_a_failed_row_and_the_others_are_kept(tmp_path, breach, without_figures, way):
    before = np.geterr()
    assert main(breach(way, "seeds=2", "executor=in_process")) == 3
    assert_only_its_runs_failed(tmp_path, RAISED[way])
    assert np.geterr() == before
    assert ("error", None, Warning, None, 0) not in warnings.filters


SLOW = [pytest.param(way, marks=pytest.mark.slow) for way in ("system_exit", "sealed", "warning")]


@pytest.mark.parametrize("way", ["keyboard_interrupt", "os_exit", *SLOW])
def test_the_same_on_workers(tmp_path, breach, without_figures, way):
    assert main(breach(way, "seeds=2", "workers=1")) == 3
    assert_only_its_runs_failed(tmp_path, RAISED[way])


@pytest.mark.parametrize(("way", "said"), [
    pytest.param("os_exit_nine", "exit status 9", marks=pytest.mark.slow), ("killed", "when memory runs out"),
])  # fmt: skip
def test_a_worker_that_is_ended_takes_its_own_run_only(tmp_path, breach, without_figures, way, said):
    assert main(breach(way, "seeds=2", "workers=1")) == 3
    assert_only_its_runs_failed(tmp_path, said)


@pytest.mark.slow
def test_a_fork_that_kills_its_worker_leaves_its_siblings_alone(tmp_path, breach, without_figures):
    arms = ["study.arms={plain:[],calm:['spot.convexity=4.0']}", "study.fork={arm:plain}"]
    assert main(breach("killed", "seeds=1", "workers=1", "executor.retries=0", *arms)) == 3
    rows = table(tmp_path)
    assert list(rows.loc["none", "status"]) == ["ok"] * 4
    assert list(rows.loc["breach", "status"]) == ["failed"] * 4


@pytest.mark.slow
def test_ctrl_c_stops_a_study_in_this_process_at_once_and_keeps_what_is_finished(tmp_path, breach):
    asked = breach("slow", "seeds=30", "executor=in_process")
    command = [sys.executable, "-m", "experiments.run", *asked]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    until = time.monotonic() + 60
    parts = tmp_path / "out" / "parts"
    while len(list(part_rows(parts.glob("*.jsonl")))) < 4 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "finished runs are kept" in said
    rows = table(tmp_path)
    assert set(rows["status"]) == {"ok"}
    assert 4 <= len(rows) < 30
