"""One key, one result: what draws from elsewhere than the study's seeds is refused, or its run fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.run import main

CODE = """
import os
import random
import time
from dataclasses import replace

import numpy as np

from sim.agent import Agent, GroupParameters
from sim.environment import Environment
from sim.vocabulary import Parameters

CALLS = []


class Shock(Parameters):
    how: str

    def __call__(self, day, environment):
        if day == 2 and self.how == "ends":
            os._exit(1)
        lost = {
            "pure": lambda: 0.1,
            "python": lambda: random.random() / 10,
            "numpy": lambda: np.random.default_rng().random() / 10,
            "counts": lambda: len(CALLS) / 1000,
            "clock": lambda: time.perf_counter() % 0.1,
            "rare": lambda: 0.1 * (random.random() < 1e-9),
            "ends": lambda: 0.1,
        }[self.how]()
        CALLS.append(day)
        return replace(environment, fleet_availability=1.0 - lost) if day == 3 else environment


class Gambler(Agent):
    Parameters = GroupParameters
    kind = "gambler"

    def spot_demand(self, view):
        random.random()
        return ()
"""
FILES = {
    "chance_lab.py": CODE,
    "presets/shocks/own.yaml": "own: {_target_: chance_lab.Shock, how: pure}\n",
    "presets/agents/gambler.yaml": "gambler: {_target_: chance_lab.Gambler, count: 1, size: 1.0}\n",
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    yield tmp_path
    sys.modules.pop("chance_lab", None)


def study(lab: Path, *more: str) -> int:
    asked = ["population=tiny", "seeds=1", "days=5", "plugins=[chance_lab]", f"out={lab / 'out'}"]
    return main(["--config-dir", str(lab / "presets"), *asked, *more])


@pytest.mark.parametrize("how", ["python", "numpy", "counts", "clock", "rare"])
def test_a_shock_that_is_not_a_function_of_the_day_is_refused_by_key(
    lab: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    assert study(lab, "shocks=[own]", f"shocks.own.how={how}", "executor=in_process") == 2
    told = capsys.readouterr().err
    day = 0 if how in {"python", "rare"} else 3
    assert f"shocks.own: what it says of day {day} is not always the same" in told
    assert "uniform" in told
    assert not (lab / "out").exists()


def test_it_is_refused_on_workers_too(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(lab, "shocks=[own]", "shocks.own.how=clock", "workers=1") == 2
    assert "shocks.own: what it says of day 3 is not always the same" in capsys.readouterr().err


def test_a_pure_shock_runs_and_one_that_ends_its_process_is_left_to_its_run(lab: Path) -> None:
    assert study(lab, "shocks=[own]", "executor=in_process") == 0
    assert study(lab, "shocks=[own]", "shocks.own.how=ends", "workers=1", f"out={lab / 'ends'}") == 3
    rows = pd.read_parquet(lab / "ends" / "runs.parquet").set_index("shock")
    assert dict(rows["status"]) == {"none": "ok", "own": "failed"}


def test_a_run_in_which_an_agent_draws_from_the_process_is_a_failed_one(lab: Path) -> None:
    agents = "agents=[hyperscaler,neocloud,ai_lab,renter,lender,chip_vendor,gambler]"
    assert study(lab, agents, "venue=none", "executor=in_process") == 3
    [said] = pd.read_parquet(lab / "out" / "runs.parquet")["error"]
    assert "draws from Python's `random`" in said
    assert "view.uniform" in said
