"""Credit that cannot be is refused by key before a run; credit that breaks in a run is resolved, the laws intact."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from sim.problems import SpecError
from tests.worlds import ran, world

CASH_ONLY = "venue=none"
DRAW = "loan__facilities__delayed_draw__"


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({f"{DRAW}commitment": 50.0}, "loan.facilities.delayed_draw.commitment", "its capital allows"),
        ({f"{DRAW}spread": -0.9}, "loan.facilities.delayed_draw.spread", "at least -0.0225"),
        ({"agents__neocloud__spread": -0.5}, "agents.neocloud.spread", "at least 0"),
        ({"agents__note_investor__senior_spread": -0.1}, "agents.note_investor.senior_spread", "at least 0"),
        ({"agents__neocloud__advance_rate": 1.5}, "agents.neocloud.advance_rate", "at most 1"),
        ({"agents__lender__capital_slack": 0.0}, "agents.lender.capital_slack", "above 0"),
        ({"deal__notes__senior__share": 0.95}, "deal.notes.senior.overcollateralisation", "day of sale"),
        ({"deal__notes__senior__share": -0.1}, "deal.notes.senior.share", "at least 0"),
        ({"deal__notes__junior__share": 0.3}, "deal.notes.junior.share", "at most 1"),
        ({"deal__dscr_rapid": 2.0}, "deal.dscr_rapid", "dscr_trap"),
    ],
)
def test_credit_that_cannot_be_is_refused_by_key(values, key, said):
    with pytest.raises(SpecError) as error:
        world(CASH_ONLY, "notes=term", days=2, **values)
    assert {problem.key: problem.allowed for problem in error.value.problems}[key].find(said) >= 0


def test_what_a_commitment_may_be_is_what_is_said():
    most = 1.9  # of 1.93
    assert world(CASH_ONLY, days=2, loan__facilities__delayed_draw__commitment=most).credit.loans.debt_usd.any()
    assert world("loan=off", CASH_ONLY, days=2, loan__facilities__delayed_draw__commitment=50.0) is not None


def ruined(*overrides: str, days: int = 8, **values: object) -> Economy:
    """A world in which all borrowers lose more than they have on its first day, and are sold three days later."""
    economy = world(CASH_ONLY, *overrides, days=days, resolution__days=3, **values)
    roll, ledger = economy.books.roll, economy.books.ledger
    for owner in roll.landlords.tolist():
        ledger.transfer("a loss", "cash", owner, roll.rest_of_world, 2e11)
    economy.run(days)
    return economy


@pytest.mark.parametrize(
    ("overrides", "values"),
    [((), {}), (("resale=default",), {}), (("resale=default",), {"resale__outside_depth": 0.0})],
    ids=["to outsiders", "on the market", "nobody buys"],
)
def test_all_borrowers_fail_on_one_day(overrides, values):
    economy = ruined(*overrides, **values)
    record, borrowers = economy.record, len(economy.books.roll.landlords)
    assert record["defaults"][0] == borrowers
    assert record["loan_losses_usd"].sum() > 0.0
    assert economy.credit.loans.debt_usd.sum() == pytest.approx(0.0, abs=1.0)
    assert [kind for _, kind, _ in economy.events].count("estate sold") == borrowers


def test_lenders_without_capital_lend_nothing_until_owners_put_some_back():
    economy = ruined(days=62, agents__lender__top_up_per_year=0.0)
    assert economy.record["lender_capital_usd"][5] < 0.0
    assert economy.record["loan_draws_usd"].sum() == 0.0
    assert economy.record["orders_ve"].sum() >= 0.0


def test_a_pool_whose_borrowers_all_fail_is_written_down_class_by_class():
    economy = world(CASH_ONLY, "notes=term", days=70, resolution__days=3)
    economy.run(60)
    roll, ledger = economy.books.roll, economy.books.ledger
    owed = economy.notes.issuer.pool.balance.copy()
    assert owed.sum() > 0.0
    for owner in roll.landlords.tolist():
        ledger.transfer("a loss", "cash", owner, roll.rest_of_world, 2e11)
    economy.run(6)
    cuts = np.array([economy.record[f"note_writedowns_{name}_usd"].sum() for name in (
        "senior", "mezzanine", "junior", "residual")])  # fmt: skip
    assert cuts[1:] == pytest.approx(
        owed[1:], rel=1e-6
    )  # GPUs do not make up for such losses: all below senior is gone
    assert cuts.sum() == pytest.approx(economy.record["note_writedowns_usd"].sum())
    assert economy.notes.report.sold_total_usd == pytest.approx(0.0, abs=1.0)


def test_a_pool_without_loans_pays_nothing_and_keeps_the_laws():
    record = ran(62, CASH_ONLY, "notes=term", agents__neocloud__advance_rate=0.0).record
    for name in ("loans_sold_usd", "notes_issued_usd", "deal_collected_usd"):
        assert record[name].sum() == 0.0


def test_a_call_on_who_has_neither_cash_nor_chips_nor_buyers_ends_in_default():
    economy = ran(
        14, CASH_ONLY, "loan=plain", resale__outside_depth=0.0, resale__buyer_capacity=0.0,
        loan__call__maintenance=0.3, loan__call__restored=0.25, loan__call__sale_days=5,
    )  # fmt: skip
    record = economy.record
    assert record["called_usd"][0] > 0.0
    assert record["calls_chips_usd"].sum() == record["used_sold_usd"].sum() == record["calls_sales_usd"].sum() == 0.0
    assert record["defaults"].sum() == len(economy.books.roll.landlords)
