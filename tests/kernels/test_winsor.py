"""The mean of transaction indices against a plain twin in numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.kernels.winsor import winsorised_mean


def plain(price, volume, columns, factors, winsor):
    p, v = (price[:, columns] / factors).ravel(), volume[:, columns].ravel()
    ok = (v > 0) & np.isfinite(p) & (p > 0)
    if not ok.any():
        return math.nan
    low, high = np.quantile(p[ok], [winsor, 1.0 - winsor])
    return float(np.average(np.clip(p[ok], low, high), weights=v[ok]))


@given(st.integers(0, 10_000), st.floats(0.0, 0.5), st.integers(1, 6))
def test_it_is_what_numpy_says(seed, winsor, products):
    rng = np.random.default_rng(seed)
    price = rng.lognormal(1.0, 0.5, (24, products))
    price[rng.uniform(size=price.shape) < 0.1] = rng.choice([math.nan, 0.0, math.inf, -2.0])
    volume = rng.lognormal(0.0, 2.0, (24, products)) * (rng.uniform(size=(24, products)) < rng.uniform())
    columns = np.flatnonzero(rng.uniform(size=products) < 0.7)
    factors = rng.uniform(0.5, 2.0, len(columns))
    wanted = plain(price, volume, columns, factors, winsor)
    assert winsorised_mean(price, volume, columns, factors, winsor) == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_of_one_trade_it_is_its_price():
    one = np.array([[3.0]])
    assert winsorised_mean(one, one, np.array([0]), np.array([2.0]), 0.5) == 1.5
