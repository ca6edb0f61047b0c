"""Credit: who failed, what lenders lost, how tight it was."""

from __future__ import annotations

import math

from sim.metrics.measure import Metric, Window, highest, lowest, mean, total


def bound_firms(window: Window) -> float:
    """Mean over month ends, nan in a window without one."""
    last = window.series("month_end") > 0.0
    return float(window.series("base_bound")[last].mean()) if last.any() else math.nan


def refinanced_share(window: Window) -> float:
    """Nan where no balloon fell due that may be drawn anew."""
    due = total(window, "balloons_due_usd")
    return total(window, "balloons_refinanced_usd") / due if due > 0.0 else math.nan


METRICS = [
    Metric("defaults", "firms", "landlords that defaulted", "credit", lambda w: total(w, "defaults")),
    Metric("loan_losses_usd", "USD", "loans written off", "credit", lambda w: total(w, "loan_losses_usd")),
    Metric("lender_losses_usd", "USD", "loans written off that lenders had not sold", "credit",
           lambda w: total(w, "lender_losses_usd")),
    Metric("loan_spread_mean", "1/year", "mean over days of the mean spread of a new loan", "credit",
           lambda w: mean(w, "loan_spread_mean")),
    Metric("loan_spread_high", "1/year", "highest spread of a new loan of any borrower", "credit",
           lambda w: highest(w, "loan_spread_max")),
    Metric("base_bound_firms", "firms", "borrowers whose borrowing base cut draws, mean over month ends", "credit",
           bound_firms),
    Metric("dscr_low", "ratio", "lowest median debt service coverage", "credit", lambda w: lowest(w, "dscr_median")),
    Metric("lender_room_mean", "share", "mean share of wanted draws that lenders' capital allowed", "credit",
           lambda w: float(w.series("room_share").mean())),
    Metric("balloons_refinanced_share", "share", "of balloons that fell due, drawn anew; those overdue fall due again",
           "credit", refinanced_share),
    Metric("balloons_overdue_usd_high", "USD", "most of balloons due and neither drawn anew nor paid", "credit",
           lambda w: highest(w, "balloons_overdue_usd")),
    Metric("loans_end_usd", "USD", "loans outstanding at the end", "credit",
           lambda w: float(w.series("loans_usd")[-1])),
]  # fmt: skip
