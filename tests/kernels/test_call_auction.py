"""The closing auction against a naive twin that looks at every candidate price, and its edge cases."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.call_auction import (
    LIMIT_DOWN,
    LIMIT_UP,
    MARKET,
    MARKET_SURPLUS,
    NO_TRADE,
    TRADED,
    Cleared,
    Floats,
    call_auction,
    linear_schedules_on_ticks,
    schedule_fills,
    tick_grid,
)

TICK0, N, TICK, LAST = 90, 21, 0.01, 1.0  # ticks 90 to 110, the last price at 100

Order = tuple[float, int]


def clear(
    orders: list[Order], curve: Floats | None = None, last: float = LAST, *, to_tick: bool = False
) -> tuple[Cleared, Floats]:
    quantity = np.array([q for q, _ in orders], dtype=float)
    limit = np.array([tick for _, tick in orders], dtype=np.int64)
    fills = np.full(len(orders), np.nan)
    cleared = call_auction(
        quantity, limit, np.zeros((2, N)) if curve is None else curve, TICK0, TICK, last, to_tick, fills
    )
    return cleared, fills


def naive_roots(orders: list[Order], curve: Floats) -> list[tuple[float, float]]:
    """Every stretch of prices (from, to, in ticks) where excess demand, summed anew at each price, can be zero."""
    top = TICK0 + N - 1

    def excess(x: int, above: bool) -> float:
        wants = curve[0, x - TICK0] - curve[1, x - TICK0]
        for q, t in orders:
            if (q > 0 and (t >= top or t > x or (t == x and not above))) or (
                q < 0 and (t <= TICK0 or t < x or (t == x and above))
            ):
                wants += q
        return wants

    points = [(float(t), excess(t, above)) for t in range(TICK0, top + 1) for above in (False, True)]
    roots: list[tuple[float, float]] = []
    for (a, za), (b, zb) in zip([(0.0, math.nan), *points], points, strict=False):
        if zb == 0:
            roots[-1:] = [(roots[-1][0], b)] if za == 0 else [*roots[-1:], (b, b)]
        elif za * zb < 0:
            roots.append((a + za / (za - zb) * (b - a),) * 2)
    return roots


ticks = st.integers(TICK0 - 3, TICK0 + N + 2)
halves = st.integers(-20, 20).map(lambda q: q / 4)
books = st.lists(st.tuples(halves.filter(bool), ticks | st.just(0)), max_size=12).map(
    lambda book: [(q, int(math.copysign(MARKET, q)) if t == 0 else t) for q, t in book]
)
curves = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=N, max_size=N).map(
    lambda rows: np.array(rows, dtype=float).T / 2
)
no_curve = st.just(np.zeros((2, N)))


@settings(max_examples=200, deadline=None)
@given(books, curves | no_curve, st.integers(TICK0, TICK0 + N - 1))
def test_the_price_is_the_naive_root_nearest_the_last_price(book: list[Order], curve: Floats, last: int) -> None:
    cleared, _ = clear(book, curve, last * TICK)
    roots = naive_roots(book, curve)
    assert cleared.roots == len(roots)
    if roots:
        distance = min(max(low - last, last - high, 0.0) for low, high in roots)
        assert abs(cleared.position + TICK0 - last) == pytest.approx(distance, abs=1e-9)
        assert cleared.status in {TRADED, NO_TRADE}
    else:
        assert cleared.status in {LIMIT_UP, LIMIT_DOWN, MARKET_SURPLUS, NO_TRADE}


@settings(max_examples=200, deadline=None)
@given(books, curves | no_curve, st.integers(TICK0, TICK0 + N - 1), st.booleans())
def test_fills_balance_and_nobody_trades_beyond_limit_or_size(
    book: list[Order], curve: Floats, last: int, to_tick: bool
) -> None:
    cleared, fills = clear(book, curve, last * TICK, to_tick=to_tick)
    price = cleared.position + TICK0
    lines = [float(np.interp(price, range(TICK0, TICK0 + N), row)) for row in curve]
    total = fills.sum() + lines[0] * cleared.curve_buy_filled - lines[1] * cleared.curve_sell_filled
    gross = np.abs(fills).sum() + sum(lines)
    assert abs(total) <= 1e-9 * max(gross, 1e-300)
    assert 0 <= cleared.curve_buy_filled <= 1 + 1e-9
    assert 0 <= cleared.curve_sell_filled <= 1 + 1e-9
    short = set()
    for (q, limit), fill in zip(book, fills, strict=True):
        assert 0 <= fill / q <= 1
        better = limit > price if q > 0 else limit < price
        if fill:
            assert better or limit == price or abs(limit - price) < 4 and price in {TICK0, TICK0 + N - 1}
        if better and fill != q and abs(q) > 1e-6:
            short.add(q > 0)
    assert len(short) <= 1, "only one side is rationed"


@settings(max_examples=150, deadline=None)
@given(books, curves | no_curve, st.randoms(use_true_random=False), st.sampled_from([2.0, 0.5, 3.0, 1000.0]))
def test_shuffling_changes_nothing_and_scaling_scales_the_fills(
    book: list[Order], curve: Floats, rng, scale: float
) -> None:
    cleared, fills = clear(book, curve)
    order = list(range(len(book)))
    rng.shuffle(order)
    shuffled, shuffled_fills = clear([book[i] for i in order], curve)
    assert shuffled == cleared
    np.testing.assert_array_equal(shuffled_fills, fills[order])
    scaled, scaled_fills = clear([(q * scale, t) for q, t in book], curve * scale)
    assert (scaled.price_usd, scaled.status) == (pytest.approx(cleared.price_usd), cleared.status)
    np.testing.assert_allclose(scaled_fills, fills * scale, rtol=1e-9, atol=1e-9)


def test_equals_at_the_margin_share_pro_rata() -> None:
    cleared, fills = clear([(2.0, 101), (3.0, 100), (1.0, 100), (-4.0, 95), (-1.0, 105)])
    assert cleared.price_usd == 1.0
    np.testing.assert_allclose(fills, [2.0, 1.5, 0.5, -4.0, 0.0])


def test_a_schedule_is_solved_inside_the_tick() -> None:
    curve = np.zeros((2, N))
    slope, reference = 100.0, 1.0
    one = (np.array([0.25]), np.array([slope]), np.array([-50.0]), np.array([50.0]), reference, TICK0, TICK)
    linear_schedules_on_ticks(*one, curve)
    cleared, fills = clear([(-1.5, 95)], curve)
    assert cleared.price_usd == pytest.approx(1.0 + (0.25 - 1.5) / slope, rel=1e-12)
    own = np.zeros(1)
    schedule_fills(*one, cleared, own)
    assert own[0] == pytest.approx(1.5, rel=1e-12)
    assert fills[0] == -1.5
    rounded, fills = clear([(-1.5, 95)], curve, to_tick=True)
    schedule_fills(*one, rounded, own)
    assert rounded.price_usd == pytest.approx(0.99)
    assert own[0] == -fills[0] == pytest.approx(1.25)


def test_schedules_and_orders_together_sum_to_zero() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        m = 12
        batch = (
            rng.normal(0, 5, m),
            rng.exponential(200, m),
            -rng.exponential(9, m),
            rng.exponential(9, m),
            LAST,
            TICK0,
            TICK,
        )
        curve = np.zeros((2, N))
        linear_schedules_on_ticks(*batch, curve)
        orders = [(float(q), int(t)) for q, t in zip(rng.normal(0, 6, 30), rng.integers(85, 116, 30), strict=True)]
        cleared, fills = clear(orders, curve, to_tick=bool(rng.integers(2)))
        own = np.zeros(m)
        schedule_fills(*batch, cleared, own)
        assert abs(fills.sum() + own.sum()) <= 1e-9 * (np.abs(fills).sum() + np.abs(own).sum())


def test_several_roots_are_counted_and_the_nearest_is_taken() -> None:
    curve = np.zeros((2, N))
    curve[0] = np.interp(
        range(N), [0, 5, 15, 20], [6.0, 2.0, 6.0, 2.0]
    )  # a leveraged fund buys more as the price rises
    for last, price in ((0.93, 0.925), (1.1, 1.075)):
        cleared, _ = clear([(-4.0, MARKET * -1)], curve, last)
        assert cleared.roots == 3
        assert cleared.price_usd == pytest.approx(price)
    assert clear([(-4.0, -MARKET)], curve, 1.0)[0].price_usd == pytest.approx(1.0)


def test_without_a_root_the_price_locks_at_the_limit_and_the_long_side_is_rationed_pro_rata() -> None:
    curve = np.zeros((2, N))
    curve[0] = 4.0
    cleared, fills = clear([(6.0, 115), (2.0, MARKET), (-3.0, 95)], curve)
    assert (cleared.status, cleared.price_usd, cleared.roots) == (LIMIT_UP, pytest.approx(1.1), 0)
    np.testing.assert_allclose(fills, [1.5, 0.5, -3.0])
    assert cleared.curve_buy_filled == pytest.approx(0.25)
    cleared, fills = clear([(-6.0, 80), (-2.0, -MARKET), (3.0, 105)])
    assert (cleared.status, cleared.price_usd) == (LIMIT_DOWN, pytest.approx(0.9))
    np.testing.assert_allclose(fills, [-2.25, -0.75, 3.0])


@pytest.mark.parametrize(
    ("orders", "price"),
    [
        ([], 1.0),
        ([(5.0, 95)], 1.0),  # a bid below the mark says nothing new
        ([(5.0, 104)], 1.04),  # nobody sells at 1.04: the mark goes to the bid
        ([(-5.0, 96), (-1.0, 98)], 0.96),
        ([(5.0, 92), (-5.0, 95)], 0.95),
        ([(5.0, MARKET)], 1.0),  # an order without a limit never marks
        ([(5.0, MARKET), (3.0, 104)], 1.04),
        ([(-5.0, -MARKET)], 1.0),
        ([(1e-12, 108)], 1.0),
    ],
)
def test_a_book_without_trade_moves_the_mark_only_to_a_finite_quote(orders: list[Order], price: float) -> None:
    cleared, fills = clear(orders)
    assert cleared.price_usd == pytest.approx(price, rel=1e-15)
    assert cleared.status == NO_TRADE
    assert not fills.any()


def test_market_orders_in_surplus_stop_at_the_last_quote_that_helps_them() -> None:
    cleared, fills = clear([(-9.0, -MARKET), (-3.0, -MARKET), (2.0, 99), (4.0, 94)])
    assert (cleared.status, cleared.price_usd) == (MARKET_SURPLUS, pytest.approx(0.94))
    np.testing.assert_allclose(fills, [-4.5, -1.5, 2.0, 4.0])


def test_a_residual_does_not_set_the_price() -> None:
    for residual in (1e-12, -1e-12):
        cleared, _ = clear([(5.0, 105), (-5.0 + residual, 95)])
        assert cleared.price_usd == 1.0


def test_a_last_price_between_ticks_stays_to_the_last_bit() -> None:
    last = 1.0 + 1 / 3000
    assert clear([(3.0, 95), (-2.0, 107)], last=last)[0].price_usd == last


def test_the_grid_holds_the_last_price_and_its_limits() -> None:
    assert tick_grid(1.0, 0.1, 0.01) == (90, 21)
    assert tick_grid(2.345678, 0.0, 0.01) == (234, 2)
    assert tick_grid(0.004, 0.5, 0.01) == (1, 1)
