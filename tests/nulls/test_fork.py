"""A fork goes on as its origin would have, or differs from the day and by the cause it was given."""

from __future__ import annotations

import numpy as np
import pytest

from sim.spec import SpecError
from tests.worlds import OUTAGE, balances, digest, moved, ran, series, spec_of, spot_side, world

SPLIT, END = 45, 100


@pytest.fixture(scope="module")
def uninterrupted():
    return ran(END)


@pytest.fixture
def origin():
    economy = world(days=END)
    economy.run(SPLIT)
    return economy


def test_a_fork_goes_on_identically_and_leaves_its_origin_alone(origin, uninterrupted):
    twin = origin.fork()
    twin.run(END - SPLIT)
    assert origin.day == SPLIT
    assert origin.record.days == SPLIT
    assert moved(series(twin), series(uninterrupted)) == []
    assert balances(twin) == balances(uninterrupted)
    assert twin.events == uninterrupted.events
    origin.run(END - SPLIT)
    assert digest(origin) == digest(uninterrupted)


def test_a_fork_under_its_own_specification_goes_on_identically(origin, uninterrupted):
    twin = origin.fork(origin.spec)
    twin.run(END - SPLIT)
    assert moved(series(twin), series(uninterrupted)) == []
    assert balances(twin) == balances(uninterrupted)


def test_a_fork_with_a_shock_differs_from_the_shocks_day_on(origin, uninterrupted):
    shocked = origin.fork(spec_of(shocks={"outage": OUTAGE | {"start": 60}}))
    shocked.run(END - SPLIT)
    assert moved(series(shocked, 0, 60), series(uninterrupted, 0, 60)) == []
    changed = moved(series(shocked, 60), series(uninterrupted, 60))
    assert {"rent_h100_usd_per_gpu_hour", "downtime_gpu_hours"} <= set(changed)
    assert shocked.record["rent_h100_usd_per_gpu_hour"][60] > uninterrupted.record["rent_h100_usd_per_gpu_hour"][60]


def test_a_fork_with_a_shock_is_the_run_that_knew_the_shock_from_the_start(origin):
    shocks = {"outage": OUTAGE | {"start": 60}}
    shocked = origin.fork(spec_of(shocks=shocks))
    shocked.run(END - SPLIT)
    assert moved(series(shocked), series(ran(END, shocks=shocks))) == []


@pytest.mark.parametrize(
    "overrides",
    [
        ["venue=none"],
        ["loan=off"],
        ["links=on"],
        ["venue=none", "loan=off"],
        ["noise=none"],
        ["venue=cme_silicon_data"],
    ],
    ids=" ".join,
)
def test_a_fork_under_another_arm_keeps_the_laws(origin, overrides):
    before = origin.record.days
    twin = origin.fork(spec_of(*overrides))
    twin.run(END - SPLIT)
    assert moved(series(twin, 0, before), series(origin)) == []
    assert np.isfinite(twin.record["rent_usd_per_ve_hour"]).all()


def test_closing_the_venue_in_a_fork_changes_no_bit_of_the_spot_side(origin, uninterrupted):
    closed = origin.fork(spec_of("venue=none"))
    closed.run(END - SPLIT)
    assert moved(spot_side(closed), spot_side(uninterrupted)) == []
    assert np.isnan(closed.record["future_1_usd_per_gpu_hour"][SPLIT:]).all()
    ledger, roll = closed.books.ledger, closed.books.roll
    futures = [name for name in ledger.row if name.startswith("future:")]
    assert futures
    assert all(not ledger.held(name).any() for name in futures)
    assert ledger.held("margin") == pytest.approx(0.0, abs=1e-3)
    assert ledger.held("cash")[roll.clearing_house] == pytest.approx(0.0, abs=1e-3)


def test_opening_a_venue_in_a_fork_lets_hedgers_trade_and_changes_no_bit_of_the_spot_side():
    without = world("venue=none", days=END)
    without.run(SPLIT)
    opened = without.fork(spec_of())
    opened.run(END - SPLIT)
    without.run(END - SPLIT)
    assert moved(spot_side(opened), spot_side(without)) == []
    assert opened.record["open_interest_contracts"][SPLIT:].min() > 1e4


def test_closing_lenders_in_a_fork_lets_loans_run_off(origin):
    closed = origin.fork(spec_of("loan=off"))
    drawn = closed.credit.loans.drawn.copy()
    closed.run(END - SPLIT)
    loans = closed.record["loans_usd"]
    assert (closed.credit.loans.drawn == drawn).all()
    assert (np.diff(loans[SPLIT:]) <= 1e-3).all()
    assert 0.0 < loans[-1] < loans[SPLIT - 1]


def test_a_fork_of_a_fork_and_forks_under_different_arms_do_not_meet(origin):
    one, other = origin.fork(spec_of("links=on")), origin.fork()
    one.run(5)
    alone = origin.fork()
    alone.run(5)
    other.run(5)
    assert digest(alone) == digest(other)


FOUR_MONTHS = {"venues__main__maturities": 4, "links__normal_premium": [0.0] * 4}


@pytest.mark.parametrize("change", [{"agents__renter__count": 5}, {"agents__neocloud__count": 2}, FOUR_MONTHS])
def test_a_fork_into_a_world_of_other_agents_or_contracts_is_refused(origin, change):
    with pytest.raises(SpecError, match="fork"):
        origin.fork(spec_of(**change))


def test_forking_from_one_state_is_cheaper_than_running_to_it_again(origin):
    twin = origin.fork()
    assert twin.books is not origin.books
    assert twin.books.ledger.positions is not origin.books.ledger.positions
    assert all(a is not b for a, b in zip(twin.register.people, origin.register.people, strict=True))
