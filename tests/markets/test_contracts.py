"""What a venue's terms say of its days, its listing and its margin is what happens."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest

from sim.calendar import Calendar
from sim.exchange.margin_models import FilteredHistory, required_usd
from sim.exchange.terms import Margin
from sim.exchange.trade_dates import CALENDAR_DAYS, CME, TradeDates, installed
from sim.spec import SpecError
from tests.worlds import moved, ran, row, series, spec_of, spot_side, world

REAL = Calendar(datetime.date(2026, 1, 1))
NEEDS_PACKAGE = pytest.mark.skipif(not installed(), reason="pandas_market_calendars is not installed")


def margin(**more) -> Margin:
    """Margin terms."""
    return Margin(initial=0.12, maintenance=0.09, **more)


def test_a_month_settles_over_its_weekdays_or_over_all_its_days():
    assert len(TradeDates(REAL).settlement_days(0)) == 22
    assert len(TradeDates(REAL, settlement=CALENDAR_DAYS).settlement_days(1)) == 28
    assert TradeDates(REAL).last_trade_day(0) == 29, "Friday 30 January"


@NEEDS_PACKAGE
def test_cme_trade_dates_leave_out_the_exchanges_holidays_for_years_to_come():
    dates = TradeDates(Calendar(datetime.date(2027, 1, 1)), CME)
    assert len(dates.settlement_days(0)) == 19
    assert sum(len(dates.settlement_days(month)) for month in range(12)) == 251
    assert 245 < sum(len(dates.settlement_days(month)) for month in range(36, 48)) < 255
    assert not dates.is_business_day((datetime.date(2027, 3, 26) - datetime.date(2027, 1, 1)).days), "Good Friday"


def test_with_equal_months_every_day_is_a_business_day():
    equal = TradeDates(Calendar(datetime.date(2026, 1, 1), equal_months=True), CME)
    assert len(equal.settlement_days(3)) == 30


def test_which_days_count_moves_futures_and_no_bit_of_the_spot_side():
    business, calendar = ran(45), ran(45, venues__main__settlement="calendar_days")
    assert moved(spot_side(business), spot_side(calendar)) == []
    assert "future_1_usd_per_gpu_hour" in moved(series(business), series(calendar))


def test_a_month_pays_the_mean_over_all_its_days_where_all_count():
    economy = world(days=40, venues__main__settlement="calendar_days")
    economy.run(30)
    venue = economy.exchange.first
    assert len(venue.known) == 30
    assert venue.settlement_usd() == pytest.approx(economy.record["index_transaction_usd_per_gpu_hour"][:30].mean())
    assert venue.curve(30, 1.0).known_weight[0] == pytest.approx(30 / 31)


def test_a_venue_opens_on_its_listing_date_as_one_that_a_fork_lists_on_that_day():
    late = world(days=40, venues__main__listed_from="2026-01-21")
    late.run(40)
    prices = late.record["future_2_usd_per_gpu_hour"]
    assert np.isnan(prices[:20]).all()
    assert np.isfinite(prices[20:]).all()
    forked = world("venue=none", days=40)
    forked.run(20)
    forked = forked.fork(spec_of(venues__main__listed_from="2026-01-21"))
    forked.run(20)
    assert moved(series(late), series(forked)) == []


def test_a_buyer_from_outside_holds_at_a_venue_that_lists_later_no_more_than_its_budget():
    economy = world(
        "control=outside_buyer", days=30, venues__main__listed_from="2026-01-21",
        agents__outside_buyer__start_day=2, agents__outside_buyer__budget_usd=5e7,
    )  # fmt: skip
    economy.run(21)
    curve, venue = economy.exchange.curves(21)["main"], economy.exchange.first
    held = economy.books.ledger.table(venue.names)[:, row(economy, "outside_buyer_1")]
    worth = float(held @ (np.array(curve.price_usd) * np.array(curve.contract_hours)))
    assert 0.5 * 5e7 < worth < 1.2 * 5e7


def test_a_month_that_is_listed_inside_it_settles_over_the_days_since():
    economy = world(days=40, venues__main__listed_from="2026-01-21")
    economy.run(31)
    curve = economy.exchange.curves(31)["main"]
    assert economy.exchange.first.first_month == 1
    assert curve.known_weight[0] == 0.0
    economy = world(days=40, venues__main__listed_from="2026-01-21")
    economy.run(30)
    assert economy.exchange.first.curve(31, 1.0).known_weight[0] == 1.0, "31 January is a Saturday"


def test_a_listing_before_the_start_is_one_at_once_and_one_after_the_end_is_told():
    plain, early = ran(10), ran(10, venues__main__listed_from="2025-06-01")
    assert moved(series(plain), series(early)) == []
    text = "main is listed from 2025-06-01, before the run starts on 2026-01-01: it opens on day 0, as new"
    assert early.events == [(0, "listing outside the run", text), *plain.events]
    at_once = world(days=10, venues__main__listed_from="2026-01-01", venues__main__listed=False)
    assert at_once.events == world(days=10, venues__main__listed_from="2026-01-01").events == []
    never = world(days=10, venues__main__listed_from="2026-03-01")
    never.run(10)
    assert (0, "listing outside the run", "main is listed on day 59, the run ends on day 9") in never.events
    assert moved(spot_side(plain), spot_side(never)) == []


def test_a_venue_that_a_fork_closes_in_mid_month_settles_what_is_open_at_last_prices_and_tells_it():
    economy = world(days=25)
    economy.run(14)
    exchange = economy.exchange
    venue, ledger = exchange.first, economy.books.ledger
    held = exchange.open_interest(venue)
    closed = economy.fork(spec_of("venue=none"))
    (event,) = [event for event in closed.events if event[1] == "venue closed"]
    value = float(held @ (venue.price_usd * venue.hours))
    text = f"main: {held.sum():,.0f} contracts worth {value:,.0f} USD settle at their last prices, "
    assert held.sum() > 0.0
    assert event == (14, "venue closed", f"{text}future:2026-01 with 10 of 22 days of its month fixed")
    after, crowds = closed.books.ledger, [crowd.owner for crowd in exchange.crowds]
    assert not after.table(venue.names).any()
    assert after.held("margin") == pytest.approx(0.0, abs=1e-3)
    everybody = np.setdiff1d(np.arange(len(ledger.owners)), [*crowds, economy.books.roll.rest_of_world])
    worth = [book.held("cash") + book.held("margin") for book in (ledger, after)]
    hedgers = everybody[exchange.house.hedger[everybody]]
    assert worth[0][crowds].sum() > 0.0
    assert worth[1][crowds] == pytest.approx(0.0, abs=1e-3), "they take their money home"
    assert (after.held("cash")[hedgers] > ledger.held("cash")[hedgers] - 1e-3).all(), "nobody pays for it"
    closed.run(10)
    assert np.isnan(closed.record["future_2_usd_per_gpu_hour"][15:24]).all()


def test_a_venue_that_a_fork_opens_in_mid_month_settles_over_the_days_since():
    economy = world("venue=none", days=40)
    economy.run(20)
    forked = economy.fork(spec_of())
    assert [event for event in forked.events if event[1] == "venue closed"] == []
    forked.run(10)  # to the eve of 31 January, a Saturday
    assert forked.exchange.first.curve(31, 1.0).known_weight[0] == 1.0
    forked.run(2)
    assert forked.exchange.first.listed.settlement_days == 20


def test_a_month_without_a_day_to_settle_on_is_told_of():
    told = {}
    for date in ("2026-01-30", "2026-01-31"):
        told[date] = [event for event in ran(33, venues__main__listed_from=date).events if event[1] == "no fixings"]
    text = "future:2026-01 has no day of its month to settle on and settles at its last price"
    assert told == {"2026-01-30": [], "2026-01-31": [(30, "no fixings", text)]}


@pytest.mark.parametrize("start", ["2026-01-30", "2026-01-31", "2026-02-28"])
def test_a_world_that_starts_on_or_after_the_last_trade_day_of_a_month_has_all_its_index_days(start):
    economy = world(days=5, world__start_date=start)
    listed, known = economy.exchange.first.listed, economy.exchange.first.known
    assert len(known) == listed.settlement_days - (start == "2026-01-30")
    economy.run(3)
    assert economy.events == []
    assert np.isfinite(economy.record["future_1_usd_per_gpu_hour"][:3]).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("listed_from", "2026-02-30"),
        ("settlement", "weekdays"),
        ("calendar", "cme"),
        ("margin__model", "span"),
        ("margin__confidence", 1.0),
        ("margin__window_days", 3),
        ("margin__decay", 1.0),
    ],
)
def test_terms_that_cannot_be_are_refused_by_their_key(key, value):
    with pytest.raises(SpecError, match=rf"venues\.main\.{key.replace('__', '.')}"):
        spec_of(**{f"venues__main__{key}": value})


def test_trade_dates_need_real_months():
    with pytest.raises(SpecError, match=r"venues\.main\.calendar"):
        spec_of("world=stationary", venues__main__calendar="cme_trade_dates")


def test_filtered_history_begins_with_the_share_stated_and_follows_volatility():
    model = FilteredHistory(margin(model="fhs"))
    assert model.share == pytest.approx(0.12)
    for _ in range(40):
        model.note(0.0)
    assert model.share < 0.12
    calm = model.share
    for day in range(20):
        model.note(0.08 * (-1.0) ** day)
    assert model.share > 2.0 * calm


def test_its_share_is_the_quantile_of_surprises_times_volatility_to_come():
    model = FilteredHistory(margin(model="fhs", stress_weight=0.0, buffer=0.1, window_days=30, decay=0.9))
    returns = np.random.default_rng(1).normal(0.0, 0.02, 200)
    sigma, surprises = model.sigma, []
    for value in returns.tolist():
        surprises.append(value / sigma)
        sigma = math.sqrt(0.9 * sigma**2 + 0.1 * value**2)
        model.note(value)
        assert model._quantile() == np.quantile(np.abs(model.surprises), 0.99)  # to the bit
    assert model.share == pytest.approx(1.1 * np.quantile(np.abs(surprises[-30:]), 0.99) * sigma * math.sqrt(2.0))


def test_tools_against_procyclicality_narrow_the_way_from_trough_to_peak():
    """Murphy, Vasios and Vause 2014: what memory and a stressed part do to peak over trough, in order."""
    rng, volatility, returns = np.random.default_rng(3), 0.03, []
    for _ in range(2000):  # GARCH(.08, .90) with t6
        returns.append(volatility * float(rng.standard_t(6)) / math.sqrt(1.5))
        volatility = math.sqrt(0.02 * 0.03**2 + 0.08 * returns[-1] ** 2 + 0.90 * volatility**2)
    found = [_peak_to_trough(margin(model="fhs", buffer=0.0, **more), returns) for more in (
        {"decay": 0.94, "stress_weight": 0.0}, {"decay": 0.97, "stress_weight": 0.0},
        {"decay": 0.99, "stress_weight": 0.0}, {"decay": 0.99, "stress_weight": 0.25},
    )]  # fmt: skip
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.5 * found[-1]


def _peak_to_trough(terms: Margin, returns) -> float:
    model, shares = FilteredHistory(terms), []
    for value in returns:
        model.note(value)
        shares.append(model.share)
    return max(shares[500:]) / min(shares[500:])


def test_scan_margin_nets_months_and_at_a_charge_of_one_is_gross():
    position, price = np.array([[3.0, 1.0], [-2.0, 1.0]]), np.array([2.0, 1.0])
    gross = required_usd(margin(), 0.1, np.full(len(price), 10.0), position, price)
    assert gross.tolist() == pytest.approx([8.0, 3.0])
    netted = required_usd(margin(model="scan", spread_charge=0.25), 0.1, np.full(len(price), 10.0), position, price)
    assert netted.tolist() == pytest.approx([4.0 + 0.25 * 4.0, 3.0])
    assert required_usd(
        margin(model="scan", spread_charge=1.0), 0.1, np.full(len(price), 10.0), position, price
    ) == pytest.approx(gross)


@pytest.mark.parametrize("model", ["fhs", "scan"])
def test_a_margin_model_moves_deposits_and_no_bit_of_the_spot_side(model):
    fixed, other = ran(40), ran(40, venues__main__margin__model=model)
    assert moved(spot_side(fixed), spot_side(other)) == []
    assert "initial_margin_usd" in moved(series(fixed), series(other))


def test_a_fork_of_margins_by_history_goes_on_alike():
    economy = world(days=30, venues__main__margin__model="fhs")
    economy.run(15)
    twin = economy.fork()
    economy.run(15)
    twin.run(15)
    assert moved(series(economy), series(twin)) == []
