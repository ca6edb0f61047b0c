"""Hours and chips: what users went without, how capacity moved against its path."""

from __future__ import annotations

from sim.metrics.measure import Metric, Window, mean, ratio, total


def orders_over_path(window: Window) -> float:
    """Landlords' chip orders over the path's."""
    return ratio(total(window, "orders_ve"), total(window, "orders_path_ve"))


def last_over_path(window: Window) -> float:
    """Landlords' fleet over its path on the last day."""
    return float(window.series("fleet_ve")[-1] / window.series("fleet_path_ve")[-1])


METRICS = [
    Metric("unserved_gpu_hours", "GPU-hours", "hours wanted at the cap and not served", "service",
           lambda w: total(w, "unserved_gpu_hours")),
    Metric("unserved_share", "share", "unserved over unserved and traded hours", "service",
           lambda w: ratio(total(w, "unserved_gpu_hours"),
                           float((w.series("unserved_gpu_hours") + w.series("traded_gpu_hours")).sum()))),
    Metric("downtime_gpu_hours", "GPU-hours", "hours of landlords' fleets lost to outages", "service",
           lambda w: total(w, "downtime_gpu_hours")),
    Metric("occupancy_mean", "share", "mean occupancy of the spot pool", "service",
           lambda w: mean(w, "occupancy")),
    Metric("spot_turnover_usd", "USD", "value of spot trades", "service",
           lambda w: total(w, "spot_turnover_usd")),
    Metric("orders_over_path", "ratio", "landlords' chip orders over the path's", "investment", orders_over_path),
    Metric("fleet_end_over_path", "ratio", "landlords' fleet over its path at the end", "investment", last_over_path),
]  # fmt: skip
