"""The limit order book by itself: `replay` plays arrays of events into an empty book and returns arrays of trades."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sim.kernels import limit_order_book as book
from sim.kernels.limit_order_book import Kinds, Trades
from sim.vocabulary import Bools, Floats, Ints

DENSE = 1 << 16  # numbers that lie within so many (or within four an event) are used as they are; others are ranked
LARGEST_CONTRACTS = 1e12  # of one order: a queue of larger ones loses single contracts


class Event(IntEnum):
    """What an event does; see `sim.kernels.limit_order_book`."""

    LIMIT = book.LIMIT
    MARKET = book.MARKET_ORDER
    IOC = book.IOC
    CANCEL = book.CANCEL
    REPLACE = book.REPLACE


class SelfTrade(IntEnum):
    """What keeps an owner from trading with itself: nothing, or one of its two orders is cancelled."""

    KEEP = book.KEEP
    CANCEL_RESTING = book.CANCEL_RESTING
    CANCEL_INCOMING = book.CANCEL_INCOMING


class Replayed(NamedTuple):
    """Trades, one a row in the order in which they happened, and what was still resting at the end.

    `trades` has event (its index), resting and incoming (orders), tick, quantity (contracts, + the incoming one buys).
    `orders` (n,) rest after the last event and still want `left` (n,) contracts.
    """

    trades: Trades
    orders: Ints
    left: Floats


class Events(NamedTuple):
    """Events as columns (n,), not yet checked."""

    kind: Kinds
    order: Ints
    tick: Ints
    quantity: Floats
    owner: Ints


def replay(
    kind: ArrayLike,
    order: ArrayLike,
    tick: ArrayLike,
    quantity: ArrayLike,
    owner: ArrayLike | None = None,
    self_trade: SelfTrade = SelfTrade.KEEP,
) -> Replayed:
    """Play events (n,) into an empty book, by price, then time; a trade is at the price of the order that rested.

    `kind` is an `Event`; `order` the number of the order that is entered (once), cancelled or replaced; `tick` its
    limit in ticks, of any sign, not read for MARKET and CANCEL; `quantity` contracts, + buys, - sells, not read for
    CANCEL, for REPLACE what the order wants from now on (0 cancels it); `owner` is read where `self_trade` is not KEEP.
    A CANCEL or REPLACE of an order that has gone does nothing. Raises ValueError naming the first event at fault.
    """
    if owner is None and self_trade != SelfTrade.KEEP:
        raise ValueError(f"self_trade is {self_trade.name}: it needs the owner of each event")
    events = _columns(kind, order, tick, quantity, owner)
    priced = (events.kind != Event.MARKET) & (events.kind != Event.CANCEL)
    slots, orders = _dense(events.order, np.ones(len(priced), dtype=bool))
    ticks, prices = _dense(events.tick, priced)
    _check(events, slots, len(orders))
    resting, best = book.empty_book(len(prices), len(orders)), book.no_quotes(len(prices))
    trades = book.no_trades(len(priced))
    n = book.match(resting, best, events.kind, slots, events.owner, ticks, events.quantity, int(self_trade), trades)
    left = np.flatnonzero(resting.left)
    found = Trades(
        trades.event[:n], orders[trades.resting[:n]], orders[trades.incoming[:n]], prices[trades.tick[:n]],
        trades.quantity[:n],
    )  # fmt: skip
    return Replayed(found, orders[left], resting.left[left])


def _columns(
    kind: ArrayLike, order: ArrayLike, tick: ArrayLike, quantity: ArrayLike, owner: ArrayLike | None
) -> Events:
    """The arrays in the types of the kernel, of one length."""
    given = {"kind": kind, "order": order, "tick": tick, "quantity": quantity}
    given |= {} if owner is None else {"owner": owner}
    columns = {name: np.atleast_1d(np.asarray(values)) for name, values in given.items()}
    lengths = {name: column.shape for name, column in columns.items()}
    if len(set(lengths.values())) > 1 or columns["kind"].ndim != 1:
        said = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
        raise ValueError(f"events are arrays of one length, one number an event; shapes are {said}")
    for name, column in columns.items():
        if name != "quantity" and len(column) and not np.issubdtype(column.dtype, np.integer):
            raise ValueError(f"{name} is of type {column.dtype}: allowed are whole numbers")
    whole = {name: np.ascontiguousarray(columns[name], np.int64) for name in columns if name != "quantity"}
    kinds = whole["kind"]
    _refuse(kinds, (kinds < 0) | (kinds > max(Event)), "kind is {}: allowed are 0 to 4, see `Event`")
    owners = whole.get("owner", np.zeros(len(kinds), np.int64))
    return Events(
        kinds.astype(np.int8), whole["order"], whole["tick"], np.ascontiguousarray(columns["quantity"], np.float64),
        owners,
    )  # fmt: skip


def _dense(values: Ints, used: Bools) -> tuple[Ints, Ints]:
    """Whole numbers as places (n,) in an ascending table of numbers: their distances from the least, or their ranks.

    Those that are not `used` are at place 0.
    """
    if not used.any():
        return np.zeros(len(values), np.int64), np.zeros(1, np.int64)
    inner = values if used.all() else values[used]
    low, high = int(inner.min()), int(inner.max())
    if high - low < max(DENSE, 4 * len(values)):
        places = values - low
        return (places if used.all() else np.where(used, places, 0)), np.arange(low, high + 1)
    table, ranks = np.unique(inner, return_inverse=True)
    places = np.zeros(len(values), np.int64)
    places[used] = ranks
    return places, table


def _check(events: Events, slots: Ints, orders: int) -> None:
    """Raises ValueError naming the first event with a quantity, an order or a reference that cannot be."""
    kind, quantity = events.kind, events.quantity
    enters = kind < Event.CANCEL
    read = kind != Event.CANCEL
    _refuse(quantity, read & ~np.isfinite(quantity), "quantity is {}: allowed are finite numbers")
    _refuse(quantity, read & (np.abs(quantity) > LARGEST_CONTRACTS), f"quantity is {{}}: at most {LARGEST_CONTRACTS:g}")
    _refuse(quantity, enters & (quantity == 0.0), "quantity is {}: an order wants something")
    at = np.full(orders, len(kind), np.int64)
    entered = np.flatnonzero(enters)
    at[slots[entered[::-1]]] = entered[::-1]  # the first entry of each order
    _refuse(events.order, enters & (at[slots] != np.arange(len(kind))), "order {} has been entered before")
    _refuse(events.order, ~enters & (at[slots] > np.arange(len(kind))), "order {} has not been entered")
    replaced = np.flatnonzero(kind == Event.REPLACE)
    other_side = np.zeros(len(kind), dtype=bool)
    other_side[replaced] = quantity[replaced] * quantity[at[slots[replaced]]] < 0.0
    _refuse(events.order, other_side, "order {} cannot be replaced by one of the other side")


def _refuse(values: Ints | Floats, wrong: Bools, text: str) -> None:
    """Raises ValueError for the first event that is wrong."""
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(f"event {first}: {text.format(values[first])}")
