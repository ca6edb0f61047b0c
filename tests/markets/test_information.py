"""Private signals of demand to come: what they are, what prices make of them, and that they reach no rent."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from sim.economy import Economy
from sim.exchange.futures import price_impact
from sim.exchange.joint_close import MonthOrders
from sim.kernels.call_auction import linear_schedules_on_ticks, tick_grid
from sim.nature.noise import News, Process, innovation, news_summed
from sim.rules.information import lift, news_variance, signal_error_sd, told_of_day
from sim.rules.speculation import informed
from sim.spec import SpecError
from sim.streams import Streams
from tests.worlds import moved, ran, series, spec_of, spot_side, world

SLOW = Process(sd_per_sqrt_year=0.15, half_life_days=200.0)
PRIVATE, DEAF = "information=private", "information=none"


def test_news_kept_from_day_to_day_is_the_sum_of_what_is_to_come():
    news, streams = News(), Streams(4)
    for day in [*range(400), 900, 901, 3]:
        kept = news.on(day, SLOW, 90, streams)
        assert kept == pytest.approx(news_summed(day, SLOW, 90, streams), abs=1e-13)
    assert news.on(3, SLOW, 30, streams) == news_summed(3, SLOW, 30, streams), "another horizon is another sum"


def test_the_slow_factor_becomes_what_it_was_and_the_news():
    economy = world(days=100)
    economy.run(5)
    nature, streams, slow = economy.nature, economy.common.streams, economy.spec.noise.slow
    expected = nature.slow * slow.decay**40 + news_summed(4, slow, 40, streams)
    economy.run(40)
    assert nature.slow == pytest.approx(expected, abs=1e-12)


def test_variance_of_news_and_of_a_signal_are_those_of_their_sums():
    terms = sum(SLOW.decay ** (2 * (90 - k)) for k in range(1, 91)) * SLOW.daily_sd**2
    variance = news_variance(SLOW.daily_sd, SLOW.decay, 90)
    assert variance == pytest.approx(terms)
    sd = signal_error_sd(variance, 0.2)
    assert variance / (variance + sd**2) == pytest.approx(0.2)
    assert news_variance(0.1, 1.0, 50) == pytest.approx(0.5), "of a factor that never reverts"


@pytest.mark.parametrize("days", [1, 20, 45, 89, 90, 150])
def test_what_news_tells_of_a_day_is_its_regression_on_the_news(days):
    u = np.random.default_rng(1).normal(0, SLOW.daily_sd, (40_000, 180))

    def to_come(horizon: int) -> np.ndarray:
        return u[:, :horizon] @ SLOW.decay ** (horizon - 1 - np.arange(horizon))

    told, known = to_come(days), to_come(90)
    slope, error = told @ known / (known @ known), 1.0 / math.sqrt(len(u))
    assert told_of_day(SLOW.decay, 90, days) == pytest.approx(slope, abs=4 * error)


def test_zeros_change_no_bit_of_what_a_trader_expects():
    for mispriced in (0.031, -0.2, 1e-300, 0.0):
        assert informed(mispriced, 0.0, 0.7, 0.0) == mispriced
        assert informed(mispriced, 0.4, 0.0, 0.0) == mispriced
    assert informed(0.1, 0.5, 0.2, 0.25) == pytest.approx(0.75 * 0.2)
    assert lift(0.75, 0.2, 1.0, 0.5) == pytest.approx(0.075)


def test_nothing_is_heard_at_precision_zero_and_signals_keep_their_error_for_the_cadence():
    economy = world(PRIVATE, days=80)
    errors = []
    for _ in range(70):
        economy.step()
        (crowd,) = economy.exchange.crowds
        errors.append(crowd.signal - economy.nature.news.value)
    changed = np.abs(np.diff(np.array(errors), axis=0)) > 1e-9
    assert (np.diff([np.flatnonzero(mine)[:2] for mine in changed.T], axis=1) == 30).all()
    assert 0.6 < np.std(errors[-1]) / signal_error_sd(news_variance(SLOW.daily_sd, SLOW.decay, 90), 0.2) < 1.4
    (deaf,) = ran(3, DEAF).exchange.crowds
    assert not deaf.signal.any()


@functools.cache
def informed_run(seed: int, precision: float) -> tuple[np.ndarray, np.ndarray]:
    """News and mean log gap of the three last months by day."""
    economy = world(seed=seed, days=200, information__precision=precision)
    news, gap = [], []
    for _ in range(200):
        economy.step()
        venue = economy.exchange.first
        news.append(economy.nature.news.value)
        gap.append(float(np.log(venue.price_usd / venue.expected_usd)[3:].mean()))
    return np.array(news[30:]), np.array(gap[30:])


@pytest.mark.slow
def test_prices_gather_what_traders_know_and_more_where_they_know_more():
    slopes = {}
    for precision in (0.0, 0.5):
        runs = [informed_run(seed, precision) for seed in (1, 2, 3)]
        news, gap = np.concatenate([n - n.mean() for n, _ in runs]), np.concatenate([g - g.mean() for _, g in runs])
        slopes[precision] = float(news @ gap / (news @ news))
    assert slopes[0.5] > 0.15
    assert abs(slopes[0.0]) < 0.08


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_all_links_at_zero_signals_move_futures_and_no_bit_of_the_spot_side(seed):
    knowing = ran(70, PRIVATE, "funds=leveraged", seed=seed, information__price_weight=0.3)
    assert moved(spot_side(knowing), spot_side(ran(70, seed=seed))) == []
    assert "future_4_usd_per_gpu_hour" in moved(series(knowing), series(ran(70, seed=seed)))


def test_at_precision_zero_the_other_terms_change_no_bit():
    other = ran(40, DEAF, information__horizon_days=20, information__cadence_days=3, information__response=2.0)
    assert moved(series(other), series(ran(40, DEAF))) == []


def test_a_copy_taken_half_way_hears_what_the_run_hears():
    economy = world(PRIVATE, days=60)
    economy.run(25)
    twin = economy.fork()
    for half in (economy, twin):
        half.run(20)
    assert moved(series(economy), series(twin)) == []
    late = world(days=60)
    late.run(25)
    late.adopt(economy.spec)
    late.run(1)
    assert late.exchange.crowds[0].signal == pytest.approx(signals_on(25), abs=1e-12), "signals are of their day alone"


def signals_on(day: int) -> np.ndarray:
    economy: Economy = world(PRIVATE, days=60)
    economy.run(day + 1)
    return economy.exchange.crowds[0].signal


@pytest.mark.parametrize("value", [float("nan"), 1.0, -0.1, float("inf"), "0.2"])
def test_a_precision_that_is_none_is_refused_by_its_key(value):
    with pytest.raises(SpecError, match="information.precision"):
        spec_of(information__precision=value)


def test_price_impact_is_that_of_the_schedules_it_is_measured_on():
    tick0, n = tick_grid(2.8, 0.2, 0.001)
    curve, slope, interest = np.zeros((2, n)), 4e6, 1e6
    one = np.array([0.0]), np.array([slope]), np.array([-1e9]), np.array([1e9])
    linear_schedules_on_ticks(*one, 2.8, tick0, 0.001, curve)
    orders = MonthOrders(tick0, 2.8, curve, np.zeros(0), np.zeros(0, dtype=np.int64))
    assert price_impact(orders, 0.001, interest) == pytest.approx(interest / slope / 2.8, rel=1e-3)
    assert math.isnan(price_impact(orders, 0.001, 0.0))


def test_impact_is_measured_at_month_ends_and_moves_nothing():
    many = {"agents__speculator__traders": 1000}
    economy = ran(65, **many)
    measured = np.isfinite(economy.record["futures_impact"])
    assert (measured == (economy.record["month_end"] > 0)).all()
    poorer = ran(65, agents__speculator__wealth_usd=5e8, agents__speculator__boldness=10.0, **many)
    assert np.nanmean(poorer.record["futures_impact"]) > 1.5 * np.nanmean(economy.record["futures_impact"]) > 0.0


def test_innovations_are_those_that_nature_draws():
    economy = world(days=3)
    economy.step()
    assert economy.nature.slow == innovation(economy.spec.noise.slow, 0, economy.common.streams)
