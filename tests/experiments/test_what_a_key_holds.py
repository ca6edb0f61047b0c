"""A run's key holds the code it uses, by meaning: comments, other arms' plug-ins and reporting code change nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import run
from experiments.plugins import sources
from experiments.plugins.sources import PluginCode, hash_of
from experiments.run import main
from experiments.study.expand import with_keys
from experiments.study.runs import RunSpec

AGENT = """
from sim.agent import Agent, GroupParameters
from sim.rows.rental import DemandRow
from sim.vocabulary import Positive


class Parameters(GroupParameters):
    demand_ve: Positive


class University(Agent):
    Parameters = Parameters
    kind = "university"

    def spot_demand(self, view):
        yield DemandRow(work=0, season=0, service=1, quantity_ve=self.p.demand_ve, reference_usd=2.81, elasticity=0.2)
"""
SHOCK = """
from dataclasses import replace

from sim.vocabulary import Parameters

from .helper import SHARE


class Heat(Parameters):
    def __call__(self, day, environment):
        return replace(environment, fleet_availability=1.0 - SHARE) if day == 3 else environment
"""
FILES = {
    "key_lab/__init__.py": "",
    "key_lab/agents.py": AGENT,
    "key_lab/shocks.py": SHOCK,
    "key_lab/helper.py": "import key_beside\n\nSHARE = key_beside.SHARE\n",
    "key_lab/unused.py": "X = 1\n",
    "key_beside.py": "SHARE = 0.1\n",
    "presets/agents/university.yaml": "university: {_target_: key_lab.agents.University, count: 2, size: 1.0, "
    "demand_ve: 2000.0}\n",
    "presets/shocks/heat.yaml": "heat: {_target_: key_lab.shocks.Heat}\n",
    "presets/experiment/campus.yaml": """# @package _global_
study:
  name: campus
  arms:
    without: []
    with_universities: ["agents=[hyperscaler,neocloud,ai_lab,renter,lender,chip_vendor,university]", "venue=none"]
  shocks: {heat: [heat]}
