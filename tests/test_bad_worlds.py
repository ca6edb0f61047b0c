"""A world that cannot be is refused before it runs: key, value, what is allowed and the nearest name, all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sim.economy import Economy
from sim.spec import SpecError, read_spec
from tests.worlds import OUTAGE, SLUMP, container, put

World = dict[str, Any]


def refused(world: World) -> dict[str, Any]:
    """The problems of a world that must not be built, by key."""
    with pytest.raises(SpecError) as error:
        Economy(read_spec(world), days=3)
    assert error.value.problems
    for problem in error.value.problems:
        assert problem.key in str(error.value)
        assert problem.allowed
    return {problem.key: problem for problem in reversed(error.value.problems)}


def numbers(section: World, prefix: str = "") -> Iterator[str]:
    """Dotted keys of all numbers of a container."""
    for name, value in section.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield f"{prefix}{name}"


MAY_BE_NULL = (  # a fund's size is one or the other; for good; tests that a deal need not have
    "open_interest_share", "target_gain", ".length", "coverage", "overcollateralisation", "loss_trigger",
    "warehouse_months",
)  # fmt: skip
MAY_BE_NEGATIVE = ("leverage", "chase", "inflow_per_year")
SHOCKED = container(shocks={"outage": OUTAGE, "slump": SLUMP})
NUMBERS = sorted(numbers(SHOCKED))


def changed(key: str, value: Any) -> World:
    return put(container(shocks={"outage": dict(OUTAGE), "slump": dict(SLUMP)}), key, value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "0.3", None, [], {}], ids=repr)
def test_no_number_of_the_world_may_be(value):
    for key in NUMBERS:
        if value is None and key.endswith(MAY_BE_NULL):
            continue
        found = refused(changed(key, value))
        assert any(name.startswith(key) for name in found), f"{key}: {list(found)}"


def test_no_number_of_the_world_may_be_hugely_negative():
    assert len(NUMBERS) > 100
    for key in NUMBERS:
        if key.endswith(MAY_BE_NEGATIVE):
            continue
        assert key in refused(changed(key, -1e9 if not isinstance(_at(key), int) else -(10**9)))


def _at(key: str) -> Any:
    inner: Any = SHOCKED
    for part in key.split("."):
        inner = inner[part]
    return inner


@pytest.mark.parametrize(
    ("section", "typo", "nearest"),
    [
        ("", "wrld", "world"),
        ("world", "rent_us", "rent_usd"),
        ("world.trend", "tecnology", "technology"),
        ("noise.slow", "half_life_day", "half_life_days"),
        ("venues.main.margin", "initail", "initial"),
        ("links", "curve_to_capx", "curve_to_capex"),
        ("agents.neocloud", "advance_rat", "advance_rate"),
        ("shocks.outage", "sise", "size"),
        ("indices.transaction", "winsr", "winsor"),
        ("grades.h100", "valeu", "value"),
        ("reserved.tenors.1m", "wek", "weeks"),
        ("regions.us", "shar", "share"),
    ],
)
def test_a_misspelt_key_is_named_with_the_nearest_valid_one(section, typo, nearest):
    world = container(shocks={"outage": dict(OUTAGE)})
    inner = world
    for part in section.split(".") if section else []:
        inner = inner[part]
    inner[typo] = inner.pop(nearest, 1.0)
    key = f"{section}.{typo}" if section else typo
    problem = refused(world)[key]
    assert problem.nearest == nearest
    assert nearest in problem.allowed


def test_all_problems_are_told_at_once():
    world = container(shocks={"outage": OUTAGE | {"size": 3.0}})
    put(world, "spot.occupancy", 1.5)
    put(world, "agents.renter.elasticity", "high")
    put(world, "agents.lender._target_", "os.system")
    put(world, "indices.transaction.winsor", -1.0)
    keys = set(refused(world))
    assert {
        "spot.occupancy", "shocks.outage.size", "agents.renter.elasticity", "agents.lender._target_",
        "indices.transaction.winsor",
    } <= keys  # fmt: skip


# ---- targets


@pytest.mark.parametrize(
    "target", ["os.system", "subprocess.Popen", "builtins.eval", "", "Renter", "agents", "hydra.utils.call", 3, None]
)
def test_nothing_outside_the_project_is_built_or_even_imported(target):
    problem = refused(changed("agents.renter._target_", target))["agents.renter._target_"]
    assert "sim, agents" in problem.allowed
    refused(changed("shocks.outage._target_", target))


@pytest.mark.parametrize(
    ("key", "target", "said"),
    [
        ("agents.renter", "agents.renter.Rentr", "Renter"),
        ("agents.renter", "agents.rentr.Renter", "agents.rentr"),
        ("agents.renter", "sim.shocks.outage.Outage", "Agent"),
        ("shocks.outage", "sim.shocks.outage.Outag", "Outage"),
        ("shocks.outage", "agents.renter.Renter", ""),
    ],
)
def test_a_misspelt_or_misplaced_class_is_named(key, target, said):
    assert said in str(refused(changed(f"{key}._target_", target))[f"{key}._target_"])


def test_an_index_is_no_shock_and_a_shock_no_index():
    index = {"_target_": "sim.indices.transaction.TransactionIndex", "winsor": 0.05}
    assert "shocks.odd._target_" in refused(changed("shocks.odd", index))
    assert "indices.odd._target_" in refused(changed("indices.odd", dict(OUTAGE)))
    assert "shocks.odd._target_" in refused(changed("shocks.odd", {"_target_": "sim.vocabulary.Parameters"}))


# ---- impossible worlds


def without(*groups: str) -> World:
    world = container()
    for group in groups:
        del world["agents"][group]
    return world


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (without("renter", "ai_lab"), "who wants hours"),
        (without("neocloud", "hyperscaler"), "GPUs"),
        (without("chip_vendor"), "chip vendor"),
        (container() | {"agents": {"neocloud": container()["agents"]["neocloud"] | {"count": 1}}}, "who wants hours"),
        (container() | {"agents": {}}, "GPUs"),
    ],
    ids=["no users", "no GPUs", "no vendor", "one agent", "nobody"],
)
def test_a_world_without_the_parts_of_a_market_is_refused(world, said):
    assert said in " ".join(str(problem) for problem in refused(world).values())


@pytest.mark.parametrize("agents", [None, [1], "all"])
def test_agents_that_are_no_mapping_are_refused(agents):
    assert "agents" in refused(container() | {"agents": agents})


@pytest.mark.parametrize(
    ("key", "value", "blamed"),
    [
        ("grades.h100.fleet_share", 0.9, "grades.*.fleet_share"),
        ("grades.b200.order_share", 0.1, "grades.*.order_share"),
        ("regions.us.share", 0.9, "regions.*.share"),
        ("tiers.bare_metal.share", 0.2, "tiers.*.share"),
        ("reserved.tenors.36m.stock_share", 0.9, "reserved.tenors.*.stock_share"),
    ],
)
def test_shares_that_do_not_add_up_are_refused(key, value, blamed):
    assert "add up" in refused(changed(key, value))[blamed].allowed


@pytest.mark.parametrize("group", ["grades", "regions", "tiers", "indices"])
def test_a_world_without_products_or_indices_is_refused(group):
    refused(container() | {group: {}})


@pytest.mark.parametrize(
    ("key", "value", "blamed"),
    [
        ("venues.main.index", "transactoin", "venues.main.index"),
        ("spot.step_hours", 5, "spot.step_hours"),
        ("spot.price_cap_usd", 1.0, "spot.price_cap_usd"),
        ("spot.variable_cost_usd", 2.9, "spot.variable_cost_usd"),
        ("spot.fixed_cost_usd", 3.0, "world.rent_usd"),
        ("spot.mechanism", "posted", "spot.mechanism"),
        ("venues.main.margin.maintenance", 0.9, "venues.main.margin.maintenance"),
        ("links.normal_premium", [0.0], "links.normal_premium"),
        ("world.start_date", "2026-02-30", "world.start_date"),
        ("world.start_date", "soon", "world.start_date"),
        ("agents.neocloud.count", 0, "agents.neocloud.count"),
        ("agents.neocloud.count", 2.5, "agents.neocloud.count"),
        ("agents.neocloud.count", True, "agents.neocloud.count"),
        ("agents.neocloud.count", 10**9, "agents.neocloud.count"),
        ("agents.neocloud.advance_rate", [0.5, 1.5], "agents.neocloud.advance_rate"),
        ("agents.speculator.traders", 10**12, "agents.speculator.traders"),
        ("reserved.tenors.36m.weeks", 10**9, "reserved.tenors.36m.weeks"),
        ("investment.life_years", 1e9, "investment.life_years"),
        ("investment.lead_time_days", 1e-9, "investment.lead_time_days"),
        ("investment.lead_time_days", 2e4, "investment.lead_time_days"),
        ("venues.main.tick_usd", 1e-12, "venues.main.tick_usd"),
        ("agents.ai_lab.relet_full", 1.0, "agents.ai_lab.relet_full"),
        ("agents.hyperscaler.swing_full", 1.1, "agents.hyperscaler.swing_full"),
    ],
)
def test_an_impossible_value_is_refused_by_its_key(key, value, blamed):
    assert blamed in refused(changed(key, value))


def test_loans_that_grow_faster_than_they_are_paid_back_are_refused():
    world = put(container("world=stationary"), "world.trend.technology", 0.5)
    assert "loan.facilities.delayed_draw.amortisation" in refused(world)


# ---- parameters drawn from a law


@pytest.mark.parametrize(
    "law",
    [
        ["unifrm", 0.1, 0.2],
        ["uniform", 0.1],
        ["uniform", 0.1, 0.2, 0.3],
        ["uniform", "a", "b"],
        ["uniform", None, 1.0],
        ["uniform", math.nan, 1.0],
        ["uniform", -3.0, -2.0],
        ["lognormal", 1.0, 1e6],
    ],
    ids=repr,
)
def test_a_law_that_is_none_is_refused_by_the_key_of_its_parameter(law):
    found = refused(changed("agents.neocloud.stiffness", law))
    assert list(found) == ["agents.neocloud.stiffness"]


def test_a_misspelt_law_is_told_with_the_nearest():
    found = refused(changed("agents.neocloud.stiffness", ["unifrm", 0.1, 0.2]))
    assert "uniform" in str(found["agents.neocloud.stiffness"])


@pytest.mark.parametrize("law", [["uniform", 0.5, 1.5], ["normal", 1.0, 0.1], ["lognormal", 0.8, 0.5]], ids=repr)
def test_a_law_makes_agents_differ_and_the_same_seed_makes_the_same_agents(law):
    def drawn(seed: int) -> dict[str, float]:
        economy = Economy(read_spec(changed("agents.neocloud.stiffness", law)), seed=seed, days=3)
        return {agent.name: agent.p.stiffness for agent in economy.register.people if agent.kind == "neocloud"}

    assert len(set(drawn(1).values())) == 3
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


# ---- seeds and days


@pytest.mark.parametrize(
    "arguments", [{"seed": -1}, {"seed": 2**63}, {"seed": 1.5}, {"days": -3}, {"days": 0}], ids=str
)
def test_a_seed_or_length_that_is_none_is_refused_by_its_value(arguments):
    value = next(iter(arguments.values()))
    with pytest.raises((ValueError, TypeError), match=str(value)):
        Economy(read_spec(container()), **arguments)


SETTERS: list[Callable[[World], Any]] = [
    lambda world: world["agents"].pop("speculator"),
    lambda world: world["agents"].pop("hyperscaler"),
]


@pytest.mark.parametrize("change", SETTERS)
def test_parts_that_a_market_can_do_without_may_be_absent(change):
    world = container()
    change(world)
    Economy(read_spec(world), days=3).run(3)


# ---- worlds at the edge: refused by key before they run, or run


ALL_EQUITY = {
    "agents.neocloud.size": [1.0, 30.0, 15.0],
    "agents.neocloud.reserved_share": [0.0, 0.96, 0.85],
    "agents.neocloud.advance_rate": [0.0, 0.9, 0.85],
}
TOO_FAR = {
    "agents.ai_lab.adaptation_years": (1e-9, 1e-3, 1e9),
    "agents.renter.adaptation_years": (1e-9, 1e-3, 1e9),
    "agents.hyperscaler.slow_rent_days": (1e-9, 0.5, 1e9),
    "agents.ai_lab.elasticity": (1e3,),
    "agents.ai_lab.long_run_elasticity": (1e9,),
    "agents.ai_lab.contracted_elasticity": (1e9,),
    "agents.renter.elasticity": (1e3,),
    "agents.renter.long_run_elasticity": (1e9,),
    "agents.neocloud.spread": (1e3,),
    "agents.neocloud.ask_response": (1e3,),
    "agents.neocloud.ask_noise": (1e3,),
    "agents.neocloud.fleet_ve": (1e300,),
    "agents.hyperscaler.ask_response": (1e3,),
    "agents.hyperscaler.cost_of_capital": (1e9,),
    "agents.lender.cost_of_capital": (1e9,),
    "agents.lender.capital_slack": (1e3,),
    "agents.speculator.wealth_log_sd": (1e3,),
    "agents.speculator.wealth_usd": (1e300,),
    "demand.contracted_lag_days": (1e-9, 1e-3),
    "funding.round_months": (1e300,),
    "grades.h100.value": (1e9,),
    "investment.q_star": (1e-300,),
    "noise.fast.sd_per_sqrt_year": (1e3, 1e9),
    "noise.lab.half_life_days": (1e300,),
    "spot.convexity": (1e9,),
    "spot.occupancy": (1e-300,),
    "spot.substitution": (1e3, 1e9),
    "venues.main.contract_gpu_hours": (1e-300,),
    "works.training.efficiency.b200": (1e300,),
    "world.equity_rate": (1e3, 1e9),
    "world.policy_rate": (1e3, 1e9),
}


@pytest.mark.parametrize("key", TOO_FAR)
def test_a_number_so_far_out_that_a_run_would_stop_is_refused_by_its_key(key):
    for value in TOO_FAR[key]:
        assert key in refused(put(container(), key, value)), value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agents.ai_lab.adaptation_years", 1.0 / 365.0),
        ("agents.ai_lab.adaptation_years", 300.0),
        ("agents.renter.elasticity", 100.0),
        ("agents.neocloud.hedge_pace_per_day", 1e9),
        ("agents.neocloud.belief_half_life_years", 1e-9),
        ("agents.neocloud.belief_half_life_years", 1e9),
        ("spot.occupancy", 0.999),
        ("tiers.managed.premium", 1e9),
        ("grades.h100.value", 1e3),
        ("noise.slow.sd_per_sqrt_year", 20.0),
    ],
)
def test_a_number_far_out_runs(key, value):
    economy = Economy(read_spec(put(container(), key, value)), days=15)
    economy.run(15)
    assert (economy.record["rent_usd_per_ve_hour"] > 0.0).all()


def test_without_a_trend_users_may_learn_as_slowly_as_they_like():
    economy = Economy(read_spec(container("world=stationary", agents__renter__adaptation_years=1e9)), days=3)
    economy.run(3)


def test_a_landlord_whose_rents_cannot_bear_its_cost_of_capital_is_refused_by_name():
    world = container()
    for key, value in ALL_EQUITY.items():
        put(world, key, value)
    problem = refused(world)["agents.neocloud.advance_rate"]
    assert problem.value == 0.0
    assert "reserved_share 0 " in problem.allowed
    assert "at least 0" in problem.allowed
    put(world, "agents.neocloud.advance_rate", [0.9, 0.9, 0.9])
    economy = Economy(read_spec(world), days=3)
    economy.run(3)


@pytest.mark.parametrize(
    ("shock", "field"),
    [("power_price.PowerPrice", "region"), ("shipment_halt.ShipmentHalt", "region"), ("tariff.Tariff", "grade")],
)
def test_a_shock_without_such_a_target_says_which_shocks_have_one(shock, field):
    settings = {"_target_": f"sim.shocks.{shock}", "start": 3, "length": 5, "size": 0.2, field: "eu"}
    problem = refused(container(shocks={"odd": settings}))[f"shocks.odd.{field}"]
    assert problem.value == "eu"
    assert "outage" in problem.allowed
    assert shock.split(".")[0] not in problem.allowed
