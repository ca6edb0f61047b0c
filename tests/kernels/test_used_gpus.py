"""The kernels of the market for used GPUs, and of contracts that go with them, leave the bits of plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.hardware.resale.clearing import Buyers, Sellers
from sim.kernels.contract_book import novate
from sim.kernels.used_gpus import HALVINGS, bracket, worths


def plain_bracket(sellers: Sellers, buyers: Buyers, floor: float) -> tuple[float, float]:
    def excess(price: float) -> float:
        offered = float(sellers.forced_usd.sum()) + float(sellers.willing_at(price).sum())
        return float(buyers.wanted_at(price).sum()) - offered

    low, high = floor, max(floor, float(buyers.own.max(initial=0.0))) + 1.0
    if excess(low) < 0.0:
        return low, low
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if excess(middle) >= 0.0 else (low, middle)
    return low, high


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.1, 1.0), st.floats(0.0, 2.0))
def test_prices_between_which_offers_overtake_wishes(seed, firms, floor, pressure):
    rng = np.random.default_rng(seed)
    # whole amounts, whose sums are exact in any order
    forced, willing, room = (np.floor(100.0 * rng.uniform(size=firms) * (rng.random(firms) < 0.5)) for _ in range(3))
    sellers = Sellers(np.floor(pressure * forced), willing, rng.uniform(0.2, 2.0, firms), 0.05)
    buyers = Buyers(np.full(firms, np.inf), room, rng.uniform(0.2, 2.0, firms), 0.05)
    found = bracket(
        sellers.forced_usd, willing, sellers.own, 0.05, buyers.cash_usd, room, buyers.own, 0.05, floor
    )  # fmt: skip
    assert found == plain_bracket(sellers, buyers, floor)


def test_cash_that_rises_as_prices_fall_ends_the_bracket_at_neighbours():
    one = np.ones(1)
    low, high = bracket(80.0 * one, 0.0 * one, one, 0.05, 60.0 * one, 1e9 * one, one, 0.0, 0.6)
    assert low == pytest.approx(0.75, rel=1e-12)
    assert np.nextafter(low, 2.0) == high


@pytest.mark.parametrize("ages", [1, 4])
def test_what_vintages_are_worth_at_value_and_at_last_prices(ages):
    rng = np.random.default_rng(ages)
    installed, rows, days, first = rng.uniform(size=(7, 3, 2000)), np.array([0, 2, 5]), 1500, 9
    value, ratio, age = rng.uniform(size=(3, days)), rng.uniform(size=(3, ages)), np.arange(days) * ages // days
    table = installed[rows, :, first : first + days] * value
    by_prices = table * ratio[:, age]
    found = worths(installed, rows, first, value, ratio, age)
    assert found[0].tolist() == table.sum(axis=(1, 2)).tolist()
    assert found[1].tolist() == by_prices.sum(axis=(1, 2)).tolist()


def test_contracts_that_are_passed_on_add_up_in_order_and_none_is_lost():
    rng = np.random.default_rng(3)
    cohorts = rng.uniform(size=(30, 5, 4)) * (rng.random((30, 1, 1)) < 0.7)
    moved = rng.uniform(size=(5, 5)) * (rng.random((5, 5)) < 0.5) / 5.0
    passed_on = moved.T + np.diag(1.0 - moved.sum(axis=1))
    before, plain = cohorts.copy(), np.zeros_like(cohorts)
    for i in range(5):
        plain += passed_on[:, i, None] * cohorts[:, None, i]
    novate(cohorts, passed_on)
    assert np.array_equal(cohorts, plain)
    assert cohorts.sum(axis=1) == pytest.approx(before.sum(axis=1))
