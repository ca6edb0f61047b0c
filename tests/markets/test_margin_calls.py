"""Collateral marked to market: who is called, how a call is cured, what is sold, and what reads no price at all."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from sim.economy import Economy
from sim.problems import SpecError
from sim.rows.credit import Collateral
from sim.spec import read_spec
from tests.worlds import SLUMP, container, moved, ran, series, spec_of, world

PLAIN = "loan=plain"
QUIET = ("venue=none",)
DEEP = {"shocks": {"slump": SLUMP | {"start": 32, "size": -0.8, "contracted_size": -0.6}}}
DAYS = 85


@pytest.fixture(scope="module")
def called() -> Economy:
    """Marks by prices of used GPUs through a deep slump."""
    return ran(DAYS, PLAIN, *QUIET, **DEEP)


def kinds(economy: Economy) -> list[str]:
    return [kind for _, kind, _ in economy.events]


def test_marks_that_fall_call_borrowers_and_force_sales_while_they_are_solvent(called):
    record = called.record
    assert "margin call" in kinds(called)
    assert record["called_usd"].sum() > 0.0
    assert record["calls_sales_usd"].sum() > 0.0
    assert record["used_forced_usd"].sum() > 0.0
    assert record["used_price_ratio"].min() < 1.0
    first = int(np.flatnonzero(record["called_usd"])[0])
    assert record["defaults"][: first + 6].sum() == 0.0, "they are solvent when they are called and sell"
    sold = int(np.flatnonzero(record["calls_sales_usd"])[0])
    assert sold >= first + called.spec.loan.call.cure_days


def test_n9_at_book_neither_curve_nor_prices_of_used_gpus_enter_a_test(called):
    """The same slump, the same calls section: nobody is called, and other prices of used GPUs move nothing else."""
    still = DEEP | {"loan__collateral_basis": "book", "resale__voluntary_share": 0.0}
    book = ran(DAYS, PLAIN, *QUIET, **still)
    assert "margin call" not in kinds(book)
    assert book.record["used_gpu_usd_per_ve"].min() < 0.8 * book.record["used_gpu_usd_per_ve"][31]
    cheap = ran(DAYS, PLAIN, *QUIET, **still, resale__outside_discount=0.9, resale__scrap=0.5)
    found = [name for name in moved(series(book), series(cheap)) if not name.startswith("used_")]
    assert found == []


def test_without_calls_the_section_is_absent_to_the_last_bit():
    calm = ran(40, *QUIET, "resale=default")
    never = {"maintenance": 1.0, "restored": 1.0, "tested": "daily", "cure_days": 5, "pledged_share": 1.0,
             "sold_per_day": 0.1, "sale_days": 5}  # fmt: skip
    assert moved(series(calm), series(ran(40, *QUIET, "resale=default", loan__call=never))) == []


def test_n1_without_borrowing_there_are_no_calls_sales_or_defaults():
    economy = ran(DAYS, PLAIN, *QUIET, **DEEP, agents__neocloud__advance_rate=0.0)
    assert economy.record["loans_usd"].max() == 0.0
    for column in ("called_usd", "calls_sales_usd", "used_forced_usd", "defaults"):
        assert economy.record[column].sum() == 0.0, column


def test_cash_cures_a_call_first_and_repays_so_much_of_the_loan():
    economy = world(PLAIN, *QUIET, **DEEP, days=DAYS)
    while "margin call" not in kinds(economy):
        owed = economy.credit.loans.repaid.sum()
        economy.step()
        assert economy.day < DAYS
    paid = economy.record["calls_cash_usd"][-1]
    assert paid > 0.0
    assert economy.credit.loans.repaid.sum() - owed >= paid * (1 - 1e-12)


def test_chips_that_are_not_pledged_cure_a_call_before_any_is_sold():
    half = {"loan__call": spec_of(PLAIN).loan.call.model_dump() | {"pledged_share": 0.8, "maintenance": 0.8}}
    economy = ran(42, PLAIN, *QUIET, **DEEP, **half)
    assert economy.record["calls_chips_usd"].sum() > 0.0
    assert economy.record["calls_sales_usd"].sum() == 0.0
    assert (economy.credit.calls.pledged <= 1.0).all()
    assert (economy.credit.calls.pledged > 0.8).any()


def test_a_call_on_a_borrower_without_cash_chips_or_buyers_ends_in_default_and_is_resolved():
    terms = spec_of(PLAIN).loan.call.model_dump() | {"sale_days": 3, "cure_days": 0}
    nobody = {"resale__outside_depth": 0.0, "resale__buyer_capacity": 0.0, "resolution__days": 5}
    economy = ran(DAYS, PLAIN, *QUIET, **DEEP, loan__call=terms, **nobody)
    assert economy.record["used_sold_usd"].sum() == 0.0
    assert {"margin call", "default", "estate sold"} <= set(kinds(economy))
    assert economy.record["loan_losses_usd"].sum() > 0.0


def test_the_base_of_draws_follows_the_basis():
    """Where used GPUs are cheap, less is lent on them: marks are below book before any shock."""
    book, marked = (ran(35, "resale=default", *QUIET, loan__collateral_basis=basis) for basis in ("book", "appraisal"))
    assert book.record["collateral_mark"].min() == 1.0
    assert marked.record["collateral_mark"][-1] < 1.0
    assert marked.record["loan_to_value"][-1] > book.record["loan_to_value"][-1]


def test_on_the_curve_lenders_read_futures_as_far_as_the_link_says_and_at_prices_they_do_not():
    found = {
        (basis, link): ran(
            40, "resale=default", loan__collateral_basis=basis, links__curve_to_collateral=link
        ).record["collateral_mark"][-1]
        for basis in ("appraisal", "curve") for link in (0.0, 1.0)
    }  # fmt: skip
    assert found["appraisal", 0.0] == found["appraisal", 1.0]
    assert found["curve", 0.0] != found["curve", 1.0]


def test_collateral_counts_for_the_lower_of_book_and_its_mark(called):
    calls, n = called.fork().credit.calls, len(called.books.roll.landlords)
    facts = Collateral(*(np.full(n, usd) for usd in (10.0, 5.0, 9.0, 8.0, 6.0)))
    for basis, mark, counts in (
        ("book", 0.5, 10.0),
        ("appraisal", 0.5, 8.0),
        ("curve", 0.5, 4.5),
        ("curve", 2.0, 10.0),
    ):
        calls.mark(
            called.spec.loan.model_copy(update={"collateral_basis": basis}), facts, functools.partial(np.full, n, mark)
        )
        assert calls.marked_usd.tolist() == [counts] * n


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("call", {"maintenance": 0.5, "restored": 0.6, "tested": "daily", "cure_days": 1, "pledged_share": 1.0,
                  "sold_per_day": 0.1, "sale_days": 5}, "call.restored = 0.6: must not be above maintenance = 0.5"),
        ("collateral_basis", "books", "must be book or appraisal or curve"),
    ],
)  # fmt: skip
def test_impossible_terms_are_refused_by_key(key, value, said):
    settings = container("resale=default")
    settings["loan"][key] = value
    with pytest.raises(SpecError) as raised:
        read_spec(settings)
    assert f"loan.{key}" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize("basis", ["appraisal", "curve"])
def test_marks_without_a_market_for_used_gpus_are_refused(basis):
    with pytest.raises(SpecError, match="loan.collateral_basis = .*resale=default opens it"):
        spec_of(loan__collateral_basis=basis)
