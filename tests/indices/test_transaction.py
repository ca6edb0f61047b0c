"""The transaction index: a weighted mean of trades, brought to a reference, carried forward when there are none."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.indices.market import ALL, PRODUCTS, WORTH, run, seen, traded

ONE = {"grades": ["h100"], "regions": ["us"], "tiers": ["bare_metal"], "factors": {}}
PLAIN = ALL | {"factors": {}, "estimation": None}
SEEDS = st.integers(0, 10_000)


def trades(pairs):
    """Evidence whose first product traded so, hour by hour."""
    price, volume = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
    wide = np.zeros((len(pairs), len(PRODUCTS.value)))
    wide[:, 0] = volume
    return seen(price[:, None], wide, steps=len(pairs))


def mixed(seed, days=40, first=0):
    """Days on which every product costs what it is worth times 3, and only what is bought changes."""
    rng = np.random.default_rng(seed)
    shape = (days, 24, len(WORTH))
    volume = rng.lognormal(0.0, 2.0, shape) * (rng.uniform(size=shape) > 0.3)
    return [seen(3.0 * WORTH, volume[day], day=first + day) for day in range(days)]


def test_it_is_the_volume_weighted_mean():
    assert traded(ONE).strike(trades([(2.0, 30.0), (3.0, 10.0)]), 9.0, {}) == pytest.approx(2.25)


def test_extreme_trades_are_pulled_in_at_both_ends():
    day = trades([(2.0, 1.0)] * 18 + [(100.0, 1.0), (0.01, 1.0)])
    assert traded(ONE).strike(day, 2.0, {}) > 6.0
    assert traded(ONE, winsor=0.1).strike(day, 2.0, {}) == pytest.approx(2.0)


@given(st.lists(st.tuples(st.floats(0.1, 50.0), st.floats(0.0, 1e6)), min_size=1, max_size=24), st.floats(0.0, 0.5))
def test_it_lies_within_the_days_prices(pairs, winsor):
    prices = [price for price, _ in pairs]
    index = traded(ONE, winsor=winsor).strike(trades(pairs), min(prices), {})
    assert min(prices) * (1 - 1e-9) <= index <= max(prices) * (1 + 1e-9)


def test_identical_products_at_one_price_are_that_price():
    basket = {"factors": {}, "regions": ["us"]}
    assert traded(basket, winsor=0.05).strike(seen(2.71), 9.0, {}) == pytest.approx(2.71, rel=1e-14)


@given(SEEDS, st.floats(0.1, 10.0))
def test_if_all_prices_are_scaled_so_is_the_index(seed, scale):
    days = mixed(seed, days=12)
    noise = np.exp(np.random.default_rng(seed).normal(0.0, 0.1, (12, 24, 8)))
    plain = [seen(day.price_usd * noise[k], day.volume, day=k) for k, day in enumerate(days)]
    scaled = [seen(scale * day.price_usd, day.volume, day=k) for k, day in enumerate(plain)]
    index = {"winsor": 0.1}
    wanted = scale * np.array(run(traded(**index), plain))
    assert run(traded(**index), scaled) == pytest.approx(wanted, rel=1e-9)


@given(SEEDS)
def test_what_is_bought_moves_an_unadjusted_mean_and_not_the_hedonic_index(seed):
    hedonic, plain = run(traded(), mixed(seed))[5:], run(traded(PLAIN), mixed(seed))[5:]
    assert hedonic == pytest.approx(np.full(35, 3.0), rel=1e-9)
    assert np.ptp(plain) > 0.1


def test_the_hedonic_index_starts_on_the_growth_path_and_learns_what_products_are_worth():
    index = traded()
    days = mixed(1, days=11)
    values = run(index, days)
    assert values[0] != pytest.approx(3.0, rel=0.01)  # the path's b200 is worth two h100, the market's exp(0.7)
    assert values[5:] == pytest.approx(np.full(6, 3.0), rel=1e-9)
    assert index.start_usd(PRODUCTS, 2.0) == pytest.approx(2.0 * 1.1), "the reference is bare metal"


def test_factors_stay_fixed_between_estimates_and_a_large_change_is_on_record():
    days, memory, index = mixed(2, days=11), {}, traded()
    run(index, days[:5], memory=memory)
    assert "factors" not in memory
    run(index, days[5:6], memory=memory)
    first = dict(memory["factors"])
    assert set(first) == {"b200 over h100", "eu over us", "marketplace over bare_metal"}
    assert [kind for kind, _ in days[5].events] == ["index factors"]
    run(index, days[6:10], memory=memory)
    assert memory["factors"] == first
    run(index, days[10:], memory=memory)
    assert not days[10].events, "nothing was learnt that moves the index"


def test_given_factors_are_used_and_never_estimated():
    memory = {}
    fixed = ALL | {"factors": {"b200": math.exp(0.7), "eu": math.exp(-0.1), "marketplace": math.exp(-0.2)}}
    assert run(traded(fixed), mixed(3), memory=memory) == pytest.approx(np.full(40, 3.0), rel=1e-9)
    assert "days" not in memory


def test_a_product_that_never_trades_keeps_its_factor_and_gives_no_nan():
    never = np.where(PRODUCTS.grade == 1, 0.0, 10.0)
    index, memory = traded(), {}
    days = [seen(3.0 * WORTH, never, day=day) for day in range(12)]
    assert run(index, days, memory=memory)[5:] == pytest.approx(np.full(7, 3.0), rel=1e-9)
    assert memory["factors"]["b200 over h100"] == pytest.approx(math.log(2.0)), "as on the growth path"


@pytest.mark.parametrize("price", [math.nan, math.inf, 0.0, -1.0])
def test_prices_that_are_none_do_not_count(price):
    prices = np.where(np.arange(8) == 0, price, 3.0 * WORTH)
    values = run(traded(), [seen(prices, day=day) for day in range(12)])
    assert np.isfinite(values).all()
    assert run(traded(ONE), [seen(price)], last=2.71) == [2.71]


def test_days_without_trades_carry_the_index_forward_and_after_some_it_is_on_record():
    days = [seen(2.0), *(seen(volume=0.0, day=day) for day in range(4, 9)), seen(2.2, day=9), seen(volume=0.0, day=10)]
    assert run(traded(ONE), days) == pytest.approx([2.0] * 6 + [2.2] * 2)
    assert [len(day.events) for day in days] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert days[3].events[0][0] == "index carried forward"


# ---- the window


def test_it_is_struck_at_its_hour_from_the_window_before():
    clock = np.arange(24.0)[:, None] + 1.0
    assert traded(ONE, window_hours=1, struck_hour=20).strike(seen(clock), 1.0, {}) == pytest.approx(20.0)
    assert traded(ONE, window_hours=4, struck_hour=20).strike(seen(clock), 1.0, {}) == pytest.approx(18.5)
    half = np.arange(12.0)[:, None] + 1.0
    assert traded(ONE, window_hours=4, struck_hour=20).strike(seen(half, steps=12), 1.0, {}) == pytest.approx(9.5)


def test_a_window_may_reach_back_into_earlier_days():
    days = [seen(float(day + 1), day=day) for day in range(6)]
    index = traded(ONE, window_hours=48, struck_hour=12)
    assert run(index, days)[2:] == pytest.approx([2.0, 3.0, 4.0, 5.0])
    memory = {}
    run(index, days, memory=memory)
    assert len(memory["hours"]) == 2


def test_a_copy_of_the_memory_goes_on_alike():
    index, memory, days = traded(window_hours=30, struck_hour=20), {}, mixed(4)
    noisy = [
        seen(day.price_usd * np.exp(np.random.default_rng(day.day).normal(0.0, 0.1, 8)), day.volume, day=day.day)
        for day in days
    ]
    run(index, noisy[:17], memory=memory)
    other, copied = copy.deepcopy(index), copy.deepcopy(memory)
    assert run(index, noisy[17:], memory=memory) == run(other, noisy[17:], memory=copied)
    fresh = traded(window_hours=30, struck_hour=20)
    assert run(fresh, noisy[17:], memory=copy.deepcopy(memory)) == run(index, noisy[17:], memory=memory)
