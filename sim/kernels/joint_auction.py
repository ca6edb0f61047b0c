"""The closing auction of two months joined by funds, from orders to fills in one call.

    joint_auction(quantity 1, tick 1, curve 1, tick0 1, last 1, the same for month 2, funds, tick_usd, to_tick,
                  wanted, fills 1, fills 2) -> (Cleared 1, Cleared 2, gains)

`wanted` (2, K) is written with what funds buy (- sell) in each month at the prices found, `fills` with what the resting
orders get; funds get the share of their side that `Cleared` names. `gains` (2, 2) are the loop's at these prices.
Excess demand that is left at a price must be none, or the month is locked at its limit: no other price is accepted.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import (
    DUST_CONTRACTS,
    LIMIT_DOWN,
    LIMIT_UP,
    MARKET_SURPLUS,
    ROUNDING,
    TRADED,
    Cleared,
    Floats,
    Ints,
    excess_demand,
    fill_at,
    order_histogram,
    order_slots,
)
from sim.kernels.fund_auction import (
    FundCurves,
    MonthBook,
    answer,
    fund_trades,
    joint_close,
    joint_gain,
    joint_roots,
    month_roots,
    unmet,
)
from sim.kernels.jit import jit

TOLERANCE = 1e-9  # of all interest: excess demand that a root may leave


@jit
def joint_auction(
    quantity1: Floats,
    tick1: Ints,
    curve1: Floats,
    start1: int,
    last1: float,
    quantity2: Floats,
    tick2: Ints,
    curve2: Floats,
    start2: int,
    last2: float,
    funds: FundCurves,
    tick_usd: float,
    to_tick: bool,
    wanted: Floats,
    fills1: Floats,
    fills2: Floats,
) -> tuple[Cleared, Cleared, Floats]:
    """Clear both months; see the module's docstring. `to_tick` rounds both prices to a tick."""
    n1, n2 = curve1.shape[1], curve2.shape[1]
    slots1, slots2 = order_slots(quantity1, tick1, start1, n1), order_slots(quantity2, tick2, start2, n2)
    book1, book2 = order_histogram(quantity1, slots1, n1), order_histogram(quantity2, slots2, n2)
    near, far = month_book(book1, curve1, start1, last1, tick_usd), month_book(book2, curve2, start2, last2, tick_usd)
    position1, position2 = joint_close(near, far, funds, tick_usd)
    if to_tick:
        position2 = float(math.floor(position2 + 0.5))
        position1 = float(math.floor(answer(near, funds, 0, (start2 + position2) * tick_usd, tick_usd) + 0.5))
    usd1, usd2 = (start1 + position1) * tick_usd, (start2 + position2) * tick_usd
    gains = joint_gain(near, far, funds, tick_usd, position1, position2)
    roots1, roots2 = month_roots(near, funds, 0, usd2, tick_usd), joint_roots(near, far, funds, tick_usd)
    one = close_month(
        near, funds, 0, position1, usd1, usd2, tick_usd, to_tick, quantity1, slots1, book1, curve1, last1, roots1,
        wanted[0], fills1,
    )  # fmt: skip
    two = close_month(
        far, funds, 1, position2, usd2, usd1, tick_usd, to_tick, quantity2, slots2, book2, curve2, last2, roots2,
        wanted[1], fills2,
    )  # fmt: skip
    return one, two, gains


@jit
def month_book(book: Floats, curve: Floats, tick0: int, last_usd: float, tick_usd: float) -> MonthBook:
    """Return a month without its funds, as the joint close needs it."""
    path, interest = excess_demand(book, curve)
    last = min(max(last_usd / tick_usd - tick0, 0.0), curve.shape[1] - 1.0)
    return MonthBook(path, tick0, last, DUST_CONTRACTS + ROUNDING * interest)


@jit
def close_month(
    side: MonthBook,
    funds: FundCurves,
    m: int,
    position: float,
    price_usd: float,
    other_usd: float,
    tick_usd: float,
    to_tick: bool,
    quantity: Floats,
    slots: NDArray[np.uint32],
    book: Floats,
    curve: Floats,
    last_usd: float,
    roots: int,
    wanted: Floats,
    fills: Floats,
) -> Cleared:
    """Check what is left at the position found, then ration and fill one month."""
    bought, sold = fund_trades(funds, m, price_usd, other_usd, wanted)
    n = curve.shape[1]
    total = np.empty((2, n))  # with the funds as they stand at the price found, which is all that counts
    interest = 0.0
    for k in range(n):
        total[0, k] = curve[0, k] + bought
        total[1, k] = curve[1, k] + sold
        interest = max(interest, total[0, k] + total[1, k])
    for value in book.flat:
        interest += value
    status = TRADED
    left = unmet(side, funds, m, position, other_usd, tick_usd)
    if not to_tick and abs(left) > side.dust + TOLERANCE * interest:
        up = position >= n - 1.0
        finite = book[0, n] + total[0, n - 1] if up else book[1, 1] + total[1, 0]
        status = (LIMIT_UP if up else LIMIT_DOWN) if finite > side.dust else MARKET_SURPLUS
        roots = 0
        position = side.last if status == MARKET_SURPLUS else position
    return fill_at(
        quantity, slots, book, total, side.tick0, tick_usd, last_usd, False, position, status, roots, side.dust, fills
    )
