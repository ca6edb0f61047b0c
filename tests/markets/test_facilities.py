"""Loans as rows of facilities: two alike are one, two unlike keep their own terms and lenders, and all laws hold."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from sim.credit.facilities import facilities_of
from sim.credit.loans import LoanBook
from sim.economy import Economy
from sim.problems import SpecError
from sim.spec import read_spec
from tests.worlds import container, ran, row

BANK = {"share": 0.6, "amortisation": 0.3, "spread": -0.01, "lenders": ["lender"]}
FUND = {"share": 0.4, "amortisation": 1.2, "spread": 0.03, "lenders": ["fund"]}


def two_lots(*overrides: str, facilities: dict[str, dict] | None = None, **values: object) -> dict:
    """A world with two groups of lenders and these facilities."""
    settings = container(*overrides, **values)
    settings["agents"]["fund"] = copy.deepcopy(settings["agents"]["lender"])
    settings["loan"]["facilities"] = {"bank": BANK, "fund": FUND} if facilities is None else facilities
    return settings


def run(settings: dict, days: int) -> Economy:
    economy = Economy(read_spec(settings), seed=1, days=days)
    economy.run(days)
    return economy


def test_two_facilities_alike_are_one_to_rounding():
    alike = {"share": 0.5, "amortisation": 0.45}
    one, two = ran(100, "notes=default"), ran(100, "notes=default", loan__facilities={"a": alike, "b": alike})
    assert len(two.credit.loans.balance) == 2 * len(one.credit.loans.balance)
    assert two.credit.loans.debt_usd == pytest.approx(one.credit.loans.debt_usd, rel=1e-9)
    for name in ("loans_usd", "loans_sold_usd", "orders_ve", "rent_usd_per_ve_hour", "dscr_median"):
        assert two.record[name] == pytest.approx(one.record[name], rel=1e-6), name


@pytest.fixture(scope="module")
def unlike() -> Economy:
    """Two facilities through a default, with notes on both: every day all laws have held."""
    economy = Economy(read_spec(two_lots("notes=default", resolution__haircut=0.9)), seed=1, days=125)
    economy.run(20)
    ledger = economy.books.ledger
    ledger.transfer("robbery", "cash", row(economy, "neocloud_2"), row(economy, "rest_of_world"), 1e10)
    economy.run(105)
    return economy


def test_each_facility_is_lent_by_its_own_lenders_and_the_ledger_knows_the_sum(unlike):
    loans, roll, ledger = unlike.credit.loans, unlike.books.roll, unlike.books.ledger
    funds = np.array([roll.names[i].startswith("fund") for i in roll.lenders])
    bank, fund = loans.balance.reshape(2, len(roll.landlords), len(roll.lenders))
    assert not bank[:, funds].any()
    assert not fund[:, ~funds].any()
    assert bank.sum() > 0.0
    assert fund.sum() > 0.0
    assert -ledger.held("loan")[roll.landlords] == pytest.approx(bank.sum(axis=1) + fund.sum(axis=1))


def test_an_estate_pays_its_loans_alike(unlike):
    loans, i = unlike.credit.loans, list(unlike.books.roll.landlords).index(row(unlike, "neocloud_2"))
    assert "estate sold" in {kind for _, kind, _ in unlike.events}
    lost = loans.written_off[loans.of(i)]
    assert (lost.sum(axis=1) > 0.0).all(), "both facilities lose"
    assert not loans.written_off[loans.borrower != i].any()


def test_the_vehicle_buys_of_both(unlike):
    held = unlike.credit.loans.sold.held
    assert (held.reshape(2, -1).sum(axis=1) > 0.0).all()
    assert unlike.credit.report().sold_usd == pytest.approx(unlike.credit.loans.by_borrower(held.sum(axis=1)))


def test_each_loan_pays_its_own_interest_and_amortisation():
    calm = {"noise__firm": {"sd_per_sqrt_year": 0.0, "half_life_days": 180.0}, "loan__lock_up": 0.1}
    economy = run(two_lots(**calm), 30)
    credit, loans = economy.credit, economy.credit.loans
    debt, repaid = loans.balance.sum(axis=1), loans.repaid.sum(axis=1)
    flow = economy.books.ledger.flow("interest")
    economy.run(1)
    year = 31 / 365
    rate = 0.04 + credit.borrowers.spread[loans.borrower] + np.array([-0.01, 0.03])[loans.facility]
    interest = -(economy.books.ledger.flow("interest") - flow)[economy.books.roll.landlords]
    assert interest == pytest.approx(loans.by_borrower(debt * rate * 31 / 360))  # floating bank debt
    principal = loans.repaid.sum(axis=1) - repaid
    assert principal == pytest.approx(debt * np.array([0.3, 1.2])[loans.facility] * year)


def test_a_world_begins_on_the_path_of_its_facilities():
    """What draws and amortisation leave: w a bill / (amortisation + n - g), facility by facility."""
    economy = run(two_lots(), 1)
    path, loans = economy.path, economy.credit.loans
    s = path.settings
    parts = [w / (a + s.quantity - s.technology) for w, a in ((0.6, 0.3), (0.4, 1.2))]
    bank, fund = loans.drawn.sum(axis=1).reshape(2, -1)
    assert bank / fund == pytest.approx(parts[0] / parts[1])
    assert path.debts_usd(0.8) == pytest.approx([0.8 * path.bill_usd * part for part in parts])


def test_split_follows_what_it_is_told_and_loses_nothing():
    book = LoanBook(2, 2, np.array([1.0]))
    assert book.split(np.array([6.0, 5.0]), np.array([1.0, 0.0, 2.0, 0.0])).tolist() == [2.0, 0.0, 4.0, 0.0]
    assert book.by_borrower(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [4.0, 6.0]


def test_lenders_are_a_set_whose_order_says_nothing():
    said = [read_spec(two_lots(facilities={"one": BANK | {"share": 1.0, "lenders": names}})).loan
            for names in (["lender", "fund"], ["fund", "lender", "fund"])]  # fmt: skip
    assert said[0] == said[1]


def refused(settings: dict) -> str:
    with pytest.raises(SpecError) as raised:
        read_spec(settings)
    return str(raised.value)


@pytest.mark.parametrize(
    ("facilities", "said"),
    [
        ({"bank": BANK}, "loan.facilities.*.share = 0.6: shares must add up to 1"),
        ({"bank": BANK, "fund": FUND | {"lenders": ["fnud"]}}, "did you mean 'fund'?"),
        ({"bank": BANK, "fund": FUND | {"lenders": ["neocloud"]}}, "allowed are groups of lenders: lender, fund"),
        ({"bank": BANK, "fund": FUND | {"amortisation": 0.0}}, "loan.facilities.fund.amortisation"),
        ({}, "loan.facilities"),
        ({"bank": BANK | {"share": 1.0, "lenders": []}}, "loan.facilities.bank.lenders"),
    ],
)
def test_impossible_facilities_are_refused_by_key(facilities, said):
    assert said in refused(two_lots(facilities=facilities))


def test_a_facility_in_which_nobody_lends_is_refused_by_key():
    terms = read_spec(two_lots(facilities={"one": FUND | {"share": 1.0}})).loan
    with pytest.raises(SpecError, match=r"loan.facilities.one.lenders = \['fund'\]: none of these lends"):
        facilities_of(terms, np.array([1.0, 0.0]), ["lender_1", "fund_1"])


def drawn_by_facility(economy: Economy) -> np.ndarray:
    return economy.credit.loans.drawn.sum(axis=1).reshape(2, -1).sum(axis=1)


def test_a_fork_keeps_its_facilities_and_may_change_their_terms():
    economy = run(two_lots(), 20)
    with pytest.raises(SpecError, match=r"loan.facilities = .*a fork keeps \['bank', 'fund'\]"):
        economy.fork(read_spec(two_lots(facilities={"fund": FUND, "bank": BANK})))
    alone = {"bank": BANK | {"share": 1.0}, "fund": FUND | {"share": 0.0}}
    same, bank_alone = economy.fork(), economy.fork(read_spec(two_lots(facilities=alone)))
    for twin in (same, bank_alone):
        twin.run(15)
    begun = drawn_by_facility(economy)
    assert (drawn_by_facility(same) > begun).all()
    assert drawn_by_facility(bank_alone)[0] > drawn_by_facility(same)[0]
    assert drawn_by_facility(bank_alone)[1] == begun[1]
