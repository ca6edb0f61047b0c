"""Each law can fail: a running economy is corrupted in one way, and the law that forbids it stops the day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from sim.economy import Economy
from sim.laws import BrokenLaw
from sim.roles import LetsHours
from sim.rows.rental import SupplyRow
from tests.worlds import row, world

DAYS_BEFORE = 8


@pytest.fixture
def economy() -> Economy:
    """A tiny world in its second week."""
    running = world(days=60)
    running.run(DAYS_BEFORE)
    return running


def stops(economy: Economy, law: str, days: int = 1) -> None:
    """The next days must end in a broken law of this name that also names the day."""
    with pytest.raises(BrokenLaw) as broken:
        economy.run(days)
    assert f": {law}: " in str(broken.value)
    assert f"day {economy.day}: " in str(broken.value)


def test_an_honest_world_breaks_no_law(economy):
    economy.run(40)


def test_a1_money_from_nowhere(economy):
    ledger = economy.books.ledger
    ledger.positions[ledger.row["cash"], row(economy, "neocloud_1")] += 1e6
    stops(economy, "A1")


@pytest.mark.parametrize("instrument", ["loan", "gpu:h100", "rent_billed", "reserved_capacity", "funding"])
def test_a2_a_claim_without_a_debtor(economy, instrument):
    ledger = economy.books.ledger
    ledger.positions[ledger.row[instrument], row(economy, "lender_1")] += 1e4
    stops(economy, "A2")


@pytest.mark.parametrize(
    ("instrument", "debtor", "amount"),
    [("gpu:h100", "renter_1", 1.0), ("loan", "renter_1", 1e3), ("prepaid_rent", "lender_2", 1e3)],
)
def test_a2_debts_of_those_who_may_not_owe(economy, instrument, debtor, amount):
    economy.books.ledger.transfer("test", instrument, row(economy, debtor), row(economy, "lender_1"), amount)
    stops(economy, "A2")


def test_a2_cash_below_zero(economy):
    ledger, payer = economy.books.ledger, row(economy, "hyperscaler_1")
    ledger.transfer("test", "cash", payer, row(economy, "neocloud_1"), ledger.cash("hyperscaler_1") + 1e6)
    stops(economy, "A2")


@pytest.mark.parametrize("size", [np.inf, np.nan])
@pytest.mark.parametrize("instrument", ["loan", "gpu:h100"])
def test_a2_claims_without_end(economy, instrument, size):
    ledger = economy.books.ledger
    ledger.positions[ledger.row[instrument], row(economy, "lender_1")] = size
    with pytest.raises((BrokenLaw, ValueError)):
        economy.run(1)


def test_a3_both_legs_behind_the_ledgers_back(economy):
    positions, cash = economy.books.ledger.positions, economy.books.ledger.row["cash"]
    positions[cash, row(economy, "rest_of_world")] -= 1e6
    positions[cash, row(economy, "neocloud_1")] += 1e6
    stops(economy, "A3")


def test_a3_a_book_value_that_its_vintages_do_not_explain(economy):
    economy.hardware.fleet.book_usd += 1e6
    stops(economy, "A3")


def test_a4_a_crowd_that_forgets_a_position(economy):
    held = economy.exchange.crowds[0].arrays.position
    held[1, int(np.argmax(np.abs(held[1])))] = 0.0
    stops(economy, "A4")


def test_a4_a_crowd_with_money_the_ledger_does_not_know(economy):
    economy.exchange.crowds[0].arrays.cash_usd[0] += 1e5
    stops(economy, "A4")


def test_a5_deposits_spent_by_the_clearing_house(economy):
    ledger = economy.books.ledger
    ledger.transfer("test", "cash", row(economy, "clearing_house"), row(economy, "rest_of_world"), 1e5)
    stops(economy, "A5")


def test_a6_hours_sold_that_nobody_has(economy):
    landlord = next(agent for _, agent in economy.register.of(LetsHours) if agent.kind == "neocloud")
    honest: Callable[..., Iterator[SupplyRow]] = landlord.spot_offers
    landlord.spot_offers = lambda view: [offer._replace(quantity_ve=50 * offer.quantity_ve) for offer in honest(view)]
    stops(economy, "A6")


def test_a6_hours_traded_that_nobody_bought(economy):
    clear = economy.rental.auction.clear
    economy.rental.auction.clear = lambda *rows: replace(clear(*rows), bought={})
    stops(economy, "A6")


def test_a6_hours_sold_twice(economy):
    clear = economy.rental.auction.clear

    def twice(*rows):
        trades = clear(*rows)
        return replace(trades, sold_ve_hours=2 * trades.sold_ve_hours)

    economy.rental.auction.clear = twice
    stops(economy, "A6")


def test_a7_a_stolen_vintage(economy):
    fleet, owners = economy.hardware.fleet, len(economy.books.roll.chip_owners)
    vintage = fleet.life + economy.day - 100
    fleet.installed[0, :, vintage] = 0.0
    stops(economy, "A7", days=owners)


def test_a7_gpus_that_the_ledger_does_not_know(economy):
    economy.hardware.fleet.working[0] += 10.0
    stops(economy, "A7")


def test_a7_gpus_given_away_in_the_ledger_only(economy):
    ledger = economy.books.ledger
    ledger.transfer("test", "gpu:b200", row(economy, "neocloud_1"), row(economy, "neocloud_2"), 1.0)
    stops(economy, "A7")


def test_a8_an_order_that_vanishes(economy):
    economy.hardware.fleet.on_order[0] -= 10.0
    stops(economy, "A8")


def test_a8_a_delivery_that_was_never_ordered(economy):
    fleet, owners = economy.hardware.fleet, len(economy.books.roll.chip_owners)
    fleet.installed[0, 0, fleet.life + economy.day] += 10.0
    stops(economy, "A8", days=owners)


@pytest.mark.parametrize("counter", ["balance", "drawn", "repaid", "written_off"])
def test_a9_a_loan_that_changes_by_itself(economy, counter):
    getattr(economy.credit.loans, counter)[0, 0] += 1e5
    stops(economy, "A9")


def test_a9_a_loan_sold_in_the_ledger_only(economy):
    ledger = economy.books.ledger
    ledger.transfer("test", "loan", row(economy, "lender_1"), row(economy, "lender_2"), 1e5)
    stops(economy, "A9")


@pytest.mark.parametrize("table", ["weekly_usd", "quantity"])
def test_a12_contracts_that_the_ledger_does_not_know(economy, table):
    contracts = economy.reserved.contracts
    getattr(contracts, table)[contracts.slot(0, 5), 0, 0] += 1e4
    contracts.total()
    stops(economy, "A12")


@pytest.mark.parametrize("table", ["weekly_usd", "quantity", "value"])
def test_a12_a_cohort_that_the_totals_do_not_know(economy, table):
    contracts = economy.reserved.contracts
    getattr(contracts, table)[contracts.slot(0, 20), 0, 0] += 1e4
    stops(economy, "A12", days=3 * len(economy.books.roll.landlords))


def test_a12_a_user_who_pays_twice_cannot_be_posted(economy):
    clear = economy.rental.auction.clear

    def twice(*rows):
        trades = clear(*rows)
        spent = trades.spent_usd.copy()
        spent[int(np.argmax(spent))] *= 2.0
        return replace(trades, spent_usd=spent)

    economy.rental.auction.clear = twice
    with pytest.raises(ValueError, match="spot rent: legs in rent_accrued do not cancel"):
        economy.step()


def test_the_laws_can_be_left_out_to_measure_their_cost_and_are_on_otherwise():
    careless = world(laws=False, days=20)
    careless.credit.loans.balance[0, 0] += 1e9
    careless.step()
    careful = world(days=20)
    careful.credit.loans.balance[0, 0] += 1e9
    stops(careful, "A9")
