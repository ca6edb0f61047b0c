"""A user's own package: an agent, a shock and an index in a folder of his own, run by --config-dir and plugins."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from experiments.run import main

FILES = {
    "own_lab/__init__.py": '"""A package of the user\'s own."""\n',
    "own_lab/agents.py": '''
"""An agent of the user's own."""

from sim.agent import Agent, GroupParameters
from sim.rows.rental import DemandRow
from sim.vocabulary import Positive


class UniversityParameters(GroupParameters):
    demand_ve: Positive


class University(Agent):
    Parameters = UniversityParameters
    kind = "university"

    def spot_demand(self, view):
        yield DemandRow(work=0, season=0, service=1, quantity_ve=self.p.demand_ve, reference_usd=2.81, elasticity=0.2)
''',
    "own_lab/shocks.py": '''
"""A shock of the user's own, with a target and a date."""

from dataclasses import replace

from sim.shocks.timing import Passing
from sim.environment import Hit
from sim.vocabulary import Share


class HeatWave(Passing):
    size: Share
    region: str | None = None

    def __call__(self, day, environment):
        lost = self.size * self.strength(day)
        if lost == 0.0:
            return environment
        return replace(environment, fleet_hits=(*environment.fleet_hits, Hit(1.0 - lost, region=self.region)))
''',
    "own_lab/indices.py": '''
"""An index of the user's own."""

from sim.vocabulary import Parameters, Positive


class FlatIndex(Parameters):
    level_usd: Positive

    def strike(self, *evidence):
        return self.level_usd
''',
    "presets/agents/university.yaml": "university: {_target_: own_lab.agents.University, count: 2, size: 1.0, "
    "demand_ve: 2000.0}\n",
    "presets/shocks/heat_wave.yaml": "heat_wave:\n  _target_: own_lab.shocks.HeatWave\n  start: '2026-01-05'\n"
    "  length: [uniform, 3, 5]\n  size: [uniform, 0.05, 0.10]\n  recovery_days: 0\n  region: us\n",
    "presets/indices/flat.yaml": "defaults: [default]\nflat: {_target_: own_lab.indices.FlatIndex, level_usd: 2.5}\n",
    "presets/experiment/campus.yaml": """# @package _global_
defaults:
  - override /indices: flat
study:
  name: campus
  arms:
    without: []
    with_universities: ["agents=[hyperscaler,neocloud,ai_lab,renter,lender,chip_vendor,university]", "venue=none"]
  shocks: {heat: [heat_wave]}
plugins: [own_lab]
""",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    for name in [name for name in sys.modules if name.split(".")[0] == "own_lab"]:
        del sys.modules[name]


def call(folder, *more):
    return main([
        "--config-dir", str(folder / "presets"), "experiment=campus", "population=tiny", "seeds=2", "days=14",
        "executor=in_process", "record=paths", f"out={folder / 'out'}", *more,
    ])  # fmt: skip


@pytest.mark.slow
def test_an_agent_a_shock_and_an_index_of_ones_own_run_and_act(folder):
    assert call(folder) == 0
    runs = pd.read_parquet(folder / "out" / "runs.parquet")
    assert set(runs["status"]) == {"ok"}
    paths = pd.concat(pd.read_parquet(path) for path in (folder / "out" / "paths").glob("*.parquet"))
    assert (paths["index_flat_usd_per_gpu_hour"] == 2.5).all()
    rent = paths.pivot_table(index=["seed", "day"], columns=["arm", "shock"], values="rent_usd_per_ve_hour")
    gap = (rent["without", "heat"] / rent["without", "none"]).unstack("day")
    assert (gap[5] > 1.0).all()
    assert (gap[[0, 1, 2, 3]] == 1.0).all().all()
    assert (rent["with_universities", "none"] > rent["without", "none"]).mean() > 0.9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("shocks.heat_wave._target_=os.system", "is not in a package that may be built from: sim, agents, own_lab"),
        ("shocks.heat_wave._target_=subprocess.Popen", "sim, agents, own_lab"),
        ("indices.flat._target_=builtins.eval", "sim, agents, own_lab"),
        ("shocks.heat_wave._target_=own_lab.shocks.HeatWav", "did you mean 'HeatWave'?"),
        ("shocks.heat_wave.region=uss", "there is no such region"),
        ("shocks.heat_wave.start=soon", "date as 2026-03-01"),
        ("plugins=[]", "is not in a package that may be built from: sim, agents"),
    ],
)
def test_nothing_outside_the_project_and_the_named_packages_is_built(folder, capsys, wrong, said):
    assert call(folder, wrong) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not (folder / "out").exists()
