"""Studies on a real Slurm: the bits of a local call, and nothing lost whatever happens to a job."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.analyse.effects import write_effects
from experiments.run import main
from tests.cluster.conftest import until

AT_LENGTH = pytest.mark.skipif(
    not os.environ.get("RACKRATE_SLURM_ALL"), reason="waits for a scheduler for minutes; RACKRATE_SLURM_ALL=1 runs it"
)
pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("slurm")]

QUICK = ["executor=slurm", "executor.minutes=5", "executor.poll_seconds=0.3"]
QUICK += ["executor.lag_seconds=1", "executor.runs_per_job=4"]


@pytest.fixture
def gate(gate: Callable[..., list[str]]) -> Callable[..., list[str]]:
    return lambda way, *more: gate(way, *QUICK, *more)


def told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def running(state: str = "RUNNING") -> list[str]:
    return told("squeue", "-h", "--array", f"--states={state}", "--format=%i").split()


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def meanwhile(do: Callable[[], None]) -> threading.Thread:
    """Does something beside the call under test."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread


def rows(tmp_path: Path) -> pd.DataFrame:
    return pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index(["shock", "seed"])


def test_forty_runs_have_the_bits_of_a_local_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "read_results", lambda out, settings: (write_effects(out) and 0, []))
    asked = ["population=tiny", "days=8", "seeds=10", "shocks=[pool_outage]", "shocks.pool_outage.start=3"]
    asked += ["study.arms={plain: [], calm: ['spot.convexity=4.0']}", "record=paths"]
    assert main([*asked, "executor=in_process", f"out={tmp_path / 'local'}"]) == 0
    assert main([*asked, *QUICK, "executor.runs_per_job=20", f"out={tmp_path / 'slurm'}"]) == 0
    assert len({log.name.split("_log")[0] for log in tmp_path.glob("slurm/jobs/*/*_log.out")}) == 2  # side by side
    files = sorted(path.relative_to(tmp_path / "local") for path in (tmp_path / "local").glob("**/*.parquet"))
    assert len(pd.read_parquet(tmp_path / "local/runs.parquet")) == 40
    assert {"runs.parquet", "effects.parquet", "events.parquet"} < {str(file) for file in files}
    for file in files:
        assert (tmp_path / "local" / file).read_bytes() == (tmp_path / "slurm" / file).read_bytes(), file


def test_a_run_that_raises_is_a_failed_row_and_the_others_are_kept(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    assert main(gate("raise", "seeds=2")) == 3
    found = rows(tmp_path)
    assert set(found.loc["none", "status"]) == {"ok"}
    assert all("RuntimeError: something unheard of" in error for error in found.loc["gate", "error"])


@AT_LENGTH
def test_a_job_that_is_cancelled_fails_its_runs_and_the_next_call_does_them(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    def cancel() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        told("scancel", *running()[:1])
        (tmp_path / "open").touch()

    thread = meanwhile(cancel)
    assert main(gate("wait", "seeds=4", "executor.runs_per_job=2")) == 3
    thread.join()
    found = rows(tmp_path)
    assert list(found["status"]).count("failed") <= 2
    assert any("its job ended without it: CANCELLED" in error for error in found["error"])
    assert main(gate("wait", "seeds=4")) == 0
    assert set(rows(tmp_path)["status"]) == {"ok"}


@AT_LENGTH
def test_a_warning_of_the_end_queues_the_job_again_and_fails_nothing(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    """What Slurm sends before a time limit, and sites before a preemption, is never a failure of the run."""

    def warn() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        told("scancel", "--signal=USR2", *running()[:1])
        until(lambda: len(list(tmp_path.glob("began-*"))) > 1)
        (tmp_path / "open").touch()

    thread = meanwhile(warn)
    assert main(gate("wait", "seeds=1", "executor.minutes=30")) == 0
    thread.join()
    assert set(rows(tmp_path)["status"]) == {"ok"}
    assert len(list((tmp_path / "out/jobs").glob("*.json"))) == 1  # by Slurm, not by another submission


@AT_LENGTH
def test_a_killed_job_is_queued_again(tmp_path: Path, gate: Callable[..., list[str]]) -> None:
    def kill() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        (worker,) = tmp_path.glob("began-*")
        process = int(worker.name.split("-")[1])
        for killed in (parent(parent(process)), process):  # the job first, which would see the worker's death
            os.kill(killed, signal.SIGKILL)
        (tmp_path / "open").touch()

    thread = meanwhile(kill)
    assert main(gate("wait", "seeds=1")) == 0
    thread.join()
    assert set(rows(tmp_path)["status"]) == {"ok"}
    assert len(list((tmp_path / "out/jobs").glob("*.json"))) == 2


@AT_LENGTH
def test_a_job_out_of_memory_is_told_and_the_next_call_does_its_runs(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    assert main(gate("memory", "seeds=1", "executor.memory_gb=0.8", "executor.retries=0")) == 3
    found = rows(tmp_path)
    assert found.loc[("none", 1), "status"] == "ok"
    assert found.loc[("gate", 1), "status"] == "failed"
    (tmp_path / "open").touch()
    assert main(gate("memory", "seeds=1")) == 0
