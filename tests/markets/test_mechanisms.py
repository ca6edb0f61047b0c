"""Three ways to trade futures: each keeps the laws, acts, reaches no spot price by itself, and is what it says."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.futures import Schedules
from sim.exchange.joint_close import MonthOrders
from sim.exchange.market_maker import quote
from sim.exchange.session import Arrivals, rungs, trade
from sim.kernels.call_auction import LIMIT_UP, MARKET
from sim.spec import SpecError
from sim.streams import Streams, stable_id
from tests.worlds import container, moved, ran, series, spec_of, spot_side, world

MECHANISMS = ("call_auction", "limit_order_book", "log_linear")
TICK = 0.01
TERMS = SimpleNamespace(
    tick_usd=TICK, rounds_per_day=4, market_protection=0.05, maker_response=0.5, round_to_tick=False
)
NOBODY = Schedules(np.zeros(0, dtype=np.int64), (np.zeros(0),) * 4)


def month(quantity, tick, last=1.0, ticks=41) -> MonthOrders:
    """Orders of a month on a grid around its last price."""
    tick0 = round(last / TICK) - ticks // 2
    return MonthOrders(
        tick0, last, np.zeros((2, ticks)), np.array(quantity, dtype=np.float64), np.array(tick, dtype=np.int64)
    )


def schedules(*rows) -> Schedules:
    """Schedules (at last, slope, low, high), of owners 0, 1, ..."""
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Schedules(np.arange(len(rows)), (columns[0], columns[1], columns[2], columns[3]))


def arrivals(owners: int, traders: int, day: int = 3) -> Arrivals:
    """Everybody may come on a day."""
    ids = [np.array([stable_id(f"{kind}/{i}") for i in range(n)], dtype=np.int64)
           for kind, n in (("owner", owners), ("trader", traders))]  # fmt: skip
    return Arrivals(Streams(7), day, *ids)


@pytest.mark.parametrize("mechanism", MECHANISMS[1:])
def test_a_mechanism_moves_futures_and_no_bit_of_the_spot_side_with_all_links_at_zero(mechanism):
    auction, other = ran(60), ran(60, f"mechanism={mechanism}")
    assert moved(spot_side(auction), spot_side(other)) == []
    assert "future_2_usd_per_gpu_hour" in moved(series(auction), series(other))
    assert (other.record["futures_volume_contracts"] > 0.0).all()


def test_naming_the_auction_and_settings_of_other_mechanisms_change_no_bit():
    plain = ran(40)
    named = ran(40, "mechanism=call_auction", venues__main__rounds_per_day=3, venues__main__maker_response=1.0)
    assert moved(series(plain), series(named)) == []


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_two_venues_trade_each_in_its_own_way_and_a_fork_goes_on_alike(mechanism):
    economy = world("venue=cme_and_ice", "funds=one", days=40, venues__ice__mechanism=mechanism)
    economy.run(20)
    twin = economy.fork()
    economy.run(20)
    twin.run(20)
    assert moved(series(economy), series(twin)) == []


def test_the_number_of_rounds_acts():
    one, many = (
        ran(30, "mechanism=limit_order_book", venues__main__rounds_per_day=1),
        ran(30, "mechanism=limit_order_book"),
    )
    assert "futures_volume_contracts" in moved(series(one), series(many))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_day_in_the_book_trades_as_much_as_it_buys_and_nobody_beyond_its_order_or_limit(data):
    n = data.draw(st.integers(1, 25))
    quantity = data.draw(st.lists(st.integers(-4, 4), min_size=n, max_size=n))
    tick = data.draw(
        st.lists(st.sampled_from([-MARKET, 85, 98, 99, 100, 101, 102, 130, MARKET]), min_size=n, max_size=n)
    )
    tick = [abs(t) * (1 if q > 0 else -1) if abs(t) == MARKET else t for q, t in zip(quantity, tick, strict=True)]
    wanted = data.draw(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 60)), max_size=4))
    mine = schedules(*[(at, slope, -6.0, 6.0) for at, slope in wanted])
    orders = month(quantity, tick)
    session = trade(0, orders, mine, TERMS, arrivals(len(wanted), n))
    size = 1e-9 * (1.0 + np.abs(session.filled).sum())
    assert abs(session.filled.sum()) <= size
    assert abs(session.spent_usd.sum()) <= 2.0 * size
    _, asked, limits = rungs(mine, orders, TICK)
    asked, limits = np.concatenate([asked, quantity]), np.concatenate([limits, tick])
    assert session.filled + session.rest.quantity == pytest.approx(asked, abs=1e-9)
    assert (np.abs(session.filled) <= np.abs(asked) + 1e-9).all()
    traded = np.abs(session.filled) > 1e-9
    price = session.spent_usd[traded] / session.filled[traded]
    buys, limit = asked[traded] > 0.0, np.abs(limits[traded]) * TICK
    limited = np.abs(limits[traded]) != MARKET
    assert (price <= np.where(buys & limited, limit, math.inf) + 1e-9).all()
    assert (price >= np.where(~buys & limited, limit, 0.0) - 1e-9).all()


def test_rungs_of_a_schedule_add_up_to_what_it_wants_at_every_tick():
    orders, mine = month([], []), schedules((3.0, 40.0, -2.0, 4.0), (-1.0, 0.0, -5.0, 5.0), (0.5, 9.0, -9.0, 9.0))
    owners, quantity, limit = rungs(mine, orders, TICK)
    for k in range(41):
        tick = orders.tick0 + k
        buys = (quantity > 0.0) & (limit >= tick)
        sells = (quantity < 0.0) & (limit <= tick)
        found = np.bincount(owners, np.where(buys | sells, quantity, 0.0), 3)
        at_last, slope, low, high = mine.terms
        assert found == pytest.approx(np.clip(at_last - slope * (tick * TICK - 1.0), low, high), abs=1e-12)


def test_a_market_order_comes_again_every_round_and_no_farther_than_its_protection():
    orders = month([5.0, -1.0, -1.0, -9.0], [MARKET, 101, 104, 110])
    filled = {day: trade(0, orders, NOBODY, TERMS, arrivals(0, 4, day)).filled.tolist() for day in range(20)}
    assert max(mine[0] for mine in filled.values()) == 2.0, "110 is more than five per cent from the last trade"
    once = SimpleNamespace(**{**vars(TERMS), "rounds_per_day": 1})
    at_once = {day: trade(0, orders, NOBODY, once, arrivals(0, 4, day)).filled.tolist() for day in range(20)}
    assert sum(mine[0] for mine in filled.values()) > sum(mine[0] for mine in at_once.values())


def test_who_comes_first_is_drawn_anew_each_day():
    orders = month([1.0, 1.0, -1.0], [100, 100, 100])
    first = {tuple(trade(0, orders, NOBODY, TERMS, arrivals(0, 3, day)).filled.tolist()) for day in range(12)}
    assert first == {(1.0, 0.0, -1.0), (0.0, 1.0, -1.0)}


def test_a_log_linear_maker_moves_the_price_by_what_is_wanted_and_takes_the_rest():
    mine = schedules((30.0, 0.0, -100.0, 100.0), (-10.0, 0.0, -100.0, 100.0))
    cleared, scheduled, fills = quote(month([], []), mine, TERMS, 100.0)
    assert cleared.price_usd == pytest.approx(math.exp(0.5 * 20.0 / 100.0))
    assert scheduled.tolist() == [30.0, -10.0]
    assert fills.tolist() == []


def test_a_log_linear_maker_honours_limits_and_the_daily_limit():
    orders = month([30.0, 30.0, -5.0], [102, MARKET, 100])
    cleared, _, fills = quote(orders, NOBODY, TERMS, 100.0)
    assert cleared.status == LIMIT_UP
    assert cleared.price_usd == pytest.approx(1.20)
    assert fills.tolist() == [0.0, 30.0, -5.0]


def test_a_log_linear_maker_with_nothing_to_do_leaves_the_price():
    cleared, _, _ = quote(month([], []), NOBODY, TERMS, 0.0)
    assert (cleared.price_usd, cleared.volume_contracts) == (1.0, 0.0)


def test_the_makers_side_is_held_by_the_outside_world():
    economy = ran(5, "mechanism=log_linear")
    ledger, maker = economy.books.ledger, economy.register.roll.rest_of_world
    held = ledger.table(economy.exchange.first.names)
    assert np.abs(held[:, maker]).sum() > 0.0
    assert np.abs(held.sum(axis=1)).max() <= 1e-9 * np.abs(held).sum()


def test_funds_are_refused_where_a_maker_sets_the_price():
    with pytest.raises(SpecError, match=r"venues\.main\.mechanism.*needs an auction"):
        spec_of("mechanism=log_linear", "funds=leveraged")


@pytest.mark.parametrize(
    ("key", "value"),
    [("mechanism", "limit_orderbook"), ("rounds_per_day", 0), ("market_protection", 0.0), ("maker_response", -0.1)],
)
def test_what_no_mechanism_can_be_is_refused_by_its_key(key, value):
    with pytest.raises(SpecError, match=rf"venues\.main\.{key}"):
        spec_of(**{f"venues__main__{key}": value})


def test_every_preset_of_mechanisms_names_one():
    assert [container(f"mechanism={name}")["venues"]["main"]["mechanism"] for name in MECHANISMS] == list(MECHANISMS)
