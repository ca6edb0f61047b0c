"""Loans as filed: how interest counts days, draws repaid by schedule, fees, commitments, tests of their own dates."""

from __future__ import annotations

import datetime
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import configs
from sim.credit.covenants import falls_on
from sim.credit.day_count import month_fraction, year_fraction
from sim.credit.terms import DatedTest, Schedule
from sim.economy import Economy
from sim.problems import SpecError
from sim.spec import read_spec
from tests.worlds import container, ran, world

CALM = {"noise__firm": {"sd_per_sqrt_year": 0.0, "half_life_days": 180.0}, "loan__lock_up": 0.1}
COUNTS = ("actual/365", "actual/360", "30/360")
DATES = st.dates(datetime.date(2000, 1, 1), datetime.date(2060, 12, 31))


def facility(**terms: object) -> dict:
    return {"loan__facilities": {"term": {"share": 1.0, "amortisation": 0.45} | terms}}


SCHEDULED = {"amortisation": None, "schedule": {"months": 60, "balloon": 0.0}}


@given(start=DATES, end=DATES)
@settings(max_examples=200)
def test_parts_of_a_year_are_those_of_a_well_kept_library(start, end):
    ql = pytest.importorskip("QuantLib")
    theirs = {"actual/365": ql.Actual365Fixed(), "actual/360": ql.Actual360(),
              "30/360": ql.Thirty360(ql.Thirty360.ISDA)}  # fmt: skip
    low, high = (ql.Date(d.day, d.month, d.year) for d in sorted((start, end)))
    for count, day_count in theirs.items():
        assert year_fraction(*sorted((start, end)), count) == pytest.approx(
            day_count.yearFraction(low, high), abs=1e-12
        )


