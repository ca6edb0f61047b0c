"""The futures market: its own stability, its use, its accidents. Empty (nan) where nothing is listed."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, once, ratio, sd, total
from sim.vocabulary import DAYS_PER_YEAR

SECOND = "future_2_usd_per_gpu_hour"


@once
def listed(window: Window) -> bool:
    """Whether futures traded in the window."""
    return bool(np.isfinite(window.series(SECOND)).all())


def second_month_volatility(window: Window) -> float:
    """Annualised sd of daily log returns of the second month; days on which the months move up are left out."""
    if not listed(window):
        return math.nan
    changes = np.diff(np.log(window.series(SECOND)))
    rolls = window.series("month_end")[:-1] > 0.0
    return sd(changes[~rolls]) * math.sqrt(DAYS_PER_YEAR)


def mean_if_any(window: Window, column: str) -> float:
    """Mean of a column over the days that have it; nan where none has."""
    values = window.series(column)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan


def forecasting_r2(window: Window) -> float:
    """1 - squared errors of the curve over those of what rents alone say, out of sample; nan before any settlement.

    Both forecasts are those of evenings before the month that settles; nothing in them is fitted to it.
    """
    curve, rents = mean_if_any(window, "curve_miss"), mean_if_any(window, "curve_miss_of_rents")
    return 1.0 - curve / rents if rents > 0.0 else math.nan


def realised_share(window: Window) -> float:
    """Open interest over annual spot turnover: mean value of open contracts over mean spot turnover, a year."""
    if not listed(window):
        return math.nan
    return ratio(mean_if_any(window, "open_interest_usd"), mean_if_any(window, "spot_turnover_usd") * DAYS_PER_YEAR)


def commonality(window: Window) -> float:
    """Variance over evenings of the months' mean gap, over that and the mean variance between the months."""
    if not listed(window):
        return math.nan
    common, between = float(np.var(window.series("curve_gap"))), float(np.mean(window.series("curve_gap_spread") ** 2))
    return common / (common + between) if common + between > 0.0 else math.nan


METRICS = [
    Metric("future_volatility", "1/sqrt(year)", "sd of daily log returns of the second listed month, annual", "futures",
           second_month_volatility),
    Metric("curve_gap_sd", "log", "sd of the mean log gap of the curve over expectations", "futures",
           lambda w: sd(w.series("curve_gap")) if listed(w) else math.nan),
    Metric("curve_r2_over_spot", "share", "1 - mean squared log error of the curve over that of expectations from "
           "rents, in forecasting each month's settlement from the months before it (out of sample; below 0: worse)",
           "futures", forecasting_r2),
    Metric("curve_weight_end", "share", "weight that the curve has been worth, learned by the window's end", "futures",
           lambda w: float(w.series("curve_weight")[-1])),
    Metric("curve_commonality", "share", "share of the variance of months' gaps that they have in common; 1 over their "
           "number where each moves by itself", "futures", commonality),
    Metric("open_interest_mean_contracts", "contracts", "mean open interest", "futures",
           lambda w: float(w.series("open_interest_contracts").mean()) if listed(w) else math.nan),
    Metric("open_interest_share", "share", "mean value of open contracts over spot turnover a year; empty where none "
           "is stated", "futures", realised_share),
    Metric("open_interest_share_stated", "share", "what `futures.open_interest_share` states of it; empty without",
           "futures", lambda w: mean_if_any(w, "open_interest_share_stated")),
    Metric("futures_impact", "log", "mean log price change per market order of one open interest, measured on the "
           "close of the second month at month ends", "futures", lambda w: mean_if_any(w, "futures_impact")),
    Metric("limit_locks", "months", "contract-days locked at the daily limit", "futures",
           lambda w: total(w, "limit_locks") if listed(w) else math.nan),
    Metric("margin_defaults", "traders", "speculators who failed a margin call", "futures",
           lambda w: total(w, "margin_defaults") if listed(w) else math.nan),
]  # fmt: skip
