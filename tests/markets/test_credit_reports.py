"""What credit reports of itself agrees with the ledger and the loan book, changes nothing, and is there where asked."""

from __future__ import annotations

import numpy as np
import pytest

from sim.credit.exposed import claims_of, hhi, reached, vulnerability
from sim.credit.terms import Stress
from sim.economy import Economy
from sim.securitisation.audit import USES
from tests.worlds import ran, series, world

FACILITY = "facility_delayed_draw_{}_usd"
ASKED = ("venue=none", "notes=term", "resale=default")


@pytest.fixture(scope="module")
def reported() -> Economy:
    return ran(92, *ASKED, loan__reports=True)


def test_reports_change_no_other_series_and_are_not_recorded_by_default(reported):
    plain, full = series(ran(92, *ASKED)), series(reported)
    assert {name: full[name] for name in plain} == plain
    assert {name for name in full if name.startswith("facility_")} == {
        FACILITY.format(what)
        for what in ("loans", "draws", "undrawn", "interest", "fees", "principal", "defaulted", "losses", "recovered")
    }
    assert not any(name.startswith(("facility_", "equity_", "owed_", "dscr_q")) for name in plain)


def test_facilities_add_up_to_all_loans_and_interest_to_what_the_ledger_paid(reported):
    record, ledger, lenders = reported.record, reported.books.ledger, reported.books.roll.lenders
    assert record[FACILITY.format("loans")] == pytest.approx(record["loans_usd"])
    assert record[FACILITY.format("draws")].sum() == pytest.approx(record["loan_draws_usd"].sum())
    assert record[FACILITY.format("interest")].sum() == pytest.approx(ledger.flow("interest")[lenders].sum())
    change = record[FACILITY.format("draws")] - record[FACILITY.format("principal")]
    assert np.diff(record[FACILITY.format("loans")]) == pytest.approx(change[1:], abs=1.0)
    assert record["cash_interest_usd"] == pytest.approx(record[FACILITY.format("interest")])
    swept = record["cash_swept_usd"]
    assert record["cash_principal_usd"] == pytest.approx(record[FACILITY.format("principal")] - swept)


def test_quantiles_are_in_order_and_bases_are_advances_over_loan_to_value(reported):
    for what in ("dscr", "base_cover", "ltv"):
        table = np.array([reported.record[f"{what}_q{q}"][-1] for q in (10, 25, 50, 75, 90)])
        assert (np.diff(table) >= 0.0).all()
    assert np.isnan(reported.record["ltv_q50"][0])
    assert 0.0 < reported.record["advance_mean"][-1] < 1.0


def test_exposures_are_what_the_loan_book_and_the_notes_say(reported):
    record = reported.record
    owed = {name: record[name][-1] for name in record.columns if name.startswith("owed_")}
    before_draws = record[FACILITY.format("loans")][88] + 0.0  # the evening before the last month end
    assert sum(usd for name, usd in owed.items() if "owed_neocloud" in name) == pytest.approx(
        before_draws - record[FACILITY.format("principal")][89], rel=1e-6
    )
    into, out = (sum(usd for name, usd in owed.items() if part in name) for part in ("to_vehicle_1", "owed_vehicle_1"))
    assert out > 0.0
    assert into == pytest.approx(out, rel=0.2)  # principal that waits for new loans is not lent


def test_a_deal_pays_out_what_it_collects(reported):
    record = reported.record
    total = sum(record[f"deal_{use}_usd"] for use in USES if use != "collected")
    assert record["deal_collected_usd"].sum() > 0.0
    assert total == pytest.approx(record["deal_collected_usd"], abs=1.0)


def test_a_default_is_recorded_with_what_is_recovered_and_lost():
    economy = world("venue=none", days=12, loan__reports=True, resolution__days=3)
    roll, ledger = economy.books.roll, economy.books.ledger
    economy.run(2)
    owed = float(economy.credit.loans.debt_usd[0])
    ledger.transfer("a loss", "cash", int(roll.landlords[0]), roll.rest_of_world, 1e11)
    economy.run(8)
    record = economy.record
    assert record["estate_firms"].max() == 1.0
    assert record[FACILITY.format("defaulted")].sum() == pytest.approx(owed)
    assert record[FACILITY.format("losses")].sum() == pytest.approx(record["loan_losses_usd"].sum())
    assert record[FACILITY.format("losses")].sum() + record[FACILITY.format("recovered")].sum() == pytest.approx(owed)


def test_claims_pass_through_the_vehicle_in_proportion_to_its_notes():
    kept, sold = np.array([[40.0, 10.0], [20.0, 0.0]]), np.array([30.0, 10.0])
    claims = claims_of(kept, sold, np.array([0.0, 10.0, 30.0]))
    assert claims.tolist() == [[40.0, 20.0], [10.0 + 7.5, 2.5], [22.5, 7.5]]
    assert hhi(claims.sum(axis=1)) == pytest.approx((60.0**2 + 20.0**2 + 30.0**2) / 110.0**2)


def test_losses_reach_creditors_by_linear_debt_rank():
    """A borrower worth 50 that loses a fifth costs a creditor a fifth of its claim, at most all that it is worth."""
    claims, own, worth = np.array([[40.0, 0.0], [60.0, 20.0]]), np.array([50.0, 10.0]), np.array([100.0, 5.0])
    assert reached(claims, own, worth, np.array([0.2, 0.0])) == pytest.approx((8.0 + 5.0) / 105.0)
    assert reached(claims, own, worth, np.array([0.0, 0.0])) == 0.0


def test_vulnerability_is_that_of_greenwood_landier_and_thesmar():
    """A = 100, D = 50: a fall of .1 makes it sell 10 of 100, which moves prices .18: 18 of an equity of 50."""
    stress = Stress(fall=0.1, impact=1.8)
    assert vulnerability(np.array([100.0]), np.array([50.0]), stress) == pytest.approx(0.36)
    assert np.isnan(vulnerability(np.array([100.0]), np.array([0.0]), stress))
    assert vulnerability(np.array([100.0, 10.0]), np.array([50.0, 20.0]), stress) == pytest.approx(
        0.1 * 100 * 1.8 / 110 * 100 / 50
    )
