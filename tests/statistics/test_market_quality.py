"""Measures of futures markets on series whose answer is known."""

import math

import numpy as np
import pytest

from sim.metrics import METRICS
from sim.metrics import market_quality as quality
from tests.statistics.test_price_stability_metrics import window_of

MONTH = quality.MONTH_DAYS


def month_ends(days: int) -> np.ndarray:
    return (np.arange(days) % 30 == 29).astype(float)


def test_days_to_settlement_count_down_to_each_month_end_and_then_as_in_a_usual_month():
    found = quality.days_to_settlement(np.array([0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]))
    assert found.tolist() == pytest.approx([2, 1, 0, 1, 0, MONTH - 1, MONTH - 2])


def test_a_price_of_constant_maturity_on_an_exponential_curve_is_that_curve_and_none_beyond_it():
    left = np.array([10.0, 0.0])
    prices = np.exp(-0.001 * (left[:, None] + MONTH * np.arange(4)))
    assert quality.constant_maturity(prices, left, 60.0) == pytest.approx(np.full(2, math.exp(-0.06)))
    assert np.isnan(quality.constant_maturity(prices, left, 5.0)).tolist() == [True, False]
    assert np.isnan(quality.constant_maturity(prices, left, 1000.0)).all()


def test_the_slope_and_the_roll_cost_of_a_curve_that_falls_by_a_percent_a_month():
    front, second, last = (np.full(90, math.exp(-0.01 * m)) for m in (0, 1, 5))
    assert quality.slope_per_year(second, last, 4) == pytest.approx(np.full(90, -0.12))
    assert quality.roll_cost_per_year(front, second, month_ends(90) > 0.0) == pytest.approx(-0.12)
    assert math.isnan(quality.roll_cost_per_year(front, second, np.zeros(90, dtype=bool)))


def test_the_premium_is_of_the_contract_that_settles_so_many_months_later():
    prices, settled = np.full((120, 3), 9.0), np.full(120, math.nan)
    settled[[29, 59, 89, 119]] = [5.0, 2.0, 4.0, 8.0]
    prices[29, 2], prices[59, 2] = 4.0 * math.exp(0.1), 8.0 * math.exp(0.3)
    assert quality.premium_over_settlement(prices, settled, month_ends(120), 2) == pytest.approx(0.2)
    assert math.isnan(quality.premium_over_settlement(prices, settled, month_ends(120), 3))


def test_amihud_is_the_mean_move_per_contract_and_days_without_trades_do_not_count():
    found = quality.amihud(np.array([0.02, -0.03, 5.0]), np.array([2.0, 1.0, 0.0]))
    assert found == pytest.approx(0.02)


def test_kyles_lambda_is_the_slope_and_empty_without_flow():
    flow = np.random.Generator(np.random.Philox(7)).normal(size=400)
    assert quality.kyle_lambda(0.3 * flow + 0.01, flow) == pytest.approx(0.3)
    assert math.isnan(quality.kyle_lambda(flow, np.zeros(400)))


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.75), (2.0, 0.0), (-1.0, -3.0)])
def test_a_hedge_that_gains_what_revenue_loses_takes_its_variance_away(share, expected):
    revenue = np.array([3.0, 5.0, 4.0, 8.0, 2.0])
    assert quality.effectiveness(revenue, share * (10.0 - revenue)) == pytest.approx(expected)


def test_kupiecs_p_is_that_of_the_likelihood_ratio():
    assert quality.kupiec_p(2, 200, 0.01) == pytest.approx(1.0)
    ratio = 2.0 * (10 * math.log(0.04) + 240 * math.log(0.96) - 10 * math.log(0.01) - 240 * math.log(0.99))
    assert ratio == pytest.approx(12.9555, abs=1e-4)  # Kupiec 1995: 10 of 250 days at 1 % is rejected
    assert quality.kupiec_p(10, 250, 0.01) == pytest.approx(math.erfc(math.sqrt(ratio / 2.0)))
    assert quality.kupiec_p(0, 250, 0.01) == pytest.approx(math.erfc(math.sqrt(-250 * math.log(0.99))))
    assert math.isnan(quality.kupiec_p(0, 0, 0.01))


def test_metrics_read_their_series():
    days = 90
    ends, price = month_ends(days), np.exp(0.001 * np.arange(days) ** 1.1)
    flow = np.cumsum(np.where(np.arange(days) % 2 == 0, 5.0, -4.0))
    zeros = {
        f"future_2_{who}_{side}_contracts": np.zeros(days)
        for who in ("landlords", "users", "funds", "others")
        for side in ("long", "short")
    }
    window = window_of(
        month_end=ends,
        future_1_usd_per_gpu_hour=price * 1.02,
        future_2_usd_per_gpu_hour=price,
        future_3_usd_per_gpu_hour=price * 0.98,
        future_ice_1_usd_per_gpu_hour=price * 1.02 * math.exp(0.05),
        index_quote_usd_per_gpu_hour=price,
        future_2_volume_contracts=np.full(days, 500.0),
        future_2_open_contracts=np.full(days, 100.0),
        future_margin_share=np.where(np.arange(days) < 45, 0.1, 0.0005),
        **zeros | {"future_2_users_long_contracts": flow},
    )
    found = {name: METRICS[name].of(window) for name in METRICS if METRICS[name].family == "market quality"}
    assert found["basis_quote_mean"] == pytest.approx(math.log(1.02))
    assert found["basis_quote_sd"] == pytest.approx(0.0, abs=1e-12)
    assert found["venue_basis_mean"] == pytest.approx(0.05)
    assert found["curve_slope_per_year"] == pytest.approx(12.0 * math.log(0.98))
    assert found["margin_share_swing"] == pytest.approx(200.0)
    assert 0.4 < found["margin_breach_share"] < 0.6
    assert found["margin_kupiec_p"] < 1e-6
    returns = np.diff(np.log(price))[ends[:-1] == 0.0]
    assert found["future_amihud"] == pytest.approx(np.abs(returns).mean() / 0.5)
    assert math.isfinite(found["future_kyle_lambda"])
    assert math.isnan(found["basis_transaction_mean"])
    assert math.isnan(found["future_spread_mean"])


def test_a_price_of_constant_maturity_has_the_bits_of_straight_lines_day_by_day():
    chance = np.random.default_rng(5)
    left = np.concatenate([chance.uniform(0.0, 31.0, 60), [20.0, 0.0]])
    prices = np.exp(chance.normal(1.0, 0.1, (62, 4)))
    for horizon in (0.0, 20.0, 2 * MONTH, 20.0 + 3 * MONTH, 3 * MONTH, 500.0):
        lines = [
            np.interp(horizon, days + MONTH * np.arange(4), row, left=math.nan, right=math.nan)
            for row, days in zip(np.log(prices), left, strict=True)
        ]
        assert quality.constant_maturity(prices, left, horizon).tobytes() == np.exp(lines).tobytes()
