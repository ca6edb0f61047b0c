"""Sums in kernels are numpy's to the last bit, and what the ledger and the rental market do with them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.kernels.contract_book import paired
from sim.kernels.postings import legs, pairs, transfers
from sim.kernels.spot_rows import alike, at_home, gathered, over_rows
from sim.kernels.sums import columns, exact, rows, total
from sim.rounding import rounding


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 9, 16, 100, 127, 128, 129, 130, 255, 257, 1000, 4099, 100_003])
def test_sums_are_numpys_to_the_last_bit(n: int) -> None:
    """Of values and of the rows and columns of a table."""
    rng = np.random.default_rng(n)
    values = rng.normal(size=n) * np.exp(5.0 * rng.normal(size=n))
    assert total(values) == values.sum()
    table = np.stack([values, -3.0 * values, values**2])
    across, down = np.empty(3), np.empty(n)
    rows(table, across)
    columns(table, down)
    assert np.array_equal(across, table.sum(axis=1))
    assert np.array_equal(down, table.sum(axis=0))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 14, 1000])
def test_exact_sums_are_those_of_fsum(n: int) -> None:
    """Of numbers of any size that cancel, and halfway cases."""
    rng = np.random.default_rng(n)
    for spread in (0.0, 1.0, 20.0, 60.0):
        values = rng.normal(size=n) * np.exp(spread * rng.normal(size=n))
        for some in (values, np.concatenate([values, -values[::-1]]), np.round(values)):
            assert exact(some) == math.fsum(some.tolist())
    for halfway in ([1.0, 2.0**-53, 1e-40], [1.0, 2.0**-53, -1e-40], [1e16, 1.0, 1e-16], [-1.0, -(2.0**-53), -1e-40]):
        assert exact(np.array(halfway)) == math.fsum(halfway)


def books() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, sizes and flows of three instruments, two reasons and ten owners."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(3, 10)), rng.uniform(size=(3, 10)), rng.normal(size=(2, 10))


def test_transfers_add_up_by_payer_and_payee() -> None:
    """Owners may come more than once; a reason below zero leaves flows alone."""
    positions, sizes, flows = books()
    before = positions.copy(), sizes.copy(), flows.copy()
    payers, payees, amounts = np.array([1, 1, 4]), np.array([2, 9, 2]), np.array([0.1, 0.7, 0.3])
    assert transfers(positions, sizes, flows, 1, -1, payers, payees, amounts)
    got, paid = np.bincount(payees, amounts, 10), np.bincount(payers, amounts, 10)
    assert np.array_equal(positions[1], before[0][1] + (got - paid))
    assert np.array_equal(sizes[1], before[1][1] + (got + paid))
    assert np.array_equal(flows, before[2])
    assert np.array_equal(positions[[0, 2]], before[0][[0, 2]])


@pytest.mark.parametrize("payers_first", [True, False])
def test_a_table_of_transfers_either_way_round(payers_first: bool) -> None:
    """Payers and payees are rows or columns."""
    positions, sizes, flows = books()
    before = positions.copy(), flows.copy()
    payers, payees = np.array([0, 3]), np.array([5, 6, 7])
    amounts = np.random.default_rng(2).uniform(size=(2, 3))
    table = amounts if payers_first else np.ascontiguousarray(amounts.T)
    assert pairs(positions, sizes, flows, 0, 1, payers, payees, table, payers_first)
    assert np.array_equal(positions[0, payers], before[0][0, payers] - amounts.sum(axis=1))
    assert np.array_equal(flows[1, payees], before[1][1, payees] + amounts.sum(axis=0))


@pytest.mark.parametrize("bad", [-1e-300, np.inf, np.nan])
def test_what_may_not_be_posted_changes_nothing(bad: float) -> None:
    """Nor do payers, payees and amounts of different numbers, which would be read beyond their ends."""
    books_ = books()
    before = [table.copy() for table in books_]
    two, three = np.array([0, 1]), np.array([1, 2, 3])
    assert not transfers(*books_, 0, 0, two, two, np.array([1.0, bad]))
    assert not transfers(*books_, 0, 0, two, three, np.ones(2))
    assert not pairs(*books_, 0, 0, two, three, np.full((2, 3), bad), True)
    assert not pairs(*books_, 0, 0, two, three, np.ones((3, 2)), True)
    net = np.zeros(10)
    net[0] = bad if bad > 0.0 else 1.0
    assert not legs(*books_, 0, 0, net, np.zeros(10), rounding(1.0))[0]
    assert not legs(*books_, 0, 0, np.zeros(9), np.zeros(9), rounding(1.0))[0]
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(books_, before, strict=True))


def test_renewals_come_first_and_the_rest_is_in_proportion() -> None:
    """Against the same in arrays."""
    rng = np.random.default_rng(3)
    sold, bought = rng.uniform(size=(2, 5)), rng.uniform(size=(2, 9))
    renewed, shares = np.where(rng.random((5, 9)) < 0.4, rng.uniform(size=(5, 9)), 0.0), np.array([0.3, 0.7])

    def at_most_one(most: np.ndarray, asked: np.ndarray) -> np.ndarray:
        return np.minimum(1.0, most / np.maximum(asked, 1e-300))

    kept = shares[:, None, None] * renewed
    kept = kept * at_most_one(sold, kept.sum(axis=2))[:, :, None]
    kept = kept * at_most_one(bought, kept.sum(axis=1))[:, None, :]
    offered, wanted = np.maximum(0.0, sold - kept.sum(axis=2)), np.maximum(0.0, bought - kept.sum(axis=1))
    rest = offered[:, :, None] * (wanted / np.maximum(wanted.sum(axis=1), 1e-300)[:, None])[:, None, :]
    assert np.array_equal(paired(sold, bought, renewed, shares), kept + rest)


def test_rows_become_groups_and_what_they_get_comes_back() -> None:
    """Rows of one key are one group at each home; amounts return pro rata, so that sums are kept."""
    keys = np.array([[0.0, 0.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 3.0]])
    group = alike(keys)
    assert group.tolist() == [0, 0, 1, 1, 2]
    homes, owner = np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([0, 1, 0, 1, 1])
    wanted = at_home(np.array([4.0, 2.0, 1.0, 3.0, 5.0]), 2.0, homes, owner)
    assert wanted.tolist() == [[0.5, 1.5], [0.5, 0.5], [0.125, 0.375], [0.75, 0.75], [1.25, 1.25]]
    of_groups, quantity = gathered(group, keys, wanted)
    assert of_groups.tolist() == [[0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 3.0, 3.0]]
    assert quantity.tolist() == [1.0, 2.0, 0.875, 1.125, 1.25, 1.25]
    assert over_rows(0.5 * quantity, group, wanted, quantity) == pytest.approx(0.5 * wanted.sum(axis=1), rel=1e-15)
