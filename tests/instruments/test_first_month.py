"""A world that begins inside a month is as one that began on the first: nothing measured depends on the day."""

from __future__ import annotations

import datetime
from functools import cache

import numpy as np
import pytest

from sim.calendar import Calendar
from sim.economy import Economy
from sim.exchange.opening import index_so_far
from tests.worlds import row, world

DAYS = 150
STARTS = ("2026-01-10", "2026-01-20", "2026-01-31", "2026-02-28")


@cache
def still(start: str) -> tuple[Economy, np.ndarray, int]:
    """A world without noise begun on a day, its DSCRs at month ends (months, landlords), and most firms in breach."""
    economy = world("noise=none", days=DAYS, world__start_date=start)
    dscr, breaches = [], 0
    for _ in range(DAYS):
        closes = economy.calendar.is_month_end(economy.day)
        economy.step()
        breaches = max(breaches, int((economy.credit.servicer.breaches > 0).sum()))
        if closes:
            dscr.append(economy.credit.servicer.dscr.copy())
    return economy, np.array(dscr), breaches


def first_of(start: str) -> str:
    return f"{start[:8]}01"


@pytest.mark.parametrize("start", STARTS)
def test_coverage_is_what_it_is_in_a_world_begun_on_the_first(start):
    _, dscr, breaches = still(start)
    _, usual, none = still(first_of(start))
    months = min(len(dscr), len(usual))
    assert breaches == none == 0
    assert months >= 4
    assert dscr[:months] == pytest.approx(usual[:months], rel=0.02)


@pytest.mark.parametrize("start", STARTS)
def test_fleets_and_rents_are_what_they_are_in_a_world_begun_on_the_first(start):
    economy, usual = still(start)[0], still(first_of(start))[0]
    fleet, other = (e.hardware.fleet.working.sum() / e.hardware.start_ve for e in (economy, usual))
    assert fleet == pytest.approx(other, rel=5e-4)
    rents = [e.record["rent_usd_per_ve_hour"][-60:].mean() for e in (economy, usual)]
    assert rents[0] == pytest.approx(rents[1], rel=0.003)


@pytest.mark.parametrize("start", STARTS)
def test_labs_cash_is_what_it_is_in_a_world_begun_on_the_first(start):
    """By the date: months after the first day in a world begun inside a month are those of one begun on its first."""
    economy, usual = still(start)[0], still(first_of(start))[0]
    later = (datetime.date.fromisoformat(start) - datetime.date.fromisoformat(first_of(start))).days
    cash, other = economy.record["labs_cash_usd"][: DAYS - later], usual.record["labs_cash_usd"][later:]
    assert cash[1:] == pytest.approx(other[1:], rel=0.05)


def test_accrued_rents_are_those_of_as_many_days():
    """Ten days into a month users owe and owners hold what ten days of a world begun on the first have brought."""
    late, early = world("noise=none", world__start_date="2026-01-11"), world("noise=none", days=20)
    early.run(10)
    scale = early.path.money_factor(-10 / 365)
    for claim, tolerance in (("rent_accrued", 0.03), ("prepayment_due", 0.03)):
        held, usual = late.books.ledger.held(claim), early.books.ledger.held(claim) * scale
        assert held == pytest.approx(usual, rel=tolerance, abs=1e-3 * np.abs(usual).sum()), claim
        assert held.sum() == pytest.approx(0.0, abs=1.0)
    assert late.credit.servicer.opex_usd == pytest.approx(early.credit.servicer.opex_usd * scale, rel=0.02)
    assert late.labs.revenue_usd == pytest.approx(early.labs.revenue_usd * scale, rel=0.15)
    roll = late.books.roll
    cash, usual = (e.books.ledger.held("cash")[roll.landlords] for e in (late, early))
    assert cash == pytest.approx(usual * scale, rel=0.03)


def test_a_world_begun_on_the_first_has_no_elapsed_days():
    assert Calendar(datetime.date(2026, 3, 1)).elapsed == 0
    assert Calendar(datetime.date(2026, 3, 31)).elapsed == 30
    assert Calendar(datetime.date(2026, 3, 31), equal_months=True).elapsed == 0
    economy = world()
    assert not economy.books.ledger.held("rent_accrued").any()
    assert not economy.credit.servicer.opex_usd.any()
    assert economy.exchange.first.known == []


def test_debts_and_capital_are_those_of_the_last_months_end():
    economy, usual = world(world__start_date="2026-01-31"), world()
    level = economy.path.money_factor(-30 / 365)
    assert level < 0.99
    assert economy.credit.loans.balance == pytest.approx(usual.credit.loans.balance * level)
    assert economy.credit.lenders.capital_usd == pytest.approx(usual.credit.lenders.capital_usd * level)
    assert economy.credit.lenders.start_usd == pytest.approx(usual.credit.lenders.start_usd)
    assert economy.notes.investors.start_usd == pytest.approx(usual.notes.investors.start_usd)
    crowd, other = row(economy, "speculator_1"), row(usual, "speculator_1")
    money = [e.exchange.crowds[0].total_cash_usd() for e in (economy, usual)]
    assert crowd == other
    assert money[0] == pytest.approx(money[1] * level)


@pytest.mark.parametrize(("start", "days"), [("2026-01-20", 12), ("2026-01-31", 1), ("2026-02-28", 1)])
def test_all_of_the_front_month_is_known_at_its_end_and_settles_at_its_mean(start, days):
    economy = world(world__start_date=start)
    begin = economy.indices.usd[economy.spec.venues["main"].index]
    seen = []
    for _ in range(days - 1):
        economy.step()
        seen.append((economy.day - 1, economy.indices.usd[economy.spec.venues["main"].index]))
    front = economy.exchange.first.names[0]
    settled = {}
    expire = economy.exchange.house.expire

    def watched(venue, settlement_usd):
        settled[venue.names[0]] = settlement_usd
        settled["known"] = economy.board.today.curve.known_weight[0]
        return expire(venue, settlement_usd)

    economy.exchange.house.expire = watched
    economy.step()
    seen.append((economy.day - 1, economy.indices.usd[economy.spec.venues["main"].index]))
    assert settled["known"] == 1.0
    before = index_so_far(economy.path.settings.technology, begin, economy.calendar.business_days(0))
    lived = [usd for day, usd in seen if economy.calendar.is_business_day(day)]
    assert len(before) + len(lived) == len(economy.calendar.business_days(0))
    assert settled[front] == pytest.approx(np.mean(before + lived))


def test_the_known_share_of_the_first_day_is_that_of_the_business_days_before_it():
    economy = world(world__start_date="2026-01-20")
    days = economy.calendar.business_days(0)
    assert economy.board.today.curve.known_weight[0] == sum(day < 0 for day in days) / len(days)
