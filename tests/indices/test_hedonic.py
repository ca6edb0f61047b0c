"""The estimator of factors: exact where prices are sums of worths, silent where the window says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.indices.hedonic import estimate
from tests.indices.market import CELLS, WORTH

DUMMIES = CELLS.astype(float)
TRUE = np.array([0.7, -0.1, -0.2])
SEEDS = st.integers(0, 10_000)


def window(seed, days=20, quiet=0.3):
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0.0, 2.0, (days, len(WORTH))) * (rng.uniform(size=(days, len(WORTH))) > quiet)
    common = rng.normal(0.0, 0.5, (days, 1)).cumsum(axis=0)
    return common + np.log(WORTH), weight


@given(SEEDS)
def test_factors_are_found_whatever_was_traded_and_however_all_prices_moved(seed):
    price, weight = window(seed)
    assert estimate(price, weight, DUMMIES, np.zeros(3)) == pytest.approx(TRUE, abs=1e-9)


@given(SEEDS)
def test_with_noise_they_are_those_of_a_regression_with_a_dummy_for_every_day(seed):
    price, weight = window(seed, days=6, quiet=0.1)
    price = price + np.random.default_rng(seed).normal(0.0, 0.1, price.shape)
    day, product = np.nonzero(weight)
    table = np.hstack([np.eye(len(price))[day], DUMMIES[product]]) * np.sqrt(weight[day, product])[:, None]
    wanted = np.linalg.lstsq(table, price[day, product] * np.sqrt(weight[day, product]), rcond=None)[0][-3:]
    assert estimate(price, weight, DUMMIES, np.zeros(3)) == pytest.approx(wanted, abs=1e-6)


@given(SEEDS, st.floats(0.01, 100.0), st.floats(0.01, 100.0))
def test_units_of_prices_and_weights_do_not_matter(seed, scale, size):
    price, weight = window(seed)
    assert estimate(price + np.log(scale), weight * size, DUMMIES, np.zeros(3)) == pytest.approx(TRUE, abs=1e-9)


def test_what_never_trades_keeps_its_last_factor():
    price, weight = window(1)
    weight[:, CELLS[:, 0] == 1] = 0.0
    found = estimate(price, weight, DUMMIES, np.array([0.9, 0.0, 0.0]))
    assert found[0] == pytest.approx(0.9, abs=1e-9)
    assert found[1:] == pytest.approx(TRUE[1:], abs=1e-9)


def test_products_that_never_trade_beside_the_rest_keep_their_last_factor():
    price, weight = window(2, quiet=0.0)
    weight[::2, CELLS[:, 0] == 1] = 0.0
    weight[1::2, CELLS[:, 0] == 0] = 0.0
    assert estimate(price, weight, DUMMIES, np.array([0.9, 0.0, 0.0]))[0] == pytest.approx(0.9, abs=1e-9)


@pytest.mark.parametrize("alone", [0, 1, 7, None])
def test_one_product_or_none_changes_nothing(alone):
    price, weight = window(3)
    keep = np.arange(8) == alone
    last = np.array([0.3, 0.2, 0.1])
    assert estimate(price, weight * keep, DUMMIES, last) == pytest.approx(last, abs=1e-12)


def test_a_basket_of_one_product_has_no_factors():
    assert estimate(np.zeros((3, 1)), np.ones((3, 1)), np.zeros((1, 0)), np.zeros(0)).shape == (0,)
