"""The primary metrics on series whose answer is known."""

import math
import warnings

import numpy as np
import pytest

from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.metrics.price_stability import band_sd
from sim.record import Column, Record

DAYS = 1095


def window_of(**series: np.ndarray) -> Window:
    names = list(series)
    record = Record([Column(name, "", "") for name in names], None, max(len(values) for values in series.values()))
    for row in np.column_stack([series[name] for name in names]):
        record.write(dict(zip(names, row.tolist(), strict=True)))
    return Window(record, 0, record.days)


def wave(period_days: float, days: int = DAYS) -> np.ndarray:
    return 0.1 * np.sin(2.0 * np.pi * np.arange(days) / period_days)


@pytest.mark.parametrize("period_days", [182.5, 365.0])
def test_a_wave_inside_the_band_counts_whole(period_days):
    assert band_sd(wave(period_days), 180, 1095) == pytest.approx(0.1 / math.sqrt(2.0), rel=0.1)


def test_a_wave_faster_than_the_band_and_a_straight_line_count_for_little():
    assert band_sd(wave(30.0), 180, 1095) < 0.05 * 0.1 / math.sqrt(2.0)
    assert band_sd(np.linspace(-1.0, 1.0, DAYS), 180, 1095) < 1e-12


def test_a_series_of_less_than_two_of_the_shortest_periods_has_no_band():
    assert math.isnan(band_sd(np.zeros(359), 180, 1095))


@pytest.mark.parametrize(("metric", "fewest"), [("rent_cycle_60d_1y", 730), ("rent_cycle_180d_3y", 3 * 1095)])
def test_a_cycle_is_measured_only_where_the_window_is_long_enough_for_its_band(metric, fewest):
    path = np.ones(fewest)
    window = window_of(rent_usd_per_ve_hour=np.exp(wave(fewest / 10, fewest)), rent_path_usd_per_ve_hour=path)
    assert METRICS[metric].of(window) == pytest.approx(0.1 / math.sqrt(2.0), rel=0.1)
    assert math.isnan(METRICS[metric].of(Window(window.record, 1, fewest)))
    assert f"empty for windows below {fewest} days" in METRICS[metric].meaning


def test_the_gap_of_one_day_in_twenty_is_the_quantile_of_the_log_gap():
    gap = np.linspace(0.0, 1.0, DAYS)
    window = window_of(rent_usd_per_ve_hour=2.0 * np.exp(gap), rent_path_usd_per_ve_hour=np.full(DAYS, 2.0))
    assert METRICS["rent_gap_95pct"].of(window) == pytest.approx(0.95, abs=1e-9)


def test_the_shortfall_is_the_mean_of_the_worst_twentieth_of_twenty_day_returns_as_a_loss():
    value = np.where(np.arange(DAYS) < 500, 100.0, 80.0)
    worst = (DAYS - 20) // 20
    expected = -math.log(0.8) * 20 / worst
    assert METRICS["gpu_value_shortfall_20d"].of(window_of(gpu_value_usd_per_ve=value)) == pytest.approx(expected)


def test_twice_the_moves_raise_the_log_volatility_by_log_two():
    changes = 0.01 * np.random.Generator(np.random.Philox(3)).normal(size=DAYS)
    calm, wild = (window_of(index_transaction_usd_per_gpu_hour=np.exp(np.cumsum(k * changes))) for k in (1.0, 2.0))
    rise = METRICS["rent_volatility_log"].of(wild) - METRICS["rent_volatility_log"].of(calm)
    assert rise == pytest.approx(math.log(2.0))


def test_levels_are_means_in_units_of_day_0():
    trend = np.exp(-0.3 * np.arange(DAYS) / 365.0)
    window = window_of(rent_usd_per_ve_hour=3.0 * trend, rent_path_usd_per_ve_hour=2.5 * trend)
    assert METRICS["rent_level"].of(Window(window.record, 200, 400)) == pytest.approx(3.0)
    fleets = window_of(fleet_ve=90.0 / trend, fleet_path_ve=100.0 / trend)
    assert METRICS["fleet_level"].of(Window(fleets.record, 200, 400)) == pytest.approx(90.0)


class Whatever:
    """A record that has every series that a metric may ask for."""

    def __init__(self, days):
        self.days, self.place = days, self

    def __contains__(self, name):
        return True

    def __iter__(self):
        return iter(["future_ice_1_usd_per_gpu_hour"])

    def __getitem__(self, name):
        return np.exp(0.01 * np.arange(self.days) ** 2 + 0.1 * len(name))


@pytest.mark.parametrize("days", [2, 3, 8, 14, 15])
def test_metrics_of_few_days_are_empty_rather_than_wrong_and_warn_of_nothing(days):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = {name: metric.of(Window(Whatever(days), 0, days)) for name, metric in METRICS.items()}
    assert math.isnan(found["rent_volatility"]) == math.isnan(found["rent_shortfall_5pct"]) == (days < 15)
    assert found["rent_volatility"] != 0.0
