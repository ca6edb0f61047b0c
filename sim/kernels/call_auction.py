"""A closing call auction: one maturity, one price, from limit orders and continuous schedules on a grid of ticks.

    tick_grid(last_price_usd, limit_share, tick_usd) -> (tick0, n)
    curve = np.zeros((2, n)); linear_schedules_on_ticks(a, b, low, high, reference_usd, tick0, tick_usd, curve)
    call_auction(quantity, limit_tick, curve, tick0, tick_usd, last_price_usd, to_tick, fills) -> Cleared
    schedule_fills(a, b, low, high, reference_usd, tick0, tick_usd, cleared, fills)

Orders: `quantity` contracts (float64, + buys, - sells), `limit_tick` int64, price = tick * tick_usd; MARKET for a
market buy, -MARKET for a market sell. A buy limited at the grid's upper end or above it wants more at any price.
`curve` (2, n): what all schedules buy (row 0) and sell (row 1, >= 0) at each tick, linear in between by definition;
neither need fall or rise, so a fund whose demand rises with the price adds its curve here.
Excess demand is one continuous path: down by the marginal orders at a tick, linear between two; every root is found in
one scan. The price is the root nearest the last price (a stretch of roots gives its nearest point: an order that
nothing meets moves the price just to itself; an empty book leaves it). Without a root the price is at the grid's end
(limit lock), unless only market orders want more there: these never set a price, so it stops at the last finite quote
that helps them. The side in excess is rationed: pro rata among all in a lock, else first the orders limited at the
price, then the schedules, then the rest. Fills of both sides are equal by construction. `fills` is written in place.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARKET = 2**62
DUST_CONTRACTS, ROUNDING = 1e-9, 1e-12  # excess demand below these (the second of all interest) is none
TRADED, NO_TRADE, LIMIT_UP, LIMIT_DOWN, MARKET_SURPLUS = 0, 1, 2, 3, 4


class Cleared(NamedTuple):
    """An auction's outcome; `position` is the price in ticks from the grid's start."""

    price_usd: float
    position: float
    status: int  # TRADED, NO_TRADE, LIMIT_UP, LIMIT_DOWN or MARKET_SURPLUS
    roots: int  # above one: multiplicity; 0: a lock or a surplus of market orders
    volume_contracts: float
    curve_buy_filled: float
    curve_sell_filled: float


@jit
def call_auction(
    quantity: Floats,
    limit_tick: Ints,
    curve: Floats,
    tick0: int,
    tick_usd: float,
    last_price_usd: float,
    to_tick: bool,
    fills: Floats,
) -> Cleared:
    """Clear one maturity; see the module's docstring. `to_tick` rounds the price to a tick."""
    n = curve.shape[1]
    slots = order_slots(quantity, limit_tick, tick0, n)
    book = order_histogram(quantity, slots, n)
    path, interest = excess_demand(book, curve)
    dust = DUST_CONTRACTS + ROUNDING * interest
    stay = last_price_usd / tick_usd - tick0
    last = min(max(stay, 0.0), n - 1.0)
    roots, position = nearest_root(path, 0.0, last, dust)
    status = TRADED
    if roots == 0:
        status, position = _without_root(path, book, curve, last, dust)
    return fill_at(
        quantity, slots, book, curve, tick0, tick_usd, last_price_usd, to_tick, position, status, roots, dust, fills
    )


@jit
def fill_at(
    quantity: Floats,
    slots: NDArray[np.uint32],
    book: Floats,
    curve: Floats,
    tick0: int,
    tick_usd: float,
    last_price_usd: float,
    to_tick: bool,
    position: float,
    status: int,
    roots: int,
    dust: float,
    fills: Floats,
) -> Cleared:
    """Ration both sides at a position found, write the orders' fills, return the outcome."""
    stay = last_price_usd / tick_usd - tick0
    if to_tick:
        position = math.floor(position + 0.5)
    lock = status in (LIMIT_UP, LIMIT_DOWN)
    factor, volume, buy_filled, sell_filled = ration(book, curve, position, lock)
    if volume <= dust:
        factor[:] = 0.0
        volume, buy_filled, sell_filled = 0.0, 0.0, 0.0
        if not lock:
            status = NO_TRADE
    flat = factor.reshape(-1)
    for i in range(len(quantity)):
        fills[i] = quantity[i] * flat[slots[i]]
    price = last_price_usd if position == stay else (tick0 + position) * tick_usd
    return Cleared(price, position, status, roots, volume, buy_filled, sell_filled)


