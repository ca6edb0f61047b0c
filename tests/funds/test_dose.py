"""The dose: funds are as large as their measured joint gain says, at launch and after."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.exchange.joint_close import MonthOrders
from sim.funds.dose import PHASES, factor_for, roll_gain
from sim.kernels.call_auction import linear_schedules_on_ticks, tick_grid
from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.problems import OutOfBounds
from sim.rules.fund_flows import kept_dose
from tests.worlds import ran, world

PRICE, HOURS, TICK = 2.8, 730.0, 0.01


def book(slope: float) -> MonthOrders:
    tick0, n = tick_grid(PRICE, 0.2, TICK)
    curve = np.zeros((2, n))
    linear_schedules_on_ticks(
        np.array([0.0]), np.array([slope]), np.array([-1e12]), np.array([1e12]), PRICE, tick0, TICK, curve
    )
    return MonthOrders(tick0, PRICE, curve, np.zeros(0), np.zeros(0, dtype=np.int64))


@pytest.mark.parametrize("leverage", [[2.0], [-1.0], [2.0, -1.0, 1.0]])
def test_the_gain_of_a_roll_is_that_of_the_formula(leverage):
    """G_mj = A / (F^2 hours slope_m) (w_m L w_j L - (m = j) w_m L), summed over funds; its largest eigenvalue."""
    slopes, size = np.array([1e6, 6e5]), 4e8
    levers, assets = np.array(leverage), np.full(len(leverage), size)
    expected = []
    for near in PHASES:
        w = np.array([near, 1.0 - near])
        gains = sum(
            a * (np.outer(w * x, w * x) - np.diag(w * x)) for a, x in zip(assets, levers, strict=True)
        ) / (PRICE**2 * HOURS * slopes[:, None])  # fmt: skip
        expected.append(np.linalg.eigvals(gains).real.max())
    found = roll_gain([book(slope) for slope in slopes], assets, levers, np.full(2, HOURS), TICK)
    assert found == pytest.approx(np.mean(expected), rel=0.02)


@pytest.mark.parametrize("stated", [0.01, 0.3, 40.0])
def test_the_factor_is_found_on_either_side_of_the_guess(stated):
    assert factor_for(stated, lambda factor: 0.5 * factor) == pytest.approx(2.0 * stated, rel=2e-3)
    assert factor_for(0.0, lambda factor: factor) == 0.0


def test_flows_that_keep_a_dose_have_its_sign_and_a_pace():
    assert kept_dose(0.3, 0.15, 0.05) == pytest.approx(0.05 * math.log(2.0))
    assert kept_dose(0.3, 1e-6, 0.05) == 0.05
    assert kept_dose(0.3, 3.0, 0.05) == -0.05
    assert kept_dose(0.3, 0.3, 0.05) == kept_dose(0.0, 0.3, 0.05) == kept_dose(0.3, math.inf, 0.05) == 0.0


def measured(days: int, **values: object) -> tuple[float, float]:
    economy = ran(days, "funds=leveraged", agents__speculator__traders=1000, **values)
    window = Window(economy.record, 0, days)
    return METRICS["fund_gain_stated"].of(window), METRICS["fund_gain_measured"].of(window)


def test_the_measured_gain_is_what_is_stated_and_flows_keep_it():
    stated, found = measured(150)
    assert stated == pytest.approx(0.3)
    assert found == pytest.approx(0.3, abs=0.08)
    alone, drifted = measured(150, **{f"agents__{g}__keeps_gain_per_day": 0.0 for g in ("etf_2x", "etf_inverse")})
    assert alone == pytest.approx(0.3)
    assert drifted != found


def test_where_holders_offset_what_funds_would_trade_no_flow_chases_a_gain_that_cannot_be_had():
    """What is measured there is the gain of what holders leave: held against the whole it would grow funds for ever."""
    economy = ran(150, "funds=offset", agents__speculator__traders=1000)
    assets = economy.record["fund_assets_usd"]
    assert 0.5 < assets[-1] / assets[0] < 2.0


def test_a_run_ends_where_a_month_is_worth_many_times_its_first_price_and_others_are_not_asked():
    economy = world(days=9)
    venue = economy.exchange.venues["main"]
    venue._move_to(venue.price_usd * 49.0)
    with pytest.raises(OutOfBounds, match="venue main: future:2026.* over 50 times the first price"):
        venue._move_to(venue.price_usd * 1.1)
