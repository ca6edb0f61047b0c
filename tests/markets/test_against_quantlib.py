"""Interest and principal of scheduled loans on random terms, to the cent as QuantLib has them."""

from __future__ import annotations

import calendar
import datetime
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.credit.facilities import facilities_of
from sim.credit.loans import LoanBook
from sim.credit.schedules import Schedules
from sim.credit.service import Servicer
from sim.credit.terms import Facility, Schedule

ql = pytest.importorskip("QuantLib")

CENT = 0.005
COUNTS = {
    "actual/360": ql.Actual360(),
    "actual/365": ql.Actual365Fixed(),
    "30/360": ql.Thirty360(ql.Thirty360.ISDA),  # each last day of a month is its 30th, February's too
}
dates = st.dates(datetime.date(2024, 1, 1), datetime.date(2040, 12, 31))
counts = st.sampled_from(sorted(COUNTS))


def ql_date(date):
    return ql.Date(date.day, date.month, date.year)


def month_end(first, months):
    year, month = divmod(12 * first.year + first.month - 1 + months, 12)
    return datetime.date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def paid_here(start, draws, schedule, rate, count, months):
    """Interest and principal (months,) of draws by month, by the model's own service of its loans."""
    loans = LoanBook(1, 1, np.ones(1))
    schedules, today = Schedules(loans, 0.0), SimpleNamespace(policy_rate=0.0, days_of_month=0)
    schedules.adopt((schedule,), (False,))
    servicer = Servicer(
        SimpleNamespace(board=SimpleNamespace(today=today)), loans, np.ones(1), schedules
    )  # what a month's interest and principal depend on
    facilities = facilities_of(
        SimpleNamespace(facilities={"loan": Facility(share=1.0, schedule=schedule)}), np.ones(1), ["lender"]
    )
    terms, borrowers = SimpleNamespace(day_count=count), SimpleNamespace(spread=np.array([rate]))
    interest, principal = np.zeros(months), np.zeros(months)
    for month in range(months):
        drawn = np.array([draws[month] if month < len(draws) else 0.0])
        loans.draw(drawn[:, None])
        schedules.draw(drawn)
        today.days_of_month = (month_end(start, month + 1) - month_end(start, month)).days
        due, falling = servicer.falls_due(terms, facilities, borrowers)
        part = falling.due
        loans.repay(part[:, None])
        interest[month], principal[month] = due[0], part[0]
    return interest, principal


def paid_in_quantlib(start, draws, schedule, rate, count, months):
    """The same as the sum of one amortising bond a draw."""
    ql.Settings.instance().evaluationDate = ql_date(start)
    interest, principal = np.zeros(months), np.zeros(months)
    place = {ql_date(month_end(start, month + 1)).serialNumber(): month for month in range(months)}
    for month, drawn in enumerate(draws):
        begin, end = month_end(start, month), month_end(start, month + schedule.months)
        periods = ql.Schedule(
            ql_date(begin), ql_date(end), ql.Period(ql.Monthly), ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted,
            ql.DateGeneration.Forward, True,
        )  # fmt: skip
        part = drawn * (1.0 - schedule.balloon) / schedule.months
        owed = [drawn - part * k for k in range(schedule.months)]
        bond = ql.AmortizingFixedRateBond(0, owed, periods, [rate], COUNTS[count])
        for flow in bond.cashflows():
            coupon = ql.as_coupon(flow)
            (principal if coupon is None else interest)[place[flow.date().serialNumber()]] += flow.amount()
    return interest, principal


@settings(max_examples=25, deadline=None)
@given(
    dates,
    st.lists(st.floats(0.0, 5e8).map(lambda usd: round(usd, 2)), min_size=1, max_size=4),
    st.integers(1, 84),
    st.sampled_from([0.0, 0.25, 0.6, 1.0]),
    st.floats(0.0, 0.2),
    counts,
)
def test_interest_and_principal_of_scheduled_draws(date, draws, length, balloon, rate, count):
    draws[0] += 1.0
    start, months = month_end(date, 0), length + len(draws) - 1
    terms = draws, Schedule(months=length, balloon=balloon), rate, count, months
    here, there = paid_here(start, *terms), paid_in_quantlib(start, *terms)
    for found, expected in zip(here, there, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=CENT)
    assert here[1].sum() == pytest.approx(sum(draws), abs=CENT)


def test_another_day_count_is_not_the_same_to_the_cent():
    start, draws, schedule = datetime.date(2026, 1, 31), [1e6], Schedule(months=24)
    here = paid_here(start, draws, schedule, 0.09, "actual/360", 24)[0]
    there = paid_in_quantlib(start, draws, schedule, 0.09, "actual/365", 24)[0]
    assert here.sum() / there.sum() == pytest.approx(365.0 / 360.0, rel=1e-9)
