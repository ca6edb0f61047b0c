"""Rents within a lead time and after it: what can be built has not come yet in the first, and has in the second."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, once, sd

LEAD_DAYS = 180  # of chips, about


@once
def parted(window: Window, late: bool) -> Window:
    """The first lead time of a window, or what comes after it."""
    middle = min(window.end, window.start + LEAD_DAYS)
    return Window(window.record, middle, window.end) if late else Window(window.record, window.start, middle)


def over_path(window: Window, late: bool) -> float:
    """Mean rent over its path within a lead time, or after it; nan in a window that is too short."""
    part = parted(window, late)
    return float(np.exp(part.log_over_path()).mean()) if part.end > part.start else math.nan


def volatility(window: Window, late: bool) -> float:
    """Sd of daily log changes of the rent within a lead time, or after it, in per cent; nan where there are few."""
    part = parted(window, late)
    return 100.0 * sd(part.returns("rent_usd_per_ve_hour")) if part.end > part.start + 1 else math.nan


METRICS = [
    Metric("rent_early_over_path", "ratio", f"mean rent over its path in the first {LEAD_DAYS} days", "horizon",
           lambda w: over_path(w, late=False)),
    Metric("rent_late_over_path", "ratio", "mean rent over its path after these", "horizon",
           lambda w: over_path(w, late=True)),
    Metric("rent_volatility_early", "%", f"sd of daily log changes of the rent in the first {LEAD_DAYS} days",
           "horizon", lambda w: volatility(w, late=False)),
    Metric("rent_volatility_late", "%", "sd of daily log changes of the rent after these", "horizon",
           lambda w: volatility(w, late=True)),
]  # fmt: skip
