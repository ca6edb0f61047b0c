"""Traders without intelligence in a continuous double auction (Gode and Sunder 1993), on the model's own order book.

Buyers and sellers in turn at random shout a price for their next unit, drawn evenly from what gives them no loss:
bids from zero to its value, asks from its cost to the highest price. The better standing shout stays; a trade is at
the price of the earlier one and clears the book. Efficiency is the surplus realised over the largest there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.kernels import limit_order_book as book
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Floats, Positive, PositiveCount

TICKS_A_UNIT = 10  # of money


class Parameters(Strict):
    """Units a side, valued from `highest` down to `lowest` and costing the reverse; the top price that may be asked."""

    traders: PositiveCount  # of each side
    units: PositiveCount  # of each side, dealt in turn
    highest: Positive
    lowest: Positive
    top_price: Positive
    shouts: PositiveCount
    sessions: PositiveCount
    seed: PositiveCount
    efficiency: Positive  # as found for this market
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Mean efficiency over sessions; `spec` is not needed, nothing but the order book is the world's."""
    values = np.linspace(p.highest, p.lowest, p.units)
    costs = values[::-1].copy()
    found = np.array([session(p, values, costs, number) for number in range(p.sessions)])
    said = f"{p.traders} + {p.traders} traders, {p.units} units a side, {p.sessions} sessions"
    error = float(found.std(ddof=1) / math.sqrt(p.sessions))
    yield Check("efficiency, share of the surplus", said, p.efficiency, float(found.mean()), p.tolerance, error)


def session(p: Parameters, values: Floats, costs: Floats, number: int) -> float:
    """The efficiency of one session."""
    streams, most = Streams(p.seed), float(np.maximum(0.0, values - costs).sum())
    top = round(p.top_price * TICKS_A_UNIT)
    dealt, surplus, state = np.zeros((2, p.traders), dtype=np.int64), 0.0, _empty(p, top)
    one = {kind: np.array([kind]) for kind in (1.0, -1.0)}
    for shout in range(p.shouts):
        who = int(streams.uniform(Purpose.TIE, shout, number, 0) * 2 * p.traders)
        side, trader = divmod(who, p.traders)
        unit = trader + p.traders * int(dealt[side, trader])
        if unit >= p.units:
            continue
        draw = streams.uniform(Purpose.TIE, shout, number, 1)
        price = draw * values[unit] if side == 0 else costs[unit] + draw * (p.top_price - costs[unit])
        tick = math.floor(price * TICKS_A_UNIT) if side == 0 else math.ceil(price * TICKS_A_UNIT)
        resting, best, trades = state
        slot, owner = np.array([who]), np.array([who])
        kind = np.array([book.REPLACE if resting.left[who] > 0.0 else book.LIMIT], np.int8)
        if resting.left[who] > 0.0 and not _better(int(resting.tick[who]), tick, side):
            continue
        n = book.match(resting, best, kind, slot, owner, np.array([tick]), one[1.0 - 2.0 * side], book.KEEP, trades)
        if n:
            other = int(trades.resting[0])
            buyer, seller = (who, other) if side == 0 else (other, who)
            bought = buyer + p.traders * int(dealt[0, buyer])
            sold = seller - p.traders + p.traders * int(dealt[1, seller - p.traders])
            surplus += float(values[bought] - costs[sold])
            dealt[0, buyer] += 1
            dealt[1, seller - p.traders] += 1
            state = _empty(p, top)
    return surplus / most


def _better(standing: int, tick: int, side: int) -> bool:
    return tick > standing if side == 0 else tick < standing


def _empty(p: Parameters, top: int) -> tuple[book.Book, book.Ints, book.Trades]:
    return book.empty_book(top + 1, 2 * p.traders), book.no_quotes(top + 1), book.no_trades(1)
