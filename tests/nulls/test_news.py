"""News: what is public of days to come moves list prices and contracts at once; without readers it moves nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.economy import Economy
from sim.nature.striking import build_shocks, quiet_days, span_of
from sim.rules import outlook
from sim.streams import Streams
from tests.worlds import digest, ran, world

STILL = ("noise=none", "world=stationary", "demand.season.amplitude=0", "agents.neocloud.ask_noise=0", "venue=none")
READ = {"spot__expected_weight": 1.0, "reserved__expected_weight": 1.0}
SURGE = {"_target_": "sim.shocks.demand_surge.DemandSurge", "start": 60, "length": 400, "size": 0.3,
         "contracted_size": 0.3, "recovery_days": 0}  # fmt: skip
SHORTAGE = {"_target_": "sim.shocks.vendor_shortage.VendorShortage", "start": 60, "length": 300, "size": 0.5,
            "recovery_days": 0}  # fmt: skip
HALT = {"_target_": "sim.shocks.shipment_halt.ShipmentHalt", "start": 60, "length": 200, "size": 0.9,
        "make_up_days": 60}  # fmt: skip
CHEAPER = {"_target_": "sim.shocks.new_generation.NewGeneration", "start": 60, "size": -0.3, "phase_in_days": 0}


def known(shock: dict[str, object], days: int = 40) -> dict[str, object]:
    return {"shock": shock | {"announced_days": days}}


def still(days: int, shocks: dict[str, object], **values: object) -> Economy:
    return ran(days, *STILL, shocks=shocks, **values)


@pytest.mark.parametrize("shock", [SURGE, SHORTAGE, HALT, CHEAPER])
def test_an_announcement_that_nobody_reads_moves_nothing(shock):
    shock = shock | {"start": 20}
    assert digest(ran(35, shocks=known(shock, 15))) == digest(ran(35, shocks={"shock": shock}))


@pytest.mark.parametrize("shock", [SURGE, SHORTAGE, HALT, CHEAPER])
def test_a_shock_that_nobody_announces_is_not_foreseen(shock):
    calm, struck = (still(50, shocks, **READ) for shocks in ({}, {"shock": shock}))
    assert digest(calm) == digest(struck)


@pytest.mark.parametrize(("shock", "sign"), [(SURGE, 1.0), (SHORTAGE, 1.0), (HALT, 1.0), (CHEAPER, -1.0)])
def test_contracts_move_on_the_day_of_the_news(shock, sign):
    calm, told = (still(45, shocks, **READ) for shocks in ({}, known(shock)))
    column = "reserved_12m_usd_per_ve_hour"
    before, after = (np.log(told.record[column][day] / calm.record[column][day]) for day in (18, 21))
    assert before == 0.0
    assert sign * after > 0.005


def test_list_prices_move_before_what_is_announced():
    calm, told = (still(58, shocks, **READ) for shocks in ({}, known(SURGE)))
    asks = [name for name in calm.record.columns if name.startswith("ask_neocloud")]
    rise = [math.log(told.record[name][57] / calm.record[name][57]) for name in asks]
    assert min(rise) >= 0.0
    assert max(rise) > 0.02


def test_on_the_path_nothing_is_expected_beyond_it():
    economy = world(*STILL[:1], "venue=none", days=40, spot__expected_weight=1.0)
    found = []
    for _ in range(35):
        economy.step()
        found.append(economy.board.outlook)
    assert max(float(np.abs(o.balance).max()) for o in found if o is not None) < 0.005
    assert len(found) == 35


def test_a_pipeline_that_is_cut_lets_expect_scarcity():
    shocks = {"shortage": SHORTAGE | {"start": 2}}  # announced by nobody: seen in what is on order
    economy = world(*STILL, days=130, shocks=shocks, spot__expected_weight=1.0)
    economy.run(125)
    assert economy.board.outlook is not None
    assert economy.board.outlook.balance[180] > 0.015


def test_the_event_of_an_announced_shock_begins_with_the_news():
    first = "2026-01-01"
    assert span_of(SURGE | {"announced_days": 20}, first) == (40, 420)
    assert span_of(SURGE | {"announced_days": 90}, first) == (0, 460)
    shocks = build_shocks(known(SURGE, 20), first, Streams(1))
    assert quiet_days(shocks, 300) == 40
    assert quiet_days(build_shocks({"shock": SURGE}, first, Streams(1)), 300) == 60


def test_a_change_while_a_price_stands_is_a_mean_over_its_life():
    step = np.where(np.arange(2000) >= 50, 1.0, 0.0)
    assert outlook.while_it_stands(step, 50.0) == pytest.approx(math.exp(-1.0), abs=0.01)
    assert outlook.while_it_stands(step, 0.0) == 0.0
    assert outlook.over_tenor(step, 100.0 / 365.0) == pytest.approx(0.5)
    assert outlook.over_tenor(np.array([0.0, 1.0]), 4.0 / 365.0) == pytest.approx(0.75)


def test_what_is_held_back_comes_when_it_is_released():
    due, arriving = np.full(6, 10.0), np.array([0.5, 0.5, 1.0, 1.0, 1.0, 1.0])
    released = np.array([0.0, 0.0, 0.5, 1.0, 1.0, 1.0])
    found = outlook.held_back(due, arriving, released, 4.0)
    assert found.tolist() == [5.0, 5.0, 17.0, 17.0, 10.0, 10.0]


def test_sites_allow_a_share_of_the_orders_of_the_path():
    assert outlook.site_share(1.0, 0.5, 5.0, 0.5) == 1.0
    assert outlook.site_share(2.0, 0.5, 5.0, 0.5) == 1.0
    assert 0.0 < outlook.site_share(0.0, 0.5, 5.0, 0.5) < outlook.site_share(0.5, 0.5, 5.0, 0.5) < 1.0
