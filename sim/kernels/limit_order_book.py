"""A continuous double auction: price-time priority on a grid of ticks, each trade at the resting order's price.

    empty_book(ticks, orders) -> Book;  no_quotes(ticks) -> best;  no_trades(events) -> Trades, to be written to
    match(book, best, kind, order, owner, tick, quantity, self_trade, trades) -> number of trades
    depth(book, best, low, high) -> (contracts bid from tick low up, contracts asked up to tick high)

Events, one a row: LIMIT enters an order that rests where it does not trade; MARKET_ORDER takes any price, IOC any to
its limit, and what they do not find is cancelled; CANCEL takes an order out; REPLACE gives it another quantity or
price. A smaller quantity at the same price keeps the order's place in the queue; a larger one or another price loses
it: the order is entered anew, and may trade. What comes for an order that has gone changes nothing.
`quantity` in contracts (float64, + buys, - sells), `tick` from 0 to the grid's last, `order` a slot of the book that
its LIMIT event takes, `owner` who is not to trade with itself: KEEP lets it, CANCEL_RESTING takes its resting order
out, CANCEL_INCOMING what is left of the order that comes.
A tick is a queue of slots (doubly linked); one queue serves both sides, since no tick ever holds both.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import inlined, jit

LIMIT, MARKET_ORDER, IOC, CANCEL, REPLACE = 0, 1, 2, 3, 4
KEEP, CANCEL_RESTING, CANCEL_INCOMING = 0, 1, 2
NONE = -1

Slots = NDArray[np.int32]
Kinds = NDArray[np.int8]
at: Any = (
    np.uint32
)  # of an index that is never negative: compiled code then need not ask whether it counts from the end


class Book(NamedTuple):
    """Queues by tick (T,) and orders by slot (N,): neighbours in the queue, tick, contracts left (0: gone), owner."""

    first: Slots  # (T,) slot at the head of the queue, NONE where it is empty
    last: Slots
    after: Slots  # (N,)
    before: Slots
    tick: Slots
    left: Floats
    owner: Ints


class Trades(NamedTuple):
    """What traded, one a row: index of the event, slots of both orders, tick, contracts (+ the incoming one buys)."""

    event: Ints
    resting: Ints
    incoming: Ints
    tick: Ints
    quantity: Floats


def empty_book(ticks: int, orders: int) -> Book:
    """Return a book of so many ticks with room for so many orders."""
    first, last = np.full(ticks, NONE, np.int32), np.full(ticks, NONE, np.int32)
    after, before, tick = np.empty(orders, np.int32), np.empty(orders, np.int32), np.empty(orders, np.int32)
    return Book(first, last, after, before, tick, np.zeros(orders), np.empty(orders, np.int64))


def no_quotes(ticks: int) -> Ints:
    """Return the best bid and ask of an empty book."""
    return np.array([NONE, ticks], np.int64)


def no_trades(events: int) -> Trades:
    """Return room for the trades of so many events: each trade ends an order that rested or the one that came."""
    rows = 2 * events
    event, resting, incoming = np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64)
    return Trades(event, resting, incoming, np.empty(rows, np.int64), np.empty(rows))


@jit
def match(
    book: Book,
    best: Ints,
    kind: Kinds,
    order: Ints,
    owner: Ints,
    tick: Ints,
    quantity: Floats,
    self_trade: int,
    trades: Trades,
) -> int:
    """Play events into a book, in their order; see the module's docstring.

    `best` (2,) holds the ticks of the best bid (NONE where nobody bids) and ask (T where nobody asks); it and the book
    are changed in place.
    """
    first, left, ticks = book.first, book.left, len(book.first)
    bid, ask, traded = best[0], best[1], 0
    for e in range(len(kind)):
        what, slot, limit = kind[e], at(order[e]), tick[e]
        buys, want = quantity[e] > 0.0, abs(quantity[e])
        if what >= CANCEL:
            level = at(book.tick[slot])
            if left[slot] == 0.0:
                continue
            if what == REPLACE and limit == level and 0.0 < want <= left[slot]:
                left[slot] = want
                continue
            unlink(book, slot, level)
            if first[level] < 0:
                bid, ask = next_bid(book, bid), next_ask(book, ask)
            if what == CANCEL or want == 0.0:
                continue
        elif what == MARKET_ORDER:
            limit = ticks - 1 if buys else 0
        while want > 0.0 and (ask <= limit if buys else bid >= limit):
            level = at(ask) if buys else at(bid)
            while want > 0.0 and first[level] >= 0:
                resting = at(first[level])
                if self_trade != KEEP and book.owner[resting] == owner[e]:
                    if self_trade == CANCEL_INCOMING:
                        want = 0.0
                    else:
                        unlink(book, resting, level)
                    continue
                size = min(want, left[resting])
                trades.event[traded] = e
                trades.resting[traded] = resting
                trades.incoming[traded] = slot
                trades.tick[traded] = level
                trades.quantity[traded] = size if buys else -size
                traded += 1
                want -= size
                if size < left[resting]:
                    left[resting] -= size
                else:
                    unlink(book, resting, level)
            if buys:
                ask = next_ask(book, ask)
            else:
                bid = next_bid(book, bid)
        if want > 0.0 and what in (LIMIT, REPLACE):
            append(book, slot, at(limit), want, owner[e])
            if buys:
                bid = max(bid, limit)
            else:
                ask = min(ask, limit)
    best[0], best[1] = bid, ask
    return traded


@inlined
def unlink(book: Book, slot: int, level: int) -> None:
    """Take an order out of its tick's queue."""
    before, after = book.before[slot], book.after[slot]
    if before < 0:
        book.first[level] = after
    else:
        book.after[at(before)] = after
    if after < 0:
        book.last[level] = before
    else:
        book.before[at(after)] = before
    book.left[slot] = 0.0


@inlined
def append(book: Book, slot: int, level: int, left: float, owner: int) -> None:
    """Put an order at the end of a tick's queue."""
    end = book.last[level]
    book.before[slot] = end
    book.after[slot] = NONE
    if end < 0:
        book.first[level] = slot
    else:
        book.after[at(end)] = slot
    book.last[level] = slot
    book.tick[slot] = level
    book.left[slot] = left
    book.owner[slot] = owner


@inlined
def next_bid(book: Book, bid: int) -> int:
    """Return the highest tick at or below `bid` at which somebody rests, NONE where nobody does."""
    while bid >= 0 and book.first[at(bid)] < 0:
        bid -= 1
    return bid


@inlined
def next_ask(book: Book, ask: int) -> int:
    """Return the lowest tick at or above `ask` at which somebody rests, T where nobody does."""
    ticks = len(book.first)
    while ask < ticks and book.first[at(ask)] < 0:
        ask += 1
    return ask


@jit
def depth(book: Book, best: Ints, low: int, high: int) -> tuple[float, float]:
    """Return the contracts bid at ticks from `low` up and asked at ticks up to `high`."""
    bids = resting(book, max(low, 0), best[0] + 1)
    return bids, resting(book, best[1], min(high + 1, len(book.first)))


@jit
def resting(book: Book, start: int, stop: int) -> float:
    """Return the contracts that rest at ticks from `start` to before `stop`."""
    total = 0.0
    for tick in range(start, stop):
        slot = book.first[tick]
        while slot >= 0:
            total += book.left[slot]
            slot = book.after[slot]
    return total
