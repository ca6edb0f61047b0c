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
from sim.vocabulary import Parameters


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
    assert set(kinds()) == {"paired", "neutrality", "moments", "standardisation", "records", "replication"}
    assert all(isinstance(plan_of(name), Kind) for name in kinds())
    with pytest.raises(UsageError, match="did you mean moments?"):
        plan_of("moment")