plugins: [key_lab]
""",
}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in {"key_lab", "key_beside"}]:
        del sys.modules[name]


def asked(lab: Path) -> list[str]:
    return ["experiment=campus", "population=tiny", "seeds=2", "days=5", "executor=in_process", f"out={lab / 'out'}"]


@pytest.fixture(scope="module")
def worlds() -> dict[tuple[str, str], dict[str, Any]]:
    """What the worlds of the study name."""
    heat = {"heat": {"_target_": "key_lab.shocks.Heat"}}
    plain = {"renter": {"_target_": "agents.renter.Renter"}}
    more = {**plain, "university": {"_target_": "key_lab.agents.University"}}
    return {
        (arm, shock): {"agents": agents, "shocks": shocks}
        for arm, agents in (("without", plain), ("with_universities", more))
        for shock, shocks in (("none", {}), ("heat", heat))
    }


def changed(lab: Path, worlds: dict[Any, Any], name: str, edit: Callable[[str], str]) -> set[tuple[str, str]]:
    """The arms and shocks whose keys an edit changes."""

    def keys() -> dict[tuple[str, str], str]:
        runs = [RunSpec(*place, 1, (), 5, (0, 5), world) for place, world in worlds.items()]
        return {(run.arm, run.shock): run.key for run in with_keys(runs, "code", PluginCode(["key_lab"]).used_by)}

    before, path = keys(), lab / name
    path.write_text(edit(path.read_text() if path.exists() else ""))
    return {place for place, key in keys().items() if key != before[place]}


HEAT = {("without", "heat"), ("with_universities", "heat")}
UNIVERSITIES = {("with_universities", "none"), ("with_universities", "heat")}


def test_comments_docstrings_and_formatting_change_no_key(lab: Path, worlds: Any) -> None:
    def reworded(text: str) -> str:
        return '"""Says what it does."""\n# and how\n' + text.replace(
            "demand_ve: Positive", "demand_ve:   Positive  # GPUs"
        )

    assert changed(lab, worlds, "key_lab/agents.py", reworded) == set()


def test_code_changes_the_keys_of_the_runs_that_use_it_alone(lab: Path, worlds: Any) -> None:
    assert (
        changed(lab, worlds, "key_lab/agents.py", lambda text: text.replace("elasticity=0.2", "elasticity=0.3"))
        == UNIVERSITIES
    )
    assert changed(lab, worlds, "key_lab/shocks.py", lambda text: text.replace("day == 3", "day == 2")) == HEAT
    assert changed(lab, worlds, "key_lab/helper.py", lambda text: text + "Y = 2\n") == HEAT, "imported by the shock"
    assert changed(lab, worlds, "key_beside.py", lambda text: text.replace("0.1", "0.2")) == HEAT, (
        "imported from beside"
    )
    assert changed(lab, worlds, "key_lab/unused.py", lambda text: text + "Y = 2\n") == set()
    assert changed(lab, worlds, "key_lab/__init__.py", lambda text: text + "Y = 2\n") == HEAT | UNIVERSITIES
    assert changed(lab, worlds, "key_lab/prices.csv", lambda text: text + "1,2\n") == HEAT | UNIVERSITIES, (
        "may be read by any"
    )
    assert changed(lab, worlds, "key_lab/notes.md", lambda text: text + "Read me.\n") == set()


def test_modules_found_by_name_count_as_used(lab: Path, worlds: Any) -> None:
    by_name = 'import importlib\n\nSHARE = importlib.import_module("key_beside").SHARE\n'
    (lab / "key_lab/helper.py").write_text(by_name)
    assert changed(lab, worlds, "key_lab/unused.py", lambda text: text + "Y = 2\n") == HEAT


def test_measuring_and_reporting_code_of_ours_is_no_part_of_a_key() -> None:
    files = sources.simulating_code()
    assert {"sim/economy.py", "agents/neocloud.py", "sim/record.py"} <= files.keys()
    assert not [name for name in files if name.startswith(("sim/metrics/", "experiments/"))]
    assert "sim/metrics/stability.py" in sources.measuring_code()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1  # one\n", "x   =   (1)\n", True),
        ('"""A."""\nx = 1\n', "x = 1\n", True),
        ('def f():\n    """A."""\n    return 1\n', "def f():\n    return 1\n", True),
        ("x = 1\n", "x = 1.0\n", False),
        ("x = 1\n", "x = True\n", False),
        ('x = "a"\n', 'x = b"a"\n', False),
        ('x = """A."""\n', 'x = """B."""\n', False),
        ("f(a, b)\n", "f(a)(b)\n", False),
        ("x = [a, [b]]\n", "x = [[a], b]\n", False),
        ("if a:\n    b\nc\n", "if a:\n    b\n    c\n", False),
        ("x = a - (b - c)\n", "x = a - b - c\n", False),
        ("x = {**a}\n", "x = {None: a}\n", False),
    ],
)
def test_the_hash_is_of_what_code_means(tmp_path: Path, one: str, other: str, same: bool) -> None:
    for name, text in (("one.py", one), ("other.py", other)):
        (tmp_path / name).write_text(text)
    assert (hash_of(tmp_path / "one.py") == hash_of(tmp_path / "other.py")) == same


def test_results_inside_a_package_are_no_part_of_its_code(lab: Path) -> None:
    (lab / "key_lab" / "out").mkdir()
    (lab / "key_lab" / "out" / "provenance.json").write_text("{}")
    (lab / "key_lab" / "out" / "runs.parquet").write_text("rows")
    used = PluginCode(["key_lab"]).used_by({"shocks": {"heat": {"_target_": "key_lab.shocks.Heat"}}})
    assert used.keys() == {"key_lab/__init__.py", "key_lab/shocks.py", "key_lab/helper.py", "key_beside.py"}


def test_only_runs_that_use_what_changed_are_done_anew_and_old_code_takes_its_runs_back(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def rows() -> pd.DataFrame:
        table = pd.read_parquet(lab / "out" / "runs.parquet")
        assert not table.duplicated(["arm", "shock", "seed"]).any()
        return table.set_index(["arm", "shock", "seed"]).sort_index()

    call = ["--config-dir", str(lab / "presets"), *asked(lab), "record=paths"]
    assert main(call) == 0
    first = rows()
    plain = (lab / "key_lab/agents.py").read_text()
    (lab / "key_lab/agents.py").write_text(plain.replace("elasticity=0.2", "elasticity=0.3"))
    forget()
    capsys.readouterr()
    assert main([*call, "seeds=1"]) == 0
    said = capsys.readouterr().out
    assert "4 runs (arms with_universities) are set aside" in said
    assert "4 runs of 5 days (2 arms, 1 shock), 2 of them stored already" in said
    second = rows()
    assert len(second) == 6, "the second seed's old runs do not stay among the new"
    pd.testing.assert_frame_equal(second.loc["without"], first.loc["without"])
    mean = "rent_mean_over_path"
    assert (second.loc["with_universities", mean] != first.loc[second.index, mean].loc["with_universities"]).all()
    assert len(list((lab / "out" / "paths").glob("*.parquet"))) == 6

    (lab / "key_lab/agents.py").write_text(plain)
    forget()
    assert main(call) == 0
    assert "8 of them stored already" in capsys.readouterr().out
    pd.testing.assert_frame_equal(rows(), first)
    assert len(list((lab / "out" / "paths").glob("*.parquet"))) == 8


def forget() -> None:
    """A new call of the program reads the files anew."""
    for name in [name for name in sys.modules if name.split(".")[0] in {"key_lab", "key_beside"}]:
        del sys.modules[name]
