"""What must change nothing: order, names, seeds drawn twice, processes, shocks of size zero, others' draws."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from sim.economy import Economy
from sim.environment import Environment
from sim.roles import PostsAsks
from sim.shocks.outage import Outage
from sim.spec import read_spec
from sim.streams import Purpose, Streams, stable_id
from tests.worlds import OUTAGE, balances, container, digest, moved, ran, series, spot_side, world

DAYS = 65


def economy_of(container_: dict, seed: int = 1, days: int = DAYS) -> Economy:
    economy = Economy(read_spec(container_), seed=seed, days=days)
    economy.run(days)
    return economy


@pytest.mark.parametrize("order", ["reversed", "rotated"])
def test_n15_the_order_in_which_agents_are_listed_changes_no_bit(order):
    listed, shuffled = container(), container()
    groups = list(shuffled["agents"].items())
    shuffled["agents"] = dict(reversed(groups) if order == "reversed" else groups[3:] + groups[:3])
    a, b = economy_of(listed), economy_of(shuffled)
    assert moved(series(a), series(b)) == []
    assert balances(a) == balances(b)


def test_the_order_of_shocks_changes_no_bit():
    slump = {"_target_": "sim.shocks.demand_slump.DemandSlump", "start": 8, "length": 30, "size": -0.3,
             "contracted_size": -0.1, "recovery_days": 3}  # fmt: skip
    shocks = {"outage": OUTAGE, "slump": slump}
    a, b = ran(40, shocks=shocks), ran(40, shocks=dict(reversed(shocks.items())))
    assert moved(series(a), series(b)) == []


def test_n21_the_same_seed_gives_the_same_bits_and_another_seed_another_path():
    once, again, other = ran(DAYS, seed=4), ran(DAYS, seed=4), ran(DAYS, seed=5)
    assert digest(once) == digest(again)
    assert "rent_h100_usd_per_gpu_hour" in moved(series(once), series(other))


def test_n21_processes_hash_seeds_and_the_compiler_change_no_bit():
    def started(days: int, **environment: str) -> subprocess.Popen:
        asked = ["agents.speculator.traders=10", "agents.renter.count=1"]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.worlds", "4", str(days), *asked],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def here(days: int) -> str:
        return digest(ran(days, "agents.speculator.traders=10", "agents.renter.count=1", seed=4))

    runs = [(40, started(40, PYTHONHASHSEED="77")), (2, started(2, NUMBA_DISABLE_JIT="1"))]
    for days, process in runs:
        told, _ = process.communicate(timeout=100)
        assert process.returncode == 0
        assert told.strip() == here(days)


def test_n24_one_world_under_two_names_is_one_path():
    a = ran(30, "venue=default", "links=zero", seed=9)
    b = ran(30, seed=9)
    assert moved(series(a), series(b)) == []


@pytest.mark.parametrize(
    "shock",
    [
        OUTAGE | {"size": 0.0},
        OUTAGE | {"size": 0.0, "scope": "fleet", "contracts_first": True},
        {"_target_": "sim.shocks.demand_slump.DemandSlump", "start": 5, "length": 30, "size": 0.0,
         "contracted_size": 0.0, "recovery_days": 4},
        {"_target_": "sim.shocks.new_generation.NewGeneration", "start": 5, "size": 0.0, "phase_in_days": 3},
    ],
    ids=["pool", "fleet", "slump", "generation"],
)  # fmt: skip
def test_a_shock_of_size_zero_is_none(shock):
    assert moved(series(ran(40, shocks={"shock": shock})), series(ran(40))) == []


@pytest.mark.parametrize(
    ("preset", "column"),
    [
        ("pool_outage", "rent_h100_usd_per_gpu_hour"),
        ("fleet_outage", "downtime_gpu_hours"),
        ("fleet_outage_pro_rata", "rent_h100_usd_per_gpu_hour"),
        ("demand_slump", "rent_h100_usd_per_gpu_hour"),
        ("new_generation", "chip_price_usd_per_ve"),
    ],
)
def test_every_shock_moves_the_world_from_its_first_day_on_and_not_before(preset, column):
    hit, calm = ran(40, f"shocks=[{preset}]", f"shocks.{preset}.start=20"), ran(40)
    assert moved(series(hit, 0, 20), series(calm, 0, 20)) == []
    assert column in moved(series(hit, 20), series(calm, 20))
    assert hit.record[column][20] != calm.record[column][20]


def test_a_recovering_shock_fades_to_nothing():
    outage = Outage(start=5, length=10, size=0.2, recovery_days=4, scope="pool", contracts_first=True)
    running = [outage(day, Environment()).pool_availability for day in range(22)]
    assert running[4] == 1.0
    assert running[5:15] == [0.8] * 10
    assert running[15:19] == pytest.approx([0.84, 0.88, 0.92, 0.96])
    assert running[19:] == [1.0] * 3


# ---- draws belong to their owners


def states(economy: Economy) -> dict[str, float]:
    """Each noise factor by the name of whom it belongs to."""
    nature, names = economy.nature, economy.books.ledger.owners
    found = {f"user {names[i]}": x for i, x in zip(economy.books.roll.users, nature.users, strict=True)}
    found |= {f"firm {names[i]}": x for i, x in zip(economy.books.roll.landlords, nature.firms, strict=True)}
    found |= dict(zip(economy.books.products.names, nature.products, strict=True))
    return found | {"slow": nature.slow, "fast": nature.fast}


@pytest.mark.parametrize(
    "change",
    [
        {"agents__renter__count": 7},
        {"agents__neocloud__count": 5},
        {"agents__ai_lab__count": 4},
        {"agents__speculator__traders": 300},
        {"agents__speculator__count": 2},
        {"venues__main__listed": False},
        {"shocks": {"outage": OUTAGE}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_other_draw_is_untouched_by(change):
    base, changed = states(ran(20)), states(ran(20, **change))
    assert set(base) <= set(changed)
    assert {name: changed[name] for name in base} == base
    assert base["slow"] != 0.0


def test_a_second_crowd_changes_no_trader_of_the_first_and_no_spot_series():
    alone = container()
    joined = container()
    joined["agents"]["fund"] = joined["agents"]["speculator"] | {"wealth_usd": 2e8, "traders": 40}
    a, b = economy_of(alone, days=40), economy_of(joined, days=40)
    mine = {crowd.settings.name: crowd for crowd in b.exchange.crowds}
    first = a.exchange.crowds[0]
    for trait in ("id", "fundamental_weight", "chartist_weight", "noise_weight"):
        assert (getattr(first.arrays, trait) == getattr(mine["speculator_1"].arrays, trait)).all()
    assert (first.start_usd == mine["speculator_1"].start_usd).all()
    assert moved(spot_side(a), spot_side(b)) == []
    assert "future_1_usd_per_gpu_hour" in moved(series(a), series(b))


def test_more_traders_leave_the_types_of_the_first_ones():
    few, many = world().exchange.crowds[0], world(agents__speculator__traders=130).exchange.crowds[0]
    assert (few.arrays.fundamental_weight == many.arrays.fundamental_weight[:100]).all()
    assert few.start_usd == pytest.approx(1.3 * many.start_usd[:100])


def test_drawing_twice_or_for_nothing_changes_no_bit():
    curious, calm = world(days=30), world(days=30)
    posting = curious.register.of(PostsAsks)
    assert posting
    for _, agent in posting:
        honest = agent.list_asks

        def nosy(view, posted, mine=honest):
            for k in range(5):
                view.uniform(Purpose.LIST_ASK_TIME, k)
                view.normal(Purpose.LIST_ASK_NOISE, k)
                view.uniform(Purpose.DEMAND_LAB, k)
            mine(view, posted)
            return mine(view, posted)

        agent.list_asks = nosy
    curious.run(30)
    calm.run(30)
    assert moved(series(curious), series(calm)) == []


def test_a_draw_depends_on_its_address_only():
    streams, who = Streams(3), stable_id("neocloud_1")
    first = streams.uniform(Purpose.CURE, 10, who)
    others = [streams.uniform(Purpose.CURE, day, who) for day in range(9)]
    assert streams.uniform(Purpose.CURE, 10, who) == first
    assert first not in others
    assert len(set(others)) == 9


# ---- the stationary world


# Largest departure over two years. It is a ripple with the period of a month and no drift: chips are ordered at month
# ends and arrive over a gamma lead time cut at three times its mean, so that monthly orders do not add up to a quite
# even stream of deliveries, while what retires was installed evenly. It is about 3e-6 of the fleet, ten times that of
# the pool that is left for the spot market, and moves rents by 2e-5.
STATIONARY = {
    "rent_usd_per_ve_hour": 5e-5,
    "index_transaction_usd_per_gpu_hour": 5e-5,
    "reserved_36m_usd_per_ve_hour": 1e-5,
    "fleet_all_ve": 1e-5,
    "reserved_ve": 1e-5,
    "occupancy": 2e-5,
    "loans_usd": 1e-5,
    "lender_capital_usd": 1e-12,
    "chip_price_usd_per_ve": 0.0,
    "collateral_mark": 0.0,
}


ALIKE = ("agents.neocloud.ask_noise=0", "works=alike")  # sellers without chance, users who do not care where


def test_n18_the_stationary_world_stays_where_it_starts():
    economy = ran(730, "world=stationary", "noise=none", "demand.season.amplitude=0", *ALIKE)
    record = economy.record
    assert record["rent_usd_per_ve_hour"][0] == pytest.approx(2.81, rel=1e-5)
    for column, tolerance in STATIONARY.items():
        drift = float(np.abs(record[column] / record[column][0] - 1.0).max())
        assert drift <= tolerance, f"{column} drifts by {drift:.2e}"
    assert not record["defaults"].any()
    assert not record["unserved_gpu_hours"].any()
    weights, month = economy.path.lead_weights, np.zeros(30)
    np.add.at(month, np.arange(len(weights)) % 30, weights)
    ripple = float(np.ptp(np.cumsum(30.0 * month - 1.0))) / economy.hardware.fleet.life
    assert np.abs(record["fleet_ve"] / record["fleet_ve"][0] - 1.0).max() <= ripple < 5e-6
    assert record["rent_usd_per_ve_hour"][720] == pytest.approx(record["rent_usd_per_ve_hour"][0], rel=1e-5)


ONE_TIER = ("tiers=one",)  # an auction: list prices lag rents that fall


def test_the_growing_world_without_noise_stays_on_its_path():
    record = ran(730, "noise=none", "demand.season.amplitude=0", "demand.season.weekend=1", *ALIKE, *ONE_TIER).record
    fleet = record["fleet_ve"] / record["fleet_path_ve"]
    rent = record["rent_usd_per_ve_hour"] / record["rent_path_usd_per_ve_hour"]
    assert np.abs(fleet - 1.0).max() < 0.005
    assert np.abs(rent - 1.0).max() < 0.03
    assert np.abs(np.diff(np.log(rent[1:]))).max() < 0.002, (
        "after the first signing no day of the week or month moves rents"
    )
    assert record["rent_usd_per_ve_hour"][-1] < 0.6 * record["rent_usd_per_ve_hour"][0]


def test_with_list_prices_the_growing_world_stays_near_its_path():
    record = ran(730, "noise=none", "demand.season.amplitude=0", "demand.season.weekend=1").record
    rent = record["rent_usd_per_ve_hour"] / record["rent_path_usd_per_ve_hour"]
    assert np.abs(record["fleet_ve"] / record["fleet_path_ve"] - 1.0).max() < 0.03
    assert np.abs(rent - 1.0).max() < 0.2, "list prices of a few sellers go up and down"
    assert abs(np.log(rent).mean()) < 0.04
