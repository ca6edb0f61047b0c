"""Balloons at maturity: drawn anew, else paid in cash, else out of GPUs that are sold while solvent, else default."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.credit.terms import Schedule
from sim.economy import Economy
from sim.metrics import measure
from sim.problems import SpecError
from tests.worlds import moved, ran, row, series, spec_of, world

CALM = {"noise__firm": {"sd_per_sqrt_year": 0.0, "half_life_days": 180.0}, "loan__lock_up": 0.1}
SCHEDULE = {"months": 36, "balloon": 0.3}
FREEZE = {"_target_": "sim.shocks.credit_freeze.CreditFreeze", "start": 40, "length": 400, "size": 1.0,
          "recovery_days": 0}  # fmt: skip
ONLY = {"shocks": {"freeze": FREEZE}}


def term(*, refinance: bool, **more: object) -> dict:
    facility = {"share": 1.0, "amortisation": None, "schedule": SCHEDULE, "refinance": refinance}
    return CALM | {"loan__facilities": {"term": facility | more}}


AGAIN = term(refinance=True)


def kinds(economy: Economy) -> set[str]:
    return {kind for _, kind, _ in economy.events}


@pytest.fixture(scope="module")
def calm() -> Economy:
    return ran(125, "venue=none", **AGAIN)


def test_in_calm_times_balloons_are_drawn_anew_and_cost_no_cash(calm):
    record = calm.record
    due, drawn = record["balloons_due_usd"], record["balloons_refinanced_usd"]
    assert np.count_nonzero(due) == 4
    assert drawn == pytest.approx(due)
    assert record["balloons_cash_usd"].sum() == record["balloons_overdue_usd"].sum() == 0.0
    assert "balloon unpaid" not in kinds(calm)
    ledger, roll = calm.books.ledger, calm.books.roll
    assert ledger.flow("balloons refinanced")[roll.landlords] == pytest.approx(0.0, abs=1.0), "old for new"
    assert record["loan_draws_usd"].sum() >= drawn.sum()
    found = measure(record)
    assert found["balloons_refinanced_share"] == pytest.approx(1.0)
    assert found["balloons_overdue_usd_high"] == 0.0


def test_the_world_begins_with_the_debt_that_drawing_anew_leaves(calm):
    """On the path a balance that is drawn anew is the larger, and one balloon after another grows with it."""
    due = calm.record["balloons_due_usd"]
    owed = calm.record["loans_usd"]
    monthly = due[due > 0.0] / owed[due > 0.0]
    assert monthly.max() < 1.2 * monthly.min()
    once = world("venue=none", **term(refinance=False))
    assert once.credit.loans.debt_usd.sum() < world("venue=none", **AGAIN).credit.loans.debt_usd.sum()


@given(st.builds(Schedule, months=st.integers(1, 120), balloon=st.floats(0.01, 0.95)), st.floats(0.0, 0.8))
def test_new_money_and_balloons_drawn_anew_keep_the_balance_of_the_path(schedule, growth):
    """A month's draws are e^(g/12)/S of the balance: balloons drawn anew are one part of them, new money the other."""
    profile, balloons = schedule.profile(growth), schedule.balloons(growth)
    assert all(0.0 <= b <= p * (1.0 + 1e-9) for p, b in zip(profile, balloons, strict=True))
    owed = math.fsum(schedule.left(k) * math.exp(-growth * k / 12) for k in range(schedule.months))
    new_money = (schedule.yearly(growth, refinanced=True) + growth) / 12.0 * math.exp(growth / 12)
    assert new_money + balloons[0] == pytest.approx(math.exp(growth / 12) / owed, rel=1e-9)


def test_off_it_is_absent_to_the_last_bit_and_a_facility_without_balloon_has_nothing_to_draw():
    plain = ran(65, "venue=none", **CALM)
    off = ran(65, "venue=none", **CALM, loan__sold_for_balloons=0.7)
    assert moved(series(plain), series(off)) == []
    assert not [name for name in plain.record.columns if name.startswith("balloons_")]
    once, again = (ran(40, "venue=none", **term(refinance=on)) for on in (False, True))
    assert not np.array_equal(once.record["dscr_median"], again.record["dscr_median"])
    for schedule in (None, {"months": 36, "balloon": 0.0}):
        wrong = term(refinance=True, schedule=schedule, amortisation=None if schedule else 0.45)
        with pytest.raises(SpecError, match=r"loan.facilities.term.refinance = True: is of balloons"):
            spec_of(**wrong)


