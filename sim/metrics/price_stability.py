"""The primary metrics of price stability, all in logs: a difference of 0.01 between two arms is one per cent."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window
from sim.metrics.stability import INDEX, annual_volatility
from sim.vocabulary import Floats

GPU_VALUE = "gpu_value_usd_per_ve"
YEAR_BAND, SLOW_BAND = (60, 365), (180, 1095)  # shortest and longest period, days
YEAR_WINDOW, SLOW_WINDOW = 2 * 365, 3 * 1095  # days; a band of years asks for three of its longest periods
HOLDING_DAYS = 20
TAIL = 0.05


def log_of(value: float) -> float:
    """Natural log, nan for what is not positive."""
    return math.log(value) if value > 0.0 else math.nan


def band_sd(values: Floats, shortest_days: int, longest_days: int) -> float:
    """Standard deviation (population) of a series' part with periods from `shortest_days` to `longest_days`.

    The least-squares line is taken out, then the discrete Fourier components with those periods are kept: sd =
    sqrt(2 sum |X_k|^2) / n over k with shortest <= n / k <= longest (Parseval). nan for a series shorter than two of
    the shortest periods. Periods longer than the series cannot be seen.
    """
    n = len(values)
    if n < 2 * shortest_days or not np.isfinite(values).all():
        return math.nan
    days = np.arange(n) - 0.5 * (n - 1)
    level = values - values.mean()
    flat = level - days * float(days @ level) / float(days @ days)
    k = np.arange(1, n // 2)
    kept = k[(n / k >= shortest_days) & (n / k <= longest_days)]
    return math.sqrt(2.0 * float((np.abs(np.fft.rfft(flat)[kept]) ** 2).sum())) / n


def year_sd(window: Window) -> float:
    """Standard deviation of log rent over its growth path at periods of 60 days to a year; nan below two years."""
    days = window.end - window.start
    return band_sd(window.log_over_path(), *YEAR_BAND) if days >= YEAR_WINDOW else math.nan


def cycle_sd(window: Window) -> float:
    """Standard deviation of log rent over its growth path at periods of 180 days to three years; nan below nine."""
    days = window.end - window.start
    return band_sd(window.log_over_path(), *SLOW_BAND) if days >= SLOW_WINDOW else math.nan


def high_gap(window: Window) -> float:
    """The daily log gap of rent over its growth path that is passed on one day in twenty."""
    return float(np.quantile(window.log_over_path(), 1.0 - TAIL))


def holding_shortfall(window: Window) -> float:
    """Mean loss in the worst twentieth of overlapping 20-day log returns of the GPU's value, as a positive number."""
    values = window.series(GPU_VALUE)
    if len(values) <= HOLDING_DAYS or not np.isfinite(values).all() or not (values > 0.0).all():
        return math.nan
    returns = np.sort(np.log(values[HOLDING_DAYS:] / values[:-HOLDING_DAYS]))
    return float(-returns[: max(1, len(returns) // 20)].mean())


METRICS = [
    Metric("rent_volatility_log", "log", "log of the sd of the deseasonalised daily return of the transaction index",
           "price stability", lambda w: log_of(annual_volatility(w, INDEX))),
    Metric("rent_cycle_60d_1y", "log", "sd of log rent over its growth path at periods of 60 days to 1 year, a "
           f"straight line taken out; empty for windows below {YEAR_WINDOW} days", "price stability", year_sd),
    Metric("rent_cycle_180d_3y", "log", "sd of log rent over its growth path at periods of 180 days to 3 years, a "
           f"straight line taken out; empty for windows below {SLOW_WINDOW} days, three of the longest periods",
           "price stability", cycle_sd),
    Metric("rent_gap_95pct", "log", "95 % quantile of the daily log gap of rent over its growth path",
           "price stability", high_gap),
    Metric("gpu_value_shortfall_20d", "log", "mean loss in the worst 5 % of 20-day log returns of the value of a GPU "
           "at work (expected shortfall)", "price stability", holding_shortfall),
]  # fmt: skip
