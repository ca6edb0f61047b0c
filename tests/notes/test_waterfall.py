"""The waterfall and the allocation of losses: conservation, order, and a naive twin, on random payment dates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rows.securitisation import Cover, NoteTerms
from sim.securitisation.notes import NotePool
from sim.securitisation.waterfall import Due, Pot, waterfall, write_downs

TERMS = NoteTerms((0.8, 0.12, 0.08), 0.005, 6.0, (Cover(1.15), Cover()), 0.5, sequential=False)
money = st.floats(0.0, 1e9)
balances = st.tuples(money, money, money).map(np.array)
pots = st.builds(Pot, money, money, money)
dues = st.builds(Due, money, st.tuples(money, money), money)
terms = st.builds(lambda sequential: replace(TERMS, sequential=sequential), st.booleans())


def size(pot: Pot, due: Due) -> float:
    return pot.total + due.fees + sum(due.interest) + due.reserve + 1.0


@given(pots, dues, balances, money, terms)
def test_uses_are_sources_and_nothing_is_negative(pot, due, balance, collateral, kind):
    paid = waterfall(pot, due, balance, collateral, kind)
    assert abs(paid.total - pot.total) <= 1e-9 * size(pot, due)
    parts = (paid.fees, paid.interest[0], paid.cures[0], paid.interest[1], paid.reserve, paid.residual)
    assert min(*parts, *paid.through) >= -1e-9 * size(pot, due)
    assert paid.fees <= due.fees
    assert paid.interest[0] <= due.interest[0]
    assert paid.interest[1] <= due.interest[1]


@given(pots, dues, balances, money, terms)
def test_nobody_is_paid_before_those_above(pot, due, balance, collateral, kind):
    paid = waterfall(pot, due, balance, collateral, kind)
    small = 1e-9 * size(pot, due)
    if paid.fees < due.fees - small:
        assert paid.interest[0] <= small
    if paid.interest[0] < due.interest[0] - small:
        assert max(paid.cures[0], paid.interest[1], paid.reserve, paid.residual, sum(paid.through)) <= small
    if paid.interest[1] < due.interest[1] - small:
        assert paid.reserve <= small
    uncured = paid.test_failed and balance[0] - paid.through[0] - paid.cures[0] > collateral / 1.15 + small
    if uncured:
        assert max(paid.interest[1] - min(pot.reserve, due.reserve), paid.through[1], paid.through[2]) <= small
    if uncured or (paid.reserve < due.reserve - small and pot.principal <= balance.sum()):
        assert paid.residual <= small


@given(pots, dues, balances, money, terms)
def test_principal_never_exceeds_a_balance_and_a_failed_test_pays_the_senior_first(pot, due, balance, collateral, kind):
    paid = waterfall(pot, due, balance, collateral, kind)
    principal = np.array(paid.through) + np.array([paid.cures[0], 0.0, 0.0])
    assert (principal <= balance * (1.0 + 1e-12) + 1e-9).all()
    if (paid.test_failed or kind.sequential) and principal[1] > 1e-6:
        assert principal[0] == pytest.approx(balance[0], abs=1e-5)


def naive(pot: Pot, due: Due, balance: np.ndarray, collateral: float, kind: NoteTerms) -> list[float]:
    """The documents, read aloud: purses in a list, one paragraph a step."""
    spare = max(0.0, pot.reserve - due.reserve)
    purses = [pot.interest + spare, pot.reserve - spare, pot.principal]

    def take(amount, *which):
        got = 0.0
        for purse in which:
            part = min(purses[purse], max(0.0, amount - got))
            purses[purse] -= part
            got += part
        return got

    fees = take(due.fees, 0, 1, 2)
    senior = take(due.interest[0], 0, 1, 2)
    left = list(balance)
    whole = sum(left)
    spread = [min(1.0, purses[2] / whole) * b if whole > 0 else 0.0 for b in left]
    ordered, rest = [], purses[2]
    for b in left:
        ordered.append(min(rest, b))
        rest -= ordered[-1]
    through = ordered if kind.sequential else spread
    limit = collateral / kind.tests[0].overcollateralisation
    failed = left[0] - through[0] > limit * (1 + 1e-12)
    cure = 0.0
    if failed:
        through = ordered
        cure = take(left[0] - through[0] - limit, 0)
    junior = take(due.interest[1], 0, 1)
    purses[1] += take(due.reserve - purses[1], 0)
    return [fees, senior, cure, junior, purses[1], *through, purses[0] + purses[2] - sum(through)]


@given(pots, dues, balances, money, terms)
def test_the_waterfall_is_its_naive_twin(pot, due, balance, collateral, kind):
    paid = waterfall(pot, due, balance, collateral, kind)
    fast = [
        paid.fees,
        paid.interest[0],
        paid.cures[0],
        paid.interest[1],
        paid.reserve,
        *paid.through,
        paid.residual,
    ]
    assert fast == pytest.approx(naive(pot, due, balance, collateral, kind), abs=1e-9 * size(pot, due))


def test_a_worked_payment_date():
    pot = Pot(interest=10.0, principal=20.0, reserve=3.0)
    due = Due(fees=1.0, interest=(4.0, 1.0), reserve=5.0)
    sound = waterfall(pot, due, np.array([80.0, 12.0, 8.0]), 80.0, TERMS)
    assert (sound.fees, sound.interest[0], sound.cures[0], sound.interest[1]) == (1.0, 4.0, 0.0, 1.0)
    assert (sound.reserve, sound.residual) == (5.0, 2.0)
    assert sound.through == pytest.approx((16.0, 2.4, 1.6))
    failed = waterfall(pot, due, np.array([80.0, 12.0, 8.0]), 1.15 * 57.0, TERMS)
    assert failed.test_failed
    assert failed.through == (20.0, 0.0, 0.0)
    assert failed.cures[0] == pytest.approx(3.0)
    assert (failed.interest[1], failed.reserve, failed.residual) == pytest.approx((1.0, 4.0, 0.0))


def test_a_reserve_above_its_target_repays_the_senior_note_while_the_test_fails():
    pot = Pot(interest=6.0, principal=0.0, reserve=9.0)
    due = Due(fees=1.0, interest=(4.0, 1.0), reserve=5.0)
    failed = waterfall(pot, due, np.array([80.0, 12.0, 8.0]), 1.15 * 70.0, TERMS)
    assert (failed.cures[0], failed.interest[1], failed.reserve, failed.residual) == pytest.approx((5.0, 1.0, 4.0, 0.0))
    nearly = waterfall(pot, due, np.array([80.0, 12.0, 8.0]), 1.15 * 78.0, TERMS)
    assert (nearly.cures[0], nearly.interest[1], nearly.reserve, nearly.residual) == pytest.approx((2.0, 1.0, 5.0, 2.0))
    sound = waterfall(pot, due, np.array([80.0, 12.0, 8.0]), 1.15 * 80.0, TERMS)
    assert (sound.cures[0], sound.interest[1], sound.reserve, sound.residual) == pytest.approx((0.0, 1.0, 5.0, 4.0))


@given(st.floats(0.0, 4e9), balances)
def test_losses_reach_residual_then_junior_then_senior(loss, balance):
    cuts = write_downs(loss, balance)
    assert cuts.sum() == pytest.approx(min(loss, balance.sum()), rel=1e-12, abs=1e-6)
    assert ((cuts >= 0.0) & (cuts <= balance)).all()
    if cuts[1] > 1e-6:
        assert cuts[2] == balance[2]
    if cuts[0] > 1e-6:
        assert cuts[1] == balance[1]


def test_new_notes_mix_coupons_and_holders_by_balance():
    pool = NotePool(2)
    pool.issue(np.array([80.0, 12.0, 8.0]), np.array([0.01, 0.03]), np.array([1.0, 0.0]))
    pool.issue(np.array([240.0, 36.0, 24.0]), np.array([0.02, 0.05]), np.array([0.5, 0.5]))
    assert pool.balance.tolist() == [320.0, 48.0, 32.0]
    assert pool.spread == pytest.approx([0.0175, 0.045])
    assert pool.holders == pytest.approx(np.array([[0.625, 0.375]] * 3))


def test_a_class_without_balance_belongs_to_who_bought_the_others():
    pool = NotePool(2)
    pool.issue(np.array([100.0, 0.0, 0.0]), np.array([0.01, 0.03]), np.array([0.25, 0.75]))
    assert pool.holders.tolist() == [[0.25, 0.75]] * 3
