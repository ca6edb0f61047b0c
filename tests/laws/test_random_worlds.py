"""The laws of accounting hold in worlds drawn at random, over month ends, shocks, defaults and close-outs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sim.economy import Economy
from sim.spec import read_spec
from tests.worlds import container, put

SHARE = st.floats(0.0, 1.0, allow_subnormal=False)
QUICK = (Phase.explicit, Phase.generate)  # a failing world is printed as found: shrinking takes minutes


def uniform(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


CHANGES = st.fixed_dictionaries({
    "agents.hyperscaler.count": st.integers(1, 3),
    "agents.neocloud.count": st.integers(1, 6),
    "agents.ai_lab.count": st.integers(1, 4),
    "agents.renter.count": st.integers(1, 4),
    "agents.lender.count": st.integers(1, 4),
    "agents.speculator.count": st.integers(1, 3),
    "agents.speculator.traders": st.integers(1, 60),
    "agents.speculator.boldness": uniform(1.0, 60.0),
    "agents.speculator.activity_per_hour": SHARE,
    "agents.neocloud.reserved_share": uniform(0.0, 0.97),
    "agents.neocloud.advance_rate": uniform(0.0, 0.95),
    "agents.neocloud.equity_access": SHARE,
    "agents.neocloud.hedge_ratio": SHARE,
    "agents.ai_lab.elasticity": uniform(0.0, 1.5),
    "agents.ai_lab.training_share": SHARE,
    "agents.ai_lab.relet_share": uniform(0.0, 0.3),
    "agents.ai_lab.spill": SHARE,
    "agents.ai_lab.hedge_ratio": SHARE,
    "agents.renter.elasticity": uniform(0.0, 1.5),
    "agents.hyperscaler.swing_share": uniform(0.0, 0.05),
    "agents.ai_lab.precaution_stock_outs": uniform(0.0, 2.0),
    "agents.ai_lab.precaution_scarcity": SHARE,
    "agents.neocloud.withdrawal": uniform(0.0, 5.0),
    "agents.neocloud.phantom_orders": uniform(0.0, 0.9),
    "agents.hyperscaler.phantom_orders": uniform(0.0, 0.9),
    "investment.refund": SHARE,
    "spot.expected_weight": SHARE,
    "reserved.expected_weight": SHARE,
    "agents.chip_vendor.capacity": uniform(0.2, 9.0),
    "spot.occupancy": uniform(0.5, 0.95),
    "spot.convexity": uniform(2.0, 8.0),
    "spot.step_hours": st.sampled_from([1, 2, 4, 24]),
    "resolution.haircut": SHARE,
    "resolution.days": st.integers(1, 30),
    "resolution.rejected_share": SHARE,
    "loan.enabled": st.booleans(),
    "loan.covenant": uniform(0.9, 1.5),
    "loan.cure_probability": SHARE,
    "venues.main.listed": st.booleans(),
    "venues.main.daily_limit": uniform(0.02, 0.4),
    "venues.main.margin": uniform(0.05, 0.5).map(lambda x: {"initial": x, "maintenance": 0.8 * x}),
    "links.curve_to_capex": SHARE,
    "links.curve_to_collateral": SHARE,
    "links.curve_to_reserved": SHARE,
    "links.hedge_cash": SHARE,
    "world.start_date": st.sampled_from(["2026-01-01", "2026-02-17", "2027-12-31"]),
    "world.equal_months": st.booleans(),
})  # fmt: skip

START = st.integers(0, 30)
SHOCKS = st.fixed_dictionaries({}, optional={
    "outage": st.builds(
        lambda start, length, size, scope, first: {
            "_target_": "sim.shocks.outage.Outage", "start": start, "length": length, "size": size,
            "recovery_days": 5, "scope": scope, "contracts_first": first,
        },
        START, st.integers(1, 40), SHARE, st.sampled_from(["pool", "fleet"]), st.booleans(),
    ),
    "demand": st.builds(
        lambda start, length, size, contracted, announced: {
            "_target_": "sim.shocks.demand_slump.DemandSlump", "start": start, "length": length, "size": size,
            "contracted_size": contracted, "recovery_days": 3, "announced_days": announced,
        },
        START, st.integers(1, 60), uniform(-0.9, 1.0), uniform(-0.9, 1.0), st.integers(0, 20),
    ),
    "shortage": st.builds(
        lambda start, length, size, announced: {
            "_target_": "sim.shocks.vendor_shortage.VendorShortage", "start": start, "length": length, "size": size,
            "recovery_days": 0, "announced_days": announced,
        },
        START, st.integers(1, 40), SHARE, st.integers(0, 20),
    ),
    "chips": st.builds(
        lambda start, size: {
            "_target_": "sim.shocks.new_generation.NewGeneration", "start": start, "size": size, "phase_in_days": 2
        },
        START, uniform(-0.6, 0.6),
    ),
})  # fmt: skip


def built(changes: dict, shocks: dict, seed: int, days: int) -> Economy:
    world = container(shocks=shocks)
    for key, value in changes.items():
        put(world, key, value)
    return Economy(read_spec(world), seed=seed, days=days)


@settings(max_examples=12, phases=QUICK)
@given(changes=CHANGES, shocks=SHOCKS, seed=st.integers(0, 2**40), days=st.integers(40, 70))
def test_laws_hold_in_random_worlds_and_nothing_becomes_nan(changes, shocks, seed, days):
    economy = built(changes, shocks, seed, days)
    economy.run(days)
    rents = economy.record["rent_usd_per_ve_hour"]
    assert np.isfinite(rents).all()
    assert (rents > 0.0).all()
    assert np.isfinite(economy.books.ledger.positions).all()
    hours = economy.record["unserved_gpu_hours"]
    assert (hours >= 0.0).all()


BREAKING = {
    "agents.neocloud.advance_rate": 0.95, "agents.neocloud.reserved_share": 0.2, "loan.cure_probability": 0.3,
    "resolution.days": 12, "loan.grace_months": 0,
}  # fmt: skip


@settings(max_examples=4, phases=QUICK)
@given(
    size=uniform(-0.95, -0.6),
    haircut=SHARE,
    rejected=SHARE,
    listed=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_laws_hold_through_defaults_and_sales_of_estates(size, haircut, rejected, listed, seed):
    changes = BREAKING | {
        "resolution.haircut": haircut, "resolution.rejected_share": rejected, "venues.main.listed": listed,
    }  # fmt: skip
    slump = {
        "_target_": "sim.shocks.demand_slump.DemandSlump", "start": 3, "length": 200, "size": size,
        "contracted_size": size, "recovery_days": 0,
    }  # fmt: skip
    economy = built(changes, {"slump": slump}, seed, 100)
    economy.run(100)
    kinds = {kind for _, kind, _ in economy.events}
    assert {"default", "estate sold"} <= kinds, f"the slump broke nobody: {kinds}"


CLASSES = st.sampled_from([(0.8, 0.12, 0.08), (1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.0, 0.4, 0.6), (0.3, 0.0, 0.7)])
FINANCE = st.fixed_dictionaries({
    "agents.vehicle.share_sold": SHARE,
    "agents.vehicle.retention": SHARE,
    "agents.vehicle.capital_relief": SHARE,
    "agents.vehicle.screening": SHARE,
    "agents.vehicle.fee_per_year": uniform(0.0, 0.05),
    "agents.vehicle.reserve_months": uniform(0.0, 24.0),
    "agents.vehicle.overcollateralisation": uniform(0.8, 1.4),
    "agents.vehicle.recovery": SHARE,
    "agents.vehicle.principal": st.sampled_from(["pro_rata", "sequential"]),
    "agents.note_investor.count": st.integers(1, 3),
    "agents.note_investor.wealth_usd": st.sampled_from([0.0, 1.0, 1e9, 1e11]),
    "agents.etf_1x.open_interest_share": st.just(0.0) | uniform(1e-3, 0.3),
    "agents.etf_2x.open_interest_share": st.just(0.0) | uniform(1e-3, 0.2),
    "agents.etf_2x.leverage": uniform(-5.0, 5.0),
    "agents.etf_2x.termination_fall": uniform(0.02, 1.0),
    "agents.etf_2x.count": st.integers(1, 3),
    "agents.etf_2x.roll": st.sampled_from(["daily", "at_expiry"]),
    "agents.fund_holder.count": st.integers(1, 3),
    "agents.fund_holder.chase": uniform(-1.0, 1.0),
    "agents.fund_holder.offset": uniform(0.0, 1.5),
    "agents.fund_holder.offset_same_day": st.booleans(),
    "agents.fund_holder.flow_sd": uniform(0.0, 0.5),
    "agents.fund_holder.reserve": uniform(0.0, 3.0),
    "venues.main.daily_limit": uniform(0.02, 0.9),
    "loan.enabled": st.booleans(),
})  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, phases=QUICK)
@given(changes=FINANCE, classes=CLASSES, size=uniform(-0.9, 0.0), seed=st.integers(0, 1000))
def test_laws_hold_with_random_notes_and_funds_through_defaults(changes, classes, size, seed):
    shares = ("agents.vehicle.senior_share", "agents.vehicle.junior_share", "agents.vehicle.residual_share")
    slump = {
        "_target_": "sim.shocks.demand_slump.DemandSlump", "start": 40, "length": 200, "size": size,
        "contracted_size": size, "recovery_days": 0,
    }  # fmt: skip
    economy = built(BREAKING | changes | dict(zip(shares, classes, strict=True)), {"slump": slump}, seed, 160)
    economy.run(160)
    assert np.isfinite(economy.books.ledger.positions).all()
    assert (economy.record["fund_assets_usd"] >= 0.0).all()


def test_the_law_of_net_worth_explains_every_owner_by_reason():
    economy = built({}, {}, 1, 70)
    economy.run(70)
    ledger = economy.books.ledger
    assert ledger.net_worth() == pytest.approx(ledger.explained(), rel=1e-9, abs=1e-3)
    assert math.fsum(ledger.explained()) == pytest.approx(0.0, abs=1.0)
    told = {reason: ledger.flow(reason) for reason in ledger.reasons}
    assert {"spot rent", "rents paid", "running costs", "interest", "principal", "chip orders"} <= set(told)
    for reason, flow in told.items():
        assert math.fsum(flow) == pytest.approx(0.0, abs=1e-9 * np.abs(flow).sum() + 1e-3), reason
