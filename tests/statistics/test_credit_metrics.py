"""Metrics of what credit reports, on records made by hand whose figures are known."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest

from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.metrics.reported import FacilityRate
from sim.record import Column, Record

DAYS = 73  # a fifth of a year


def record_of(**series: object) -> Record:
    """A record of these series, a number standing for the same on all days."""
    record = Record([Column(name, "", "") for name in series], datetime.date(2026, 10, 1), DAYS)
    for day in range(DAYS):
        record.write({name: float(np.broadcast_to(values, DAYS)[day]) for name, values in series.items()})
    return record


def on(day: int, amount: float) -> np.ndarray:
    return np.where(np.arange(DAYS) == day, amount, 0.0)


def of(record: Record, name: str) -> float:
    return METRICS[name].of(Window(record, 0, DAYS))


@pytest.fixture(scope="module")
def two_facilities() -> Record:
    """One of 100 loses 8 of the 10 that default, one of 300 loses nothing."""
    what = dict.fromkeys(("losses", "defaulted", "recovered"), 0.0)
    first = {"loans": 100.0, "undrawn": 25.0, "defaulted": on(5, 10.0), "losses": on(9, 8.0), "recovered": on(9, 2.0)}
    second = {"loans": 300.0, "undrawn": np.nan, **what}
    tables = {"old": first, "young": second}
    return record_of(**{f"facility_{f}_{w}_usd": v for f, table in tables.items() for w, v in table.items()})


def test_rates_are_a_year_over_what_is_owed(two_facilities):
    assert of(two_facilities, "default_rate") == pytest.approx(5 * 10 / 400)
    assert of(two_facilities, "loss_rate") == pytest.approx(5 * 8 / 400)
    assert of(two_facilities, "recovery_rate") == pytest.approx(0.2)
    assert of(two_facilities, "undrawn_usd_mean") == pytest.approx(25.0)


def test_one_facility_has_rates_of_its_own(two_facilities):
    window = Window(two_facilities, 0, DAYS)
    assert FacilityRate(facility="old", figure="default_rate").of(window) == pytest.approx(0.5)
    assert FacilityRate(facility="young", figure="loss_rate").of(window) == 0.0
    assert math.isnan(FacilityRate(facility="young", figure="recovery_rate").of(window))
    assert math.isnan(FacilityRate(facility="none", figure="loss_rate").of(window))


def test_a_class_loses_of_what_of_it_is_outstanding():
    record = record_of(notes_junior_usd=40.0, note_writedowns_junior_usd=on(3, 4.0), notes_mezzanine_usd=0.0,
                       note_writedowns_mezzanine_usd=0.0)  # fmt: skip
    assert of(record, "note_loss_rate_junior") == pytest.approx(0.5)
    assert math.isnan(of(record, "note_loss_rate_mezzanine"))
    assert math.isnan(of(record, "note_loss_rate_senior"))


def test_forced_sales_cost_their_discount_and_move_the_price():
    """A tenth of GPUs worth 1,000 is sold for 80 on a day on which their price falls by a fifth over value."""
    ratios = np.where(np.arange(DAYS) >= 10, 0.8, 1.0)
    record = record_of(
        used_price_ratio=ratios, used_gpu_usd_per_ve=10.0 * ratios, fleet_ve=100.0, used_sold_usd=on(10, 100.0),
        used_paid_usd=on(10, 80.0), used_forced_usd=on(10, 100.0),
    )  # fmt: skip
    assert of(record, "sale_discount") == pytest.approx(0.2)
    assert of(record, "sale_price_impact") == pytest.approx(-math.log(0.8) / 0.1)


def test_triggers_and_the_network_are_summed_up():
    record = record_of(
        lock_up_firms=on(4, 2.0) + on(5, 3.0), breach_firms=0.0, advance_mean=0.8, base_headroom_usd=7.0,
        debt_rank=np.linspace(0.0, 0.3, DAYS), debt_rank_largest=0.1, aggregate_vulnerability=0.4, lender_hhi=0.5,
        borrower_hhi=0.25,
    )  # fmt: skip
    names = ("lock_up_firm_days", "breach_firm_days", "advance_mean", "base_headroom_usd_mean", "debt_rank_high",
             "debt_rank_largest_high", "vulnerability_high", "lender_hhi_mean", "borrower_hhi_mean")  # fmt: skip
    assert [of(record, name) for name in names] == pytest.approx([5.0, 0.0, 0.8, 7.0, 0.3, 0.1, 0.4, 0.5, 0.25])


def test_they_are_empty_where_credit_reports_nothing():
    found = {name: METRICS[name].of(Window(record_of(occupancy=0.8), 0, DAYS)) for name in METRICS if name in (
        "default_rate", "recovery_rate", "undrawn_usd_mean", "lock_up_firm_days", "debt_rank_high", "sale_discount",
        "sale_price_impact", "note_loss_rate_senior")}  # fmt: skip
    assert all(math.isnan(value) for value in found.values())


def test_horizons_part_where_chips_could_have_come():
    days = 400
    record = Record([Column(n, "", "") for n in ("rent_usd_per_ve_hour", "rent_path_usd_per_ve_hour")],
                    datetime.date(2026, 10, 1), days)  # fmt: skip
    for day in range(days):
        record.write({"rent_usd_per_ve_hour": 3.0 if day < 280 else 1.0, "rent_path_usd_per_ve_hour": 2.0})
    found = {name: METRICS[name].of(Window(record, 100, days)) for name in (
        "rent_early_over_path", "rent_late_over_path", "rent_volatility_early", "rent_volatility_late")}  # fmt: skip
    assert found["rent_early_over_path"] == pytest.approx(1.5)
    assert found["rent_late_over_path"] == pytest.approx(0.5)
    assert found["rent_volatility_early"] == found["rent_volatility_late"] == 0.0
    short = Window(record, 100, 200)
    assert math.isnan(METRICS["rent_late_over_path"].of(short))
