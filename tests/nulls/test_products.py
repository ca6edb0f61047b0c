"""Products: each mechanism acts when on and is absent when off; what cannot be reached moves nothing (N16, N25)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.economy import Economy
from sim.problems import SpecError
from sim.spec import read_spec
from tests.worlds import container, moved, put, ran, series

MARS = {"_target_": "sim.shocks.outage.Outage", "start": 5, "length": 20, "size": 0.5, "scope": "fleet",
        "contracts_first": True, "recovery_days": 0, "region": "mars"}  # fmt: skip


def with_mars(shocks: dict[str, Any]) -> Economy:
    """A world in which landlords of their own stand where no user can go."""
    world = container()
    world["regions"]["mars"] = {"share": 0.0, "growth_limit": None}
    for work in world["works"].values():
        work["data_gravity"] = 1.0
    lonely = {"count": 1, "size": 1.0, "fleet_ve": 1e4, "reserved_share": 0.0, "advance_rate": 0.82, "spread": 0.05,
              "hedge_ratio": 0.0, "regions": {"us": 0.0, "eu": 0.0, "mars": 1.0}}  # fmt: skip
    world["agents"]["martian"] = world["agents"]["neocloud"] | lonely
    world["shocks"] = shocks
    economy = Economy(read_spec(world), seed=3, days=40)
    economy.run(40)
    return economy


def test_n25_a_shock_where_nobody_can_go_changes_nothing_elsewhere_to_the_last_bit():
    calm, dark = with_mars({}), with_mars({"mars": MARS})
    # what there was to let there, and the hours lost, are counted in totals of all landlords
    totals = {"pool_ve", "occupancy", "downtime_gpu_hours"}
    there = {name for name in calm.record.columns if "mars" in name}
    assert set(moved(series(calm), series(dark))) - there == totals
    assert not calm.record["rent_h100_mars_marketplace_usd_per_gpu_hour"].std() > 10.0


def test_a_region_with_users_and_no_gpus_is_refused_if_they_cannot_leave_and_served_elsewhere_if_they_can():
    elsewhere = {"us": 1.0, "eu": 0.0}
    stuck = container(agents__neocloud__regions=elsewhere, agents__hyperscaler__regions=elsewhere)
    for work in stuck["works"].values():
        work["data_gravity"] = 1.0
    with pytest.raises(SpecError, match="at home in eu can reach no GPUs"):
        Economy(read_spec(stuck), days=5)
    free = ran(20, agents__neocloud__regions=elsewhere, agents__hyperscaler__regions=elsewhere)
    assert np.isfinite(free.record["rent_usd_per_ve_hour"]).all()
    assert free.record["traded_gpu_hours"].min() > 0.0


@pytest.mark.parametrize("made", [0.0, 0.2])
def test_a_grade_that_nobody_makes_or_nobody_wants_leaves_rents_finite(made):
    world = container()
    world["grades"]["h200"] |= {"fleet_share": made, "order_share": 0.2 - made}
    world["grades"]["h100"] |= {"fleet_share": 0.6 - made, "order_share": 0.4 + made}
    economy = Economy(read_spec(world), seed=1, days=40)
    economy.run(40)
    for name in ("rent_usd_per_ve_hour", "rent_h100_usd_per_gpu_hour", "index_transaction_usd_per_gpu_hour"):
        assert np.isfinite(economy.record[name]).all(), name


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("works.inference.efficiency", {"h10": 1.0}, "there is no grade h10"),
        ("works.inference.efficiency", {"h100": 0.0}, "greater than 0"),
        ("works.inference.share", 0.9, "shares must add up to 1"),
        ("tiers.interruptible.of", "bare_metl", "did you mean 'bare_metal'"),
        ("tiers.interruptible.share", 0.1, "has no GPUs of its own"),
        ("tiers.marketplace.of", "bare_metal", "only an interruptible tier"),
        ("tiers.managed.mechanism", "barter", "uniform"),
        ("regions.us.growth_limit", -0.1, "greater than 0"),
    ],
)
def test_impossible_products_are_refused_by_their_key(key, value, told):
    with pytest.raises(SpecError, match=told) as refused:
        read_spec(put(container(), key, value))
    assert key.split(".")[0] in str(refused.value)


@pytest.mark.parametrize("section", ["regions", "tiers", "grades"])
def test_an_owner_in_a_place_that_does_not_exist_is_refused_with_the_nearest(section):
    name = {"regions": "uss", "tiers": "market_place", "grades": "h10"}[section]
    world = put(container(), f"agents.neocloud.{section}", {name: 1.0})
    with pytest.raises(SpecError, match=rf"agents\.neocloud\.{section}\.{name}.*did you mean"):
        Economy(read_spec(world), days=5)
    short = put(container(), f"agents.neocloud.{section}", {next(iter(container()[section])): 0.5})
    with pytest.raises(SpecError, match="shares must add up to 1"):
        Economy(read_spec(short), days=5)


def test_without_idle_share_nothing_is_let_as_interruptible_and_with_it_work_is_cut_off():
    off, on = ran(30, tiers__interruptible__idle_share=0.0), ran(30)
    assert "rent_h100_us_interruptible_usd_per_gpu_hour" in on.record.columns
    assert off.auction.last_running.sum() == 0.0
    assert off.record["interrupted_gpu_hours"].sum() == 0.0
    assert on.auction.last_running.sum() > 0.0
    assert on.record["interrupted_gpu_hours"].sum() > 0.0


def test_pay_as_bid_with_full_shading_is_a_uniform_world_to_the_last_bit():
    uniform = ran(20)
    bid = ran(20, tiers__marketplace=container()["tiers"]["marketplace"] | {"mechanism": "pay_as_bid", "shading": 1.0})
    plain = ran(
        20, tiers__marketplace=container()["tiers"]["marketplace"] | {"mechanism": "pay_as_bid", "shading": 0.0}
    )
    assert moved(series(bid), series(uniform)) == []
    assert (
        plain.record["rent_h100_us_marketplace_usd_per_gpu_hour"][0]
        < uniform.record["rent_h100_us_marketplace_usd_per_gpu_hour"][0]
    )


def test_a_shock_to_one_region_spreads_with_users_who_can_leave_and_stays_where_they_cannot():
    dark = MARS | {"region": "eu", "scope": "pool"}

    def rents(gravity: float, shocks: dict[str, Any]) -> Any:
        world = put(container(), "shocks", shocks)
        for work in world["works"].values():
            work |= {"data_gravity": gravity, "migration_cost": 0.0}
        economy = Economy(read_spec(world), seed=1, days=20)
        economy.run(20)
        return economy.record["rent_h100_us_marketplace_usd_per_gpu_hour"]

    free = rents(0.0, {"dark": dark})[6:8] / rents(0.0, {})[6:8]
    stuck = rents(1.0, {"dark": dark})[6:8] / rents(1.0, {})[6:8]
    assert (free > 1.02).all()
    assert np.abs(np.log(stuck)).max() < np.log(free).min() / 2.0, "labs' re-let capacity and swing serve all regions"


def test_n16_ten_times_the_dollars_leave_ratios_alone():
    world = container("funding=off")
    rich = container("funding=off")
    for key in ("world.rent_usd", "spot.variable_cost_usd", "spot.fixed_cost_usd", "spot.price_cap_usd"):
        section, name = key.split(".")
        put(rich, key, 10.0 * world[section][name])
    for one in (world, rich):
        put(one, "venue.listed", False)
    a, b = (Economy(read_spec(one), seed=1, days=60) for one in (world, rich))
    a.run(60)
    b.run(60)
    for name in ("occupancy", "fleet_ve", "traded_gpu_hours", "dscr_median"):
        np.testing.assert_allclose(b.record[name], a.record[name], rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(b.record["rent_usd_per_ve_hour"], 10.0 * a.record["rent_usd_per_ve_hour"], rtol=1e-9)


QUIET = {"sd_per_sqrt_year": 0.0, "half_life_days": 30.0}
ONE_MARKET = ("tiers=one", "works=alike", "venue=none")
NO_SWING = {  # demand that does not answer to rents meets landlords' supply alone
    "agents__renter__elasticity": 0.0,
    "agents__ai_lab__elasticity": 0.0,
    "agents__ai_lab__relet_share": 0.0,
    "agents__ai_lab__jobs_per_day": 0.0,
    "agents__hyperscaler__swing_share": 0.0,
}
SPIKES = {
    "slow": QUIET,
    "fast": {"sd_per_sqrt_year": 0.6, "half_life_days": 2.0},
    "lab": QUIET,
    "product": QUIET,
    "firm": QUIET,
}


def test_n13_linear_marginal_cost_gives_rents_hardly_skewed_and_convex_cost_upward_spikes():
    def skew(convexity: float) -> Any:
        found = []
        for seed in range(1, 5):
            economy = ran(250, *ONE_MARKET, seed=seed, spot__convexity=convexity, noise=SPIKES, **NO_SWING)
            rent = (economy.record["rent_usd_per_ve_hour"] / economy.record["rent_path_usd_per_ve_hour"])[30:]
            rent = rent - np.convolve(rent, np.ones(31) / 31.0, "same")
            rent = rent[20:-20]
            found.append(float(((rent - rent.mean()) ** 3).mean() / rent.std() ** 3))
        return np.array(found)

    linear, convex = skew(1.0), skew(6.0)
    # demand is lognormal, its own skewness .13; four paths of about 55 independent values: standard error .17
    assert abs(linear.mean() - 0.13) < 3.0 * 0.17
    assert (convex > linear + 0.2).all()
