"""Every tutorial is done as its reader does it, in a folder of his own: files, Python and calls as they stand there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments.report import draw
from experiments.run import main
from tests.reader import blocks, calls, follow

TUTORIALS = Path(__file__).parents[1] / "docs" / "tutorials"

VERBS = {"measure", "status", "compare", "collect", "restart", "expand"}  # whose folder says who does its runs

Followed = Callable[..., dict[str, Any]]


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Followed]:
    """Does a page in an empty folder, in this process; its modules are forgotten afterwards.

    Figures are left out, which take longest, but where a page is about them; a study is done here and not by jobs.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)

    def call(words: list[str]) -> str:
        if not {*words} & VERBS:
            words = [word for word in words if word != "submit" and not word.startswith("executor")]
            words = [*words, "executor=in_process"]
        status = main(words)
        printed = capsys.readouterr()
        assert status == 0, printed.out + printed.err
        return printed.out

    def done(name: str, figures: bool = False) -> dict[str, Any]:
        if not figures:
            monkeypatch.setattr(draw, "draw_figures", lambda results, settings: [])
        return follow(TUTORIALS / f"{name}.md", call)

    yield done
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


def test_an_agent_of_ones_own(followed: Followed) -> None:
    assert len(followed("own_agent")["economy"].record.frame()) == 10
    runs = pd.read_parquet("universities/runs.parquet").set_index(["arm", "seed"])
    assert (runs.loc["with_them", "rent_mean_over_path"] > runs.loc["without", "rent_mean_over_path"]).all()


def test_a_shock_of_ones_own(followed: Followed) -> None:
    followed("own_shock")
    effects = pd.read_parquet("heat/effects.parquet").query("metric == 'rent_mean_over_path' and arm == baseline")
    assert set(effects["arm"]) == {"credit", "cash"}
    assert (effects["estimate"] > 0.0).all()


def test_an_index_of_ones_own(followed: Followed) -> None:
    frame = followed("own_index")["economy"].record.frame()
    assert (frame[["index_median_ask_usd_per_gpu_hour", "index_europe_usd_per_gpu_hour"]] > 0.0).all(axis=None)
    assert set(pd.read_parquet("on_asks/runs.parquet")["status"]) == {"ok"}


def test_a_metric_of_ones_own(followed: Followed) -> None:
    assert followed("own_metric")["results"].runs["lowest_week"].between(0.1, 1.0).all()
    assert {"lowest_week", "lowest_fortnight"} <= set(pd.read_parquet("weeks/runs.parquet"))


@pytest.mark.slow
def test_a_figure_of_ones_own(followed: Followed) -> None:
    followed("own_plot", figures=True)
    assert {"occupancy.png", "occupancy.pdf"} <= {path.name for path in Path("outage/figures").iterdir()}
    assert "Occupancy without a shock, median over seeds." in Path("outage/report.html").read_text(encoding="utf-8")
    assert Path("occupancy_by_hand.png").exists()


@pytest.mark.slow
def test_a_study_of_ones_own(followed: Followed, capsys: pytest.CaptureFixture[str]) -> None:
    followed("own_study")
    assert len(pd.read_parquet("idle/runs.parquet")) == 12
    typed = [words for block in blocks(TUTORIALS / "own_study.md") for words in calls(block.text)]
    [words] = [words for words in typed if "out=floor" in words]
    higher = [word.replace("0.3", "1.0").replace("out=floor", "out=higher") for word in words]
    assert main([*higher, "executor=in_process"]) == 6
    assert "answer: The lowest mean occupancy of a run is " in capsys.readouterr().out


@pytest.mark.slow
def test_a_cluster_from_zero_but_for_its_jobs(followed: Followed) -> None:
    followed("cluster")
    assert sorted(set(pd.read_parquet("first/runs.parquet")["seed"])) == [1, 2, 3, 4, 5, 6]
    assert Path("first/report.html").exists()
