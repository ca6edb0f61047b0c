"""Metrics and figures of the user's own: measured with the runs, or later from their paths without simulating."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.run import main
from experiments.verbs.measuring import record_of
from sim.economy import Economy

CODE = '''
import numpy as np

from experiments.plots.style import Plot, panels
from sim.metrics.measure import OwnMetric
from sim.vocabulary import Parameters, Share


class Above(OwnMetric):
    """Days on which occupancy is above a level."""

    unit = "days"
    level: Share

    def of(self, window):
        return float((window.series("occupancy") > self.level).sum())


class Broken(OwnMetric):
    """Cannot be taken."""

    def of(self, window):
        return window.series("occupancy")[10_000]


class Days(Parameters):
    """A figure."""

    wrong: bool = False

    def draw(self, results):
        figure, axes = panels()
        axes[0, 0].plot([1, 2, 3 / (0 if self.wrong else 1)])
        yield Plot("own_days", figure, "Three days of my own.")
'''
FILES = {
    "metric_lab.py": CODE,
    "presets/metrics/above.yaml": "above: {_target_: metric_lab.Above, level: 0.5}\n",
    "presets/metrics/far_above.yaml": "far_above: {_target_: metric_lab.Above, level: 0.99}\n",
    "presets/metrics/broken.yaml": "broken: {_target_: metric_lab.Broken}\n",
    "presets/metrics/ours.yaml": "rent_volatility: {_target_: metric_lab.Above, level: 0.5}\n",
    "presets/metrics/figure.yaml": "figure: {_target_: metric_lab.Days}\n",
    "presets/figures/own.yaml": "own: {_target_: metric_lab.Days}\n",
    "presets/figures/wrong.yaml": "wrong: {_target_: metric_lab.Days, wrong: true}\n",
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("metric_lab", None)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves effects, figures and report out."""
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The days that economies are run for."""
    days: list[int] = []
    live = Economy.run
    monkeypatch.setattr(Economy, "run", lambda self, n: (days.append(n), live(self, n))[1])
    return days


def study(lab: Path, *more: str) -> int:
    asked = ["population=tiny", "seeds=2", "days=6", "executor=in_process", "plugins=[metric_lab]"]
    return main(["--config-dir", str(lab / "presets"), *asked, f"out={lab / 'out'}", *more])


def measure(lab: Path, *more: str) -> int:
    return main(["--config-dir", str(lab / "presets"), "measure", str(lab / "out"), *more])


def runs(lab: Path) -> pd.DataFrame:
    return pd.read_parquet(lab / "out" / "runs.parquet")


def edit(lab: Path, old: str, new: str) -> None:
    file = lab / "metric_lab.py"
    file.write_text(file.read_text().replace(old, new))
    sys.modules.pop("metric_lab", None)


def test_metrics_and_figures_are_added_to_a_folder_without_simulating(
    lab: Path, lived: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["record=paths", "shocks=[pool_outage]", "shocks.pool_outage.start=3"]
    read = run.read_results
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    assert study(lab, *asked, "metrics=[above]") == 0
    first = runs(lab)
    assert len(lived) == 4
    assert (first["above"] == 3.0).all(), "three of six days are in the window"
    assert not (lab / "out/figures/own_days.png").exists()
    monkeypatch.setattr(run, "read_results", read)
    assert measure(lab, "metrics=[far_above]", "figures=[own]", "study.endpoints=[far_above]") == 0
    second = runs(lab)
    assert len(lived) == 4
    assert second["far_above"].between(0.0, 3.0).all()
    assert (second["measured"] != first["measured"]).all()
    pd.testing.assert_frame_equal(second[first.columns].drop(columns="measured"), first.drop(columns="measured"))
    effects = pd.read_parquet(lab / "out/effects.parquet")
    assert set(effects.loc[effects["p_holm"].notna() | (effects["n"] > 0), "metric"]) >= {"above", "far_above"}
    assert (lab / "out/figures/own_days.png").exists()
    page = (lab / "out/report.html").read_text(encoding="utf-8")
    assert "Three days of my own." in page
    assert "Days on which occupancy is above a level." in page

    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    assert study(lab, *asked, "metrics=[above,far_above]") == 0, "the same study goes on with what was added"
    assert len(lived) == 4
    pd.testing.assert_frame_equal(runs(lab), second)


def test_a_metric_whose_code_changes_is_taken_anew_and_no_run_is(
    lab: Path, lived: list[int], unread: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(lab, "record=paths", "metrics=[above]") == 0
    first = runs(lab)
    edit(lab, "Days on which", "The days on which")
    assert study(lab, "record=paths", "metrics=[above]") == 0
    pd.testing.assert_frame_equal(runs(lab), first)
    edit(lab, ".sum())", ".sum() + 100)")
    capsys.readouterr()
    assert study(lab, "record=paths", "metrics=[above]") == 0
    assert "2 of them stored already, 2 of these measured anew from their paths" in capsys.readouterr().out
    second = runs(lab)
    assert list(second["above"]) == list(first["above"] + 100.0)
    rest = ["above", "measured"]
    pd.testing.assert_frame_equal(second.drop(columns=rest), first.drop(columns=rest))
    assert len(lived) == 2


def test_runs_without_a_path_are_simulated_again_for_another_metric(lab: Path, lived: list[int], unread: None) -> None:
    assert study(lab) == 0
    first = runs(lab)
    assert study(lab, "metrics=[above]") == 0
    second = runs(lab)
    assert len(lived) == 4
    pd.testing.assert_frame_equal(second[first.columns].drop(columns="measured"), first.drop(columns="measured"))
    assert second["above"].notna().all()
    assert study(lab, "metrics=[above]") == 0
    assert len(lived) == 4


def test_a_metric_that_fails_is_named_and_its_runs_are_not_lost(
    lab: Path, lived: list[int], unread: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(lab, "record=paths", "metrics=[broken]") == 3
    failed = runs(lab)
    assert set(failed["status"]) == {"failed"}
    assert all("metric broken: IndexError" in said and "metric_lab.py, line " in said for said in failed["error"])
    edit(lab, "[10_000]", "[1]")
    capsys.readouterr()
    assert study(lab, "record=paths", "metrics=[broken]") == 0
    assert set(runs(lab)["status"]) == {"ok"}
    assert len(lived) == 2
    edit(lab, "[1]", "[10_000]")
    assert measure(lab) == 3
    assert "metric broken: IndexError" in capsys.readouterr().err
    assert set(runs(lab)["status"]) == {"ok"}, "what was measured before is kept"


def test_a_figure_that_fails_is_told_and_left_out(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(lab, "figures=[wrong,own]") == 0
    said = capsys.readouterr().out
    assert "figure wrong is left out: ZeroDivisionError: division by zero (metric_lab.py, line " in said
    assert (lab / "out/figures/own_days.png").exists()
    assert "Three days of my own." in (lab / "out/report.html").read_text(encoding="utf-8")


def test_a_record_read_back_is_that_of_the_run_to_the_bit(
    lab: Path, monkeypatch: pytest.MonkeyPatch, unread: None
) -> None:
    kept = []
    live = Economy.run
    monkeypatch.setattr(Economy, "run", lambda self, n: (live(self, n), kept.append(self.record))[0])
    assert study(lab, "record=paths", "seeds=[3]") == 0
    [path] = (lab / "out/paths").glob("*.parquet")
    back, [record] = record_of(path), kept
    assert back.columns == record.columns
    assert back.rows[: back.days].tobytes() == record.rows[: record.days].tobytes()
    assert (back.start, back.days) == (record.start, record.days)
    assert back.rows.strides == record.rows.strides, "sums go the same way"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["metrics=[ours]"], "metrics = 'rent_volatility': the name of a metric: is a column of runs.parquet already"),
        (["metrics=[figure]"], "metrics.figure._target_ = 'metric_lab.Days': is not one of the metrics: it has no of"),
        (["metrics=[above]", "metrics.above.level=2.0"], "metrics.above.level = 2.0"),
        (["metrics=[above]", "metrics.above.levl=0.1"], "levl"),
        (["metrics=[abov]"], "did you mean above?"),
        (["metrics=[above]", "study.endpoints=[abov]"], "did you mean above?"),
        (["metrics=[above]", "plugins=[]"], "is not in a package that may be built from: sim, agents"),
    ],
)
def test_what_is_wrong_with_a_metric_is_told_before_anything_runs(
    lab: Path, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    assert study(lab, *asked) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not (lab / "out").exists()


def test_what_cannot_be_measured_is_told(lab: Path, unread: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure(lab) == 2
    assert "must be a result folder with runs" in capsys.readouterr().err
    assert main(["measure"]) == 2
    assert "rackrate measure FOLDER" in capsys.readouterr().err
    assert study(lab) == 0
    assert measure(lab, "plugins=[metric_lab]", "metrics=[above]") == 2
    assert "run the study again with record=paths" in capsys.readouterr().err
    assert measure(lab, "days=5") == 2
    assert "days: the runs are done" in capsys.readouterr().err