@jit
def tick_grid(last_price_usd: float, limit_share: float, tick_usd: float) -> tuple[int, int]:
    """Return (tick0, n): the ticks within the daily limit of the last price, at least one, none below 1."""
    last = last_price_usd / tick_usd
    low = max(1, min(math.ceil(last * (1.0 - limit_share) - 1e-9), math.floor(last)))
    high = max(low, math.floor(last * (1.0 + limit_share) + 1e-9), math.ceil(last))
    return low, high - low + 1


@jit
def order_slots(quantity: Floats, limit_tick: Ints, tick0: int, n: int) -> NDArray[np.uint32]:
    """Return each order's slot: buys below the grid, at its n ticks, above it, then the same for sells."""
    slots = np.empty(len(quantity), np.uint32)
    for i in range(len(quantity)):  # without branches: vector code
        # Beyond the grid lie only market orders (on their good side) and orders that cannot trade (on the other).
        sell = int(quantity[i] < 0.0)
        low = sell * int(limit_tick[i] != -MARKET)
        high = n + (sell | int(limit_tick[i] == MARKET))
        slots[i] = sell * (n + 2) + min(max(limit_tick[i] - tick0 + 1, low), high)
    return slots


@jit
def order_histogram(quantity: Floats, slots: NDArray[np.uint32], n: int) -> Floats:
    """Sum the quantities in each slot: (2, n + 2), buys and sells."""
    book = np.zeros(2 * (n + 2))
    for i in range(len(quantity)):
        book[slots[i]] += abs(quantity[i])
    return book.reshape(2, n + 2)


@jit
def excess_demand(book: Floats, curve: Floats) -> tuple[Floats, float]:
    """Return the path of excess demand (2n: just below and just above each tick) and the sum of all interest."""
    n = curve.shape[1]
    path = np.empty(2 * n)
    buys, sells = 0.0, 0.0
    for k in range(n, -1, -1):  # buys from the top down, so that small ones are not lost in a difference
        buys += book[0, k + 1]
        if k < n:
            path[2 * k] = buys
        if k > 0:
            path[2 * k - 1] = buys
    most = 0.0
    for k in range(n):
        sells += book[1, k]
        path[2 * k] += curve[0, k] - curve[1, k] - sells
        path[2 * k + 1] += curve[0, k] - curve[1, k] - sells - book[1, k + 1]
        most = max(most, curve[0, k] + curve[1, k])
    path[2 * n - 1] += book[0, n]  # beyond its ends the grid has no price at which these would stop wanting
    path[0] -= book[1, 1]
    return path, buys + sells + book[1, n] + most


