"""Levels in USD and VE of day 0: what compares worlds that start on paths of their own. Trends are taken out."""

from __future__ import annotations

from sim.metrics.measure import Metric, Window


def detrended_mean(window: Window, column: str, path: str) -> float:
    """Mean of a series in units of day 0: each day times the path's value on day 0 over that of the day."""
    start = float(window.record[path][0])
    return float((window.series(column) * start / window.series(path)).mean())


METRICS = [
    Metric("rent_level", "USD per VE-hour", "mean rent, the trend of rents taken out: in rents of day 0", "level",
           lambda w: detrended_mean(w, "rent_usd_per_ve_hour", "rent_path_usd_per_ve_hour")),
    Metric("fleet_level", "VE", "landlords' mean fleet, the trend of fleets taken out: in fleets of day 0", "level",
           lambda w: detrended_mean(w, "fleet_ve", "fleet_path_ve")),
]  # fmt: skip
