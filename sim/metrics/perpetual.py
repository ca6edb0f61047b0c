"""A perpetual beside its index: premium, funding, volatility. Empty (nan) where a world lists none; of the first."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, once, sd
from sim.metrics.series import mean
from sim.vocabulary import DAYS_PER_YEAR, Floats

PREFIX, MARK = "perpetual_", "_usd_per_gpu_hour"


@once
def first(window: Window) -> str | None:
    """What the series of the first perpetual of a record begin with; None where there is none."""
    marks = (name for name in window.record.place if name.startswith(PREFIX) and name.endswith(MARK))
    return next((name.removesuffix(MARK) for name in marks), None)


@once
def of_first(window: Window, what: str) -> Floats:
    """A series of the first perpetual of a record on the days on which it was listed."""
    if (name := first(window)) is None:
        return np.zeros(0)
    values = window.series(f"{name}_{what}")
    return np.asarray(values[np.isfinite(values)])


def volatility(window: Window) -> float:
    """Annual sd of daily log returns of the mark."""
    marks = of_first(window, "usd_per_gpu_hour")
    return sd(np.diff(np.log(marks))) * math.sqrt(DAYS_PER_YEAR) if len(marks) > 1 else math.nan


METRICS = [
    Metric("perpetual_volatility", "1/sqrt(year)", "sd of daily log returns of a perpetual's mark, annual", "futures",
           volatility),
    Metric("perpetual_premium_mean", "share", "mean of a perpetual's mark over its index, less one", "futures",
           lambda w: mean(of_first(w, "premium"))),
    Metric("perpetual_premium_sd", "share", "sd of a perpetual's mark over its index", "futures",
           lambda w: sd(of_first(w, "premium"))),
    Metric("perpetual_funding_per_year", "share/year", "what longs of a perpetual paid shorts, of the index; below 0: "
           "shorts paid", "futures", lambda w: mean(of_first(w, "funding")) * DAYS_PER_YEAR),
    Metric("perpetual_funded_days", "share", "share of days on which a perpetual's funding was not nought", "futures",
           lambda w: mean((of_first(w, "funding") != 0.0).astype(np.float64))),
    Metric("perpetual_open_contracts", "contracts", "mean open interest in a perpetual", "futures",
           lambda w: mean(of_first(w, "open_contracts"))),
]  # fmt: skip
