"""Studies on a real Slurm: the bits of a local call, and nothing lost whatever happens to a job."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.analyse.effects import write_effects
from experiments.run import main
from experiments.store.rows import stored_rows
from tests.cluster.conftest import until
from tests.reader import blocks

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


@pytest.mark.slow
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
        job = running()[0]
        told("scancel", job)
        until(lambda: job not in running("RUNNING,COMPLETING"))  # what ends before it is killed is kept
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


# ---- what clusters do to jobs and launches


def submissions(tmp_path: Path) -> list[int]:
    """How many jobs each submission of the folder has."""
    files = sorted((tmp_path / "out/jobs").glob("*.json"))
    return [len(json.loads(file.read_text(encoding="utf-8"))["jobs"]) for file in files]


@contextmanager
def drained() -> Iterator[None]:
    """The node takes no new jobs meanwhile."""
    node = told("sinfo", "-h", "--format=%n").split()[0]
    told("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    try:
        yield
    finally:
        told("scontrol", "update", f"NodeName={node}", "State=RESUME")


def test_an_unknown_partition_is_told_before_anything_runs(
    tmp_path: Path, gate: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(gate("wait", "executor.partition=mian")) == 2
    assert "did you mean main?" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@AT_LENGTH
def test_more_jobs_than_an_array_may_have_are_split(tmp_path: Path, gate: Callable[..., list[str]]) -> None:
    with drained():
        words = gate("raise", "seeds=1003", "shocks=[]", "executor.runs_per_job=1")
        assert main(["submit", *words]) == 0
        assert sorted(submissions(tmp_path)) == [2, 1001]  # indices up to 1000, as MaxArraySize=1001 has it
        assert len(running("PENDING")) == 1003
        told("scancel", "--state=PENDING", "--user=root")
        until(lambda: not running("PENDING"))


@AT_LENGTH
def test_a_drained_node_ends_what_it_does_and_the_rest_waits(tmp_path: Path, gate: Callable[..., list[str]]) -> None:
    def drain() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        with drained():
            (tmp_path / "open").touch()
            until(lambda: not running())
            assert running("PENDING")

    thread = meanwhile(drain)
    assert main(gate("wait", "seeds=3", "executor.runs_per_job=2")) == 0
    thread.join()
    assert set(rows(tmp_path)["status"]) == {"ok"}
    assert submissions(tmp_path) == [3]


@AT_LENGTH
def test_a_controller_that_is_restarted_is_waited_for(
    tmp_path: Path, gate: Callable[..., list[str]], slurm: dict[str, str]
) -> None:
    def restart() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        recorded = Path(slurm["RACKRATE_SLURM_DIR"], "pid/slurmctld")
        os.kill(int(recorded.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
        (tmp_path / "open").touch()  # the job ends while nobody is there to be told
        time.sleep(5)
        subprocess.run([str(Path(__file__).parent / "slurm_up.sh")], env={**os.environ, **slurm}, check=True)

    thread = meanwhile(restart)
    assert main(gate("wait", "seeds=2")) == 0
    thread.join()
    node = told("sinfo", "-h", "--format=%n").split()[0]  # which Slurm drains where it holds the job that it has missed
    subprocess.run(["scontrol", "update", f"NodeName={node}", "State=RESUME"], capture_output=True, check=False)
    assert set(rows(tmp_path)["status"]) == {"ok"}
    assert submissions(tmp_path) == [1]


@AT_LENGTH
def test_a_job_at_its_time_limit_keeps_what_has_ended_and_fails_what_cannot_end(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    assert main(gate("wait", "seeds=1", "executor.minutes=4")) == 3  # Slurm warns 90 seconds before
    found = rows(tmp_path)
    assert found.loc[("none", 1), "status"] == "ok"
    assert "no run of its job ended within 4 min" in found.loc[("gate", 1), "error"]
    (tmp_path / "open").touch()
    assert main(gate("wait", "seeds=1")) == 0


@AT_LENGTH
def test_a_disk_that_fills_loses_no_finished_run(
    tmp_path: Path, gate: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "disk").mkdir()
    told("mount", "-t", "tmpfs", "-o", "size=4m", "none", str(tmp_path / "disk"))

    def fill() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        with contextlib.suppress(OSError), open(tmp_path / "disk/filler", "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        (tmp_path / "open").touch()

    words = gate("wait", "seeds=1", f"out={tmp_path / 'disk/out'}")
    try:
        thread = meanwhile(fill)
        assert main(words) not in {0, 2}
        thread.join()
        assert "No space left" in "".join(capsys.readouterr())
        (tmp_path / "disk/filler").unlink()
        assert main(words) == 0
        found = pd.read_parquet(tmp_path / "disk/out/runs.parquet")
        assert list(found["status"]) == ["ok", "ok"]
    finally:
        told("umount", "-l", str(tmp_path / "disk"))


@AT_LENGTH
def test_two_launches_into_one_folder_do_no_run_twice(
    tmp_path: Path, gate: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = gate("wait", "seeds=1")
    second = dict[str, str]()

    def launch() -> None:
        until(lambda: list(tmp_path.glob("began-*")))
        call = [sys.executable, "-m", "rackrate", *words]
        done = subprocess.run(call, cwd=Path(run.__file__).parents[1], capture_output=True, text=True, check=False)
        second["said"] = f"{done.returncode} {done.stderr}"
        (tmp_path / "open").touch()

    assert main(["submit", *words]) == 0
    thread = meanwhile(launch)
    assert main(words) == 0  # leaves the runs to the jobs of `submit` and waits for them
    thread.join()
    assert "with jobs of an earlier call and left to them" in capsys.readouterr().out
    assert second["said"].startswith("2 "), second
    assert "is in use by another call (" in second["said"], second
    assert submissions(tmp_path) == [1]
    assert len(list(tmp_path.glob("began-*"))) == 1


@AT_LENGTH
def test_code_that_changed_while_jobs_waited_gives_failed_rows_and_no_numbers(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    words = gate("wait", "seeds=1")
    with drained():
        assert main(["submit", *words]) == 0
        (module,) = tmp_path.glob("gate_*.py")
        module.write_text(module.read_text().replace("return environment", "return environment or None"))
        (tmp_path / "open").touch()
    until(lambda: len(stored_rows(tmp_path / "out")) == 2)
    parts = list(stored_rows(tmp_path / "out").values())
    assert any("the code has changed since the study was launched" in part["error"] for part in parts)
    assert {part["status"] for part in parts} == {"failed"}
    until(lambda: not running(), 60.0)
    assert main(words) == 0
    assert set(rows(tmp_path)["status"]) == {"ok"}


@AT_LENGTH
def test_a_folder_that_nodes_do_not_see_is_told(
    tmp_path: Path, gate: Callable[..., list[str]], slurm: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(tempfile.mkdtemp(prefix="rackrate-slurm-"))
    port = str(int(slurm["RACKRATE_SLURM_PORT"]) + 500)
    known = {"RACKRATE_SLURM_DIR": str(own), "RACKRATE_SLURM_PORT": port, "RACKRATE_SLURM_HIDES": str(tmp_path)}
    here = Path(__file__).parent
    monkeypatch.setenv("SLURM_CONF", str(own / "slurm.conf"))
    monkeypatch.setenv("MUNGE_SOCKET", str(own / "munge/socket"))
    try:
        subprocess.run([str(here / "slurm_up.sh")], env={**os.environ, **known}, check=True)
        assert main(gate("raise", "seeds=1", "executor.retries=0")) == 3
    finally:
        subprocess.run([str(here / "slurm_down.sh"), "--purge"], env={**os.environ, **known}, check=False)
    assert all("on a file system that the nodes share?" in error for error in rows(tmp_path)["error"])


@AT_LENGTH
def test_the_tutorial_is_done_to_the_letter(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs/tutorials/cluster.md"
    typed = "".join(block.text for block in blocks(page) if block.language == "bash")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -e\n{typed}"], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    runs = pd.read_parquet(tmp_path / "first/runs.parquet")
    assert len(runs) == 2 * 6
    assert set(runs["status"]) == {"ok"}
    assert "first: 12 runs: 12 done" in done.stdout
