"""Securitisation: how much was sold and at what spread, what investors lost. Zero where nothing is sold."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, ratio, total


def share_sold(window: Window) -> float:
    """Mean share of loans that the vehicle holds."""
    loans = window.series("loans_usd")
    return float(np.mean(window.series("loans_sold_usd") / np.where(loans > 0.0, loans, 1.0)))


def share_sold_realised(window: Window) -> float:
    """Notes issued over new loans, nan where none were made; where principal buys loans too, loans bought over them."""
    bought = total(window, "pool_bought_usd")
    sold = total(window, "notes_issued_usd") if math.isnan(bought) else bought
    return ratio(sold, total(window, "loan_draws_usd"))


def months_without_issue(window: Window) -> float:
    """Month ends on which no notes were issued, as a share."""
    last = window.series("month_end") > 0.0
    return float(np.mean(window.series("notes_issued_usd")[last] <= 0.0)) if last.any() else math.nan


def highest_spread(window: Window) -> float:
    """Highest spread that investors asked."""
    spread = window.series("note_spread_required")
    return float(np.nanmax(spread)) if np.isfinite(spread).any() else math.nan


def lowest_coverage(window: Window) -> float:
    """Lowest collateral over senior notes."""
    ratio = window.series("oc_ratio")
    return float(np.nanmin(ratio)) if np.isfinite(ratio).any() else math.nan


METRICS = [
    Metric("loans_sold_share", "share", "mean share of loans held by the vehicle", "notes", share_sold),
    Metric("share_sold_realised", "share", "share of new loans that was sold, beside what `share_sold` says",
           "notes", share_sold_realised),
    Metric("notes_issued_usd", "USD", "notes of all classes issued", "notes",
           lambda w: total(w, "notes_issued_usd")),
    Metric("note_writedowns_usd", "USD", "notes of all classes written down", "notes",
           lambda w: total(w, "note_writedowns_usd")),
    Metric("months_without_issue", "share", "month ends on which no notes were issued", "notes", months_without_issue),
    Metric("note_spread_high", "1/year", "highest spread asked by investors, all classes", "notes", highest_spread),
    Metric("oc_ratio_low", "ratio", "lowest collateral over senior notes", "notes", lowest_coverage),
    Metric("chip_premium_mean", "ratio", "mean price of a new chip over its trend", "notes",
           lambda w: float(w.series("chip_premium").mean())),
]  # fmt: skip
