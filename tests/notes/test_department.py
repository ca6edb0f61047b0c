"""Securitisation as a department: alone, with what lenders report; what it buys is only told to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.department import Department
from sim.economy import Economy
from sim.laws import BrokenLaw
from sim.rows.credit import LoanMargin, ServicerReport
from sim.rows.securitisation import Offering
from sim.securitisation.department import Notes
from sim.spec import read_spec
from tests.worlds import container, world

WIDE, NARROW = LoanMargin(0.2, 0.01), LoanMargin(0.001, 0.01)


@pytest.fixture
def notes() -> Notes:
    economy = world("venue=none", "notes=default")
    economy.run(5)
    return economy.notes


def draws(notes: Notes, usd: float) -> np.ndarray:
    roll = notes.common.register.roll
    return np.full((len(roll.landlords), len(roll.lenders)), usd)


def after_purchase(notes: Notes, loans: np.ndarray, **more: float) -> ServicerReport:
    """What lenders would report, the loans bought, and the ledger as they would leave it."""
    ledger, roll = notes.common.ledger, notes.common.register.roll
    ledger.transfer("loans sold", "cash", int(roll.vehicles[0]), int(roll.lenders[0]), float(loans.sum()))
    ledger.transfer("loans sold", "loan", int(roll.lenders[0]), int(roll.vehicles[0]), float(loans.sum()))
    return replace(notes.report, sold_usd=loans.sum(axis=1), sold_total_usd=float(loans.sum()), **more)


def test_notes_keep_what_the_conductor_asks_of_a_department(notes):
    asked: Department = notes
    assert set(asked.day()) == {column.name for column in asked.columns()}
    asked.laws(5)


def test_an_offering_is_what_credit_reads_and_a_wide_margin_pays(notes):
    offering = notes.offer(5, WIDE)
    vehicle = notes.common.register.people[notes.issuer.vehicle].p
    assert offering.share == pytest.approx(vehicle.share_sold * (1.0 - vehicle.retention))
    assert offering.charge == pytest.approx(-WIDE.capital_cost * offering.saved)
    assert offering.room_usd > 0.0
    assert notes.offering is offering


def test_a_narrow_margin_sells_nothing_says_so_once_and_says_when_it_sells_again(notes):
    log = notes.common.log
    told = len(log.events)
    for _ in range(3):
        assert notes.offer(5, NARROW).share == 0.0
    assert notes.buy(5, draws(notes, 1e6)) is None
    assert notes.required > NARROW.spread
    notes.offer(5, WIDE)
    kinds = [kind for _, kind, _ in log.events[told:]]
    assert kinds == ["no note issue", "notes issued again"]


def test_what_is_bought_is_a_share_of_every_draw_paid_by_investors_and_left_to_lenders_to_post(notes):
    ledger, vehicle = notes.common.ledger, notes.issuer.vehicle
    offering = notes.offer(5, WIDE)
    loans = notes.buy(5, draws(notes, 1e6))
    assert loans == pytest.approx(draws(notes, offering.share * 1e6))
    assert ledger.held("cash")[vehicle] == pytest.approx(loans.sum())
    assert ledger.held("loan")[vehicle] == 0.0
    notes.note(after_purchase(notes, loans))
    notes.laws(5)
    assert notes.day()["notes_issued_usd"] == pytest.approx(loans.sum())
    notes.begin_day()
    assert notes.day()["notes_issued_usd"] == 0.0


def test_no_more_is_bought_than_investors_have_room_for(notes):
    offering = notes.offer(5, WIDE)
    loans = notes.buy(5, draws(notes, 1e12))
    assert loans.sum() == pytest.approx(offering.room_usd)


def test_losses_that_lenders_report_reach_the_notes_from_the_bottom(notes):
    notes.offer(5, WIDE)
    loans = notes.buy(5, draws(notes, 1e6))
    before = notes.issuer.pool.balance.copy()
    lost = 0.5 * before[2]
    report = replace(after_purchase(notes, loans), lost_usd=float(lost), loss_rate=0.01)
    notes.recognise(6, report)
    assert before - notes.issuer.pool.balance == pytest.approx([0.0, 0.0, lost])
    assert notes.common.board.securitisation.loan_loss_rate == 0.01
    assert notes.common.log.events[-1][1] == "note write-down"
    notes.recognise(7, report)
    assert before[2] - notes.issuer.pool.balance[2] == pytest.approx(lost), "what was told before is told once"
    with pytest.raises(BrokenLaw, match="day 7: A10: "):
        notes.laws(7)  # the ledger knows of no loss: the vehicle's loans stand as they were


def test_firms_in_default_count_at_the_recovery_rate(notes):
    notes.offer(5, WIDE)
    loans = notes.buy(5, draws(notes, 1e6))
    report = after_purchase(notes, loans)
    notes.note(report)
    ratio = notes.day()["oc_ratio"]
    notes.note(replace(report, in_estate=np.ones_like(report.in_estate)))
    recovery = notes.common.register.people[notes.issuer.vehicle].p.recovery
    assert notes.day()["oc_ratio"] == pytest.approx(recovery * ratio)


def test_a_world_without_a_vehicle_offers_nothing_and_has_no_notes():
    settings = container("venue=none")
    del settings["agents"]["vehicle"]
    economy = Economy(read_spec(settings), days=6)
    economy.run(5)
    notes = economy.notes
    assert not len(notes.common.register.roll.vehicles)
    assert notes.offer(5, WIDE) == Offering()
    assert notes.buy(5, draws(notes, 1e6)) is None
    notes.pay(5, notes.report)
    notes.laws(5)
    assert np.isnan(notes.day()["oc_ratio"])
