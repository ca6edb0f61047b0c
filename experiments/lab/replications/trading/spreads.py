"""Why there is a spread (Glosten and Milgrom 1985) and how prices betray it (Roll 1984), on the model's own order book.

Glosten and Milgrom: a value of 0 or 1, even odds; a share mu of those who come know it, the others buy or sell by
chance. A market maker quotes one contract on either side of the book; what the value is worth to it after a purchase is
its ask, (1 + mu) / 2, at which it earns nothing. Roll: the middle is a random walk and trades are at quotes half a
spread from it, so that 2 sqrt(-cov of successive price changes) is the spread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check, simulated
from sim.exchange.order_book import Event, replay
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, Ints, NonNegative, Positive

TICKS_A_UNIT = 1000


class Parameters(Strict):
    """Informed share and quotes on record; spread, sd of the middle's moves; periods of each market."""

    informed_share: Annotated[float, Field(gt=0.0, lt=1.0)]
    ask: Positive
    bid: Positive
    quoted_ask: Positive  # what the market maker quotes, and the bid as far below one half
    spread: Positive
    middle_sd: NonNegative
    periods: Annotated[int, Field(ge=1000)]
    seed: Count
    tolerance: Positive  # of the spread, as a share
    standard_errors: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """What the value is worth to whoever traded, what the market maker earns, and the spread out of price changes."""
    del spec
    yield from informed(p)
    yield from bounced(p)


def informed(p: Parameters) -> Iterator[Check]:
    """Glosten and Milgrom's quotes: regret-free, and without profit."""
    who = np.arange(p.periods, dtype=np.int64)
    knows, high, coin = (Streams(p.seed).uniforms(Purpose.POPULATION, k, who) for k in range(3))
    value = (high < 0.5).astype(np.float64)
    buys = np.where(knows < p.informed_share, value > 0.5, coin < 0.5)
    quotes = np.full((2, p.periods), [[1.0 - p.quoted_ask], [p.quoted_ask]])
    paid = traded_at(quotes, buys)
    for name, side, on_record in (("ask", buys, p.ask), ("bid", ~buys, p.bid)):
        worth = value[side]
        error = float(worth.std() / math.sqrt(len(worth)))
        said = f"informed share {p.informed_share:g}"
        yield simulated(f"value after a trade at the {name}", said, on_record, worth.mean(), error, p.standard_errors)
    gain = np.where(buys, paid - value, value - paid)
    error = float(gain.std() / math.sqrt(p.periods))
    said = f"ask {p.quoted_ask:g}"
    yield simulated("market maker's profit a trade", said, 0.0, float(gain.mean()), error, p.standard_errors)


def bounced(p: Parameters) -> Iterator[Check]:
    """Roll's measure of trades at quotes around a random walk."""
    who, streams = np.arange(p.periods, dtype=np.int64), Streams(p.seed)
    middle = 10.0 + np.cumsum(p.middle_sd * streams.normals(Purpose.POPULATION, 3, who))
    buys = streams.uniforms(Purpose.POPULATION, 4, who) < 0.5
    moves = np.diff(traded_at(np.stack([middle - 0.5 * p.spread, middle + 0.5 * p.spread]), buys))
    roll = 2.0 * math.sqrt(max(0.0, -float(np.cov(moves[1:], moves[:-1])[0, 1])))
    yield Check("2 sqrt(-cov of price changes)", f"spread {p.spread:g}", p.spread, roll, p.tolerance * p.spread)


def traded_at(quotes: Floats, buys: np.ndarray) -> Floats:
    """Prices (periods,) at which one who comes each period trades one contract against quotes (2, periods) in the book.

    Each period: bid and ask are entered, a market order comes, what is left of the quotes is cancelled.
    """
    n = quotes.shape[1]
    ticks: Ints = np.rint(TICKS_A_UNIT * quotes).astype(np.int64)
    bid, ask, order = (np.arange(k * n, (k + 1) * n, dtype=np.int64) for k in range(3))
    side = np.where(buys, 1.0, -1.0)
    kind = np.tile([Event.LIMIT, Event.LIMIT, Event.MARKET, Event.CANCEL, Event.CANCEL], n)
    rows = [np.stack(five, axis=1).ravel() for five in (
        (bid, ask, order, bid, ask), (ticks[0], ticks[1], ticks[0], ticks[0], ticks[1]),
        (np.ones(n), -np.ones(n), side, np.ones(n), -np.ones(n)),
    )]  # fmt: skip
    trades = replay(kind, *rows).trades
    return np.asarray(trades.tick / TICKS_A_UNIT, dtype=np.float64)
