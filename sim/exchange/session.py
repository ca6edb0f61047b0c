"""A day of continuous trading in one listed month: agents' orders come one after another to a limit order book.

Those who bring a linear schedule enter it as limit orders, one at each tick; whoever wants something at any price
sends market orders, whose protection is a limit near the last trade, and sends what is left again each round. Orders
come in `rounds_per_day` rounds, each owner in one of its own, in an order drawn anew for every day. What has not
traded is what is brought to the closing auction.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.exchange.futures import NEAR, Schedules
from sim.exchange.joint_close import MonthOrders
from sim.exchange.terms import VenueTerms
from sim.kernels import limit_order_book as book
from sim.kernels.call_auction import MARKET
from sim.streams import Purpose, Streams
from sim.vocabulary import Bools, Floats, Ints

DUST = 1e-12  # of an order: what rounding leaves of one that has traded

MONTHS_A_DAY = 64  # addresses of draws: a day's listed months


class Arrivals(NamedTuple):
    """Who brings orders and when: the run's streams, the day, stable ids of owners (owners,) and of traders (N,)."""

    streams: Streams
    day: int
    owners: Ints
    traders: Ints


class Quality(NamedTuple):
    """How a month's book stood: means over the rounds that had both quotes (nan where none had), and what traded.

    `spread` is the quoted one, `effective` twice the distance of trades from the middle of the last round's quotes,
    both as shares of the middle; `depth` contracts on both sides within 1 % of it; `volume` contracts.
    """

    spread: float
    effective: float
    depth: float
    volume: float


class Session(NamedTuple):
    """What a day's trading left: what goes to the closing auction, and by order what traded and what was paid for it.

    The first orders are rungs of schedules of `owners`, then those of traders. `filled` contracts, `spent_usd` per
    GPU-hour of a contract (contracts x price), both + where bought.
    """

    rest: MonthOrders
    owners: Ints
    filled: Floats
    spent_usd: Floats
    quality: Quality


def rungs(mine: Schedules, orders: MonthOrders, tick_usd: float) -> tuple[Ints, Floats, Ints]:
    """Schedules as limit orders at the grid's ticks: owners, quantities, limits (as an auction's orders have them).

    A buy at a tick is what is wanted there and no longer at the next; what is wanted even at the grid's end has no
    limit. A schedule that rises with the price cannot be one of limit orders: what it wants at the last price has none.
    """
    ticks = orders.curve.shape[1]
    at_last, slope, low, high = (column[:, None] for column in mine.terms)
    away = (orders.tick0 + np.arange(ticks)) * tick_usd - orders.last_usd
    wanted = np.clip(at_last - np.maximum(0.0, slope) * away, low, high)
    bought, sold = np.maximum(0.0, wanted), np.maximum(0.0, -wanted)
    bought[:, :-1] -= bought[:, 1:]
    sold[:, 1:] -= sold[:, :-1]
    limit = np.arange(ticks) + orders.tick0
    limits = np.concatenate([limit[:-1], [MARKET, -MARKET], limit[1:]])
    quantities = np.concatenate([bought, -sold], axis=1)
    who, at = np.nonzero(quantities)
    return mine.owners[who], quantities[who, at], limits[at]


def trade(m: int, orders: MonthOrders, mine: Schedules, terms: VenueTerms, arrivals: Arrivals) -> Session:
    """Trade listed month m for a day; see the module's docstring."""
    day = MonthOfTheDay(m, orders, mine, terms, arrivals)
    day.pass_rounds(terms.rounds_per_day)
    return day.close()


