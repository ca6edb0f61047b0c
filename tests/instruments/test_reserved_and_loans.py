"""Books of contracts and loans: what is signed, earned, drawn, repaid and lost."""

from __future__ import annotations

import numpy as np
import pytest

from sim.credit.loans import LoanBook
from sim.growth_path import GrowthPath
from sim.reserved.contracts import ReservedBook
from tests.worlds import ran, world


@pytest.fixture(scope="module")
def path() -> GrowthPath:
    return world().path


@pytest.fixture
def contracts(path) -> ReservedBook:
    """Two landlords, three customers."""
    return ReservedBook(2, 3, path)


def tenor_of(path: GrowthPath, name: str) -> int:
    return [tenor.name for tenor in path.tenors].index(name)


QUANTITY = np.array([[10.0, 0.0, 5.0], [0.0, 4.0, 0.0]])
RENT = np.array([2.0, 1.5])


def test_a_contract_is_paid_for_its_hours_part_of_it_ahead(contracts, path):
    k = tenor_of(path, "12m")
    tenor = path.tenors[k]
    due = contracts.sign(k, QUANTITY, RENT)
    whole = QUANTITY * RENT[:, None] * 8760.0 * tenor.years * path.settings.reserved_use
    assert tenor.prepaid_share == 0.2
    assert due == pytest.approx(0.2 * whole)
    assert contracts.prepaid.sum(axis=0) == pytest.approx(due)
    assert contracts.rent_usd_per_hour == pytest.approx(0.8 * QUANTITY * RENT[:, None])
    assert contracts.quantity_ve == pytest.approx(QUANTITY)


def test_prepaid_rent_is_earned_evenly_and_the_contract_ends_with_its_weeks(contracts, path):
    k = tenor_of(path, "12m")
    weeks = path.tenors[k].weeks
    due = contracts.sign(k, QUANTITY, RENT)
    earned = [contracts.pass_week() for _ in range(weeks)]
    for each in earned:
        assert each == pytest.approx(due / weeks)
    assert contracts.prepaid == pytest.approx(0.0, abs=1e-6)
    assert not contracts.quantity_ve.any()
    assert not contracts.rent_usd_per_hour.any()


def test_a_contract_stands_until_the_end_of_its_last_week(contracts, path):
    k = tenor_of(path, "1m")
    contracts.sign(k, QUANTITY, RENT)
    for _ in range(path.tenors[k].weeks - 1):
        contracts.pass_week()
    assert contracts.quantity_ve == pytest.approx(QUANTITY)
    contracts.pass_week()
    assert not contracts.quantity_ve.any()


def test_rejection_frees_a_share_of_one_landlords_contracts_and_loses_what_was_prepaid(contracts, path):
    due = contracts.sign(tenor_of(path, "36m"), QUANTITY, RENT)
    lost = contracts.reject(0, 0.3)
    assert lost == pytest.approx(0.3 * due[0])
    assert contracts.quantity_ve[0] == pytest.approx(0.7 * QUANTITY[0])
    assert contracts.quantity_ve[1] == pytest.approx(QUANTITY[1])
    assert contracts.prepaid[:, 0].sum() == pytest.approx(0.7 * due[0].sum())


def test_totals_follow_the_cohorts_through_signing_and_weeks(contracts, path):
    for week in range(60):
        contracts.sign(week % len(path.tenors), QUANTITY, RENT)
        if week % 3 == 0:
            contracts.pass_week()
        assert contracts.quantity_ve == pytest.approx(contracts.quantity.sum(axis=0))
        assert contracts.rent_usd_per_hour == pytest.approx(contracts.value.sum(axis=0))


def test_the_ring_is_a_list_of_contracts_that_each_end_on_their_day(path):
    """The obvious book beside ours: every contract by itself, a day at a time, over more than a turn of the ring."""
    rng, book = np.random.default_rng(3), ReservedBook(2, 3, path)
    contracts: list[dict] = []
    for day in range(7 * 200):
        earned, alive = book.pass_week((day % 7,)), []
        due = np.zeros((2, 3))
        for one in contracts:
            if one["weekday"] == day % 7:
                due += one["prepaid"] / one["weeks"]
                one["prepaid"] = one["prepaid"] - one["prepaid"] / one["weeks"]
                one["weeks"] -= 1
            if one["weeks"] > 0:
                alive.append(one)
        contracts = alive
        assert earned == pytest.approx(due, rel=1e-9, abs=1e-6)
        k, indexed = int(rng.integers(len(path.tenors))), ((0.0, 1.0), (0.3, 2.0))[day % 2]
        quantity, rent = rng.uniform(0.0, 9.0, (2, 3)) * (day % 5 > 0), rng.uniform(1.0, 3.0, 2)
        prepaid = book.sign(k, quantity, rent, day % 7, indexed)
        later = quantity * rent[:, None] * (1.0 - path.tenors[k].prepaid_share)
        contracts.append({
            "weekday": day % 7, "weeks": path.tenors[k].weeks, "quantity": quantity, "prepaid": prepaid,
            "rent": (1.0 - indexed[0]) * later, "units": indexed[0] * later / indexed[1],
        })  # fmt: skip
        if day % 97 == 0:
            book.reject(1, 0.2)
            for one in contracts:
                for name in ("quantity", "prepaid", "rent", "units"):
                    one[name] = one[name] * np.array([[1.0], [0.8]])
        if day % 10 == 0:
            whole = [sum(one[name] for one in contracts) for name in ("quantity", "rent", "prepaid", "units")]
            for kind in range(len(book.cohorts)):
                assert book.totals[kind] == pytest.approx(whole[kind], rel=1e-9)
                assert book.recount(0, kind) == pytest.approx(whole[kind][0], rel=1e-9)


