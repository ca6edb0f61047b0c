"""Funds: how large they are in their market, how strong their loop is, what they cost. Empty (nan) without funds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from sim.metrics.measure import Metric, Window, sd
from sim.vocabulary import Floats

MOST_GAIN = 2.0  # of a day in a mean: where few others respond to the price a gain has no bound


def of_funds(column: str, figure: Callable[[Floats], float]) -> Callable[[Window], float]:
    """A figure of a column over the days on which funds own something."""

    def measured(window: Window) -> float:
        if not window.has(column):
            return math.nan
        days = window.series("fund_assets_usd") > 0.0
        values = window.series(column)[days]
        values = values[~np.isnan(values)]  # infinite where nobody else responds to the price
        return figure(values) if len(values) else math.nan

    return measured


def mean(values: Floats) -> float:
    """Arithmetic mean."""
    return float(values.mean())


def nearest_month_volatility(window: Window) -> float:
    """Daily sd of log returns of the nearest month, annual; days on which the months move up are left out."""
    prices = window.series("future_1_usd_per_gpu_hour")
    if not np.isfinite(prices).all():
        return math.nan
    rolls = window.series("month_end")[:-1] > 0.0
    return sd(np.diff(np.log(prices))[~rolls]) * math.sqrt(365.0)


METRICS = [
    Metric("front_volatility", "1/sqrt(year)", "sd of daily log returns of the nearest listed month, annual", "funds",
           nearest_month_volatility),
    Metric("fund_assets_mean_usd", "USD", "mean net assets of all funds", "funds", of_funds("fund_assets_usd", mean)),
    Metric("fund_share_mean", "share", "mean of funds' positions over open interest, two nearest months", "funds",
           of_funds("fund_share_of_open_interest", mean)),
    Metric("fund_gain_stated", "ratio", "joint loop gain that funds are to have, mean over days", "funds",
           of_funds("fund_gain_stated", mean)),
    Metric("fund_gain_measured", "ratio", "joint loop gain measured at the close: mean over days of the largest "
           "eigenvalue, of which a day counts 2 at most", "funds",
           of_funds("fund_spectral_radius", lambda x: mean(np.minimum(x, MOST_GAIN)))),
    Metric("fund_spectral_radius_median", "ratio", "median largest eigenvalue of the joint loop", "funds",
           of_funds("fund_spectral_radius", lambda x: float(np.quantile(x, 0.5, method="lower")))),
    Metric("fund_spectral_radius_95pct", "ratio", "its 95 % quantile", "funds",
           of_funds("fund_spectral_radius", lambda x: float(np.quantile(x, 0.95, method="lower")))),
    Metric("fund_unstable_days", "days", "days on which the joint loop was at or above one", "funds",
           of_funds("fund_spectral_radius", lambda x: float((x >= 1.0).sum()))),
    Metric("fund_sponsor_losses_usd", "USD", "paid by sponsors for negative net asset values", "funds",
           of_funds("fund_sponsor_losses_usd", lambda x: float(x[-1] - x[0]))),
]  # fmt: skip
