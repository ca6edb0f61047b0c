"""The auction of contracts against a plain twin in numpy, which looks at every corner and at all owners at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.kernels.contract_auction import meet


def amounts(distance, quantity, width):
    """What is traded so many logs better than the limits: without and with what stands exactly at them."""
    share = np.minimum(1.0, np.maximum(0.0, distance / np.where(width > 0.0, width, 1.0)))
    steps = width <= 0.0
    return quantity * np.where(steps, distance > 0.0, share), quantity * np.where(steps, distance >= 0.0, share)


def crossing(corners, before, after):
    """The log rent at which excess demand, given just below and above each corner, passes through zero."""
    n = len(corners)
    first = next((i for i in range(n) if after[i] <= 0.0), n - 1)
    if before[first] < 0.0 and first > 0:
        x, z = corners[first - 1], after[first - 1]
        return x + (corners[first] - x) * z / (z - before[first])
    last = next((i for i in range(first, n) if after[i] < 0.0), first)
    return 0.5 * (corners[first] + corners[last])


def filled(firm, most, volume):
    share = np.clip((volume - firm.sum()) / max(most.sum() - firm.sum(), 1e-300), 0.0, 1.0)
    fill = firm + (most - firm) * share
    return fill * (volume / (fill.sum() or 1.0))


def plain(sellers, buyers):
    """One tenor: (3, owners) each."""
    (s, ask, s_width), (b, bid, b_width) = sellers, buyers
    corners = np.sort(np.concatenate([ask, ask + s_width, bid, bid - b_width]))
    low_s, high_s = amounts(corners[:, None] - ask, s, s_width)
    low_b, high_b = amounts(bid - corners[:, None], b, b_width)
    rent = crossing(corners, (high_b.sum(axis=1) - low_s.sum(axis=1)), (low_b.sum(axis=1) - high_s.sum(axis=1)))
    low_s, high_s = amounts(rent - ask, s, s_width)
    low_b, high_b = amounts(bid - rent, b, b_width)
    volume = min(high_s.sum(), high_b.sum())
    return rent, filled(low_s, high_s, volume), filled(low_b, high_b, volume)


@given(st.integers(0, 100_000), st.integers(1, 6), st.integers(1, 6))
def test_it_is_what_the_plain_twin_says(seed, landlords, customers):
    """Whole quantities and limits on a grid, so that steps tie and both add up without rounding."""
    rng = np.random.default_rng(seed)

    def side(owners):
        quantity, limit = rng.integers(0, 9, (3, owners)), rng.integers(-8, 9, (3, owners)) / 8.0
        return np.stack([quantity, limit, rng.choice([0.0, 0.0, 0.25, 1.0], (3, owners))])

    sellers, buyers = side(landlords), side(customers)
    rent, sold, bought = meet(sellers, buyers)
    for k in range(3):
        wanted = plain(sellers[:, k], buyers[:, k])
        for ours, theirs in zip((rent[k], sold[k], bought[k]), wanted, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_both_sides_trade_the_same_and_nobody_more_than_it_wants():
    rng = np.random.default_rng(5)
    sellers = np.stack([rng.uniform(0, 9, (4, 20)), rng.normal(0.0, 0.1, (4, 20)), rng.uniform(0, 0.3, (4, 20))])
    buyers = np.stack([rng.uniform(0, 9, (4, 16)), rng.normal(0.1, 0.1, (4, 16)), rng.uniform(0, 0.3, (4, 16))])
    _, sold, bought = meet(sellers, buyers)
    assert (sold.sum(axis=1) > 0.0).all()
    assert sold.sum(axis=1) == pytest.approx(bought.sum(axis=1), rel=1e-12)
    assert (sold <= sellers[0] * (1.0 + 1e-9)).all()
    assert (bought <= buyers[0] * (1.0 + 1e-9)).all()
