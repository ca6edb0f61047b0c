"""Credit: who failed, what lenders lost, how tight it was."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window


def lowest(window: Window, column: str) -> float:
    """Smallest value, nan where there is none."""
    values = window.series(column)
    return float(np.nanmin(values)) if np.isfinite(values).any() else math.nan


METRICS = [
    Metric("defaults", "firms", "landlords that defaulted", "credit", lambda w: float(w.series("defaults").sum())),
    Metric("loan_losses_usd", "USD", "loans written off", "credit", lambda w: float(w.series("loan_losses_usd").sum())),
    Metric("dscr_low", "ratio", "lowest median debt service coverage", "credit", lambda w: lowest(w, "dscr_median")),
    Metric("lender_room_mean", "share", "mean share of wanted draws that lenders' capital allowed", "credit",
           lambda w: float(w.series("room_share").mean())),
    Metric("loans_end_usd", "USD", "loans outstanding at the end", "credit",
           lambda w: float(w.series("loans_usd")[-1])),
]  # fmt: skip
