"""Rental as a department: alone, with the fleets, hours and bills that it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.department import Department
from sim.environment import Environment, Hit
from sim.laws import BrokenLaw
from sim.rows.reserved import Delivered
from tests.worlds import ran


@pytest.fixture
def economy():
    return ran(3, venues__main__listed=False)


@pytest.fixture
def rental(economy):
    return economy.rental


@pytest.fixture
def trades(economy, rental):
    return rental.let_hours(economy.board.today, np.ones(len(rental.where.products.grade)))


def nothing_delivered(economy):
    landlords, customers = len(economy.books.roll.landlords), len(economy.books.roll.customers)
    return Delivered(np.zeros(landlords), np.zeros(landlords), np.zeros(customers), np.zeros(landlords))


def test_rental_keeps_what_the_conductor_asks_of_a_department(rental):
    asked: Department = rental
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(2)


def test_an_outage_of_one_grade_stops_its_share_of_each_fleet(economy, rental):
    working = economy.hardware.working_ve()
    names = rental.where.products.grade_names
    rental.begin_day(working, Environment(fleet_hits=(Hit(0.5, grade=names[0]),)))
    landlords = economy.books.roll.landlords
    share = working[landlords, 0] / working[landlords].sum(axis=1)
    assert rental.running_share[landlords] == pytest.approx(1.0 - 0.5 * share)
    assert economy.board.rental.running_share == rental.running_share.tolist()


def test_running_costs_are_those_of_hours_let_and_fleets_and_luck_is_taken_off(economy, rental, trades):
    roll, today, path = economy.books.roll, economy.board.today, economy.path
    cash = economy.books.ledger.held("cash").copy()
    noise = np.full(len(roll.landlords), 0.1)
    costs = rental.accrue(today, trades, nothing_delivered(economy), noise)
    paid = cash - economy.books.ledger.held("cash")
    assert costs == pytest.approx(paid[roll.landlords])
    let, fleet = trades.sold_ve_hours[roll.landlords].sum(axis=1), economy.hardware.let_ve()
    gross = today.technology * (path.settings.cost_usd * let + 24.0 * rental.fixed_cost_usd * fleet)
    assert costs == pytest.approx(gross - trades.revenue_usd[roll.landlords] * np.expm1(0.1))


def test_bills_of_the_month_before_are_collected_and_this_month_is_billed(economy, rental):
    ledger, payer = economy.books.ledger, int(economy.books.roll.users[0])
    billed, due, accrued = (ledger.held(claim).copy() for claim in ("rent_billed", "prepayment_due", "rent_accrued"))
    cash = ledger.held("cash").copy()
    received = rental.collect([payer])
    assert received == pytest.approx(billed + due)
    assert ledger.held("rent_billed") == pytest.approx(accrued)
    assert not ledger.held("rent_accrued").any()
    assert not ledger.held("prepayment_due").any()
    gained = ledger.held("cash") - cash
    assert gained[payer] == pytest.approx(received[payer]), "it pays of its own"
    others = [int(owner) for owner in economy.books.roll.users[1:]]
    assert gained[others] == pytest.approx(np.maximum(0.0, received[others])), "others' customers pay"


def test_hours_that_nobody_traded_leave_rents_as_they_were(economy, rental, trades):
    rents = rental.product_rents.copy()
    rental.note(replace(trades, traded_ve_hours=np.zeros_like(trades.traded_ve_hours)))
    assert (rental.product_rents == rents).all()


@pytest.mark.parametrize(
    ("law", "changed"),
    [("A6", {"bought": {}}), ("A12", {"spent_usd": 1.0})],
)
def test_a_day_of_hours_that_does_not_add_up(economy, rental, trades, law, changed):
    honest = {name: getattr(trades, name) + value if value else value for name, value in changed.items()}
    rental.accrue(economy.board.today, replace(trades, **honest), nothing_delivered(economy), np.zeros(1))
    with pytest.raises(BrokenLaw, match=f"day 3: {law}"):
        rental.laws(3)
