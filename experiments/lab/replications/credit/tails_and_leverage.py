"""Tails and leverage (Thurner, Farmer and Geanakoplos 2012): more credit for those who buy what is cheap, more crashes.

Noise traders spend xi on an asset, ln xi an autoregression around the value of all of it. Funds of different boldness
beta buy it where it is below its value V, for beta (V - p) W / p of their wealth W, and never for more than lenders'
lambda W: the rule of this model's speculators, bound by a margin of 1 / lambda. Wealth is counted at the price that
clears, so that a fund at the bound must sell into a fall. Investors follow performance; a fund that has lost nine
tenths leaves for a while and begins anew. Everything meets in the model's closing auction, of whose prices the nearest
to the last is taken.

Leverage makes everyday returns smaller and their tails fatter: both are held, the tail by Hill's exponent of losses on
days that begin with an asset that is cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.kernels.call_auction import TRADED, call_auction
from sim.kernels.crowd import target_position
from sim.kernels.jit import jit
from sim.metrics.series import tail_exponent
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, NonNegative, Positive, PositiveCount, Share

TICKS, TICK, WIDEST = 32, 0.002, 0.03  # to either side of the last price, as shares of it; tripled where none clears
HISTORY = 100_000  # days of one history: longer samples are several


class OnRecord(Strict):
    """What returns are at a leverage: their sd and excess kurtosis, the tail of losses, defaults in a thousand days."""

    sd: Positive
    kurtosis: float | None  # none where the tail is too fat for a fourth moment: it then has no limit
    tail: Positive
    defaults: NonNegative


class Parameters(Strict):
    """The market and its funds; what is on record by leverage, and how far apart figures may lie."""

    value: Positive  # V
    shares: Positive  # N
    persistence: Annotated[float, Field(ge=0.0, lt=1.0)]  # rho, a day
    noise_sd: Positive
    boldness: Annotated[list[Positive], Field(min_length=1)]  # beta of each fund
    wealth: Positive  # of a fund that begins
    memory: Share  # a, of performance
    flow: NonNegative  # b, of wealth, by what performance exceeds the benchmark
    benchmark: float  # r_b, a day
    ruin: Share  # of the first wealth
    absent_days: PositiveCount
    days: Annotated[int, Field(ge=5_000)]
    warm_up: Count
    seed: Count
    tail_share: Share  # of losses that Hill's exponent reads
    leverage: dict[str, OnRecord]
    compared: Annotated[list[str], Field(min_length=2, max_length=2)]  # leverages of the orders
    sd_tolerance: Positive
    kurtosis_tolerance: Positive  # as a share, at least of one
    tail_tolerance: Positive  # as a share
    defaults_tolerance: Positive  # as a share, at least of one

    @model_validator(mode="after")
    def _names_what_there_is(self) -> Self:
        for text in self.leverage:
            if not text.replace(".", "", 1).isdigit() or float(text) <= 0.0:
                raise ValueError(f"leverage: {text} is no positive number")
        if not set(self.compared) <= set(self.leverage):
            raise ValueError(f"compared must be two of {', '.join(self.leverage)}")
        if self.warm_up + 1000 > min(self.days, HISTORY):
            raise ValueError(f"warm_up must leave a thousand of {min(self.days, HISTORY)} days")
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Figures by leverage, then their order from the first of two leverages to the second."""
    del spec
    found = {}
    for text, on_record in p.leverage.items():
        found[text] = now = measured(p, float(text))
        said = f"lambda = {text}"
        yield Check("sd of returns", said, on_record.sd, now.sd, p.sd_tolerance)
        if on_record.kurtosis is not None:
            near = p.kurtosis_tolerance * max(1.0, abs(on_record.kurtosis))
            yield Check("excess kurtosis", said, on_record.kurtosis, now.kurtosis, near)
        yield Check("tail exponent of losses", said, on_record.tail, now.tail, p.tail_tolerance * on_record.tail)
        near = p.defaults_tolerance * max(1.0, on_record.defaults)
        yield Check("defaults in a thousand days", said, on_record.defaults, now.defaults, near)
    low, high = (found[text] for text in p.compared)
    said = f"lambda = {p.compared[1]} against {p.compared[0]}"
    yield Check("tails are fatter", said, 1.0, float(high.tail < low.tail and high.kurtosis > low.kurtosis), 0.0)
    yield Check("volatility clusters more", said, 1.0, float(high.clustering > low.clustering), 0.0)
    yield Check("everyday returns are smaller", said, 1.0, float(high.sd < low.sd), 0.0)
    yield Check("more funds fail", said, 1.0, float(high.defaults > low.defaults), 0.0)


