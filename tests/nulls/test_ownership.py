"""Who owns GPUs, and how the hours are cut, does not matter where nothing else differs (N10, N17)."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from tests.worlds import SLUMP, ran, row, world

# List prices are each seller's own; in auctions all offer alike.
AUCTIONS = ("tiers=one", "works=alike")
# Nobody can order chips: the vendor accepts next to nothing.
ALIKE = {
    "agents__neocloud__advance_rate": 0.8,
    "agents__neocloud__spread": 0.05,
    "agents__neocloud__reserved_share": 0.4,
    "agents__chip_vendor__capacity": 1e-12,
}
# and nothing is under contract, so that an estate has none to reject or to let run out.
SPOT_ONLY = ALIKE | {"agents__neocloud__reserved_share": 0.0, "resolution__rejected_share": 0.0}


def same_rents(a: Economy, b: Economy, tolerance: float) -> None:
    for column in ("rent_h100_usd_per_gpu_hour", "rent_b200_usd_per_gpu_hour", "index_transaction_usd_per_gpu_hour"):
        gap = np.abs(a.record[column] / b.record[column] - 1.0).max()
        assert gap <= tolerance, f"{column}: {gap:.2e}"


@pytest.mark.parametrize("sizes", [[1.0, 1.0, 1.0], [20.0, 2.0, 1.0]])
def test_n10_rents_do_not_depend_on_how_the_fleet_is_split(sizes):
    one, other = ran(120, *AUCTIONS, **ALIKE), ran(120, *AUCTIONS, **ALIKE, agents__neocloud__size=sizes)
    same_rents(one, other, 1e-12)
    assert one.record["orders_ve"].max() < 1.0


def bankrupt(economy: Economy, names: list[str]) -> None:
    """Take all cash from some landlords, through the ledger."""
    ledger = economy.books.ledger
    for name in names:
        ledger.transfer("robbery", "cash", row(economy, name), row(economy, "rest_of_world"), ledger.cash(name) + 1e7)


def test_n10_rents_do_not_depend_on_estates_and_forced_sales():
    calm, broken = world(*AUCTIONS, days=150, **SPOT_ONLY), world(*AUCTIONS, days=150, **SPOT_ONLY)
    calm.run(150)
    broken.run(20)
    bankrupt(broken, ["neocloud_1", "neocloud_2"])
    broken.run(130)
    kinds = [kind for _, kind, _ in broken.events]
    assert kinds.count("default") >= 2
    assert kinds.count("estate sold") >= 2
    assert broken.record["loan_losses_usd"].sum() > 1e8
    same_rents(broken, calm, 1e-12)


def test_rents_do_depend_on_the_split_of_the_fleet_between_owners_who_offer_differently():
    unlike = ALIKE | {"agents__neocloud__reserved_share": [0.9, 0.5, 0.1]}
    one, other = ran(60, *AUCTIONS, **unlike), ran(60, *AUCTIONS, **unlike, agents__neocloud__size=[1.0, 2.0, 20.0])
    assert np.abs(one.record["pool_ve"] / other.record["pool_ve"] - 1.0).max() > 0.01


FLAT = {"demand__season__amplitude": 0.0}


def test_n17_two_hour_steps_give_the_same_index_as_hours_when_the_day_is_flat():
    still = {"sd_per_sqrt_year": 0.0, "half_life_days": 15.0}
    quiet = {"noise__product": still, "noise__grade": still} | FLAT
    hourly, coarse = ran(90, *AUCTIONS, **quiet), ran(90, *AUCTIONS, **quiet, spot__step_hours=2)
    same_rents(hourly, coarse, 1e-6)
    for column in ("traded_gpu_hours", "spot_turnover_usd", "fleet_ve", "loans_usd"):
        assert coarse.record[column] == pytest.approx(hourly.record[column], rel=1e-6), column


def test_n17_two_hour_steps_are_not_the_same_when_the_day_has_a_peak():
    hourly, coarse = ran(10, demand__season__amplitude=0.5), ran(10, demand__season__amplitude=0.5, spot__step_hours=12)
    gap = hourly.record["rent_h100_usd_per_gpu_hour"] / coarse.record["rent_h100_usd_per_gpu_hour"] - 1.0
    assert np.abs(gap).max() > 1e-4


def test_n10_rents_do_not_depend_on_who_buys_used_gpus():
    """Forced sales to landlords and outsiders, without days on the way: ownership moves, GPU-hours do not."""
    calm = world(*AUCTIONS, "resale=default", days=120, **SPOT_ONLY)
    broken = world(*AUCTIONS, "resale=default", days=120, **SPOT_ONLY, resale__downtime_days=0, resolution__days=30)
    calm.run(120)
    broken.run(20)
    bankrupt(broken, ["neocloud_1", "neocloud_2"])
    broken.run(100)
    assert broken.record["used_forced_usd"].sum() > 1e8
    assert broken.record["used_outside_usd"].sum() < broken.record["used_sold_usd"].sum(), "landlords buy too"
    same_rents(broken, calm, 1e-12)


def test_n10_gpus_that_solvent_owners_must_sell_go_on_being_let_as_they_were():
    """Landlords who let unlike shares under contract, called in a slump: the hourly pool keeps its size."""
    unlike = {"agents__neocloud__reserved_share": [0.9, 0.6, 0.2], "resale__downtime_days": 0}
    terms = ("loan=plain", "resale=default", *AUCTIONS)
    marks = {"agents__neocloud__advance_rate": 0.85}

    def pool(**more: object) -> tuple[Economy, np.ndarray]:
        economy = world(*terms, days=80, shocks={"slump": SLUMP}, **unlike, **marks, **more)
        economy.run(80)
        return economy, economy.record["pool_ve"]

    books, calm = pool(loan__collateral_basis="book")
    called, kept = pool()
    _, as_new = pool(resale__keeps_letting=False)
    value = called.record["gpu_value_usd_per_ve"][0] * called.record["fleet_ve"][0]
    assert called.record["used_forced_usd"].sum() > 0.3 * value
    assert not books.record["used_forced_usd"].any()
    assert np.abs(kept / calm - 1.0).max() < 0.005
    assert np.abs(as_new / calm - 1.0).max() > 0.1
