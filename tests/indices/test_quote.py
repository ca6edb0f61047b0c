"""The quote index: provider means of list asks, filtered, weighted, sticky and restated."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.indices.market import ALL, WORTH, listed, run, seen

ONE = {"grades": ["h100"], "regions": ["us"], "tiers": ["bare_metal"], "factors": {}}
SEEDS = st.integers(0, 10_000)


def asks(*levels):
    return np.array(levels, dtype=float)[:, None]


def crowd(seed, sellers=6, days=12):
    """Sticky asks of a few sellers over some days, some of them not posted."""
    rng = np.random.default_rng(seed)
    level = 3.0 * WORTH * np.exp(rng.normal(0.0, 0.2, (sellers, 1)))
    posted, found = rng.uniform(size=(sellers, 8)) > 0.3, []
    posted[0] = True
    for _ in range(days):
        level = level * np.where(rng.uniform(size=(sellers, 1)) < 0.1, np.exp(rng.normal(0.0, 0.1)), 1.0)
        found.append(np.where(posted, level, math.nan))
    return found


def test_it_is_the_mean_over_providers_of_their_means():
    table = np.full((2, 8), math.nan)
    table[0, :4], table[1, 0] = 2.0, 4.0
    assert run(listed({"factors": {}}), [seen(asks=table, sellers=2)]) == [pytest.approx(3.0)]


def test_asks_of_a_basket_are_brought_to_its_reference():
    assert run(listed(), [seen(asks=3.0 * WORTH, day=day) for day in range(12)])[5:] == pytest.approx([3.0] * 7)
    values = run(listed(ALL | {"factors": {}}), [seen(asks=3.0 * WORTH)])
    assert values == [pytest.approx(3.0 * WORTH.mean())]


def test_identical_products_at_one_price_are_that_price():
    assert run(listed({"factors": {}}), [seen(asks=2.71)]) == [pytest.approx(2.71)]


@given(SEEDS, st.floats(0.1, 10.0))
def test_if_all_asks_are_scaled_so_is_the_index(seed, scale):
    days = crowd(seed)
    plain = run(listed(), [seen(asks=table, sellers=6, day=day) for day, table in enumerate(days)])
    scaled = run(listed(), [seen(asks=scale * table, sellers=6, day=day) for day, table in enumerate(days)])
    assert scaled == pytest.approx(scale * np.array(plain), rel=1e-9)


@given(SEEDS)
def test_who_posts_what_does_not_move_it_if_prices_are_worths(seed):
    rng = np.random.default_rng(seed)
    days = []
    for day in range(20):
        posted = rng.uniform(size=(4, 8)) > 0.4
        posted[:, 0] = True
        days.append(seen(asks=np.where(posted, 3.0 * WORTH, 0.0), day=day))
    assert run(listed(), days)[5:] == pytest.approx(np.full(15, 3.0), rel=1e-9)


@pytest.mark.parametrize("crazy", [0.01, 50.0, 1e9])
def test_one_crazy_ask_does_not_move_it(crazy):
    calm = run(listed(ONE), [seen(asks=asks(2.9, 3.0, 3.1, 3.0), day=0)])
    mad = [seen(asks=asks(2.9, 3.0, 3.1, 3.0), day=0), seen(asks=asks(2.9, 3.0, 3.1, crazy), day=1)]
    assert run(listed(ONE), mad)[1] == calm[0], "its last good mean counts on"
    assert run(listed(ONE, look_back_days=0), mad)[1] == pytest.approx(3.0)
    assert run(listed(ONE, band=1e12), mad)[1] != pytest.approx(3.0, rel=0.1)


def test_weights_are_equal_or_by_fleet_or_given():
    table, fleet = asks(2.0, 4.0), [3.0, 1.0]
    assert run(listed(ONE), [seen(asks=table, sellers=2, fleet=fleet)]) == [pytest.approx(3.0)]
    assert run(listed(ONE, weights="fleet"), [seen(asks=table, sellers=2, fleet=fleet)]) == [pytest.approx(2.5)]
    given = listed(ONE, weights={"neocloud_2": 1.0})
    assert run(given, [seen(asks=table, sellers=2)]) == [pytest.approx(4.0)]


def test_fleets_are_looked_up_weekly():
    table = asks(2.0, 4.0)
    days = [seen(asks=table, sellers=2, fleet=[1.0, 1.0 + day], day=day) for day in range(15)]
    values = run(listed(ONE, weights="fleet"), days)
    assert [k for k in range(1, 15) if values[k] != values[k - 1]] == [7, 14]
    assert values[14] == pytest.approx((2.0 + 15 * 4.0) / 16.0)


def test_a_provider_that_shows_nothing_counts_for_the_look_back_and_no_longer():
    days = [seen(asks=asks(2.0, 4.0), sellers=2, day=0)]
    days += [seen(asks=asks(2.0, math.nan), sellers=2, day=day) for day in range(1, 9)]
    assert run(listed(ONE), days) == pytest.approx([3.0] * 6 + [2.0] * 3)


def test_without_any_provider_the_last_value_is_carried_and_put_on_record():
    days = [seen(asks=3.0, day=0), *(seen(asks=math.nan, day=day) for day in range(1, 12))]
    assert run(listed(ONE), days) == [3.0] * 12
    assert [day.day for day in days if day.events] == [5 + 3]


def test_a_restatement_changes_the_level_for_good_without_compounding_and_is_on_record():
    index, days = listed(ONE, restatements_per_year=40.0), [seen(asks=3.0, day=day) for day in range(365)]
    values = np.array(run(index, days))
    changes = np.flatnonzero(np.diff(values))
    assert 20 <= len(changes) <= 60
    assert np.std(np.log(values / 3.0)) < 0.1
    told = {day.day: text for day in days for kind, text in day.events if kind == "restatement"}
    assert set(told) - {0} == {1 + k for k in changes}
    day = int(changes[3]) + 1
    assert told[day] == f"{values[day - 1]:.4g} -> {values[day]:.4g} USD per GPU-hour"


def test_where_nothing_changes_neither_does_a_bit():
    rng = np.random.default_rng(1)
    table = 3.0 * WORTH * np.exp(rng.normal(0.0, 0.2, (4, 8)))
    values = run(
        listed(ALL | {"estimation": None, "factors": {"b200": 2.0}}), [seen(asks=table, day=d) for d in range(40)]
    )
    assert len(set(values)) == 1


@given(SEEDS)
def test_the_order_of_sellers_changes_no_bit(seed):
    days, order = crowd(seed), np.random.default_rng(seed).permutation(6)
    names = np.array([f"neocloud_{k + 1}" for k in range(6)])
    fleet = np.random.default_rng(seed).lognormal(0.0, 1.0, 6)
    settings = {"weights": "fleet", "restatements_per_year": 30.0}
    listed_so = [seen(asks=t, names=tuple(names), fleet=fleet, day=d) for d, t in enumerate(days)]
    otherwise = [seen(asks=t[order], names=tuple(names[order]), fleet=fleet[order], day=d) for d, t in enumerate(days)]
    assert run(listed(**settings), listed_so) == run(listed(**settings), otherwise)


def test_a_copy_of_the_memory_goes_on_alike():
    index, memory = listed(restatements_per_year=60.0), {}
    days = [seen(asks=table, sellers=6, day=day) for day, table in enumerate(crowd(5, days=30))]
    run(index, days[:13], memory=memory)
    other, copied = copy.deepcopy(index), copy.deepcopy(memory)
    assert run(index, days[13:], memory=memory) == run(other, days[13:], memory=copied)