@jit
def nearest_root(path: Floats, level: float, last: float, dust: float) -> tuple[int, float]:
    """Return how often the path meets `level` (a stretch counts once) and where it does so nearest to `last`."""
    roots, nearest = 0, -1.0
    start = -1  # of the stretch at the level that is being walked along
    before = 0.0
    for j in range(len(path) + 1):
        z = path[j] - level if j < len(path) else math.inf
        if abs(z) <= dust:
            if start < 0:
                start = j
            continue
        found = -1.0
        if start >= 0:
            found = min(max(last, start // 2), (j - 1) // 2)
            start = -1
        elif 0 < j < len(path) and z * before < 0.0:
            found = j // 2 if j % 2 == 1 else j // 2 - 1 + before / (before - z)
        if found >= 0.0:
            if roots == 0 or abs(found - last) < abs(nearest - last):
                nearest = found
            roots += 1
        before = z
    return roots, nearest


@jit
def _without_root(path: Floats, book: Floats, curve: Floats, last: float, dust: float) -> tuple[int, float]:
    # All paths without a root keep one sign; finite interest in excess at the grid's end locks the price there.
    n = curve.shape[1]
    level = path[0]
    if level > 0.0:
        if book[0, n] + curve[0, n - 1] > dust:
            return LIMIT_UP, n - 1.0
        for z in path:
            level = min(level, z)
    else:
        if book[1, 1] + curve[1, 0] > dust:
            return LIMIT_DOWN, 0.0
        for z in path:
            level = max(level, z)
    return MARKET_SURPLUS, nearest_root(path, level, last, dust)[1]


@jit
def ration(book: Floats, curve: Floats, position: float, lock: bool) -> tuple[Floats, float, float, float]:
    """Return the filled share by side and slot (2, n + 2), the volume, and the filled shares of the two curves."""
    n = curve.shape[1]
    factor = np.zeros((2, n + 2))
    at = int(position)
    inside = position > at
    better, marginal, lines = np.zeros(2), np.zeros(2), np.zeros(2)
    for side in range(2):
        first, last = (at + 2, n + 2) if side == 0 else (0, at + 1 + inside)
        for slot in range(first, last):
            better[side] += book[side, slot]
            factor[side, slot] = 1.0
        marginal[side] = 0.0 if inside else book[side, at + 1]
        lines[side] = on_curve(curve, side, position)
    wanted = better + marginal + lines
    volume = min(wanted[0], wanted[1])
    filled = np.ones(2)
    if inside and not lock:  # the curves met the orders here, so they bear the rounding
        short = 0 if wanted[0] < wanted[1] else 1
        gap = abs(wanted[1] - wanted[0])
        if 0.0 < gap <= 1e-9 * lines[short]:
            volume += gap
            filled[short] = (lines[short] + gap) / lines[short]
    for side in range(2):
        excess = wanted[side] - volume
        if lock and excess > 0.0:
            share = volume / wanted[side]
            factor[side] *= share
            filled[side] = share
            factor[side, at + 1] = share
            continue
        cut = min(excess, marginal[side])
        if not inside:
            factor[side, at + 1] = (marginal[side] - cut) / marginal[side] if cut > 0.0 else 1.0
        excess -= cut
        cut = min(excess, lines[side])
        if cut > 0.0:
            filled[side] = (lines[side] - cut) / lines[side]
        excess -= cut
        if excess > 0.0:
            for slot in range(n + 2):
                if slot != at + 1 or inside:
                    factor[side, slot] *= (better[side] - excess) / better[side]
    return factor, volume, filled[0], filled[1]


@jit
def on_curve(curve: Floats, row: int, position: float) -> float:
    """Return a row of the curve at a position in ticks from the grid's start, linear between ticks."""
    at = int(position)
    part = position - at
    if part == 0.0:
        return float(curve[row, at])
    return float((1.0 - part) * curve[row, at] + part * curve[row, at + 1])


@jit
def linear_schedules_on_ticks(
    intercept: Floats,
    slope: Floats,
    low: Floats,
    high: Floats,
    reference_usd: float,
    tick0: int,
    tick_usd: float,
    curve: Floats,
) -> None:
    """Add to `curve` the schedules clip(intercept - slope (price - reference), low, high), contracts, + buys."""
    for i in range(len(intercept)):
        for k in range(curve.shape[1]):
            q = intercept[i] - slope[i] * ((tick0 + k) * tick_usd - reference_usd)
            q = min(max(q, low[i]), high[i])
            curve[0, k] += max(q, 0.0)
            curve[1, k] += max(-q, 0.0)


@jit
def schedule_fills(
    intercept: Floats,
    slope: Floats,
    low: Floats,
    high: Floats,
    reference_usd: float,
    tick0: int,
    tick_usd: float,
    cleared: Cleared,
    fills: Floats,
) -> None:
    """Write each schedule's fill, signed contracts: interpolated between ticks like the curve, so the sums agree."""
    at = int(cleared.position)
    part = cleared.position - at
    for i in range(len(intercept)):
        buy, sell = 0.0, 0.0
        for k in range(2 if part > 0.0 else 1):
            q = intercept[i] - slope[i] * ((tick0 + at + k) * tick_usd - reference_usd)
            q = min(max(q, low[i]), high[i])
            weight = part if k == 1 else 1.0 - part
            buy += weight * max(q, 0.0)
            sell += weight * max(-q, 0.0)
        fills[i] = buy * cleared.curve_buy_filled - sell * cleared.curve_sell_filled
