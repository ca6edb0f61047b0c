"""The futures market: its own stability, its use, its accidents. Empty (nan) where nothing is listed."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window
from sim.vocabulary import DAYS_PER_YEAR

SECOND = "future_2_usd_per_gpu_hour"


def listed(window: Window) -> bool:
    """Whether futures traded in the window."""
    return bool(np.isfinite(window.series(SECOND)).all())


def second_month_volatility(window: Window) -> float:
    """Annualised sd of daily log returns of the second month; days on which the months move up are left out."""
    if not listed(window):
        return math.nan
    changes = np.diff(np.log(window.series(SECOND)))
    rolls = window.series("month_end")[:-1] > 0.0
    return float(np.std(changes[~rolls], ddof=1) * math.sqrt(DAYS_PER_YEAR))


def mean_if_any(window: Window, column: str) -> float:
    """Mean of a column over the days that have it; nan where none has."""
    values = window.series(column)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan


METRICS = [
    Metric("future_volatility", "1/sqrt(year)", "sd of daily log returns of the second listed month, annual", "futures",
           second_month_volatility),
    Metric("curve_gap_sd", "log", "sd of the mean log gap of the curve over expectations", "futures",
           lambda w: float(np.std(w.series("curve_gap"), ddof=1)) if listed(w) else math.nan),
    Metric("open_interest_mean_contracts", "contracts", "mean open interest", "futures",
           lambda w: float(w.series("open_interest_contracts").mean()) if listed(w) else math.nan),
    Metric("futures_impact", "log", "mean log price change per market order of one open interest, measured on the "
           "close of the second month at month ends", "futures", lambda w: mean_if_any(w, "futures_impact")),
    Metric("limit_locks", "months", "contract-days locked at the daily limit", "futures",
           lambda w: float(w.series("limit_locks").sum()) if listed(w) else math.nan),
    Metric("margin_defaults", "traders", "speculators who failed a margin call", "futures",
           lambda w: float(w.series("margin_defaults").sum()) if listed(w) else math.nan),
]  # fmt: skip
