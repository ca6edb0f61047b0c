"""The order book trades as two heaps and a dictionary do, keeps its own promises, and refuses what cannot be played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.lab.bench.books.heap_book import heap_book
from experiments.lab.bench.books.measure import flow, in_c, same_trades
from sim.exchange.order_book import Event, SelfTrade, replay
from sim.kernels import limit_order_book as book

L, M, I, C, R = Event.LIMIT, Event.MARKET, Event.IOC, Event.CANCEL, Event.REPLACE  # noqa: E741


def play(events, **more):
    """Trades as tuples and what rests, of events (kind, order, tick, quantity)."""
    found = replay(*(np.array(column) for column in zip(*events, strict=True)), **more)
    trades = list(zip(*(column.tolist() for column in found.trades), strict=True))
    return trades, dict(zip(found.orders.tolist(), found.left.tolist(), strict=True))


@st.composite
def flows(draw):
    """Events of few prices and owners, so that they meet often; cancels and replaces of any order entered before."""
    asked = draw(st.lists(st.sampled_from([L, L, L, M, I, C, R, R]), min_size=1, max_size=60))
    events, entered = [], []
    for what in asked:
        kind = what if entered or what < C else L
        if kind in (C, R):
            order, sign = draw(st.sampled_from(entered))
            wanted = sign * draw(st.integers(0, 6)) / 2
        else:
            order, sign = len(entered), draw(st.sampled_from([-1, 1]))
            entered.append((order, sign))
            wanted = sign * draw(st.integers(1, 6)) / 2
        events.append((int(kind), order, draw(st.integers(-3, 5)), wanted))
    owners = draw(st.lists(st.integers(0, 2), min_size=len(events), max_size=len(events)))
    return events, owners


@settings(max_examples=400, deadline=None)
@given(flows(), st.sampled_from(SelfTrade))
def test_it_trades_as_two_heaps_and_a_dictionary_do(flow, self_trade) -> None:
    events, owners = flow
    trades, left = heap_book(*zip(*events, strict=True), owners, int(self_trade))
    assert play(events, owner=owners, self_trade=self_trade) == (trades, left)


@settings(max_examples=200, deadline=None)
@given(flows())
def test_no_order_trades_more_than_it_wants_or_beyond_its_limit_and_the_book_is_never_crossed(flow) -> None:
    events, _ = flow
    trades, left = play(events)
    for event, resting, incoming, tick, size in trades:
        kind, order, limit, wanted = events[event]
        assert order == incoming
        assert 0.0 < abs(size) <= abs(wanted)
        assert size * wanted > 0.0
        if kind != M:
            assert tick <= limit if size > 0.0 else tick >= limit
        assert resting != incoming
    side, limits = {}, {}
    for kind, order, tick, wanted in events:
        if kind == L or (kind == R and wanted != 0.0 and order in limits):
            side[order], limits[order] = wanted > 0.0, tick
    bids = [limits[order] for order in left if side[order]]
    asks = [limits[order] for order in left if not side[order]]
    assert not bids or not asks or max(bids) < min(asks)


def test_the_better_price_trades_first_then_the_earlier_order_each_at_the_resting_price() -> None:
    trades, left = play([(L, 0, 102, -1.0), (L, 1, 101, -1.0), (L, 2, 101, -1.0), (L, 3, 103, 2.5)])
    assert trades == [(3, 1, 3, 101, 1.0), (3, 2, 3, 101, 1.0), (3, 0, 3, 102, 0.5)]
    assert left == {0: 0.5}


@pytest.mark.parametrize(
    ("replacement", "first"),
    [((R, 0, 100, -1.0), 0), ((R, 0, 100, -3.0), 1), ((R, 0, 99, -2.0), 0), ((R, 0, 101, -2.0), 1)],
    ids=["smaller keeps its place", "larger loses it", "cheaper comes first", "dearer comes last"],
)
def test_a_replaced_order_keeps_its_place_only_where_it_is_smaller(replacement, first) -> None:
    trades, _ = play([(L, 0, 100, -2.0), (L, 1, 100, -2.0), replacement, (M, 2, 0, 0.5)])
    assert trades[0][1] == first


def test_the_rest_of_a_market_order_and_of_an_immediate_one_is_cancelled() -> None:
    trades, left = play([(L, 0, 100, -1.0), (M, 1, 0, 1e9), (L, 2, 100, -1.0), (I, 3, 100, 5.0), (L, 4, 99, -1.0)])
    assert [size for *_, size in trades] == [1.0, 1.0]
    assert left == {4: 1.0}


@pytest.mark.parametrize(
    ("how", "trades", "left"),
    [
        (SelfTrade.KEEP, [(1, 0, 1, 100, 1.0)], {}),
        (SelfTrade.CANCEL_RESTING, [], {1: 1.0}),
        (SelfTrade.CANCEL_INCOMING, [], {0: 1.0}),
    ],
)
def test_an_owner_does_not_trade_with_itself_where_that_is_prevented(how, trades, left) -> None:
    assert play([(L, 0, 100, -1.0), (L, 1, 100, 1.0)], owner=[7, 7], self_trade=how) == (trades, left)


def test_far_and_negative_prices_and_large_numbers_of_orders_cost_no_grid() -> None:
    events = [(L, 10**12, -(10**15), 1.0), (L, 5, 10**15, -1.0), (M, 6, 0, -1.0), (M, 7, 0, 1.0)]
    trades, left = play(events)
    assert trades == [(2, 10**12, 6, -(10**15), -1.0), (3, 5, 7, 10**15, 1.0)]
    assert left == {}


def test_nothing_comes_of_nothing() -> None:
    found = replay([], [], [], [])
    assert len(found.trades.event) == len(found.orders) == 0


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([(7, 0, 100, 1.0)], "event 0: kind is 7"),
        ([(L, 0, 100, 1.0), (L, 1, 100, float("nan"))], "event 1: quantity is nan"),
        ([(L, 0, 100, 0.0)], "event 0: quantity is 0.0"),
        ([(L, 0, 100, 1e13)], "event 0: quantity is 10000000000000.0: at most 1e+12"),
        ([(L, 0, 100, 1.0), (L, 0, 100, 1.0)], "event 1: order 0 has been entered before"),
        ([(C, 3, 100, 0.0), (L, 3, 100, 1.0)], "event 0: order 3 has not been entered"),
        ([(L, 0, 100, 1.0), (R, 0, 100, -1.0)], "event 1: order 0 cannot be replaced by one of the other side"),
        ([(L, 0, 100.5, 1.0)], "tick is of type float64: allowed are whole numbers"),
    ],
)
def test_what_cannot_be_played_is_refused_by_its_first_event(events, said) -> None:
    with pytest.raises(ValueError, match=said.replace("+", r"\+")):
        play(events)


def test_columns_of_several_lengths_and_owners_that_are_missing_are_refused() -> None:
    with pytest.raises(ValueError, match="arrays of one length"):
        replay([L, L], [0], [1], [1.0])
    with pytest.raises(ValueError, match="CANCEL_RESTING: it needs the owner"):
        replay([L], [0], [1], [1.0], self_trade=SelfTrade.CANCEL_RESTING)


def test_depth_counts_what_rests_within_the_ticks_asked_for() -> None:
    state, best, trades = book.empty_book(10, 4), book.no_quotes(10), book.no_trades(4)
    kinds, orders, owner = np.zeros(4, np.int8), np.arange(4), np.zeros(4, np.int64)
    book.match(state, best, kinds, orders, owner, np.array([2, 4, 6, 8]), np.array([1.0, 2.0, -3.0, -4.0]), 0, trades)
    assert best.tolist() == [4, 6]
    assert book.depth(state, best, 3, 7) == (2.0, 3.0)
    assert book.depth(state, best, -5, 50) == (3.0, 7.0)


@pytest.mark.skipif(in_c() is None, reason="no C compiler here")
def test_the_book_in_c_trades_the_same() -> None:
    kind, order, tick, quantity = flow(3000, 5)
    state, best, trades = book.empty_book(4096, 3000), book.no_quotes(4096), book.no_trades(3000)
    n = in_c()(state, best, kind, order, np.zeros(3000, np.int64), tick, quantity, trades)
    same_trades(np.column_stack([column[:n] for column in trades]), np.column_stack(replay(*flow(3000, 5)).trades))
    assert n > 500


def test_the_example_of_the_documentation_says_what_it_prints() -> None:
    page = (Path(__file__).parents[2] / "docs" / "order_book.md").read_text("utf-8")
    names: dict[str, object] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)  # noqa: S102
    found = names["found"]
    assert found.trades.resting.tolist() == [0, 1]
    assert found.trades.quantity.tolist() == [2.0, 2.0]
    assert dict(zip(found.orders.tolist(), found.left.tolist(), strict=True)) == {1: 1.0}