def test_each_weekdays_contracts_grow_older_alone(contracts, path):
    k = tenor_of(path, "1m")
    for weekday in range(7):
        contracts.sign(k, QUANTITY, RENT, weekday)
    for week in range(path.tenors[k].weeks):
        contracts.pass_week((3,))
        left = 6.0 if week == path.tenors[k].weeks - 1 else 7.0
        assert contracts.quantity_ve == pytest.approx(left * QUANTITY)
    assert contracts.rent_usd_per_hour == pytest.approx(6.0 * QUANTITY * RENT[:, None])


def test_the_stock_on_the_path_is_renewed_by_the_weekly_signings_of_the_path(path):
    """Weekly signings at the path's rate keep a stock that grows at the path's rate."""
    quantity, value, prepaid, rate = path.contracts()
    assert quantity.sum(axis=1) == pytest.approx([tenor.stock_share for tenor in path.tenors])
    assert quantity.sum() == pytest.approx(1.0)
    growth = np.exp(path.settings.quantity * 7.0 / 365.0)
    for k, tenor in enumerate(path.tenors):
        expiring = quantity[k, 1]
        assert 1.0 + rate[k] / tenor.stock_share * growth - expiring / tenor.stock_share == pytest.approx(
            growth, rel=1e-3
        )
    assert (prepaid >= 0.0).all()
    assert (value.sum(axis=1) > 0.0).all()


# ---- loans

SYNDICATE = np.array([0.5, 0.3, 0.2])


def test_balances_are_draws_less_repayments_less_losses():
    book = LoanBook(1, 2, SYNDICATE)
    book.draw(np.array([[50.0, 30.0, 20.0], [5.0, 3.0, 2.0]]))
    book.repay(np.array([[10.0, 6.0, 4.0], [0.0, 0.0, 0.0]]))
    lost = book.write_off(0)
    assert lost.tolist() == [40.0, 24.0, 16.0]
    assert book.balance.tolist() == [[0.0, 0.0, 0.0], [5.0, 3.0, 2.0]]
    assert book.balance == pytest.approx(book.drawn - book.repaid - book.written_off)


def test_a_world_starts_with_the_loans_of_its_path_syndicated_by_size():
    economy = world()
    loans, path = economy.credit.loans, economy.path
    for i, owner in enumerate(economy.books.roll.landlords):
        agent = economy.register.people[owner]
        debt = path.debt_usd(agent.p.advance_rate) * agent.p.fleet_ve * agent.weight
        assert loans.balance[i].sum() == pytest.approx(debt)
        assert loans.balance[i] / debt == pytest.approx(loans.weights)
    assert loans.weights.sum() == pytest.approx(1.0)


def test_debt_service_is_interest_and_amortisation_and_missed_interest_is_added():
    economy = world(noise__firm={"sd_per_sqrt_year": 0.0, "half_life_days": 180.0})
    economy.run(30)
    credit, loans = economy.credit, economy.credit.loans
    before, drawn, repaid = loans.balance.copy(), loans.drawn.copy(), loans.repaid.copy()
    flow = economy.books.ledger.flow("interest").copy()
    economy.run(1)
    landlords = economy.books.roll.landlords
    interest = -(economy.books.ledger.flow("interest") - flow)[landlords]
    debt = before.sum(axis=1)
    assert interest == pytest.approx(debt * (0.04 + credit.borrowers.spread) * 31 / 360)
    principal = (loans.repaid - repaid).sum(axis=1)
    assert (principal >= debt * credit.facilities.amortisation[0] * 31 / 365 * (1.0 - 1e-9)).all()
    assert ((loans.drawn - drawn).sum(axis=1) >= 0.0).all()


def test_lenders_stop_lending_when_their_capital_is_used_up():
    free, short = ran(70), ran(70, agents__lender__capital_slack=0.8, agents__lender__top_up_per_year=0.0)
    assert (free.record["room_share"] > 0.99).all()
    assert short.record["room_share"].min() < 0.9
    assert short.record["loans_usd"][-1] < free.record["loans_usd"][-1]
