"""Every shock moves what it should in a small world, under the laws; at size 0 it is absent to the last bit."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from sim.behaviours.jobs import Job, JobQueue, JobTerms
from sim.behaviours.usage import learned_slow_rent
from sim.environment import Environment
from tests.agents.desks import agent, view
from tests.worlds import balances, moved, ran, row, series

RENT, CHIPS, FLEET = "rent_usd_per_ve_hour", "chip_price_usd_per_ve", "fleet_ve"
DAYS, START = 95, 30
PASSING = {"start": START, "length": 40, "recovery_days": 0}
BASE = ("noise=none", "venue=none")


def of(cls: str, **settings):
    module, _, name = cls.rpartition(".")
    return {"shock": {"_target_": f"sim.shocks.{module}.{name}", **settings}}


SHOCKS = {
    "outage": of("outage.Outage", **PASSING, size=0.15, scope="pool", contracts_first=True),
    "outage_of_a_grade": of(
        "outage.Outage", **PASSING, size=0.3, scope="pool", contracts_first=True, grade="b200", region="us"
    ),
    "fleet_outage_of_a_grade": of(
        "outage.Outage", **PASSING, size=0.1, scope="fleet", contracts_first=True, grade="b200"
    ),
    "demand_slump": of("demand_slump.DemandSlump", **PASSING, size=-0.2, contracted_size=-0.1),
    "demand_surge": of("demand_surge.DemandSurge", **PASSING, size=0.2, contracted_size=0.1),
    "regional_surge": of("demand_surge.DemandSurge", **PASSING, size=0.2, contracted_size=0.0, region="us"),
    "efficiency_jump": of("efficiency_jump.EfficiencyJump", start=START, size=0.3, phase_in_days=0),
    "new_generation": of("new_generation.NewGeneration", start=START, size=-0.2, phase_in_days=0),
    "tariff": of("tariff.Tariff", **PASSING, size=0.25),
    "lasting_tariff": of("tariff.Tariff", **PASSING | {"length": None}, size=0.25),
    "chip_price": of("chip_price.ChipPrice", **PASSING, size=0.2, grade="b200"),
    "power_price": of("power_price.PowerPrice", **PASSING, size=1.0, power_share=0.25),
    "policy_rate": of("policy_rate.PolicyRate", **PASSING, size=0.03),
    "client_loss": of("client_loss.ClientLoss", **PASSING, size=1.0),
    "vendor_shortage": of("vendor_shortage.VendorShortage", **PASSING, size=0.5),
    "list_price": of("list_price.ListPrice", **PASSING, size=-0.3, grade="h100"),
    "site_delay": of("site_delay.SiteDelay", **PASSING, size=0.9),
    "shipment_halt": of("shipment_halt.ShipmentHalt", start=START, length=40, size=0.8, make_up_days=10),
    "delivery_delay": of(
        "delivery_delay.DeliveryDelay", start=START, length=40, size=0.8, delay_days=30, make_up_days=10, grade="h100"
    ),
}


@pytest.fixture(scope="module")
def calm():
    return ran(DAYS, *BASE)


def struck(kind: str, *more: str, days: int = DAYS, **changes):
    shock = {"shock": SHOCKS[kind]["shock"] | changes}
    return ran(days, *BASE, *more, shocks=shock)


@pytest.mark.parametrize("kind", SHOCKS)
def test_a_shock_moves_the_world_from_its_day_on_and_not_before(kind, calm):
    economy = struck(kind)
    assert moved(series(economy, 0, START), series(calm, 0, START)) == []
    assert set(moved(series(economy, START), series(calm, START))) - {"downtime_gpu_hours"}
    assert not np.isnan(economy.record[RENT]).any()


@pytest.mark.parametrize("kind", SHOCKS)
def test_a_shock_of_size_zero_is_absent_to_the_last_bit(kind, calm):
    nothing = {key: 0.0 for key in ("size", "contracted_size") if key in SHOCKS[kind]["shock"]}
    economy = struck(kind, **nothing)
    assert moved(series(economy), series(calm)) == []
    assert balances(economy) == balances(calm)


# ---- deliveries


def working(economy):
    return economy.record["fleet_all_ve"]


def test_a_full_halt_stops_deliveries_and_what_waited_comes_after(calm):
    halted = struck("shipment_halt", size=1.0)
    arrived = np.array(working(halted)) - working(halted)[0]
    retired_only = np.diff(working(halted)[START : START + 40])
    assert (retired_only <= 1e-6).all(), "nothing arrives, old chips go on retiring"
    assert working(halted)[START + 39] < working(calm)[START + 39]
    # in ten days all is made up: what arrived once is the same; orders placed meanwhile are a little fewer or more
    assert working(halted)[START + 49] == pytest.approx(working(calm)[START + 49], rel=2e-3)
    assert arrived[-1] > 0.0


def test_what_is_held_back_is_on_order_and_has_the_vintage_of_its_arrival():
    economy = ran(START + 20, *BASE, shocks=SHOCKS["shipment_halt"])
    fleet = economy.hardware.fleet
    assert fleet.held_back[0].sum() > 0.0
    at = fleet.life + economy.day
    assert (fleet.installed[:, :, at] >= fleet.held_back[0] * (1 - 1e-12)).all(), "it waits for tomorrow"
    assert fleet.on_order == pytest.approx(fleet.installed[:, :, at:].sum(axis=2))


def test_a_halt_for_a_grade_leaves_the_other_alone(calm):
    economy = struck("shipment_halt", days=START + 20, grade="b200")
    other = ran(START + 20, *BASE)
    assert economy.hardware.fleet.working[:, 0] == pytest.approx(other.hardware.fleet.working[:, 0], rel=1e-6)
    assert (economy.hardware.fleet.working[:, 1] < other.hardware.fleet.working[:, 1]).all()


def test_a_delay_keeps_so_many_days_of_deliveries_away_until_it_ends(calm):
    late = struck("delivery_delay", size=1.0, delay_days=10, length=30, grade=None)
    missing = working(calm) - working(late)
    due = missing[START + 9]
    assert due > 0.0
    # from the tenth day to the thirtieth as much is missing as then (within what orders have changed)
    assert missing[START + 25] == pytest.approx(due, rel=0.05)
    assert abs(missing[START + 41]) < 0.1 * due


# ---- chips that cost more


def test_a_tariff_goes_to_the_rest_of_the_world_and_the_price_to_the_vendor():
    economy = struck("tariff", days=65, size=0.25)
    ledger = economy.books.ledger
    duty = ledger.flow("tariff")
    paid = ledger.flow("chip orders")
    assert duty[economy.books.roll.rest_of_world] == pytest.approx(-duty[economy.books.roll.chip_owners].sum())
    assert duty.sum() == pytest.approx(0.0, abs=1.0)
    assert duty[economy.books.roll.rest_of_world] > 0.0
    assert paid[economy.books.roll.vendor] > 4.0 * duty[economy.books.roll.rest_of_world] * (1 - 1e-9)


def test_a_tariff_for_good_raises_the_long_run_rent_by_its_pass_through_and_a_passing_one_does_not():
    passing, lasting, none = struck("tariff", days=40), struck("lasting_tariff", days=40), ran(40, *BASE)
    anchor = [economy.board.today.anchor_usd for economy in (passing, lasting, none)]
    assert anchor[0] == anchor[2]
    assert anchor[1] == pytest.approx(anchor[2] * (1.0 + 0.25 * none.path.pass_through))


def test_dearer_chips_are_ordered_less_and_those_of_the_other_grade_more():
    dear, calm = struck("chip_price", days=60), ran(60, *BASE)
    column = "orders_ve"
    assert dear.record[column][58] < calm.record[column][58]
    mix = [e.hardware.fleet.on_order.sum(axis=0) for e in (dear, calm)]
    assert mix[0][-1] < mix[1][-1]
    assert mix[0][0] > mix[1][0]


def test_a_shortage_meets_its_share_of_orders():
    half, calm = struck("vendor_shortage", days=32), ran(32, *BASE)
    assert half.record["orders_ve"][30] == pytest.approx(0.5 * calm.record["orders_ve"][30])
    nothing = struck("vendor_shortage", days=32, size=1.0)
    assert nothing.record["orders_ve"][30] == 0.0


# ---- costs and rates


def test_dearer_power_raises_the_floor_of_offers_and_what_landlords_pay():
    dear, calm = struck("power_price", days=40), ran(40, *BASE)
    cost = [-e.books.ledger.flow("running costs")[e.books.roll.landlords].sum() for e in (dear, calm)]
    assert cost[0] > 1.01 * cost[1]
    assert dear.record[RENT][35] > calm.record[RENT][35]
    assert dear.record[RENT][35] < calm.record[RENT][35] + 0.1, "at most the whole rise of 0.10 USD"


@pytest.mark.parametrize("size", [-1.0, 20.0])
def test_free_and_priceless_power_break_nothing(size):
    economy = struck("power_price", days=65, size=size, power_share=0.9)
    assert np.isfinite(economy.record[RENT]).all()
    assert (economy.record[RENT] > 0.0).all()


def test_the_policy_rate_moves_interest_and_never_falls_below_zero():
    def interest(economy):
        return -economy.books.ledger.flow("interest")[economy.books.roll.landlords].sum()

    assert interest(struck("policy_rate", days=60)) > interest(ran(60, *BASE))
    low = struck("policy_rate", days=60, size=-0.5)
    assert low.board.today.policy_rate == 0.0


# ---- a client is lost


def test_the_largest_client_goes_with_its_contracts_its_demand_and_what_it_prepaid():
    economy = ran(START + 3, *BASE, shocks=SHOCKS["client_loss"])
    books, largest = economy.books, row(economy, "ai_lab_1")
    seat = int(np.flatnonzero(books.roll.customers == largest)[0])
    assert economy.reserved.contracts.quantity_ve[:, seat].sum() == 0.0
    assert books.ledger.held("reserved_capacity")[largest] == pytest.approx(0.0, abs=1e-6)
    assert books.ledger.held("prepaid_rent")[largest] == pytest.approx(0.0, abs=1.0)
    lost = books.ledger.flow("contracts rejected")
    assert lost[largest] < 0.0
    assert lost[books.roll.landlords].sum() == pytest.approx(-lost[largest])
    found = [(day, text) for day, kind, text in economy.events if kind == "client lost"]
    assert [day for day, _ in found] == [START]
    assert "ai_lab_1" in found[0][1]
    hours = [economy.board.rental.bought_ve_hours.get((largest, number), 0.0) for number in (0, 2)]
    assert hours == [0.0, 0.0], "no inference, nothing that contracts should have covered"


def test_a_client_that_is_lost_unwinds_its_hedges():
    gone, calm = (ran(START + 40, "noise=none", seed=1, shocks=shocks) for shocks in (SHOCKS["client_loss"], {}))
    largest = row(calm, "ai_lab_1")

    def hedged(economy):
        return sum(float(economy.books.ledger.held(name)[largest]) for name in economy.exchange.first.names)

    assert hedged(calm) > 0.0
    assert hedged(gone) < 0.3 * hedged(calm), "what is left is its view of prices"


def test_a_part_of_the_client_may_be_lost_and_later_come_back():
    economy = ran(DAYS, *BASE, shocks={"shock": SHOCKS["client_loss"]["shock"] | {"size": 0.5}})
    kinds = [kind for _, kind, _ in economy.events if kind.startswith("client")]
    assert kinds == ["client lost", "client back"]
    text = next(text for _, kind, text in economy.events if kind == "client lost")
    gone, held = (float(number.replace(",", "")) for number in re.findall(r"[0-9][0-9,]{3,}", text))
    assert gone == pytest.approx(0.5 * held, rel=1e-3)


def test_a_world_without_customers_has_no_client_to_lose():
    from sim.economy import Economy
    from sim.spec import read_spec
    from tests.worlds import container

    world = container(*BASE, shocks=SHOCKS["client_loss"])
    del world["agents"]["ai_lab"]
    economy = Economy(read_spec(world), days=40)
    economy.run(40)
    assert [kind for _, kind, _ in economy.events] == ["no client to lose"]


# ---- efficiency


def test_what_contracts_lack_is_in_hours_and_not_made_less_by_efficiency():
    def bought(efficiency):
        v = view(held=2000.0, short=100.0, environment=replace(Environment(), efficiency=efficiency))
        lab = agent("ai_lab", weight=0.5)
        lab.usual_rent_usd = v.today.rent_usd
        rows = list(lab.spot_demand(v))
        return rows[2].quantity_ve / efficiency  # as the market takes it

    assert bought(1.3) >= bought(1.0) * (1.0 - 1e-12) > 0.0


def test_jobs_need_so_much_fewer_hours_as_work_takes():
    terms = JobTerms(1.0, 10.0, 1.0, 0.0, 2.0, 0.7, 1.5, 0.5, 0.0)
    left = []
    for efficiency in (1.0, 1.25):
        queue = JobQueue.of([Job(2400.0, 2400.0, 20.0, 14)])
        hours = {
            number: 24.0 * pace / efficiency for number, pace in enumerate(queue.plan(10)[1].tolist())
        }  # all it can use
        queue.pass_day(
            terms, view(bought=hours, environment=replace(Environment(), efficiency=efficiency)), (0, 1, 2), 0.0
        )
        left.append(queue.jobs[0].left_ve_hours)
    assert left == pytest.approx([2400.0 - 24.0 * 20.0] * 2)


def test_users_adapt_to_cheaper_work_over_the_years():
    calm, jump = view(), view(environment=replace(Environment(), efficiency=1.3))
    slow = [learned_slow_rent(v, 2.0, 1.0) for v in (calm, jump)]
    rents = [calm.today.rent_usd, jump.today.rent_usd / 1.3]
    assert slow == [2.0 * math.exp(math.log(rent / 2.0) / 365.0) for rent in rents]
    economy, calm = ran(400, *BASE, shocks=SHOCKS["efficiency_jump"], laws=False), ran(400, *BASE, laws=False)
    usual = [next(a for a in e.register.people if a.kind == "renter").usual_rent_usd for e in (economy, calm)]
    assert usual[0] < usual[1]
    gaps = np.log(economy.record[RENT] / calm.record[RENT])
    assert gaps[START + 20] < 0.0, "at once the same work takes fewer hours"
    assert gaps[-1] > gaps[START + 20], "and over the years cheaper work brings more of it"
