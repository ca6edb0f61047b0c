"""A limit order book as one would write it in Python: two heaps, a dictionary of live orders, entries dropped late."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

from sim.exchange.order_book import Event, SelfTrade

LIMIT, MARKET, CANCEL, REPLACE = (int(kind) for kind in (Event.LIMIT, Event.MARKET, Event.CANCEL, Event.REPLACE))
KEEP, CANCEL_INCOMING = int(SelfTrade.KEEP), int(SelfTrade.CANCEL_INCOMING)
Trade = tuple[int, int, int, int, float]


def heap_book(
    kind: Sequence[int],
    order: Sequence[int],
    tick: Sequence[int],
    quantity: Sequence[float],
    owner: Sequence[int],
    self_trade: int = KEEP,
) -> tuple[list[Trade], dict[int, float]]:
    """Trades (event, resting, incoming, tick, quantity) of events in a book, and what rests at the end by order.

    An entry is (price, event, order), the price of a bid negative; it counts while its order is live since that event.
    """
    bids: list[Any] = []
    asks: list[Any] = []
    live: dict[int, list[Any]] = {}  # order: [event of its place in the queue, contracts left, tick, owner]
    trades: list[Trade] = []
    for event, (what, mine, limit, wanted, who) in enumerate(zip(kind, order, tick, quantity, owner, strict=True)):
        if what in (CANCEL, REPLACE):
            found = live.get(mine)
            if found is None:
                continue
            if what == REPLACE and limit == found[2] and 0.0 < abs(wanted) <= found[1]:
                found[1] = abs(wanted)
                continue
            del live[mine]
            if what == CANCEL:
                continue
        sign = 1 if wanted > 0.0 else -1
        own, other = (bids, asks) if sign > 0 else (asks, bids)
        want = abs(wanted)
        while want > 0.0 and other and (what == MARKET or other[0][0] <= sign * limit):
            price, since, resting = other[0]
            found = live.get(resting)
            if found is None or found[0] != since:
                heapq.heappop(other)
            elif self_trade != KEEP and found[3] == who:
                if self_trade == CANCEL_INCOMING:
                    want = 0.0
                else:
                    del live[resting]
            else:
                size = min(want, found[1])
                trades.append((event, resting, mine, sign * price, sign * size))
                want -= size
                found[1] -= size
                if found[1] == 0.0:
                    del live[resting]
                    heapq.heappop(other)
        if want > 0.0 and what in (LIMIT, REPLACE):
            live[mine] = [event, want, limit, who]
            heapq.heappush(own, (-sign * limit, event, mine))
    return trades, {name: found[1] for name, found in live.items()}