@given(start=st.integers(1995, 2050), month=st.integers(1, 12))
def test_twelve_month_ends_of_thirty_days_are_a_year_and_actual_days_are_what_they_are(start, month):
    ends = [datetime.date(start + (month + k) // 12, (month + k) % 12 + 1, 1) - datetime.timedelta(days=1)
            for k in range(13)]  # fmt: skip
    spans = list(zip(ends, ends[1:], strict=False))
    assert sum(year_fraction(a, b, "30/360") for a, b in spans) == pytest.approx(1.0, abs=1e-12)
    days = (ends[-1] - ends[0]).days
    assert sum(year_fraction(a, b, "actual/360") for a, b in spans) == pytest.approx(days / 360)
    for count in COUNTS:
        for a, b in spans:
            assert month_fraction((b - a).days, count) == pytest.approx(year_fraction(a, b, count), abs=1e-15)


@pytest.mark.parametrize("count", COUNTS)
def test_a_month_of_interest_to_the_cent(count):
    economy = ran(30, **CALM, loan__day_count=count)
    loans, credit = economy.credit.loans, economy.credit
    debt, before = loans.balance.sum(axis=1), economy.books.ledger.flow("interest")
    economy.step()
    paid = -(economy.books.ledger.flow("interest") - before)[economy.books.roll.landlords]
    years = {"actual/365": 31 / 365, "actual/360": 31 / 360, "30/360": 1 / 12}[count]
    assert paid == pytest.approx(debt * (0.04 + credit.borrowers.spread) * years, abs=0.01)


terms = st.builds(Schedule, months=st.integers(1, 120), balloon=st.floats(0.0, 1.0))


@given(schedule=terms, growth=st.floats(-0.3, 0.8))
def test_a_schedule_repays_a_draw_once_and_keeps_the_balance_of_its_path(schedule, growth):
    parts = [schedule.left(k) - schedule.left(k + 1) for k in range(schedule.months)]
    assert math.fsum(parts) == pytest.approx(1.0)
    assert min(parts) >= -1e-12
    profile = schedule.profile(growth)
    assert math.fsum(profile) == pytest.approx(1.0)
    # on the path a month's repayment is what keeps debt growing with draws: D e^(g/12) = D - due + B
    owed = math.fsum(schedule.left(k) * math.exp(-growth * k / 12) for k in range(schedule.months))
    after = owed * (1.0 - profile[0]) + math.exp(growth / 12)
    assert after == pytest.approx(owed * math.exp(growth / 12), rel=1e-9)


def payments(economy: Economy, months: int) -> list[float]:
    """What borrowers repay at each of so many month ends."""
    found: list[float] = []
    while len(found) < months:
        before = economy.credit.loans.repaid.sum()
        economy.step()
        if economy.record["month_end"][-1]:
            found.append(float(economy.credit.loans.repaid.sum() - before))
    return found


def test_draws_are_repaid_in_equal_parts_to_the_cent():
    """No new draws: what is owed is paid down as the first profile says, month by month."""
    economy = world(days=130, **CALM, **facility(**SCHEDULED), agents__chip_vendor__capacity=1e-12)
    first = economy.credit.loans.balance.sum()
    profile = Schedule(months=60).profile(economy.credit.servicer.schedules.growth)
    assert payments(economy, 4) == pytest.approx([first * share for share in profile[:4]], abs=0.05 * 4)


def test_a_balloon_is_owed_to_its_end():
    level, balloon = (
        world(days=100, **CALM, **facility(**SCHEDULED | {"schedule": {"months": 60, "balloon": b}}))
        for b in (0.0, 0.8)
    )
    assert sum(payments(balloon, 3)) < 0.75 * sum(payments(level, 3))


def test_schedule_and_amortisation_of_the_same_speed_begin_with_the_same_debt():
    scheduled = world(**facility(**SCHEDULED))
    trend = scheduled.spec.world.trend
    rate = Schedule(months=60).yearly(trend.quantity - trend.technology)
    proportional = world(**facility(amortisation=rate))
    assert scheduled.credit.loans.debt_usd == pytest.approx(proportional.credit.loans.debt_usd, rel=1e-12)
    assert scheduled.path.chip_price_usd == proportional.path.chip_price_usd


def test_a_commitment_bounds_draws_and_its_fee_is_paid_on_what_is_not_drawn():
    free, bound = ran(62, **CALM), ran(62, **CALM, **facility(commitment=0.8))
    assert bound.record["loan_draws_usd"].sum() < 0.5 * free.record["loan_draws_usd"].sum()
    paid = world(days=40, **CALM, **facility(commitment=1.5, commitment_fee=0.025))
    paid.run(30)
    servicer, roll = paid.credit.servicer, paid.books.roll
    debt = paid.credit.loans.balance.sum(axis=1)
    paid.step()
    undrawn = servicer.first_usd * paid.path.money_factor(31 / 365) * 1.5 - debt
    fees = paid.books.ledger.flow("commitment fees")
    assert -fees[roll.landlords] == pytest.approx(0.025 * undrawn * 31 / 365, abs=0.01)
    assert fees[roll.lenders].sum() == pytest.approx(-fees[roll.landlords].sum())


def test_a_sweep_repays_what_cash_there_is_beyond_a_months_needs():
    kept, swept = ran(35, **CALM), ran(35, **CALM, loan__sweep=1.0)
    assert swept.credit.loans.repaid.sum() > kept.credit.loans.repaid.sum()
    assert swept.books.ledger.flow("dividends").sum() == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("first", "every", "date", "due"),
    [
        ("2027-10-31", 3, "2027-07-31", False), ("2027-10-31", 3, "2027-10-31", True),
        ("2027-10-31", 3, "2027-11-30", False), ("2027-10-31", 3, "2028-01-31", True),
    ],
)  # fmt: skip
def test_a_test_has_dates_of_its_own(first, every, date, due):
    test = DatedTest(of="dscr", least=1.4, every_months=every, first=first)
    assert falls_on(test, datetime.date.fromisoformat(date), 5) is due


HARD = {"liquidity": {"of": "liquidity", "least": 1000.0, "every_months": 2, "first": "2026-02-28"}}


