"""A log-linear market maker: it sees what all want at the last price, moves the price by that, and takes the rest."""

from __future__ import annotations

import math

import numpy as np

from sim.exchange.futures import Schedules
from sim.exchange.joint_close import MonthOrders
from sim.exchange.terms import VenueTerms
from sim.kernels.call_auction import LIMIT_DOWN, LIMIT_UP, MARKET, NO_TRADE, TRADED, Cleared
from sim.vocabulary import Bools, Floats


def quote(
    orders: MonthOrders, mine: Schedules, terms: VenueTerms, open_interest: float
) -> tuple[Cleared, Floats, Floats]:
    """A month's price, what schedules and resting orders trade at it, + bought; the maker has the other side.

    ln F' = ln F + mu Z(F) / D (Franke and Westerhoff 2012; Farmer and Joshi 2002): Z is what all want at the last price
    F, in contracts, mu the maker's response, D open interest, or all that is wanted or offered tonight where that is
    more: the price never moves by more than mu. It stays within the daily limits. Orders trade where their limits
    allow F'.
    """
    last, tick_usd = orders.last_usd, terms.tick_usd
    at_last, slope, low, high = mine.terms
    first = np.clip(at_last, low, high)
    resting = orders.quantity * willing(orders, last / tick_usd)
    excess = math.fsum(first.tolist()) + math.fsum(resting.tolist())
    interest = math.fsum(np.abs(first).tolist()) + math.fsum(np.abs(resting).tolist())
    scale = max(open_interest, interest)
    wanted = last * math.exp(terms.maker_response * excess / scale) if scale > 0.0 else last
    position = wanted / tick_usd - orders.tick0
    position = math.floor(position + 0.5) if terms.round_to_tick else position
    end = orders.curve.shape[1] - 1.0
    status = LIMIT_UP if position > end else LIMIT_DOWN if position < 0.0 else TRADED
    position = min(max(position, 0.0), end)
    price = last if excess == 0.0 else (orders.tick0 + position) * tick_usd
    scheduled = np.clip(at_last - slope * (price - last), low, high)
    fills = orders.quantity * willing(orders, price / tick_usd)
    volume = math.fsum(np.abs(scheduled).tolist()) + math.fsum(np.abs(fills).tolist())
    status = NO_TRADE if status == TRADED and volume == 0.0 else status
    return Cleared(price, position, status, 1, volume, 1.0, 1.0), scheduled, fills


def willing(orders: MonthOrders, ticks: float) -> Bools:
    """Which resting orders trade at a price in ticks."""
    near = 1e-9 * ticks  # a price on a tick is that tick, however it was reached
    buys = (orders.tick == MARKET) | (orders.tick >= ticks - near)
    sells = (orders.tick == -MARKET) | (orders.tick <= ticks + near)
    return np.asarray(np.where(orders.quantity > 0.0, buys, sells))
