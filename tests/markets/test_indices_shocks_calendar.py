"""Rents, shocks and calendars: small functions of what they are given."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calendar import Calendar
from sim.environment import Environment
from sim.rental.statistics import RentStatistics
from sim.shocks.demand_slump import DemandSlump
from sim.shocks.new_generation import NewGeneration
from sim.shocks.outage import Outage
from tests.worlds import ran

REAL = Calendar(datetime.date(2026, 1, 1))
EQUAL = Calendar(datetime.date(2026, 1, 1), equal_months=True)


# ---- rents seen through slow means


def test_slow_means_of_a_rent_that_falls_with_technology_stand_on_it():
    technology, rent = 0.32, 2.81
    means = RentStatistics(rent, technology, 2, np.ones(1))
    for day in range(500):
        now = rent * math.exp(-technology * day / 365.0)
        means.note(now, np.array([now, now]), np.array([now]))
    for mean in (means.ten_days, means.thirty_days, means.half_year, *means.by_grade, *means.auctions):
        assert mean == pytest.approx(now, rel=2e-3)


def test_a_slow_mean_takes_its_time():
    means = RentStatistics(2.0, 0.0, 1, np.ones(1))
    for _ in range(30):
        means.note(4.0, np.array([4.0]), np.array([4.0]))
    assert means.ten_days == pytest.approx(4.0, rel=0.03)
    assert means.thirty_days == pytest.approx(2.0 + 2.0 * (1 - (29 / 30) ** 30))
    assert means.half_year < 2.4


# ---- calendars


def test_real_months_have_their_days():
    assert [REAL.days_in(month) for month in range(12)] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert REAL.days_in(25) == 29, "February 2028"
    assert [day for day in range(100) if REAL.is_month_end(day)] == [30, 58, 89]
    assert REAL.month_name(0) == "2026-01"
    assert REAL.month_name(13) == "2027-02"


def test_business_days_are_monday_to_friday():
    assert REAL.business_days(0)[:4] == [0, 1, 4, 5], "1 January 2026 is a Thursday"
    assert len(REAL.business_days(0)) == 22
    assert not any(REAL.is_weekend(day) for day in REAL.business_days(7))


def test_a_world_may_start_within_a_month():
    calendar = Calendar(datetime.date(2026, 2, 17))
    assert calendar.month(0) == calendar.month(11) == 0
    assert calendar.month(12) == 1
    assert calendar.first_day(0) == -16
    assert calendar.is_month_end(11)
    assert calendar.date(12) == datetime.date(2026, 3, 1)


def test_equal_months_have_thirty_business_days_and_no_weekend():
    assert [EQUAL.days_in(month) for month in range(14)] == [30] * 14
    assert len(EQUAL.business_days(5)) == 30
    assert not any(EQUAL.is_weekend(day) for day in range(60))
    assert [day for day in range(100) if EQUAL.is_month_end(day)] == [29, 59, 89]


@given(st.dates(datetime.date(2020, 1, 1), datetime.date(2040, 1, 1)), st.integers(0, 4000), st.booleans())
def test_every_day_belongs_to_one_month(start, day, equal):
    calendar = Calendar(start, equal)
    month = calendar.month(day)
    assert calendar.first_day(month) <= day < calendar.first_day(month + 1)
    assert calendar.is_month_end(day) == (day + 1 == calendar.first_day(month + 1))


# ---- shocks

BASE = Environment()
DAYS = range(0, 60)
ALL = [
    Outage(start=10, length=20, size=0.15, recovery_days=5, scope="pool", contracts_first=True),
    Outage(start=10, length=20, size=1.0, recovery_days=0, scope="fleet", contracts_first=False),
    DemandSlump(start=10, length=20, size=-0.3, contracted_size=-0.1, recovery_days=5),
    NewGeneration(start=10, size=-0.2, phase_in_days=3),
]


@pytest.mark.parametrize("shock", ALL, ids=lambda shock: type(shock).__name__)
def test_a_shock_is_a_function_of_the_day_that_never_compounds(shock):
    forwards = [shock(day, BASE) for day in DAYS]
    backwards = [shock(day, BASE) for day in reversed(DAYS)][::-1]
    assert forwards == backwards
    assert forwards[:10] == [BASE] * 10
    assert forwards[10] != BASE
    assert Environment() == BASE, "the baseline is left alone"


@pytest.mark.parametrize("shock", ALL[:3], ids=lambda shock: type(shock).__name__)
def test_a_passing_shock_ends_after_its_length_and_recovery(shock):
    assert shock(10 + shock.length - 1, BASE) == shock(10, BASE)
    assert shock(10 + shock.length + shock.recovery_days, BASE) == BASE
    steps = [shock(10 + shock.length + k, BASE) for k in range(shock.recovery_days)]
    assert all(BASE != step != shock(10, BASE) for step in steps)


def test_outages_multiply_and_demand_shocks_too():
    twice = ALL[0](12, ALL[0](12, BASE))
    assert twice.pool_availability == pytest.approx(0.85**2)
    both = ALL[2](12, ALL[0](12, BASE))
    assert (both.pool_availability, both.demand_scale) == (0.85, 0.7)


def test_a_new_generation_is_phased_in_and_stays():
    scales = [ALL[3](day, BASE).chip_price_scale for day in (9, 10, 11, 12, 13, 5000)]
    assert scales == pytest.approx([1.0, 0.95, 0.9, 0.85, 0.8, 0.8])


def outage(scope, first, size=0.3):
    return {"outage": {"_target_": "sim.shocks.outage.Outage", "start": 5, "length": 10, "size": size,
                       "recovery_days": 0, "scope": scope, "contracts_first": first}}  # fmt: skip


@pytest.mark.parametrize(("scope", "first"), [("pool", True), ("fleet", True), ("fleet", False)])
def test_an_outage_takes_the_hours_it_says(scope, first):
    record = ran(12, shocks=outage(scope, first)).record
    gpus_per_ve = record["fleet_neocloud_gpus"][8] / record["fleet_ve"][8]
    pool = record["fleet_ve"][8] - record["reserved_ve"][8]
    dark_ve = 0.3 * (pool if scope == "pool" else record["fleet_ve"][8])
    assert record["downtime_gpu_hours"][8] == pytest.approx(24.0 * dark_ve * gpus_per_ve, rel=1e-3)
    assert not record["downtime_gpu_hours"][:5].any()


def test_contracts_first_keeps_customers_served_and_empties_the_pool():
    first, rata = ran(12, shocks=outage("fleet", True)), ran(12, shocks=outage("fleet", False))
    assert first.record["pool_ve"][8] == 0.0, "30 % of fleets is more than the pool"
    assert rata.record["pool_ve"][8] > 0.0
    assert first.record["unserved_gpu_hours"][8] > 1.5 * rata.record["unserved_gpu_hours"][8] > 0.0


def test_at_the_cap_hours_go_unserved_and_nobody_pays_more():
    economy = ran(12, shocks=outage("fleet", True, 0.9), agents__ai_lab__relet_share=0.0,
                  agents__hyperscaler__swing_share=1e-6)  # fmt: skip
    cap = economy.spec.spot.price_cap_usd * math.exp(-0.32 * 8 / 365)
    assert economy.record["rent_usd_per_ve_hour"][8] == pytest.approx(cap, rel=1e-6)
    assert economy.record["unserved_gpu_hours"][8] > 0.0
    assert economy.record["unserved_gpu_hours"][:5].sum() == 0.0