class MonthOfTheDay:
    """A listed month while it trades: who comes in which round, and what of it has passed.

    The first orders are rungs of schedules of `owners`, then those of traders.
    """

    def __init__(self, m: int, orders: MonthOrders, mine: Schedules, terms: VenueTerms, arrivals: Arrivals) -> None:
        self.owners, quantity, tick = rungs(mine, orders, terms.tick_usd)
        quantity, tick = np.concatenate([quantity, orders.quantity]), np.concatenate([tick, orders.tick])
        ids = np.concatenate([arrivals.owners[self.owners], arrivals.traders])
        self.floor = _Floor(orders, quantity, tick, terms)
        when = arrivals.streams.uniforms(Purpose.BOOK_ARRIVAL, arrivals.day * MONTHS_A_DAY + m, ids)
        queue = np.argsort(when, kind="stable")
        self._queue: Ints = queue[quantity[queue] != 0.0]
        rounds = np.arange(1, terms.rounds_per_day + 1) / terms.rounds_per_day
        self._ends: list[int] = np.searchsorted(when[self._queue], rounds).tolist()
        self._waiting: Ints = np.zeros(0, dtype=np.int64)
        self._begin = 0

    def pass_rounds(self, count: int) -> None:
        """Let so many more rounds pass."""
        for _ in range(min(count, len(self._ends))):
            end = self._ends.pop(0)
            self._waiting = self.floor.play(np.concatenate([self._waiting, self._queue[self._begin : end]]))
            self._begin = end

    @property
    def price_usd(self) -> float:
        """The last trade, or yesterday's close before the first."""
        return self.floor.last_usd

    @property
    def traded(self) -> tuple[Floats, Floats]:
        """By order what has traded, contracts, and what was paid for it, USD per GPU-hour of a contract."""
        return self.floor.filled, self.floor.spent

    def sell_out(self, traders: Ints, position: Floats) -> None:
        """Take back the orders of traders (places in the crowds) and bring what ends their positions at any price.

        `position` (n,) is what they held last night. They come first in the next round.
        """
        if len(traders) == 0:
            return
        orders = len(self.owners) + traders
        self.floor.sell_out(orders, position + self.floor.filled[orders])
        failed = np.zeros(len(self.floor.quantity), dtype=bool)
        failed[orders] = True
        queue = self._queue[self._begin :]
        gone = np.cumsum(failed[queue])
        self._ends = [end - int(gone[end - self._begin - 1]) if end > self._begin else end for end in self._ends]
        self._queue = np.concatenate([self._queue[: self._begin], queue[~failed[queue]]])
        wanting = orders[self.floor.quantity[orders] != self.floor.filled[orders]]
        self._waiting = np.concatenate([wanting, self._waiting[~failed[self._waiting]]])

    def close(self) -> Session:
        """What is left for the closing auction, and what traded."""
        return self.floor.close(self.owners)


