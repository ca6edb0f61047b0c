"""A kind of study is one file: a user's own runs, reads, says and draws without an edit of ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from experiments.errors import UsageError
from experiments.kinds.kind import Kind
from experiments.run import main
from experiments.study.find import kinds, plan_of

CODE = '''
import pandas as pd

from experiments.kinds.kind import Kind
from experiments.plots.style import Plot, panels
from sim.vocabulary import Parameters, PositiveCount


class Ladder(Kind):
    """Each arm meets its own shocks, in paths, and fails where a run is missing."""

    needs_paths = True
    compares_arms = False
    tables = ("ladder",)
    figures = ()

    def study(self, given):
        return {**given, "arms": {"low": [], "high": ["links.curve_to_capex=0.0"]}}

    def shocks(self, presets):
        return {f"rung_{number}": [preset] for number, preset in enumerate(presets)}

    def meets(self, study, arm, shock):
        return shock == "none" or arm == "high"

    def read(self, out, settings):
        runs = pd.read_parquet(out / "runs.parquet")
        pd.DataFrame({"rung": sorted(runs["shock"].unique())}).to_parquet(out / "ladder.parquet")
        return 9

    def sentences(self, results):
        return [f"The ladder has {len(results.runs)} runs."]

    def draw(self, results):
        figure, _ = panels()
        yield Plot("ladder", figure, "The ladder.")


class Tall(Ladder):
    """A ladder that says how many rungs it has."""

    rungs: PositiveCount
    wood: str = "oak"

    def shocks(self, presets):
        return {f"rung_{number}": list(presets) for number in range(self.rungs)}

    def sentences(self, results):
        return [f"{self.rungs} rungs of {self.wood} in {len(results.runs)} runs."]


class NoKind(Parameters):
    """Something else."""
'''


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "ladder_lab.py").write_text(CODE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    sys.modules.pop("ladder_lab", None)


def asked(lab: Path, *more: str) -> list[str]:
    small = ["population=tiny", "seeds=1", "days=4", "executor=in_process", "plugins=[ladder_lab]"]
    return [*small, f"out={lab / 'out'}", *more]


def test_a_kind_of_the_users_own_runs_from_the_command_line(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shocks = "shocks=[efficiency_jump,pool_outage]"
    days = ["shocks.efficiency_jump.start=1", "shocks.pool_outage.start=1"]
    status = main(asked(lab, "study.kind=ladder_lab.Ladder", "record=paths", shocks, *days))
    said = capsys.readouterr().out
    assert status == 9, said
    runs = pd.read_parquet(lab / "out" / "runs.parquet")
    places = set(zip(runs["arm"], runs["shock"], strict=True))
    assert places == {("low", "none"), ("high", "none"), ("high", "rung_0"), ("high", "rung_1")}
    assert "answer: The ladder has 4 runs." in said
    assert sorted(path.name for path in (lab / "out" / "figures").iterdir()) == ["ladder.pdf", "ladder.png"]
    page = (lab / "out" / "report.html").read_text(encoding="utf-8")
    assert "The ladder." in page
    assert "ladder_lab.py" in (lab / "out" / "provenance.json").read_text(encoding="utf-8")


def test_a_kind_has_parameters_beside_its_target(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "presets" / "experiment").mkdir(parents=True)
    (lab / "presets" / "experiment" / "tall.yaml").write_text(
        "# @package _global_\nstudy: {name: tall, kind: {_target_: ladder_lab.Tall, rungs: 3}}\nrecord: paths\n"
    )
    words = [f"--config-dir={lab / 'presets'}", "experiment=tall", "shocks=[pool_outage]", "shocks.pool_outage.start=1"]
    assert main(asked(lab, *words, "study.kind.rungs=2")) == 9
    said = capsys.readouterr().out
    assert "answer: 2 rungs of oak in 4 runs." in said
    assert "rungs: 2" in (lab / "out" / "config.yaml").read_text(encoding="utf-8")
    assert main(asked(lab, *words, "++study.kind={rungs: 2, wood: oak}")) == 9  # the default given is the default
    assert "4 of them stored already" in capsys.readouterr().out
    assert main(asked(lab, *words)) == 2
    assert "study.kind.rungs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("{_target_: ladder_lab.Tall, rung: 2}", "study.kind.rung = 2: there is no such key"),
        ("{_target_: ladder_lab.Tall, rungs: 0}", "study.kind.rungs = 0: must be"),
        ("{_target_: ladder_lab.Tall, rungs: 2, wood: 3}", "study.kind.wood = 3: must be"),
        ("ladder_lab.Tall", "study.kind.rungs"),
        ("{_target_: ladder_lab.Tal, rungs: 1}", "study.kind._target_ = ladder_lab.Tal"),
        ("{rungs: 1}", "study.kind._target_"),
        ("{_target_: moments, rungs: 1}", "study.kind.rungs"),
        ("3", "there is no such kind"),
    ],
)
def test_what_cannot_be_a_kind_with_parameters_is_told_by_its_key(
    lab: Path, kind: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked(lab, f"study.kind={kind}", "record=paths")) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert told in said


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("pared", "did you mean paired?"),
        ("ladder_lab.Lader", "did you mean 'Ladder'?"),
        ("ladder_lab.NoKind", "is not a Kind"),
        ("other_lab.Ladder", "not in a package that may be built from"),
        ("plan", "there is no such kind"),
    ],
)
def test_what_is_no_kind_is_told(lab: Path, kind: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(lab, f"study.kind={kind}")) == 2
    said = capsys.readouterr().err
    assert f"study.kind = {kind}" in said
    assert told in said


def test_a_kind_that_reads_paths_demands_them(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(asked(lab, "study.kind=neutrality")) == 2
    assert "must be 'paths'" in capsys.readouterr().err


def test_each_file_of_kinds_holds_one() -> None:
    files = Path(__file__).parents[2].joinpath("experiments", "kinds").rglob("*.py")
    assert set(kinds()) == {file.stem for file in files} - {"__init__", "kind"}
    assert {"paired", "replication"} <= set(kinds())
    assert all(isinstance(plan_of(name), Kind) for name in kinds())
    with pytest.raises(UsageError, match="did you mean moments?"):
        plan_of("moment")
