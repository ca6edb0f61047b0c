"""The reference of the benchmarks lives the same life as the economy, but for rounding."""

import pytest

from experiments.lab.bench.mesa_hourly import act_hourly
from experiments.lab.bench.world import bench_spec, same_life
from sim.economy import Economy

DAYS = 32


def pair(*overrides: str) -> tuple[Economy, Economy]:
    spec = bench_spec(60, "population=tiny", *overrides)
    return Economy(spec, seed=5, days=DAYS), act_hourly(Economy(spec, seed=5, days=DAYS))


@pytest.mark.parametrize("information", [pytest.param("none", marks=pytest.mark.slow), "private"])
def test_mesa_agents_that_act_hourly_live_the_same_life(information: str) -> None:
    ours, theirs = pair("agents.speculator.activity_per_hour=0.2", f"information={information}")
    ours.run(DAYS)
    theirs.run(DAYS)
    assert same_life(ours, theirs)
    assert ours.record.frame()["futures_volume_contracts"].sum() > 0.0


def test_the_reference_rations_at_the_cap_as_the_economy_does() -> None:
    surge = ("start=1", "length=3", "size=3.0", "contracted_size=0.0")
    ours, theirs = pair("spot.price_cap_usd=4.0", "shocks=[demand_slump]", *(f"shocks.demand_slump.{s}" for s in surge))
    ours.run(6)
    theirs.run(6)
    assert same_life(ours, theirs)
    assert ours.record.frame()["unserved_gpu_hours"].max() > 0.0


@pytest.mark.parametrize("change", ["agents.renter.elasticity=0.5001", "agents.speculator.noise_sd=0.0601"])
def test_a_slightly_different_world_is_seen_as_another_life(change: str) -> None:
    ours, _ = pair()
    other, _ = pair(change)
    ours.run(2)
    other.run(2)
    assert not same_life(ours, other)
