"""Every preset of every group is composed, built and run for a few days under the laws, in any order of agents."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

import configs
from experiments.configuration.compose import WORLD, composer
from experiments.study.expand import expand
from sim.economy import Economy
from sim.parts import find_class
from sim.spec import read_spec
from tests.worlds import container, moved, series

PRESETS = sorted(
    (path.parent.name, path.stem) for path in Path(configs.__file__).parent.glob("*/*.yaml") if path.stem[0] != "_"
)
AGENTS = sorted(path.stem for path in Path(configs.__file__).parent.glob("agents/*.yaml"))
OF_AGENTS = {
    "agents",
    "population",
    "traders",
    "arbitrage",
    "control",
    "hoarding",
    "size",
    "funds",
    "notes",
}  # groups that set agents
OF_THE_WORLD = [
    (group, preset)
    for group, preset in PRESETS
    if group in {*WORLD, "funds", "notes", "traders", "arbitrage", "control", "hoarding"}
    and group not in {"agents", "population", "shocks"}
]
SHOCKS = [preset for group, preset in PRESETS if group == "shocks"]
SCENARIOS = [preset for group, preset in PRESETS if group == "scenario"]
EXPERIMENTS = [preset for group, preset in PRESETS if group == "experiment"]
DAYS = 5


def run(world: dict[str, Any], days: int = DAYS) -> Economy:
    economy = Economy(read_spec(world), seed=2, days=days)
    economy.run(days)
    assert economy.record.days == days
    return economy


def with_agents_reversed(world: dict[str, Any]) -> dict[str, Any]:
    return world | {"agents": dict(reversed(world["agents"].items()))}


@pytest.mark.parametrize(("group", "preset"), OF_THE_WORLD, ids=["=".join(pair) for pair in OF_THE_WORLD])
def test_every_preset_of_the_world_runs_under_the_laws_in_any_order_of_agents(group, preset):
    world = container(f"{group}={preset}")
    assert moved(series(run(world)), series(run(with_agents_reversed(world)))) == []


@pytest.mark.parametrize("preset", SHOCKS)
def test_every_shock_runs_under_the_laws_when_it_strikes(preset):
    economy = run(container(f"shocks=[{preset}]", f"shocks.{preset}.start=1"))
    assert preset in economy.shocks


@pytest.mark.parametrize("preset", SCENARIOS)
def test_every_scenario_runs_under_the_laws(preset):
    run(container(f"scenario={preset}"))


@pytest.mark.parametrize("preset", [preset for group, preset in PRESETS if group == "population"])
def test_every_population_runs_under_the_laws(preset):
    world = container(f"population={preset}", "agents.speculator.traders=50")
    economy = run(world, days=3)
    assert len(economy.register.people) == sum(group["count"] for group in world["agents"].values())


@pytest.mark.parametrize("kind", AGENTS)
def test_every_kind_of_agent_is_in_the_default_world_and_its_yaml_names_every_parameter(kind):
    world = container()
    settings = world["agents"][kind]
    assert set(settings) - {"_target_"} == set(find_class(settings["_target_"]).Parameters.model_fields)
    assert any(agent.name.startswith(kind) for agent in run(world, days=1).register.people)


@pytest.mark.parametrize("kind", ["hyperscaler", "ai_lab", "renter", "lender", "speculator"])
def test_a_world_without_one_kind_of_agent_runs_under_the_laws(kind):
    world = container()
    del world["agents"][kind]
    if kind == "lender":
        world = container("loan=off")
        del world["agents"][kind]
    run(world, days=35)


FEWER = {name: ["study.kind.draws=3"] for name in ("sign_map", "credit_signs")}  # of draws that differ in numbers alone


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_all_its_arms_are_worlds(name):
    small = ["population=tiny", "seeds=1", *FEWER.get(name, ())]
    with composer() as open_composer:
        expansion = expand(open_composer, [f"experiment={name}", *small])
    study = expansion.settings.study
    assert study.name == name
    assert {run.shock for run in expansion.runs} >= {"none"}
    assert {run.arm.split("@")[0] for run in expansion.runs} >= set(study.arms)


def test_every_group_of_presets_is_a_section_of_the_configuration():
    with composer() as open_composer:
        whole = open_composer.compose([])
    groups = {group for group, _ in PRESETS} - {"experiment", "scenario", "shocks", "venue", "mechanism", *OF_AGENTS}
    assert "venues" in whole, "a preset of the group `venue` says what is listed at which of them"
    assert groups <= set(whole)
    assert set(AGENTS) <= set(whole["agents"])


def test_a_yaml_says_in_its_first_line_what_it_is():
    for path in Path(configs.__file__).parent.glob("*/*.yaml"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]
        assert lines[0].startswith("# "), path


def test_an_economy_that_nobody_holds_leaves_memory():
    economy = run(container(), 2)
    copy = economy.fork()
    held = weakref.ref(economy), weakref.ref(copy)
    del economy, copy
    gc.collect()
    assert [reference() for reference in held] == [None, None]
