"""The model's closing auction as a replication uses it: its agents bring what they want at each price."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sim.kernels.call_auction import MARKET, call_auction, linear_schedules_on_ticks
from sim.vocabulary import Floats

Demand = Callable[[Floats], Floats]  # prices (n,) -> what one wants to trade at each, + buys


def price_of_schedules(
    at_reference: Sequence[float] | Floats,
    slope: Sequence[float] | Floats,
    reference: float,
    tick: float,
    ticks: int,
    market_orders: Sequence[float] = (),
) -> float:
    """Where linear schedules clear: each wants so much at the reference price, and `slope` less a unit of price above.

    The grid reaches `ticks` to either side; between ticks the auction is linear as schedules are, so that the price is
    exact whatever the tick. `market_orders` want so much at any price.
    """
    terms = np.asarray(at_reference, dtype=np.float64), np.asarray(slope, dtype=np.float64)
    open_end, tick0 = np.full(len(terms[0]), np.inf), round(reference / tick) - ticks
    curve = np.zeros((2, 2 * ticks + 1))
    linear_schedules_on_ticks(*terms, -open_end, open_end, reference, tick0, tick, curve)
    return _cleared(curve, tick0, tick, reference, market_orders)


def price_of_demands(demands: Sequence[Demand], low: float, high: float, ticks: int, last: float) -> float:
    """Where what all want at each price adds up to nothing, on so many ticks from `low` to `high`.

    Of several such prices the nearest to `last`; curves are linear between ticks.
    """
    tick = (high - low) / ticks
    tick0 = round(low / tick)
    prices = tick * (tick0 + np.arange(ticks + 1))
    curve = np.zeros((2, ticks + 1))
    for demand in demands:
        wanted = demand(prices)
        curve[0] += np.maximum(0.0, wanted)
        curve[1] += np.maximum(0.0, -wanted)
    return _cleared(curve, tick0, tick, last, ())


def _cleared(curve: Floats, tick0: int, tick: float, last: float, market_orders: Sequence[float]) -> float:
    quantity = np.asarray(market_orders, dtype=np.float64)
    limits = np.where(quantity > 0.0, MARKET, -MARKET).astype(np.int64)
    return float(call_auction(quantity, limits, curve, tick0, tick, last, False, np.zeros(len(quantity))).price_usd)
