"""What the diary finds of a few values is what numpy finds."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.diary import median, quantiles

SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)


@given(st.integers(0, 10_000), st.integers(1, 120))
def test_quantiles_and_medians_are_those_of_numpy_to_the_last_bit(seed, count):
    values = np.random.default_rng(seed).lognormal(size=count)
    assert quantiles(values, SHARES) == np.quantile(values, SHARES).tolist()
    assert median(values) == np.median(values)


def test_of_nothing_they_are_empty():
    assert math.isnan(median(np.zeros(0)))
    assert [math.isnan(x) for x in quantiles(np.zeros(0), SHARES)] == [True] * 5
