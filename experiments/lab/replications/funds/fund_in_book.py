"""A leveraged fund in an order book (Yagi, Maruyama and Mizuta 2020): it disturbs the more, the larger it is.

Traders come one after another with a limit order of one unit: what they expect is the rule of this model's speculators,
fundamentalist, chartist and noise in one, their price is drawn around it, and they buy where it is below what they
expect (Chiarella, Iori and Perello 2009). A fund of leverage L follows with market orders whenever its holding is off
L A / P by its smallest order or more. Orders meet in the model's limit order book; all cases have the same draws. The
paper: rebalancing raises volatility, and moves prices the less, the larger the smallest order of a rebalancing is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.kernels import limit_order_book as book
from sim.rules.speculation import expected_return
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, NonNegative, PositiveCount

ONE_MORE = 1  # slot of the book beyond those of traders: the fund's


class Parameters(Strict):
    """Traders and prices in ticks, as in the paper (from memory); funds by net assets and by smallest order."""

    traders: PositiveCount
    value: PositiveCount  # ticks
    weights: Annotated[list[NonNegative], Field(min_length=3, max_length=3)]  # highest, of value, trend and noise
    noise_sd: NonNegative
    longest_trend: PositiveCount  # steps
    spread_of_orders: PositiveCount  # ticks, to either side of what is expected
    leverage: float
    net_assets: Annotated[list[NonNegative], Field(min_length=2)]  # units of the asset at its value, rising
    smallest_order: Annotated[list[PositiveCount], Field(min_length=2)]  # rising
    first_steps: PositiveCount  # before the fund comes
    steps: PositiveCount
    returns_over: PositiveCount  # steps
    paths: PositiveCount
    seed: Count


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Volatility by the fund's net assets, and by its smallest order where it is largest."""
    del spec
    by_size = [volatility(p, assets, p.smallest_order[0]) for assets in p.net_assets]
    for (a, b), (x, y) in zip(itertools.pairwise(p.net_assets), itertools.pairwise(by_size), strict=True):
        said = f"net assets {a:g} to {b:g}: {100.0 * x:.3g} to {100.0 * y:.3g} %"
        yield Check("a larger fund: more volatility", said, 1.0, float(y > x), 0.0)
    largest = p.net_assets[-1]
    by_order = [by_size[-1], *(volatility(p, largest, smallest) for smallest in p.smallest_order[1:])]
    for (a, b), (x, y) in zip(itertools.pairwise(p.smallest_order), itertools.pairwise(by_order), strict=True):
        said = f"smallest order {a} to {b}: {100.0 * x:.3g} to {100.0 * y:.3g} %"
        yield Check("larger orders: less volatility", said, 1.0, float(y < x), 0.0)


def volatility(p: Parameters, net_assets: float, smallest: int) -> float:
    """Sd of log returns once the fund is there, mean over paths."""
    paths = [Market(p, net_assets, smallest, p.seed + k).run() for k in range(p.paths)]
    return float(np.mean([np.diff(np.log(path[p.first_steps :: p.returns_over])).std() for path in paths]))


class Market:
    """The book, the fund, and the draws of all traders."""

    def __init__(self, p: Parameters, net_assets: float, smallest: int, seed: int) -> None:
        self.p, self.smallest = p, smallest
        steps = np.arange(p.first_steps + p.steps, dtype=np.int64)
        streams, who = Streams(seed), np.arange(p.traders, dtype=np.int64)
        top = [float(weight) for weight in p.weights]
        self.weight = [top[k] * streams.uniforms(Purpose.POPULATION, k, who) for k in range(3)]
        self.horizon = 1 + (p.longest_trend * streams.uniforms(Purpose.POPULATION, 3, who)).astype(np.int64)
        self.noise = streams.normals(Purpose.POPULATION, 4, steps)
        self.place = 2.0 * streams.uniforms(Purpose.POPULATION, 5, steps) - 1.0
        self.book = book.empty_book(2 * p.value, p.traders + ONE_MORE)
        self.best = book.no_quotes(2 * p.value)
        self.trades = book.no_trades(2)
        self.swept = book.no_trades(p.traders)
        self.held, self.assets, self.filled = 0.0, net_assets * p.value, 0
        self.prices: Floats = np.full(p.first_steps + p.steps, float(p.value))

    def run(self) -> Floats:
        """Prices after each step, ticks."""
        p, price = self.p, float(self.p.value)
        for t in range(p.first_steps + p.steps):
            if t == p.first_steps:  # it comes with the position that it wants
                self.held = p.leverage * self.assets / price
            before = price
            price = self._order_of(t, price)
            if t >= p.first_steps and self.assets > 0.0:
                self.assets += self.held * (price - before)
                price = self._rebalance(price)
            self.prices[t] = price
        return self.prices

    def _order_of(self, t: int, price: float) -> float:
        """A trader takes back its order and enters another; the price after it."""
        p, who = self.p, t % self.p.traders
        horizon = int(self.horizon[who])
        past = self.prices[t - horizon] if t >= horizon else float(p.value)
        expected = price * math.exp(expected_return(
            math.log(p.value / price), math.log(price / past) / horizon, float(self.noise[t]),
            float(self.weight[0][who]), float(self.weight[1][who]), float(self.weight[2][who]), horizon, p.noise_sd,
        ))  # fmt: skip
        limit = round(expected + p.spread_of_orders * float(self.place[t]))
        limit = min(max(limit, 0), 2 * p.value - 1)
        kind = np.array([book.CANCEL, book.LIMIT], np.int8)
        side = 1.0 if limit < expected else -1.0
        return self._match(kind, [who, who], [limit, limit], [side, side], price, self.trades)

    def _rebalance(self, price: float) -> float:
        """The fund trades what it is off by, if that is an order; the price after it."""
        wanted = float(round(self.p.leverage * self.assets / price - self.held))
        if abs(wanted) < self.smallest:
            return price
        kind, slot = np.array([book.MARKET_ORDER], np.int8), [self.p.traders]
        after = self._match(kind, slot, [0], [wanted], price, self.swept)
        bought, paid = self.swept.quantity[: self.filled], self.swept.tick[: self.filled]
        self.assets += self.held * (after - price) + float((bought * (after - paid)).sum())
        self.held += float(bought.sum())
        return after

    def _match(
        self, kind: book.Kinds, slot: list[int], tick: list[int], quantity: list[float], price: float,
        trades: book.Trades,
    ) -> float:  # fmt: skip
        """Play events into the book; the price of the last trade."""
        slots, ticks = np.array(slot, np.int64), np.array(tick, np.int64)
        n = book.match(self.book, self.best, kind, slots, slots, ticks, np.array(quantity), book.KEEP, trades)
        self.filled = n
        return float(trades.tick[n - 1]) if n else price
