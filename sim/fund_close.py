"""The closing auction where funds trade: the two nearest months are solved together, the funds' assets being one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.kernels.call_auction import (
    DUST_CONTRACTS,
    LIMIT_DOWN,
    LIMIT_UP,
    MARKET_SURPLUS,
    ROUNDING,
    TRADED,
    Cleared,
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
    largest_eigenvalue,
    unmet,
)
from sim.vocabulary import Floats, Ints

MONTHS = 2  # the nearest ones, which funds hold


@dataclass(frozen=True)
class FundOrders:
    """What funds (K,) bring to the close: their rows in the ledger, and their demand at any two prices."""

    owners: Ints
    curves: FundCurves


@dataclass(frozen=True)
class FundClose:
    """What became of it: fills (K, 2) in contracts, loop gain by month (2,), largest joint eigenvalue."""

    fills: Floats
    gain: Floats
    spectral_radius: float


@dataclass(frozen=True)
class MonthOrders:
    """All orders of one month but the funds': resting orders, schedules as a curve (2, n) on the grid of ticks."""

    tick0: int
    last_usd: float
    curve: Floats
    quantity: Floats
    tick: Ints


def close_with_funds(
    months: Sequence[MonthOrders], orders: FundOrders, tick_usd: float, to_tick: bool
) -> tuple[list[tuple[Cleared, Floats]], FundClose]:
    """Clear one or two months with funds; (outcome, fills of the resting orders) by month, and the funds' own.

    Every price is checked: excess demand that is left at it must be none, or the month is locked at its limit.
    """
    funds = orders.curves
    slots = [order_slots(m.quantity, m.tick, m.tick0, m.curve.shape[1]) for m in months]
    books = [order_histogram(m.quantity, s, m.curve.shape[1]) for m, s in zip(months, slots, strict=True)]
    sides = [_side(m, book, tick_usd) for m, book in zip(months, books, strict=True)]
    if len(sides) < MONTHS:  # nothing to join: a second month without orders, in which no fund wants anything
        sides.append(MonthBook(np.zeros(2), 1, 0.0, 1.0))
    near, far = sides
    positions = list(joint_close(near, far, funds, tick_usd))
    if to_tick:
        positions[1] = float(np.floor(positions[1] + 0.5))
        positions[0] = float(np.floor(answer(near, funds, 0, _usd(far, positions[1], tick_usd), tick_usd) + 0.5))
    prices = [_usd(side, x, tick_usd) for side, x in zip(sides, positions, strict=True)]
    wanted, out = np.zeros((MONTHS, len(orders.owners))), []
    fills = np.zeros((len(orders.owners), MONTHS))
    roots = joint_roots(near, far, funds, tick_usd)
    for m, month in enumerate(months):
        bought, sold = fund_trades(funds, m, prices[m], prices[1 - m], wanted[m])
        curve = month.curve + np.array([[bought], [sold]])  # as it stands at the price found, which is all that counts
        status = (
            TRADED if to_tick else _status(sides[m], funds, m, positions[m], prices[1 - m], tick_usd, books[m], curve)
        )
        position = sides[m].last if status == MARKET_SURPLUS else positions[m]
        resting = np.zeros(len(month.quantity))
        cleared = fill_at(
            month.quantity, slots[m], books[m], curve, month.tick0, tick_usd, month.last_usd, False, position, status,
            roots if status == TRADED and m == len(months) - 1 else int(status == TRADED), sides[m].dust, resting,
        )  # fmt: skip
        share = np.where(wanted[m] > 0.0, cleared.curve_buy_filled, cleared.curve_sell_filled)
        fills[:, m] = wanted[m] * share
        out.append((cleared, resting))
    gains = joint_gain(near, far, funds, tick_usd, *positions)
    return out, FundClose(fills, np.diag(gains).copy(), largest_eigenvalue(gains))


def _usd(side: MonthBook, position: float, tick_usd: float) -> float:
    return (side.tick0 + position) * tick_usd


def _side(month: MonthOrders, book: Floats, tick_usd: float) -> MonthBook:
    path, interest = excess_demand(book, month.curve)
    last = min(max(month.last_usd / tick_usd - month.tick0, 0.0), month.curve.shape[1] - 1.0)
    return MonthBook(path, month.tick0, last, DUST_CONTRACTS + ROUNDING * interest)


def _status(
    side: MonthBook,
    funds: FundCurves,
    m: int,
    position: float,
    other_usd: float,
    tick_usd: float,
    book: Floats,
    curve: Floats,
) -> int:
    """Whether a month trades at this position, or is locked (or only market orders are left over)."""
    left = unmet(side, funds, m, position, other_usd, tick_usd)
    n = curve.shape[1]
    if abs(left) <= side.dust + 1e-9 * float(book.sum() + curve.max()):
        return TRADED
    up = position >= n - 1.0
    finite = book[0, n] + curve[0, n - 1] if up else book[1, 1] + curve[1, 0]
    if finite <= side.dust:
        return MARKET_SURPLUS
    return LIMIT_UP if up else LIMIT_DOWN