class Measured(NamedTuple):
    """What returns are like; `clustering` is the correlation of their size with the day before's."""

    sd: float
    kurtosis: float
    tail: float
    defaults: float
    clustering: float


def measured(p: Parameters, leverage: float) -> Measured:
    """Histories of a leverage, taken together; more than `HISTORY` days are counted in whole ones."""
    returns, cheap, failed = [], [], 0.0
    for k in range(-(-p.days // HISTORY)):
        prices, defaults = history(p, leverage, k, min(p.days, HISTORY))
        returns.append(np.diff(np.log(prices[p.warm_up :])))
        cheap.append(prices[p.warm_up : -1] < p.value)
        failed += float(defaults[p.warm_up :].sum())
    r, size = np.concatenate(returns), [np.abs(one) for one in returns]
    sizes, before = np.concatenate([one[1:] for one in size]), np.concatenate([one[:-1] for one in size])
    z = (r - r.mean()) / r.std()
    losses = -r[np.concatenate(cheap)]
    losses = losses[losses > 0.0]
    tail = tail_exponent(losses, max(2, int(p.tail_share * len(losses))))
    return Measured(
        float(r.std()), float((z**4).mean()) - 3.0, tail, 1000.0 * failed / len(r),
        float(np.corrcoef(sizes, before)[0, 1]),
    )  # fmt: skip


def history(p: Parameters, leverage: float, path: int, days: int) -> tuple[Floats, Floats]:
    """Prices and how many funds fail (days,) in one history."""
    draws = Streams(p.seed).normals(Purpose.POPULATION, path, np.arange(days, dtype=np.int64))
    market = np.array([p.value, p.shares, p.persistence, p.noise_sd])
    funds = np.array([p.wealth, p.memory, p.flow, p.benchmark, p.ruin, float(p.absent_days)])
    prices, defaults = np.zeros(days), np.zeros(days)
    live(draws, np.array(p.boldness), leverage, market, funds, prices, defaults)
    return prices, defaults


@jit
def wanted(price: float, value: float, boldness: float, margin_share: float, held: float, cash: float) -> float:
    """Shares that a fund wants at a price: what is below value, for so much of its wealth there."""
    wealth = cash + held * price
    return target_position(max(0.0, value - price), price, wealth, wealth, boldness, margin_share, 1.0)


@jit
def live(
    draws: Floats, boldness: Floats, leverage: float, market: Floats, funds: Floats, prices: Floats, defaults: Floats
) -> None:
    """Write prices and how many funds fail (days,), from a market at its value on.

    `market` is value, shares, persistence and sd of noise traders, `funds` first wealth, memory, flow, benchmark, ruin
    and days of absence.
    """
    value, shares, persistence, noise_sd = market
    first, memory, flow, benchmark, ruin, absent_days = funds
    n, margin_share = len(boldness), 1.0 / leverage
    held, cash, performance, absent = np.zeros(n), np.full(n, first), np.zeros(n), np.zeros(n)
    spent, price = np.log(value * shares), value
    none, no_ticks, curve = np.empty(0), np.empty(0, np.int64), np.empty((2, 2 * TICKS + 1))
    curve[1] = shares
    for day in range(len(draws)):
        spent = persistence * spent + noise_sd * draws[day] + (1.0 - persistence) * np.log(value * shares)
        last, share = price, TICK
        while True:
            tick = share * last
            tick0 = round(last / tick) - TICKS
            for j in range(2 * TICKS + 1):
                at = (tick0 + j) * tick
                curve[0, j] = np.exp(spent) / at
                for h in range(n):
                    if absent[h] == 0.0:
                        curve[0, j] += wanted(at, value, boldness[h], margin_share, held[h], cash[h])
            cleared = call_auction(none, no_ticks, curve, tick0, tick, last, False, none)
            if cleared.status == TRADED or 3.0 * share > WIDEST:
                break
            share *= 3.0
        price = cleared.price_usd
        prices[day] = price
        for h in range(n):
            if absent[h] > 0.0:
                absent[h] -= 1.0
                continue
            before, wealth = cash[h] + held[h] * last, cash[h] + held[h] * price
            performance[h] += memory * (held[h] * (price - last) / before - performance[h])
            held[h] = wanted(price, value, boldness[h], margin_share, held[h], cash[h])
            wealth += max(-1.0, flow * (performance[h] - benchmark)) * max(0.0, wealth)
            cash[h] = wealth - held[h] * price
            if wealth < ruin * first:
                defaults[day] += 1.0
                held[h], cash[h], performance[h], absent[h] = 0.0, first, 0.0, absent_days
