"""Hardware as a department: alone, with shares that somebody else has decided."""

from __future__ import annotations

import numpy as np
import pytest

from sim.department import Department
from sim.hardware.sites import Sites
from sim.laws import BrokenLaw
from sim.rows.hardware import ChipRow
from tests.worlds import ran


@pytest.fixture
def economy():
    return ran(3, venues__main__listed=False)


@pytest.fixture
def hardware(economy):
    """Every owner of GPUs wants 100 VE of the second grade."""
    for owner in economy.books.roll.chip_owners.tolist():
        economy.register.people[owner].chips = lambda view: [ChipRow(1, 100.0)]
    return economy.hardware


def test_hardware_keeps_what_the_conductor_asks_of_a_department(hardware):
    asked: Department = hardware
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(2)


def test_wishes_are_cut_by_what_is_paid_for_accepted_by_the_vendor_and_ordered(economy, hardware):
    roll, ledger = economy.books.roll, economy.books.ledger
    wishes = hardware.wanted(3)
    assert wishes.ve[:, 1].tolist() == [100.0] * len(roll.chip_owners)
    price = economy.board.today.paid_usd(1) * economy.path.forward
    assert wishes.cost_usd == pytest.approx(100.0 * price)
    orders = hardware.accept(wishes, np.full(len(roll.landlords), 0.25))
    assert orders.ve[roll.landlord_fleet, 1] == pytest.approx(25.0 * orders.accepted)
    before, due = ledger.held("cash").copy(), hardware.fleet.on_order.copy()
    hardware.order(3, orders)
    assert hardware.fleet.on_order - due == pytest.approx(orders.ve)
    assert (before - ledger.held("cash"))[roll.landlords] == pytest.approx(25.0 * orders.accepted * price)
    unlevered = np.setdiff1d(roll.chip_owners, roll.landlords)
    assert len(unlevered)
    assert ledger.held("cash")[unlevered] == pytest.approx(before[unlevered]), "their parents have paid"
    hardware.laws(2)


def test_a_wish_that_is_no_number_is_refused(economy, hardware):
    economy.register.people[int(economy.books.roll.chip_owners[0])].chips = lambda view: [ChipRow(1, float("nan"))]
    wishes = hardware.wanted(3)
    orders = hardware.accept(wishes, np.ones(len(economy.books.roll.landlords)))
    with pytest.raises(ValueError, match="cannot pay nan"):
        hardware.order(3, orders)


def test_where_a_region_has_no_room_orders_of_those_who_stand_there_are_cut(economy):
    path = economy.path.settings
    sites = Sites({"here": 1e-6, "there": None}, np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    fleet, wanted = np.full(3, 1000.0), np.full(3, 500.0)
    share, events = sites.room(path, 1.0, 30, fleet, wanted)
    assert share[2] == 1.0
    assert share[0] < share[1] < 1.0
    assert share[1] == pytest.approx(0.5 * (share[0] + 1.0))
    assert [kind for kind, _ in events] == ["site limit"]
    free, events = Sites({"here": None}, np.ones((3, 1))).room(path, 1.0, 30, fleet, wanted)
    assert free.tolist() == [1.0] * 3
    assert not events


def test_a_fleet_that_creditors_sell_stays_where_it_is_and_is_written_to_its_price(economy, hardware):
    roll, ledger = economy.books.roll, economy.books.ledger
    owner, row = int(roll.landlords[0]), int(roll.landlord_fleet[0])
    gpus = [ledger.held(f"gpu:{grade}").copy() for grade in economy.books.grade_names]
    shares = np.full(len(roll.lenders), 1.0 / len(roll.lenders))
    hardware.sell(2, owner, 1e6, shares)
    assert hardware.fleet.book_usd[row] == pytest.approx(1e6)
    for held, grade in zip(gpus, economy.books.grade_names, strict=True):
        assert ledger.held(f"gpu:{grade}") == pytest.approx(held)
    hardware.laws(2)


def test_a7_gpus_that_nobody_was_delivered(hardware):
    hardware.fleet.working[0] += 10.0
    with pytest.raises(BrokenLaw, match="day 2: A7: GPUs"):
        hardware.laws(2)
