"""The ledger takes postings with both legs or none, and remembers why balances moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.ledger import Ledger

OWNERS = ("ann", "bob", "cy", "world")
ANN, BOB, CY, WORLD = range(4)


@pytest.fixture
def ledger() -> Ledger:
    books = Ledger(OWNERS)
    books.list("cash", "USD", ["world"])
    books.list("loan", "USD", ["bob"])
    books.list("gpu", "GPU", ["world"])
    books.list("future", "contract")
    return books


def test_a_transfer_moves_both_legs_and_is_remembered_by_reason(ledger):
    ledger.transfer("gift", "cash", WORLD, ANN, 10.0)
    ledger.transfer("rent", "cash", ANN, BOB, 4.0)
    assert ledger.held("cash").tolist() == [6.0, 4.0, 0.0, -10.0]
    assert ledger.flow("rent").tolist() == [-4.0, 4.0, 0.0, 0.0]
    assert ledger.net_worth() == pytest.approx(ledger.explained())
    assert ledger.flow("never").tolist() == [0.0] * 4


def test_quantities_are_not_money(ledger):
    ledger.transfer("delivery", "gpu", WORLD, ANN, 3.0)
    assert ledger.held("gpu")[ANN] == 3.0
    assert ledger.net_worth().tolist() == [0.0] * 4


@pytest.mark.parametrize("amount", [-1.0, np.nan, np.inf, -np.inf])
def test_negative_and_infinite_amounts_are_refused_and_move_nothing(ledger, amount):
    good = np.array([1.0, 2.0])
    bad = np.array([1.0, amount])
    payers, payees = np.array([WORLD, WORLD]), np.array([ANN, BOB])
    with pytest.raises(ValueError, match="gift"):
        ledger.transfer("gift", "cash", WORLD, ANN, amount)
    with pytest.raises(ValueError, match="gift"):
        ledger.post("gift", "cash", payers, payees, bad)
    with pytest.raises(ValueError, match="gift"):
        ledger.post_pairs("gift", "cash", payers[:1], payees, bad[None, :])
    assert not ledger.positions.any()
    ledger.post("gift", "cash", payers, payees, good)
    assert ledger.held("cash").tolist() == [1.0, 2.0, 0.0, -3.0]


@pytest.mark.parametrize(
    "net", [[1.0, 0.0, 0.0, 0.0], [np.nan, 0.0, 0.0, 0.0], [1e12, -1e12, 0.0, 1e4], [np.inf, 0.0, 0.0, 0.0]]
)
def test_legs_that_do_not_cancel_are_refused(ledger, net):
    with pytest.raises(ValueError, match="do not cancel"):
        ledger.post_net("trade", "future", np.array(net))
    assert not ledger.positions.any()


def test_a_table_of_pairs_pays_rows_out_and_columns_in(ledger):
    amounts = np.array([[1.0, 2.0], [3.0, 4.0]])
    ledger.post_pairs("table", "future", np.array([ANN, BOB]), np.array([CY, WORLD]), amounts)
    assert ledger.held("future").tolist() == [-3.0, -7.0, 4.0, 6.0]


def test_only_issuers_may_owe(ledger):
    ledger.transfer("loan", "loan", BOB, ANN, 5.0)
    assert ledger.owing_without_right() is None
    ledger.transfer("loan", "loan", CY, ANN, 5.0)
    assert ledger.owing_without_right() == ("cy", "loan", -5.0)
    ledger.transfer("trade", "future", CY, ANN, 1e6)
    ledger.transfer("back", "loan", ANN, CY, 5.0)
    assert ledger.owing_without_right() is None, "anyone may be short of an instrument without issuers"


def test_balances_cannot_be_written_from_outside(ledger):
    with pytest.raises(ValueError, match="read-only"):
        ledger.held("cash")[ANN] = 5.0


def test_a_lost_leg_is_found(ledger):
    assert ledger.out_of_balance() is None
    ledger.positions[ledger.row["gpu"], ANN] = 1.0
    assert ledger.out_of_balance() == ("gpu", 1.0)


def test_the_ledger_grows_with_instruments_and_reasons(ledger):
    for k in range(200):
        ledger.list(f"future:{k}", "contract")
        ledger.list(f"note:{k}", "USD", ["world"])
        ledger.transfer(f"reason {k}", f"note:{k}", WORLD, ANN, float(k))
    assert ledger.held("note:199")[ANN] == 199.0
    assert ledger.flow("reason 150")[ANN] == 150.0
    assert ledger.net_worth()[ANN] == pytest.approx(sum(range(200)))
    assert ledger.list("note:7", "USD", ["world"]) == ledger.row["note:7"], "listing twice changes nothing"
    assert ledger.owing_without_right() is None


POSTING = st.tuples(
    st.sampled_from(["cash", "loan", "gpu", "future"]), st.integers(0, 3), st.integers(0, 3), st.floats(0.0, 1e9)
)


@given(st.lists(POSTING, max_size=40))
def test_any_postings_leave_every_instrument_at_zero_and_net_worth_explained(postings):
    books = Ledger(OWNERS)
    for name in ("cash", "loan"):
        books.list(name, "USD")
    for name in ("gpu", "future"):
        books.list(name, "piece")
    for k, (name, payer, payee, amount) in enumerate(postings):
        books.transfer(f"reason {k % 5}", name, payer, payee, amount)
    assert books.out_of_balance() is None
    assert books.net_worth() == pytest.approx(books.explained(), rel=1e-12, abs=1e-3)
