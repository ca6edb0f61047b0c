"""Reserved capacity as a department: alone, with the fleets and fixings that it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.department import Department
from sim.environment import Environment
from sim.laws import BrokenLaw
from tests.worlds import world


@pytest.fixture
def economy():
    economy = world("venue=none")
    economy.run(3)
    return economy


@pytest.fixture
def reserved(economy):
    return economy.reserved


def test_reserved_capacity_keeps_what_the_conductor_asks_of_a_department(reserved):
    asked: Department = reserved
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(2)


@pytest.mark.parametrize(("first", "served"), [(True, 1.0), (False, 0.97)])
def test_in_an_outage_contracts_are_served_first_or_pro_rata(economy, reserved, first, served):
    board, fleet = economy.board, economy.hardware.let_ve()
    board.today = replace(board.today, environment=Environment(contracts_first=first))
    reserved.begin_day(fleet, np.full(len(fleet), 0.97))
    assert reserved.served == pytest.approx(served), "less than 0.97 of each fleet is under contract"
    held, owed = reserved.held(economy.indices.usd), economy.books.ledger.held("rent_accrued").copy()
    day = reserved.deliver(economy.indices.usd)
    use = economy.spec.reserved.use
    assert day.ve == pytest.approx(served * reserved.contracts.quantity_ve.sum(axis=1))
    assert day.used_ve_hours == pytest.approx(24.0 * use * served * held.quantity_ve)
    assert day.let_ve_hours.sum() == pytest.approx(day.used_ve_hours.sum())
    assert day.rent_usd.sum() == pytest.approx(24.0 * use * served * held.due_usd_per_hour.sum())
    gained = economy.books.ledger.held("rent_accrued") - owed
    assert gained[economy.books.roll.landlords] == pytest.approx(day.rent_usd)
    short = np.array(board.reserved.short_ve)[economy.books.roll.customers]
    assert short == pytest.approx((1.0 - served) * held.quantity_ve)


def test_a_client_that_goes_by_degrees_rejects_each_time_what_is_left_to_go(economy, reserved):
    seat = int(np.argmax(reserved.contracts.quantity_ve.sum(axis=0)))
    whole = reserved.contracts.quantity_ve[:, seat].sum()
    for day, lost in ((7, 0.4), (14, 0.7), (21, 0.2), (28, 0.0)):
        before = reserved.contracts.quantity_ve[:, seat].sum()
        reserved.age(day, lost)
        left = reserved.contracts.quantity_ve[:, seat].sum()
        assert left <= (1.0 - max(0.4, lost)) * whole * 1.0001
        if lost in (0.2, 0.0):
            assert left > 0.9 * before, "what is rejected does not come back, and no more goes"
    assert [kind for _, kind, _ in economy.events if kind.startswith("client")] == ["client lost"] * 2 + ["client back"]
    reserved.laws(28)


def test_contracts_are_signed_only_where_both_sides_want_them(economy, reserved):
    before = reserved.contracts.quantity_ve.copy()
    for owner in economy.books.roll.customers.tolist():
        economy.register.people[owner].reserved = lambda view: []
    reserved.sign(3, economy.indices.usd)
    assert (reserved.contracts.quantity_ve == before).all()
    assert {text for _, kind, text in economy.events if kind == "no contracts signed"} >= {
        f"nobody wants {tenor.name} contracts" for tenor in economy.path.tenors
    }


def test_a12_contracts_that_the_ledger_does_not_know(reserved):
    reserved.contracts.quantity_ve[0, 0] += 1.0
    with pytest.raises(BrokenLaw, match="day 2: A12: reserved capacity"):
        reserved.laws(2)
