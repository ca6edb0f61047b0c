"""What the README and the tutorials show is run as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.analyse.effects import write_effects
from tests.statistics.conftest import write_folder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OWN_PARTS = (ROOT / "docs/tutorials/own_parts.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """A page's code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def test_the_notebook_example_runs() -> None:
    names: dict[str, object] = {}
    code = blocks("python")[0].replace("economy.run(250)", "economy.run(5)")
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert len(names["frame"]) == 5  # type: ignore[arg-type]


def test_the_example_of_results_runs(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "results", seeds=3)
    write_effects(folder)
    code = blocks("python")[1].replace("results/demo", str(folder)).replace('"outage"', '"pool_outage"')
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert set(names["frame"]["seed"]) == {1, 2}
    assert set(names["frame"]["arm"]) == {"both"}
    assert set(names["apart"].effects["metric"]) == set(names["results"].design.endpoints)


@pytest.mark.slow
def test_the_readers_own_agent_shock_and_experiment_run_from_their_own_folder(tmp_path: Path) -> None:
    (tmp_path / "my_lab.py").write_text(blocks("python", OWN_PARTS)[0])
    for path, text in zip(re.findall(r"`(presets/[^`]+\.yaml)`", OWN_PARTS), blocks("yaml", OWN_PARTS), strict=True):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    command = [sys.executable, "-m", "rackrate", "--config-dir", "presets", "experiment=campus"]
    command += ["seeds=2", "days=160", "population=tiny", "executor=in_process", f"out={tmp_path / 'out'}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"occupancy.png", "occupancy.pdf"} <= {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Occupancy without a shock, median over seeds." in page
    assert "Lowest week (%)" in page
    runs = pd.read_parquet(tmp_path / "out" / "runs.parquet")
    assert runs["lowest_week"].between(0.1, 1.0).all()


def test_the_kind_of_study_runs_and_judges(tmp_path: Path) -> None:
    (tmp_path / "my_floor.py").write_text(blocks("python", OWN_PARTS)[1])
    [words] = [line for line in OWN_PARTS.splitlines() if line.startswith("rackrate 'study.kind=")]
    small = ["population=tiny", "seeds=1", "days=4", "shocks=[]", "executor=in_process"]
    for share, status in (("0.6", 0), ("1.0", 6)):
        asked = shlex.split(words.replace("share: 0.6", f"share: {share}"))[1:]
        command = [sys.executable, "-m", "rackrate", *asked, *small, f"out=floor_{share}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert "answer: The lowest mean occupancy of a run is " in done.stdout
