"""Labs as a department: alone, with what it is given and a door that only notes who came."""

from __future__ import annotations

import numpy as np
import pytest

from sim.department import Department
from sim.labs.department import Labs
from sim.laws import BrokenLaw
from sim.rows.reserved import Held
from tests.worlds import spec_of, world


@pytest.fixture
def common():
    return world("funding=off").common


@pytest.fixture
def labs(common):
    customers = len(common.register.roll.customers)
    founded = Labs(common)
    terms = spec_of(funding__round_probability=0.0, funding__rejected_share=0.5).funding
    founded.adopt(terms, 0, Held(np.full(customers, 100.0), np.full(customers, 250.0)))
    return founded


def test_labs_keep_what_the_conductor_asks_of_a_department(labs):
    asked: Department = labs
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(0)


def test_a_lab_that_cannot_pay_rejects_contracts_through_the_door_and_is_succeeded(labs, common):
    owner, ledger = labs.owners[0], common.ledger
    came, world_ = [], common.register.roll.rest_of_world
    ledger.transfer("rents paid", "cash", owner, world_, float(ledger.held("cash")[owner]) + 5.0)

    def reject(customer: int, share: float) -> float:
        came.append((customer, share))
        return 7.0

    labs.pass_month(30, np.zeros(len(ledger.owners)), reject)
    assert came == [(owner, 0.5)]
    assert labs.defaults == 1
    assert ledger.held("cash")[owner] == pytest.approx(labs.raised_usd)
    assert common.log.events[-1] == (
        30,
        "lab default",
        f"{common.register.name(owner)}: 7 VE of contracts are rejected",
    )
    labs.laws(30)
    labs.show(31)
    assert common.board.labs.presence[owner] < 1.0


def test_a13_money_that_labs_raised_and_nobody_paid(labs):
    labs.raised_so_far_usd += 1e4
    with pytest.raises(BrokenLaw, match="day 3: A13: "):
        labs.laws(3)


def test_revenue_is_of_rows_that_serve_and_of_contracts_delivered(labs, common):
    n, owner, rows = 0, labs.owners[0], labs.rows[0]
    begun = float(labs.revenue_usd[n])
    delivered = np.zeros(len(common.register.roll.customers))
    delivered[labs.seats[n]] = 30.0
    bought = {(owner, rows[0]): 10.0, (owner, 99): 1e6, (owner + 1, rows[0]): 1e6}
    labs.earn(common.board.today, bought, delivered)
    earned = float(labs.revenue_usd[n]) - begun
    assert earned == pytest.approx(40.0 * labs.value_usd[n] * common.board.today.technology)
