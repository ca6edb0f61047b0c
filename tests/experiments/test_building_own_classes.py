"""What a class of the user's own raises while it is read or built is told by its key before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.configuration.compose import composer
from experiments.errors import UsageError
from experiments.execute.executor import executor_of
from experiments.study.expand import expand

LAB = """
import os

from sim.agent import Agent, GroupParameters
from sim.metrics.measure import OwnMetric
from sim.vocabulary import Parameters


class Choosy(GroupParameters):
    def model_post_init(self, context):
        {fails}


class Rejected(Agent):
    Parameters = Choosy


class Stillborn(Agent):
    Parameters = GroupParameters

    def start(self, path):
        {fails}


class Landless(Agent):
    Parameters = GroupParameters

    @classmethod
    def landlord(cls, parameters, policy_rate, equity_rate):
        {fails}


class Strike(Parameters):
    start: int = 2

    def model_post_init(self, context):
        {fails}

    def __call__(self, day, environment):
        return environment


class Dumb(OwnMetric):
    @classmethod
    def meaning(cls):
        {fails}

    def of(self, window):
        return 1.0
"""
ENDS = "os._exit(0)"
Write = Callable[[str], None]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "shocks").mkdir()
    (tmp_path / "shocks/strike.yaml").write_text("strike: {_target_: built_lab.Strike}\n")

    def write(fails: str) -> None:
        (tmp_path / "built_lab.py").write_text(LAB.replace("{fails}", fails))
        sys.modules.pop("built_lab", None)

    yield write
    sys.modules.pop("built_lab", None)


def refused(tmp_path: Path, *overrides: str) -> str:
    small = ["population=tiny", "days=5", "seeds=1", "plugins=[built_lab]", "executor=in_process"]
    with composer(tmp_path) as opened, pytest.raises(UsageError) as told:
        expand(opened, [*small, *overrides])
    return str(told.value)


@pytest.mark.parametrize("fails", ["raise TypeError('no')", "raise SystemExit(0)", "raise RecursionError('no')", ENDS])
@pytest.mark.parametrize("cls", ["Rejected", "Stillborn"])
def test_an_agent(lab: Write, tmp_path: Path, fails: str, cls: str) -> None:
    lab(fails)
    said = refused(tmp_path, f"+agents.member={{_target_: built_lab.{cls}, count: 1, size: 1.0}}")
    assert "agents.member" in said
    assert "cannot be built: " in said


@pytest.mark.parametrize("fails", ["raise ValueError('no')", "raise KeyboardInterrupt", ENDS])
def test_an_agent_of_which_only_the_place_is_known(lab: Write, tmp_path: Path, fails: str) -> None:
    lab(fails)
    said = refused(tmp_path, "+agents.member={_target_: built_lab.Landless, count: 1, size: 1.0}")
    assert "is impossible: " in said
    assert said.endswith("no") or "line " in said


def test_an_impossible_value_keeps_the_class_own_words(lab: Write, tmp_path: Path) -> None:
    lab("raise ValueError('too choosy')")
    said = refused(tmp_path, "+agents.member={_target_: built_lab.Rejected, count: 1, size: 1.0}")
    assert said.endswith("too choosy")


@pytest.mark.parametrize("fails", ["raise TypeError('no')", "raise SystemExit(0)", ENDS])
def test_a_shock(lab: Write, tmp_path: Path, fails: str) -> None:
    lab(fails)
    said = refused(tmp_path, "shocks=[strike]")
    assert "shocks.strike" in said
    assert "cannot be built: " in said


@pytest.mark.parametrize("fails", ["raise TypeError('no')", "raise SystemExit(0)", ENDS])
def test_a_metric_in_its_meaning(lab: Write, tmp_path: Path, fails: str) -> None:
    lab(fails)
    assert "metrics.mean._target_" in refused(tmp_path, "+metrics.mean={_target_: built_lab.Dumb}")


@pytest.mark.parametrize("ends", [ENDS, "raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_a_module_that_ends_the_process_when_it_is_imported(lab: Write, tmp_path: Path, ends: str) -> None:
    lab("pass")
    (tmp_path / "built_lab.py").write_text(f"import os\n{ends}\n")
    assert "study.kind" in refused(tmp_path, "study.kind=built_lab.Any")
    with pytest.raises(UsageError, match="executor.*built_lab"):
        executor_of({"_target_": "built_lab.Any"}, ("built_lab",))
