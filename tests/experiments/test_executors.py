"""Who runs the runs: a class of the user's own works as ours do, and the bits are the same whoever it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.execute import slurm
from experiments.execute.jobs import Queue
from experiments.run import main
from experiments.store.parts import LABELS, write_part

CODE = '''
from dataclasses import replace
from typing import ClassVar

from experiments.execute.worker import run_batch
from sim.vocabulary import Parameters, PositiveCount


class Backwards(Parameters):
    """Does the last run first, so many at a time, and says who it is."""

    start_method: ClassVar[None] = None
    at_once: PositiveCount = 1

    def run(self, batches, workers, report):
        runs = [(batch, one) for batch in reversed(batches) for one in reversed(batch.runs)]
        print(f"backwards: {len(runs)} runs, {workers} workers, {self.at_once} at once")
        for batch, one in runs:
            report(run_batch(replace(batch, runs=(one,))))


class Forgetful(Backwards):
    def run(self, batches, workers, report):
        super().run(batches[:-1], workers, report)


class Broken(Backwards):
    def run(self, batches, workers, report):
        raise ConnectionError("the cluster is gone")


class Idle(Parameters):
    start_method: ClassVar[None] = None


class Homeless(Parameters):
    def run(self, batches, workers, report):
        pass
'''
ASKED = ["population=tiny", "seeds=1", "days=5", "shocks=[pool_outage]", "shocks.pool_outage.start=3"]
FORKS = ["study.arms={plain: [], calm: ['spot.convexity=4.0']}", "study.fork={arm: plain}"]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "executor_lab.py").write_text(CODE)
    (tmp_path / "presets" / "executor").mkdir(parents=True)
    for name in ("Backwards", "Forgetful", "Broken", "Idle", "Homeless"):
        preset = tmp_path / "presets" / "executor" / f"{name.lower()}.yaml"
        preset.write_text(f"_target_: executor_lab.{name}\n" + ("at_once: 1\n" if name == "Backwards" else ""))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    yield tmp_path
    sys.modules.pop("executor_lab", None)


def study(lab: Path, out: str, *more: str) -> int:
    asked = [*ASKED, "plugins=[executor_lab]", f"out={lab / out}", *more]
    return main(["--config-dir", str(lab / "presets"), *asked])


def test_an_executor_of_ones_own_gives_the_same_bits(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(lab, "ours", *FORKS, "executor=in_process") == 0
    assert study(lab, "own", *FORKS, "executor=backwards", "executor.at_once=2", "workers=3") == 0
    assert "backwards: 8 runs, 3 workers, 2 at once" in capsys.readouterr().out
    assert (lab / "ours/runs.parquet").read_bytes() == (lab / "own/runs.parquet").read_bytes()
    assert (lab / "ours/events.parquet").read_bytes() == (lab / "own/events.parquet").read_bytes()


def test_who_ran_them_is_no_part_of_the_runs(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(lab, "out", "executor=backwards") == 0
    capsys.readouterr()
    assert study(lab, "out", "executor=in_process") == 0
    assert "2 of them stored already" in capsys.readouterr().out


def test_runs_that_an_executor_leaves_out_are_told_and_made_up_for(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(lab, "out", "executor=forgetful", "workers=1") == 3
    assert "the executor ended without it" in capsys.readouterr().err
    done = len(pd.read_parquet(lab / "out/runs.parquet"))
    assert done == 1
    assert study(lab, "out", "executor=in_process") == 0
    assert f"{done} of them stored already" in capsys.readouterr().out


def test_an_executor_that_fails_is_told_in_words(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(lab, "out", "executor=broken") == 3
    told = capsys.readouterr().err
    assert "the executor Broken failed: ConnectionError: the cluster is gone (executor_lab.py, line " in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["executor=idle"], "executor._target_ = 'executor_lab.Idle': is not an executor: it has no run"),
        (["executor=homeless"], "is not an executor: its start_method must be one of"),
        (["executor=backwards", "executor.at_once=0"], "executor.at_once = 0: must be a whole number at least 1"),
        (["executor=backwards", "executor._target_=executor_lab.Backward"], "did you mean 'Backwards'?"),
        (["executor=backwards", "plugins=[]"], "is not in a package that may be built from: sim, agents, experiments"),
        (["executor=backward"], "did you mean backwards?"),
        (["executor=local", "executor.retries=-1"], "executor.retries = -1: must be a whole number at least 0"),
    ],
)
def test_what_is_wrong_with_an_executor_is_told_before_anything_runs(
    lab: Path, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    assert study(lab, "out", *asked) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not (lab / "out").exists()


def test_a_job_that_stays_in_the_queue_with_nothing_left_to_do_is_cancelled(tmp_path, monkeypatch):
    """As Slurm holds one for ever whose end its controller has missed; one that does other runs too is waited for."""
    queued = {"7_0": ["a"], "7_1": ["b", "of another call"]}
    asked, cancelled, reported = [], [], []

    def queue_of(out):
        asked.append(out)
        if len(asked) == 1:
            rows = (
                {"key": key, **dict.fromkeys(LABELS[1:], "ok"), "sweep": {}, "error": "", "metrics": {}} for key in "ab"
            )
            write_part(out, *rows)
        if len(asked) == 9:
            queued.pop("7_1")
        return Queue({key: job for job, keys in queued.items() for key in keys}, dict.fromkeys(queued, "PENDING"), [])

    def cancel(self, jobs):
        cancelled.extend(jobs)
        for job in jobs:
            queued.pop(job)

    monkeypatch.setattr(slurm, "queue_of", queue_of)
    monkeypatch.setattr(slurm, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(slurm.Slurm, "cancel", cancel)
    slurm.Slurm(poll_seconds=0.001, lag_seconds=0.0).watch(tmp_path, ["a", "b"], reported.extend)
    assert cancelled == ["7_0"]
    assert sorted(outcome.key for outcome in reported) == ["a", "b"]