def test_debt_that_is_drawn_anew_for_ever_is_refused_by_key():
    with pytest.raises(SpecError, match=r"schedule.balloon = 1.0: drawn anew, debt never shrinks"):
        spec_of("world=stationary", **term(refinance=True, schedule={"months": 36, "balloon": 1.0}))


def test_a_frozen_market_makes_balloons_due_in_cash():
    economy = ran(125, "venue=none", **AGAIN, **ONLY)
    record = economy.record
    due, drawn, cash, left = (
        record[f"balloons_{name}_usd"][record["month_end"] > 0.0] for name in ("due", "refinanced", "cash", "overdue")
    )
    assert drawn[0] == pytest.approx(due[0])
    assert (drawn[1:] == 0.0).all()
    assert (due[1:] > 0.0).all()
    assert cash[1:] + left[1:] == pytest.approx(due[1:])
    assert cash[1] > 0.0


def robbed(**more: object) -> Economy:
    """A frozen market, and one borrower without the cash for its balloons; laws hold on every day."""
    changes = (
        term(refinance=True, schedule={"months": 12, "balloon": 0.6})
        | ONLY
        | {"loan__grace_months": 1, "loan__cure_probability": 0.0}
        | more
    )
    economy = world("venue=none", days=200, **changes)
    economy.run(57)
    owner = row(economy, "neocloud_2")
    cash = float(economy.books.ledger.held("cash")[owner])
    economy.books.ledger.transfer("robbery", "cash", owner, row(economy, "rest_of_world"), 0.98 * cash)
    return economy


def test_what_is_not_paid_stays_due_and_ends_in_default_after_the_grace_period():
    economy = robbed()
    economy.run(75)
    told = [(day, kind) for day, kind, text in economy.events if text.startswith("neocloud_2")]
    assert told == [(58, "balloon unpaid"), (89, "balloon unpaid"), (89, "default")]
    assert economy.record["balloons_overdue_usd"].max() > 0.0
    assert economy.record["balloons_sales_usd"].sum() == 0.0, "without a market for used GPUs nothing is sold"


def test_a_solvent_owner_sells_gpus_for_its_balloon_before_it_fails():
    economy = robbed(resale__enabled=True)
    economy.run(45)
    record = economy.record
    assert record["balloons_sales_usd"].sum() > 0.0
    assert record["balloons_overdue_usd"][-1] == pytest.approx(0.0, abs=1.0)
    assert record["used_forced_usd"].sum() > 0.0
    assert not economy.credit.servicer.breaches.any(), "paid the same evening, it is in breach no longer"
    assert "default" not in kinds(economy)


def test_an_insolvent_owner_sells_nothing_for_its_balloon():
    economy = robbed(resale__enabled=True)
    credit = economy.credit
    economy.run(2)
    assert credit.refinancing.overdue_usd.any()
    credit.calls.marked_usd = np.zeros(len(credit.in_estate))
    collateral = credit.calls.collateral
    poor = type(collateral)(*(np.zeros(len(credit.in_estate)),) * 4, collateral.sale_usd)
    credit.calls.collateral = poor
    credit.refinancing.pass_day(credit.terms, credit.calls, np.zeros(len(credit.in_estate)), credit.in_estate)
    assert not credit.refinancing.forced.any()


def test_lenders_without_room_and_borrowers_that_fail_a_test_draw_nothing_anew():
    full = ran(35, "venue=none", **AGAIN, agents__lender__capital_slack=0.9)
    assert full.record["balloons_refinanced_usd"].sum() < 0.5 * full.record["balloons_due_usd"].sum()
    never = {"t": {"of": "dscr", "least": 50.0, "every_months": 1, "first": "2026-01-31"}}
    failed = ran(62, "venue=none", **AGAIN, loan__tests=never, loan__grace_months=12)
    drawn = failed.record["balloons_refinanced_usd"][failed.record["month_end"] > 0.0]
    assert drawn[0] > 0.0, "made after this month's balloons"
    assert drawn[1] == 0.0


def test_new_loans_for_balloons_are_sold_as_others_are_and_a_copy_goes_on_alike():
    economy = world("notes=term", "venue=none", days=100, **AGAIN)
    economy.run(50)
    twin = economy.fork()
    for half in (economy, twin):
        half.run(50)
    assert series(economy) == series(twin)
    assert economy.record["pool_bought_usd"].sum() > 0.0
    assert economy.record["balloons_refinanced_usd"].sum() > 0.0