class _Floor:
    """The book of one month during a day, and what of each order (n,) has traded."""

    def __init__(self, orders: MonthOrders, quantity: Floats, tick: Ints, terms: VenueTerms) -> None:
        self.orders, self.quantity, self.tick = orders, quantity, tick
        self.tick_usd, self.protection = terms.tick_usd, terms.market_protection
        self.ticks = orders.curve.shape[1]
        top = orders.tick0 + self.ticks - 1
        self.market = np.abs(tick) == MARKET
        beyond = np.where(quantity > 0.0, tick < orders.tick0, tick > top)  # no price of today is good enough
        self.enters: Bools = (quantity != 0.0) & (self.market | ~beyond)
        self.limit: Ints = np.clip(tick, orders.tick0, top) - orders.tick0
        self.book, self.best = book.empty_book(self.ticks, len(quantity)), book.no_quotes(self.ticks)
        self.entered: Bools = np.zeros(len(quantity), dtype=bool)
        self.filled, self.spent = np.zeros((2, len(quantity)))
        self.last_usd = orders.last_usd
        self.middle = math.nan
        self.quotes: list[tuple[float, float]] = []
        self.distance_usd = self.volume = self.judged = 0.0

    def play(self, arriving: Ints) -> Ints:
        """Let orders arrive; returns those without a limit that still want something."""
        coming = arriving[self.enters[arriving]]
        if len(coming) == 0:
            self._note_quotes()
            return coming
        market = self.market[coming]
        kind = np.where(market, book.IOC, book.LIMIT).astype(np.int8)
        left = self._unfilled()[coming]
        limit = np.where(market, self._protected(left > 0.0), self.limit[coming])
        room = book.no_trades(len(self.quantity))
        n = book.match(self.book, self.best, kind, coming, coming, limit, left, book.KEEP, room)
        self.entered[coming[~market]] = True
        self._count(room.resting[:n], room.incoming[:n], room.tick[:n], room.quantity[:n])
        self._note_quotes()
        waiting: Ints = coming[market & (self._unfilled()[coming] != 0.0)]
        return waiting

    def sell_out(self, orders: Ints, held: Floats) -> None:
        """Cancel orders where they rest, and let them want the end of what is held (n,), without a limit."""
        resting = orders[self.entered[orders]]
        if len(resting):
            kind = np.full(len(resting), book.CANCEL, dtype=np.int8)
            nothing = np.zeros(len(resting))
            room = book.no_trades(0)
            book.match(self.book, self.best, kind, resting, resting, self.limit[resting], nothing, book.KEEP, room)
        self.entered[orders] = False
        self.quantity[orders] = self.filled[orders] - held
        self.tick[orders] = np.where(held < 0.0, MARKET, -MARKET)
        self.market[orders] = self.enters[orders] = True

    def _unfilled(self) -> Floats:
        """What has not traded of each order."""
        left = self.quantity - self.filled
        found: Floats = np.where(np.abs(left) > DUST * np.abs(self.quantity), left, 0.0)
        return found

    def _protected(self, buys: Bools) -> Ints:
        """The limit of market orders: so far beyond the last trade, within the grid."""
        high = math.floor(self.last_usd * (1.0 + self.protection) / self.tick_usd) - self.orders.tick0
        low = math.ceil(self.last_usd * (1.0 - self.protection) / self.tick_usd) - self.orders.tick0
        limit: Ints = np.clip(np.where(buys, high, low), 0, self.ticks - 1)
        return limit

    def _count(self, resting: Ints, incoming: Ints, tick: Ints, quantity: Floats) -> None:
        if len(tick) == 0:
            return
        price = (self.orders.tick0 + tick) * self.tick_usd
        for who, got in ((incoming, quantity), (resting, -quantity)):
            np.add.at(self.filled, who, got)
            np.add.at(self.spent, who, got * price)
        size = np.abs(quantity)
        self.volume += float(size.sum())
        if not math.isnan(self.middle):
            self.judged += float(size.sum())
            self.distance_usd += float(size @ np.abs(price - self.middle)) / self.middle
        self.last_usd = float(price[-1])

    def _note_quotes(self) -> None:
        bid, ask = self.best.tolist()
        self.middle = math.nan
        if bid >= 0 and ask < self.ticks:
            middle = 0.5 * (bid + ask) + self.orders.tick0
            low, high = (math.ceil(middle * (1.0 - NEAR)), math.floor(middle * (1.0 + NEAR)))
            depth = sum(book.depth(self.book, self.best, low - self.orders.tick0, high - self.orders.tick0))
            self.middle = middle * self.tick_usd
            self.quotes.append(((ask - bid) / middle, depth))

    def close(self, owners: Ints) -> Session:
        """What is left for the closing auction, and what traded."""
        rest = np.where(self.entered, np.sign(self.quantity) * self.book.left, self._unfilled())
        orders = MonthOrders(self.orders.tick0, self.last_usd, np.zeros_like(self.orders.curve), rest, self.tick)
        spread, depth = np.mean(self.quotes, axis=0).tolist() if self.quotes else (math.nan, math.nan)
        effective = 2.0 * self.distance_usd / self.judged if self.judged > 0.0 else math.nan
        return Session(orders, owners, self.filled, self.spent, Quality(spread, effective, depth, self.volume))
