"""Price stability: one number never tells it, so a family of them (leverage can cut the sd and fatten the tails)."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, sd
from sim.metrics.series import tail_exponent
from sim.vocabulary import DAYS_PER_YEAR

INDEX = "index_transaction_usd_per_gpu_hour"
SHORTEST_TAIL = 20


def annual_volatility(window: Window, column: str) -> float:
    """Standard deviation of deseasonalised daily log returns, per square root of a year."""
    return sd(window.returns(column)) * math.sqrt(DAYS_PER_YEAR)


def expected_shortfall(window: Window) -> float:
    """Mean of the largest twentieth of daily log moves, either way."""
    moves = np.sort(np.abs(window.returns(INDEX)))
    worst = max(1, len(moves) // 20)
    return float(moves[-worst:].mean()) if len(moves) else math.nan


def hill(window: Window) -> float:
    """Hill estimate of the tail exponent of absolute returns, 5 % of the sample (Hill 1975)."""
    moves = np.abs(window.returns(INDEX))
    k = len(moves) // 20
    return tail_exponent(moves, k) if k >= SHORTEST_TAIL else math.nan


def slow_sd(window: Window) -> float:
    """Standard deviation of 30-day means of log rent over its path: the cycle, without the daily noise."""
    x = window.log_over_path()
    months = len(x) // 30
    return sd(x[: 30 * months].reshape(months, 30).mean(axis=1))


def drawdown(window: Window) -> float:
    """Largest fall of rent over its path from a running high, as a share."""
    x = window.log_over_path()
    return float(1.0 - np.exp(np.min(x - np.maximum.accumulate(x))))


METRICS = [
    Metric("rent_mean_over_path", "ratio", "mean of rent over its growth path", "level",
           lambda w: float(np.exp(w.log_over_path()).mean())),
    Metric("rent_peak_over_path", "ratio", "highest daily rent over its growth path", "level",
           lambda w: float(np.exp(w.log_over_path()).max())),
    Metric("rent_low_over_path", "ratio", "lowest daily rent over its growth path", "level",
           lambda w: float(np.exp(w.log_over_path()).min())),
    Metric("rent_volatility", "1/sqrt(year)", "sd of deseasonalised daily log returns of the transaction index, "
           "annual; empty below 15 days", "volatility", lambda w: annual_volatility(w, INDEX)),
    Metric("quote_volatility", "1/sqrt(year)", "the same of the quote index", "volatility",
           lambda w: annual_volatility(w, "index_quote_usd_per_gpu_hour")),
    Metric("rent_gap_sd", "log", "sd of log rent over its growth path, daily", "volatility",
           lambda w: sd(w.log_over_path())),
    Metric("rent_cycle_sd", "log", "sd of 30-day means of log rent over its growth path", "cycle", slow_sd),
    Metric("rent_shortfall_5pct", "log", "mean size of the largest 5 % of daily moves", "tail", expected_shortfall),
    Metric("rent_hill_5pct", "exponent", "Hill exponent of daily moves, 5 % tail; empty below 400 days", "tail", hill),
    Metric("rent_drawdown", "share", "largest fall of rent over its path from a high", "tail", drawdown),
]  # fmt: skip
