"""What has ended leaves rounding of its former size: laws judge it by that, and still see small faults."""

from __future__ import annotations

import numpy as np
import pytest

from sim.books import Books
from sim.credit.payments import repay, serve
from sim.funds.window import _transact
from sim.laws import BrokenLaw
from sim.ledger import Ledger
from tests.worlds import ran, row, world

NO_LABS = "agents=[hyperscaler,neocloud,renter,lender,speculator,chip_vendor]"
NO_CHIPS = {"_target_": "sim.shocks.vendor_shortage.VendorShortage", "start": 0, "length": None, "size": 1.0,
            "recovery_days": 0}  # fmt: skip


def without_labs(days: int):
    """Nobody buys hours forward, so that open interest falls to zero within three months."""
    return ran(days, NO_LABS)


def retired():
    """All GPUs have retired, and none has been ordered for a year."""
    return ran(
        400, "venue=none", "loan=off", "funding=off", investment__life_years=0.6, investment__lead_time_days=20.0,
        shocks={"none_left": NO_CHIPS},
    )  # fmt: skip


def test_deposits_of_a_market_that_has_emptied_are_judged_by_what_they_were():
    economy = without_labs(90)
    house = row(economy, "clearing_house")
    assert abs(economy.books.ledger.held("margin")[house]) < 1.0
    assert economy.books.ledger.sizes(["margin"])[0, house] > 1e7


def test_a_small_theft_from_an_empty_clearing_house_is_seen():
    economy = without_labs(100)
    ledger = economy.books.ledger
    ledger.transfer("test", "cash", row(economy, "clearing_house"), row(economy, "rest_of_world"), 0.01)
    with pytest.raises(BrokenLaw, match="A5"):
        economy.run(1)


def test_fleets_that_have_retired_leave_nothing_negative_and_break_no_law():
    economy = retired()
    fleet = economy.hardware.fleet
    assert (fleet.working >= 0.0).all()
    assert fleet.working.max() < 1e-6
    assert fleet.size_usd.min() > 1e6
    fleet.working[0, 0] += 1e-3
    with pytest.raises(BrokenLaw, match="A7"):
        economy.run(1)


def test_a_ledger_remembers_the_size_of_what_has_gone_but_not_of_what_is_no_number():
    ledger = Ledger(["a", "b"])
    ledger.list("cash", "USD")
    ledger.transfer("come", "cash", 0, 1, 1e9)
    ledger.note_sizes()
    ledger.transfer("go", "cash", 1, 0, 1e9)
    ledger.positions[0, 0] += 1e-6
    ledger.note_sizes()
    assert ledger.sizes(["cash"]).tolist() == [[pytest.approx(3e9), 3e9]]
    assert ledger.out_of_balance() is None
    ledger.positions[0, 0] += 0.01
    assert ledger.out_of_balance() == ("cash", pytest.approx(0.01, rel=0.01))
    ledger.positions[0] = np.inf, np.nan
    ledger.note_sizes()
    assert np.isfinite(ledger.sizes(["cash"])).all()
    assert ledger.out_of_balance() is not None


def test_rounding_of_a_large_claim_is_no_debt_and_a_dollar_is():
    ledger = Ledger(["a", "b", "bank"])
    ledger.list("loan", "USD", ["a"])
    ledger.transfer("lent", "loan", 0, 1, 1e11)
    ledger.note_sizes()
    ledger.transfer("repaid", "loan", 1, 0, 1e11 + 1e-4)
    assert ledger.owing_without_right() is None
    ledger.transfer("repaid", "loan", 1, 0, 1.0)
    assert ledger.owing_without_right() is not None


@pytest.mark.parametrize("overrides", [(), ("notes=default", "funds=leveraged")])
def test_no_more_of_a_loan_falls_due_than_is_owed(overrides):
    economy = ran(95, *overrides, loan__facilities__delayed_draw__amortisation=15.0)
    loans = economy.credit.loans
    assert loans.balance.min() >= 0.0
    assert loans.repaid.sum() > 0.0
    assert (loans.repaid.sum(axis=1) <= loans.drawn.sum(axis=1) * (1.0 + 1e-9)).all()


def test_a_debt_that_is_paid_in_full_leaves_nothing_negative():
    economy = world(days=40, agents__lender__count=4)
    loans, draws = economy.credit.loans, np.random.default_rng(1)
    nothing = np.zeros(len(loans.balance))
    for _ in range(20):
        loans.draw(draws.uniform(1.0, 1e10, loans.balance.shape))
        serve(economy.common, loans, nothing, loans.split(loans.debt_usd, loans.balance.sum(axis=1)), nothing)
        assert (loans.balance >= 0.0).all()
        loans.draw(draws.uniform(1.0, 1e10, loans.balance.shape))
        repay(economy.common, loans, "principal", loans.balance * np.nextafter(1.0, 2.0))
        assert (loans.balance == 0.0).all()


def test_nobody_is_paid_for_owing():
    economy = world(days=40)
    economy.run(30)
    economy.credit.loans.discount[:] = -0.5  # a spread cut by more than the rate
    flow = economy.books.ledger.flow("interest")
    economy.run(1)
    assert (economy.books.ledger.flow("interest") == flow).all()


def test_owners_put_back_what_is_missing_and_not_more():
    economy = world("notes=default", days=70, agents__lender__top_up_per_year=100.0)
    economy.run(20)
    economy.credit.lenders.capital_usd *= 0.5
    economy.run(50)
    growth = economy.path.settings.quantity - economy.path.settings.technology
    path = economy.credit.lenders.start_usd * np.exp(growth * economy.day / 365.0)
    assert economy.credit.lenders.capital_usd == pytest.approx(path, rel=0.05)


def test_shares_that_wait_to_be_given_back_are_no_more_than_are_left():
    economy = world("funds=leveraged", days=10)
    economy.run(5)
    books: Books = economy.books
    fund = next(fund for fund in economy.funds.launched if fund.leverage == 2.0)
    holders = list(fund.waiting)
    held = books.ledger.held(fund.share)
    fund.waiting = {i: -float(held[i]) for i in holders}
    fund.creating = 0.0
    _transact(
        books.ledger,
        books.roll.rest_of_world,
        fund,
        -0.3 * fund.nav_usd * fund.outstanding(books.ledger),
        lambda usd: 0.0,
    )
    assert all(fund.waiting[i] >= -float(held[i]) for i in holders)
    assert sum(fund.waiting.values()) < 0.0