@pytest.mark.parametrize("of", ["dscr", "coverage", "realisation", "liquidity"])
def test_who_fails_a_test_past_grace_is_cured_or_defaults_and_who_passes_is_not(of):
    least = {"dscr": 50.0, "coverage": 100.0, "realisation": 1.5, "liquidity": 1000.0}[of]
    hard = {"t": {"of": of, "least": least, "every_months": 1, "first": "2026-01-31"}}
    easy = {"t": {"of": of, "least": 1e-6, "every_months": 1, "first": None}}
    strict, lax = (
        {"loan__tests": tests, "loan__grace_months": 0, "loan__cure_probability": 0.0} for tests in (hard, easy)
    )
    broken, fine = ran(33, **CALM, **strict), ran(33, **CALM, **lax)
    assert {"test failed", "default"} <= {kind for _, kind, _ in broken.events}
    assert not {"test failed", "default"} & {kind for _, kind, _ in fine.events}


def test_a_failed_test_stands_until_its_next_date_and_before_the_first_there_is_none():
    economy = ran(95, **CALM, loan__tests=HARD, loan__grace_months=12)
    days = [day for day, kind, _ in economy.events if kind == "test failed"]
    assert set(days) == {58}, "made at the end of the second month, not at those around it"
    assert economy.credit.servicer.breaches.min() == 2, "and it counts in the month after"
    later = {"liquidity": HARD["liquidity"] | {"first": "2026-12-31"}}
    assert not [kind for _, kind, _ in ran(95, **CALM, loan__tests=later).events if kind == "test failed"]


def test_owners_cure_as_often_as_it_takes_until_a_date():
    monthly = {"liquidity": HARD["liquidity"] | {"every_months": 1, "first": "2026-01-31"}}
    cures = {"loan__tests": monthly, "loan__grace_months": 0}
    economy = ran(125, **CALM, **cures, loan__cures_until="2026-03-31", loan__cure_probability=0.0)
    told = [(day, kind) for day, kind, text in economy.events if text.startswith("neocloud_1") and "round" not in kind]
    assert [day for day, kind in told if kind == "covenant cured"] == [30, 58, 89]
    assert [day for day, kind in told if kind == "default"] == [119]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (facility(schedule={"months": 60, "balloon": 0.0}), "needs either an amortisation or a schedule"),
        (facility(amortisation=None), "needs either an amortisation or a schedule"),
        (facility(commitment_fee=0.01), "commitment is null"),
        (facility(**SCHEDULED | {"schedule": {"months": 0}}), "loan.facilities.term.schedule.months"),
        ({"loan__day_count": "actual/364"}, "loan.day_count"),
        ({"loan__tests": {"t": {"of": "dcsr", "least": 1.0}}}, "loan.tests.t.of"),
        ({"loan__tests": {"t": {"of": "dscr", "least": -1.0}}}, "loan.tests.t.least"),
        ({"loan__cures_until": "2026-13-01"}, "loan.cures_until"),
    ],
)
def test_impossible_terms_are_refused_by_key(changes, said):
    settings_ = container(**changes)
    with pytest.raises(SpecError) as raised:
        read_spec(settings_)
    assert said in str(raised.value)


def test_terms_that_are_off_change_nothing_to_the_last_bit():
    usual, same = ran(65), ran(65, loan__tests={}, **facility())
    assert np.array_equal(usual.record.rows, same.record.rows, equal_nan=True)


def test_a_test_that_no_borrower_passes_at_closing_is_refused_with_what_the_best_has():
    never = {"loan__tests": {"cover": {"of": "coverage", "least": 50.0, "every_months": 3, "first": None}}}
    with pytest.raises(
        SpecError, match=r"loan.tests.cover.least = 50.0: no borrower passes at closing: the best has 0\."
    ):
        world(**never)
    world(**{"loan__tests": {"cover": never["loan__tests"]["cover"] | {"least": 0.1}}})


ON_RECORD = sorted(
    path.stem for path in Path(configs.__file__).parent.glob("loan/*.yaml") if any(map(str.isdigit, path.stem))
)


@pytest.mark.parametrize("preset", ON_RECORD)
def test_a_facility_on_record_runs_over_a_month_end_with_its_own_price(preset):
    economy = ran(32, f"loan={preset}")
    spread, usual = economy.credit.borrowers.spread, ran(1).credit.borrowers.spread
    assert (spread == spread[0]).all(), "one facility, one price"
    assert not np.array_equal(spread, usual)
    assert economy.books.ledger.flow("interest")[economy.books.roll.lenders].sum() > 0.0
    assert economy.spec.loan.day_count == "actual/360"
