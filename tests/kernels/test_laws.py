"""The kernels of the laws against the same in arrays."""

from __future__ import annotations

import numpy as np
import pytest

from sim.kernels import laws

TOLERANCE = 1e-9


def test_a_gap_nan_and_infinity_are_told() -> None:
    a, sizes = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 5.0])
    assert laws.agree(a, a + 0.9e-9, sizes, TOLERANCE)
    assert laws.agree(a, a + np.array([0.0, 0.0, 4e-9]), sizes, TOLERANCE)
    for wrong in (a + 2e-9, np.array([1.0, np.nan, 3.0]), np.array([1.0, 2.0, np.inf])):
        assert not laws.agree(a, wrong, sizes, TOLERANCE)
        assert not laws.agree(wrong, a, sizes, TOLERANCE)
    assert not laws.agree(np.array([np.inf]), np.array([np.inf]), np.array([np.inf]), TOLERANCE)


def ledger() -> tuple[np.ndarray, np.ndarray]:
    """Positions of four instruments and ten owners, and sizes."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(4, 10)), rng.uniform(1.0, 2.0, size=(4, 10))


def test_a_table_of_another_order_or_shape_is_not_what_is_held() -> None:
    positions, sizes = ledger()
    rows, owners, unit = np.array([2, 0]), np.array([7, 1, 3]), np.array([2.0, -3.0])
    told = positions[np.ix_(rows, owners)].T * unit
    assert laws.holds(positions, sizes, rows, owners, told, unit, TOLERANCE)
    for other in (told[::-1].copy(), told[:, ::-1].copy(), told[:2].copy(), told[:, :1].copy()):
        assert not laws.holds(positions, sizes, rows, owners, other, unit, TOLERANCE)
    assert not laws.holds(positions, sizes, rows[::-1].copy(), owners, told, unit, TOLERANCE)


@pytest.mark.parametrize("one_owner", [True, False])
def test_parts_add_up_to_what_one_owner_or_many_hold(one_owner: bool) -> None:
    positions, sizes = ledger()
    rows, owners = (np.array([3, 0, 1]), np.array([4])) if one_owner else (np.array([2]), np.array([9, 0, 4]))
    held = positions[rows[:, None], owners[None, :]].ravel()
    parts = np.array([0.25, 0.5, 0.25]) * held[:, None]
    assert laws.holds_in_parts(positions, sizes, rows, owners, parts, 1.0, TOLERANCE)
    assert laws.holds_in_parts(positions, sizes, rows, owners, -parts, -1.0, TOLERANCE)
    for other in (-parts, parts[::-1].copy(), parts[:2].copy(), parts + np.array([0.0, 0.0, 1e-8])):
        assert not laws.holds_in_parts(positions, sizes, rows, owners, other, 1.0, TOLERANCE)


def test_notes_are_owed_by_class_and_held_in_shares() -> None:
    positions, sizes = ledger()
    rows, owners, balance = np.array([1, 3]), np.array([5, 8, 2]), np.array([3.0, 4.0])
    shares = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]])
    positions[rows, 0] = -balance
    positions[np.ix_(rows, owners)] = balance[:, None] * shares
    books = positions, sizes, rows, 0, owners
    assert laws.owed_in_shares(*books, balance, shares, TOLERANCE)
    assert not laws.owed_in_shares(*books, balance + 1e-8, shares, TOLERANCE)
    assert not laws.owed_in_shares(*books, balance, shares[:, ::-1].copy(), TOLERANCE)
    assert not laws.owed_in_shares(*books, balance, shares[:, :2].copy(), TOLERANCE)


def test_vintages_are_counted_from_the_day_on() -> None:
    rng = np.random.default_rng(2)
    installed, cost, kept = rng.uniform(size=(3, 2, 700)), rng.uniform(size=(3, 2, 700)), rng.uniform(size=400)
    for owner, day in ((0, 0), (1, 17), (2, 250)):
        at, due = slice(day + 1, day + 401), slice(day + 401, None)
        working, due_ve = installed[owner, :, at].sum(), installed[owner, :, due].sum()
        book = (cost[owner, :, at] * kept).sum()
        assert laws.vintages(installed, cost, kept, owner, day) == pytest.approx((working, due_ve, book), rel=1e-15)


def test_cohorts_add_up_by_the_weeks_that_are_left_to_them() -> None:
    cohorts, passed = np.random.default_rng(6).uniform(size=(50, 4, 3)), np.array([3, 9, 0, 14, 1])
    left = np.array([(week - gone) % 10 for gone in passed for week in range(10)], dtype=float)
    for by_weeks, weights in ((True, left), (False, np.ones(50))):
        expected = weights @ cohorts[:, 2]
        assert laws.recount(cohorts, 2, passed, by_weeks) == pytest.approx(expected, rel=1e-14)
        sizes = np.full(3, 1e-9)
        assert laws.counted_anew(cohorts, 2, passed, by_weeks, expected, expected, 1e-13)
        assert not laws.counted_anew(cohorts, 2, passed, by_weeks, expected + [0.0, 0.0, 1e-8], sizes, 1.0)


def test_balances_are_what_their_counters_leave() -> None:
    drawn, repaid, lost = np.random.default_rng(7).uniform(size=(3, 5, 4))
    balance, sizes = drawn - repaid - lost, np.ones((5, 4))
    assert laws.balances(balance, drawn, repaid, lost, sizes, TOLERANCE)
    for table in (balance, drawn, repaid, lost):
        table[3, 2] += 1e-8
        assert not laws.balances(balance, drawn, repaid, lost, sizes, TOLERANCE)
        table[3, 2] -= 1e-8
    sizes[3, 2] = 100.0
    balance[3, 2] += 1e-8
    assert laws.balances(balance, drawn, repaid, lost, sizes, TOLERANCE)


def test_hours_fit_into_what_runs_and_are_added_up_as_arrays_are() -> None:
    rng = np.random.default_rng(8)
    sold, swing, traded = rng.uniform(size=(24, 30)), rng.uniform(size=(24, 30)), rng.uniform(size=(24, 24))
    landlords, running = np.array([3, 8, 20]), rng.uniform(0.5, 1.0, size=30)
    let, kept = sold.T[landlords].sum(axis=1), rng.uniform(size=3)
    fleet = (kept * 24.0 + let)[:, None] / (24.0 * running[landlords])[:, None] * [0.75, 0.25]
    tables = sold, swing, traded, landlords
    found = laws.hours(kept, *tables, fleet, running, 24.0, TOLERANCE)
    assert found == (True, np.asfortranarray(sold.T).sum() + np.asfortranarray(swing.T).sum(), traded.sum())
    for i in range(3):
        less, more = fleet.copy(), kept.copy()
        less[i] *= 1.0 - 1e-8
        more[i] += 1e-8
        assert not laws.hours(kept, *tables, less, running, 24.0, TOLERANCE)[0]
        assert not laws.hours(more, *tables, fleet, running, 24.0, TOLERANCE)[0]
        more[i] = np.nan
        assert not laws.hours(more, *tables, fleet, running, 24.0, TOLERANCE)[0]
