"""Credit as a department: alone, with what it is given and doors that only note who came."""

from __future__ import annotations

import numpy as np
import pytest

from sim.credit.lenders import room_for_draws
from sim.department import Department
from sim.laws import BrokenLaw
from sim.rows.securitisation import Offering
from tests.worlds import world

DAY = 20


@pytest.fixture
def economy():
    return world("venue=none", "notes=default", resolution__days=1, resolution__rejected_share=0.4)


@pytest.fixture
def credit(economy):
    economy.run(DAY)
    return economy.credit


def no_rejection(landlord: int, share: float) -> None:
    raise AssertionError(f"{landlord} rejects {share} of its contracts")


def no_sale(landlord: int, price_usd: float, creditors: np.ndarray) -> None:
    raise AssertionError(f"the GPUs of {landlord} are sold at {price_usd}")


def test_credit_keeps_what_the_conductor_asks_of_a_department(credit):
    asked: Department = credit
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(DAY)


def test_a_firm_without_cash_rejects_contracts_and_is_sold_through_the_doors(credit):
    common = credit.common
    ledger, roll = common.ledger, common.register.roll
    owner, came = int(roll.landlords[1]), []
    ledger.transfer("test", "cash", owner, roll.rest_of_world, float(ledger.held("cash")[owner]) + 5.0)
    credit.resolve(DAY, lambda *said: came.append(said), no_sale)
    assert came == [(owner, 0.4)]
    assert credit.in_estate.tolist() == [i == 1 for i in range(len(roll.landlords))]
    assert credit.report().in_estate[1]
    debt, held = float(credit.loans.balance[1].sum()), ledger.held("gpu:h100")[owner]
    credit.resolve(DAY + 1, no_rejection, lambda *said: came.append(said))
    _, (sold, price, creditors) = came
    used = (1.0 - credit.rules.haircut) * credit.rules.used_value * common.board.today.chip_price_usd
    assert (sold, price) == (owner, pytest.approx(used * sum(common.board.hardware.fleet_ve[owner])))
    assert creditors == pytest.approx(credit.loans.weights)
    assert ledger.held("gpu:h100")[owner] == held, "what hardware owns is moved by hardware alone"
    assert not credit.loans.balance[1].any()
    assert not credit.in_estate.any()
    lost = credit.estates.losses_usd
    assert credit.report().loss_rate == pytest.approx(lost / (lost + credit.loans.balance.sum()))
    assert 0.0 < lost < debt
    credit.laws(DAY + 1)


def test_firms_with_cash_come_to_no_door(credit):
    credit.resolve(DAY, no_rejection, no_sale)
    assert credit.report().loss_rate == 0.0


def test_what_is_sold_of_new_loans_is_reported_and_the_borrower_owes_as_before(credit):
    owed = credit.loans.balance.copy()
    amounts = 1e-3 * owed
    vehicle = int(credit.common.register.roll.vehicles[0])
    world_ = credit.common.register.roll.rest_of_world
    credit.common.ledger.transfer("notes issued", "cash", world_, vehicle, float(amounts.sum()))
    report = credit.sell(amounts)
    assert report.sold_usd == pytest.approx(amounts.sum(axis=1))
    assert report.sold_total_usd == pytest.approx(amounts.sum())
    assert (credit.loans.balance == owed).all()
    credit.laws(DAY)


def test_a9_loans_that_the_vehicle_does_not_have(credit):
    credit.loans.sold.bought_usd, credit.loans.sold.held[0, 0] = 1e6, 1e6
    with pytest.raises(BrokenLaw, match=f"day {DAY}: A9: "):
        credit.laws(DAY)


def test_the_margin_is_the_mean_spread_by_what_borrowers_owe(credit):
    credit.loans.balance[:] = 0.0
    assert credit.margin().spread == pytest.approx(credit.borrowers.spread.mean())
    credit.loans.balance[0] = 7.0
    assert credit.margin().spread == pytest.approx(credit.borrowers.spread[0])


def test_what_needs_no_capital_leaves_room_as_far_as_it_sells():
    room, lent_by = np.array([10.0, 30.0]), np.array([0.25, 0.75])
    assert room_for_draws(room, Offering(), lent_by) is room
    half = Offering(share=0.5, room_usd=1e9, saved=0.5)
    assert room_for_draws(room, half, lent_by).tolist() == [20.0, 60.0]
    few = Offering(share=0.5, room_usd=8.0, saved=0.5)
    assert room_for_draws(room, few, lent_by).tolist() == [12.0, 36.0]
    all_ = Offering(share=0.5, room_usd=8.0, saved=1.0)
    assert room_for_draws(room, all_, lent_by).tolist() == [14.0, 42.0]
