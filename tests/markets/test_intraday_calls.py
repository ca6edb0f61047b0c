"""Calls within the day: two legs that make the evening's one, who fails is sold out the same day, off is off."""

from __future__ import annotations

import numpy as np
import pytest

from sim.exchange.session import MonthOfTheDay, trade
from sim.kernels.call_auction import MARKET
from sim.spec import SpecError
from tests.markets.test_mechanisms import NOBODY, TERMS, arrivals, month
from tests.markets.test_waterfall import STRESS
from tests.worlds import moved, ran, series, spec_of, spot_side

CALLS, BOOK = "mechanism=intraday_calls", "mechanism=limit_order_book"
HARD = {key: value for key, value in STRESS.items() if key != "links__hedge_cash"}
DAYS = 13


@pytest.fixture(scope="module")
def calm():
    return ran(5, BOOK, venues__main__reports=True), ran(5, CALLS, venues__main__reports=True)


@pytest.fixture(scope="module")
def stressed():
    return ran(DAYS, BOOK, **HARD), ran(DAYS, CALLS, venues__main__reports=True, **HARD)


def test_where_nobody_fails_the_legs_make_the_evenings_and_no_price_moves(calm):
    evening, both = calm
    assert not both.record["future_intraday_defaults"].any()
    for name in evening.record.columns:
        assert both.record[name] == pytest.approx(evening.record[name], rel=1e-12, nan_ok=True), name
    assert [name for name in moved_of(evening, both) if name.startswith("future_")] == []
    legs = [both.books.ledger.flow(reason) for reason in ("intraday variation margin", "variation margin")]
    whole = evening.books.ledger.flow("variation margin")
    assert np.abs(legs[0]).max() > 0.0
    assert legs[0] + legs[1] == pytest.approx(whole, rel=1e-9, abs=1e-3)
    assert (both.record["future_intraday_paid_usd"] > 0.0).all()


def moved_of(a, b):
    """The series that both have and that differ."""
    first, second = series(a), series(b)
    return [name for name in first if first[name] != second[name]]


def test_who_fails_within_the_day_is_sold_out_in_its_remaining_rounds(stressed):
    evening, both = stressed
    failed = both.record["future_intraday_defaults"]
    assert failed.sum() > 0.0
    first = int(np.flatnonzero(failed)[0])
    assert both.record["futures_volume_contracts"][first] != evening.record["futures_volume_contracts"][first]
    assert (both.record["margin_defaults"] >= failed).all()
    assert any(kind == "intraday call" for _, kind, _ in both.events)
    assert not any(kind == "intraday call" for _, kind, _ in evening.events)


def test_nothing_physical_moves_where_no_link_reads(stressed):
    evening, both = stressed
    assert moved(spot_side(evening), {n: bits for n, bits in spot_side(both).items() if n in spot_side(evening)}) == []


def test_a_day_in_two_parts_is_the_day_where_nobody_is_sold_out():
    orders = month([3.0, -2.0, 4.0, -5.0], [101, 99, MARKET, 100])
    whole = trade(0, orders, NOBODY, TERMS, arrivals(0, 4))
    parts = MonthOfTheDay(0, orders, NOBODY, TERMS, arrivals(0, 4))
    parts.pass_rounds(2)
    parts.sell_out(np.zeros(0, dtype=np.int64), np.zeros(0))
    parts.pass_rounds(2)
    assert parts.close().filled.tobytes() == whole.filled.tobytes()


@pytest.mark.parametrize("half", [0, 1, 2, 3, 4])
def test_orders_of_who_is_sold_out_are_taken_back_wherever_they_are(half):
    draws = np.random.default_rng(half)
    quantity = draws.integers(-4, 5, 12).astype(float)
    orders = month(quantity, np.where(quantity > 0, 101, 99))
    day = MonthOfTheDay(0, orders, NOBODY, TERMS, arrivals(0, 12))
    day.pass_rounds(half)
    traders, held = np.array([1, 4, 7]), np.array([2.0, -3.0, 0.0])
    before = day.traded[0][traders].copy()
    day.sell_out(traders, held)
    day.pass_rounds(4 - half)
    session = day.close()
    assert session.filled.sum() == pytest.approx(0.0, abs=1e-9)
    since = session.filled[traders] - before
    assert since + session.rest.quantity[traders] == pytest.approx(-(held + before)), "the rest goes to the close"
    at_any_price = np.abs(session.rest.tick[traders]) == MARKET
    assert at_any_price.all()
    others = np.setdiff1d(np.arange(12), traders)
    assert session.filled[others] + session.rest.quantity[others] == pytest.approx(quantity[others])


@pytest.mark.parametrize("changes", [{"mechanism": "call_auction"}, {"rounds_per_day": 1}])
def test_a_call_needs_prices_within_the_day(changes):
    with pytest.raises(SpecError, match=r"venues\.main\.intraday_calls"):
        spec_of(CALLS, **{f"venues__main__{key}": value for key, value in changes.items()})
