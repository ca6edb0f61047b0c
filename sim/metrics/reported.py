"""What credit reports: rates of default and loss, supply, triggers, the network. Empty without `loan.reports`.

Rates are a year, over what was outstanding on average. Those of notes are of deals as documented, which record them
always.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import numpy as np

from sim.metrics.measure import Metric, OwnMetric, Window, highest, mean, once, ratio, total
from sim.vocabulary import DAYS_PER_YEAR

Figure = Literal["default_rate", "loss_rate", "recovery_rate"]
CLASSES = ("senior", "mezzanine", "junior", "residual")
FACILITY = "facility_{}_{}_usd"


@once
def facilities(window: Window) -> list[str]:
    """Names of the facilities that a record tells apart."""
    start, _, end = FACILITY.format("|", "loans").partition("|")
    return [
        name[len(start) : -len(end)] for name in window.record.place if name.startswith(start) and name.endswith(end)
    ]


def yearly(amount_usd: float, outstanding_usd: float, days: int) -> float:
    """An amount over what was outstanding on average, a year; nan where nothing was."""
    return ratio(amount_usd * DAYS_PER_YEAR, outstanding_usd * days)


def rate(figure: Figure, names: list[str], window: Window) -> float:
    """Rate of default or of loss, a year, or what was recovered of loans that were wound up; facilities together."""
    if not names:
        return math.nan

    def sums(what: str) -> float:
        return math.fsum(total(window, FACILITY.format(name, what)) for name in names)

    if figure == "recovery_rate":
        return ratio(sums("recovered"), sums("recovered") + sums("losses"))
    owed = math.fsum(mean(window, FACILITY.format(name, "loans")) for name in names)
    return yearly(sums("defaulted" if figure == "default_rate" else "losses"), owed, window.end - window.start)


def all_together(figure: Figure) -> Metric:
    """The rate of all facilities together."""
    said = {
        "default_rate": ("1/year", "loans of borrowers that defaulted, of all loans"),
        "loss_rate": ("1/year", "loans written off, of all loans"),
        "recovery_rate": ("share", "paid out of estates that were sold, of what was owed on these loans"),
    }
    return Metric(figure, *said[figure], "credit", lambda window: rate(figure, facilities(window), window))


class FacilityRate(OwnMetric):
    """A rate of one facility: of default or of loss, a year, or what was recovered of loans that were wound up."""

    family = "credit"
    facility: str
    figure: Figure

    def of(self, window: Window) -> float:
        """The rate over the window's days; nan where there is no such facility, or credit did not report."""
        return rate(self.figure, [self.facility] if self.facility in facilities(window) else [], window)


def undrawn(window: Window) -> float:
    """Mean of what was committed and not drawn; nan where no facility has a commitment."""
    found = [mean(window, FACILITY.format(name, "undrawn")) for name in facilities(window)]
    known = [usd for usd in found if not math.isnan(usd)]
    return math.fsum(known) if known else math.nan


def note_loss_rate(name: str, window: Window) -> float:
    """What was written down of a class, a year, over what of it was outstanding on average."""
    lost = total(window, f"note_writedowns_{name}_usd")
    return yearly(lost, mean(window, f"notes_{name}_usd"), window.end - window.start)


def sale_discount(window: Window) -> float:
    """What used GPUs that were sold went for below value, by value sold; nan where none were."""
    return 1.0 - ratio(total(window, "used_paid_usd"), total(window, "used_sold_usd"))


def price_impact(window: Window) -> float:
    """Fall of the log price of used GPUs over value on days of forced sales, over the share of GPUs sold on them.

    nan where none were forced.
    """
    ratios, sold = window.series("used_price_ratio"), window.series("used_sold_usd")
    worth = window.series("used_gpu_usd_per_ve") * window.series("fleet_ve") / ratios
    falls = -np.diff(np.log(ratios), prepend=np.nan)
    days = (window.series("used_forced_usd") > 0.0) & np.isfinite(falls)
    return ratio(float(falls[days].sum()), float((sold / worth)[days].sum())) if days.any() else math.nan


METRICS = [
    all_together("default_rate"), all_together("loss_rate"), all_together("recovery_rate"),
    Metric("lock_up_firm_days", "days", "days in lock-up, summed over borrowers", "credit",
           lambda w: total(w, "lock_up_firms")),
    Metric("breach_firm_days", "days", "days with a breach that is not cured, summed over borrowers", "credit",
           lambda w: total(w, "breach_firms")),
    Metric("undrawn_usd_mean", "USD", "mean of what is committed and not drawn", "credit", undrawn),
    Metric("base_headroom_usd_mean", "USD", "mean of what borrowing bases would still allow to be drawn", "credit",
           lambda w: mean(w, "base_headroom_usd")),
    Metric("advance_mean", "share", "mean advance on collateral, over borrowers and days", "credit",
           lambda w: mean(w, "advance_mean")),
    Metric("debt_rank_high", "share", "highest DebtRank of a common fall of what GPUs count for", "network",
           lambda w: highest(w, "debt_rank")),
    Metric("debt_rank_largest_high", "share", "highest DebtRank of the borrower that matters most", "network",
           lambda w: highest(w, "debt_rank_largest")),
    Metric("vulnerability_high", "ratio", "highest aggregate vulnerability of borrowers", "network",
           lambda w: highest(w, "aggregate_vulnerability")),
    Metric("lender_hhi_mean", "share", "mean Herfindahl index of creditors", "network",
           lambda w: mean(w, "lender_hhi")),
    Metric("borrower_hhi_mean", "share", "mean Herfindahl index of borrowers", "network",
           lambda w: mean(w, "borrower_hhi")),
    *(Metric(f"note_loss_rate_{name}", "1/year", f"{name} notes written down, of those outstanding", "notes",
             partial(note_loss_rate, name)) for name in CLASSES),
    Metric("sale_discount", "share", "what used GPUs were sold for below value, by value", "collateral", sale_discount),
    Metric("sale_price_impact", "log", "fall of used GPUs' price over value on days of forced sales, over the share of "
           "all GPUs sold on them", "collateral", price_impact),
]  # fmt: skip
