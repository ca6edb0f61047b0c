"""Position limits: most contracts that one trader, or one buyer from outside, may hold in a month, long or short.

Hedgers are exempt (bona fide hedging); so are funds, whose demand is solved for at the close.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.terms import Limits
from sim.exchange.trade_dates import TradeDates
from sim.kernels.call_auction import MARKET
from sim.rows.exchange import SpotLimit
from sim.vocabulary import Floats, Ints


def most_tonight(limits: Limits, dates: TradeDates, first_month: int, months: int, day: int) -> Floats | None:
    """Most contracts by listed month (months,) tonight; None where nothing is limited.

    `spot` holds in the nearest month on its last `spot_days` business days, `month` in all others.
    """
    if limits.month is None and limits.spot is None:
        return None
    most = np.full(months, math.inf if limits.month is None else limits.month)
    spot = spot_limit(limits, dates, first_month, day)
    if spot is not None and spot.business_days == 0:
        most[0] = min(most[0], spot.contracts)
    return most


def spot_limit(limits: Limits, dates: TradeDates, first_month: int, day: int) -> SpotLimit | None:
    """The limit of the nearest month's last days, and the business days from `day` on that pass before it holds."""
    if limits.spot is None:
        return None
    first, last = dates.calendar.first_day(first_month), dates.last_trade_day(first_month)
    open_days = [ahead for ahead in range(first, last + 1) if dates.is_business_day(ahead)]
    left = sum(ahead >= day for ahead in open_days)
    before, of_days = max(0, left - limits.spot_days), max(0, len(open_days) - limits.spot_days)
    return SpotLimit(limits.spot, before, of_days, math.inf if limits.month is None else limits.month)


def hold_traders(crowd: Speculators, most: Floats) -> None:
    """Cut tonight's orders of a crowd to what its traders may hold; what is held beyond goes out as market orders."""
    held, bound = crowd.arrays.position, np.broadcast_to(most[:, None], crowd.quantity.shape)
    over = np.abs(held + crowd.quantity) > bound  # all other orders stay as they are, to the bit
    crowd.quantity[over] = np.clip(held[over] + crowd.quantity[over], -bound[over], bound[over]) - held[over]
    forced = over & (np.abs(held) > bound)
    crowd.tick[forced] = np.where(crowd.quantity[forced] > 0.0, MARKET, -MARKET)


def hold_schedules(table: Floats, owners: Ints, limited: Ints, held: Floats, most: Floats) -> tuple[Ints, Floats]:
    """Schedules (n, fields of `FutureRow`) of `owners` (n,), those of the `limited` cut to what they may hold.

    `held` (months, owners) are positions; who holds more than it may sells the excess at any price, in a month to which
    it brings no schedule too.
    """
    mine, found = np.isin(owners, limited), table.copy()
    month = table[:, 0].astype(np.int64)
    position, bound = held[month, owners], most[month]
    for column in (3, 4):
        found[mine, column] = np.clip(table[mine, column], (-bound - position)[mine], (bound - position)[mine])
    brought = set(zip(month.tolist(), owners.tolist(), strict=True))
    silent = [
        (m, owner)
        for m, owner in itertools.product(range(len(most)), limited.tolist())
        if abs(held[m, owner]) > most[m] and (m, owner) not in brought
    ]
    if silent:
        excess = [math.copysign(most[m], held[m, owner]) - held[m, owner] for m, owner in silent]
        rows = [[m, x, 0.0, x, x] for (m, _), x in zip(silent, excess, strict=True)]
        owners = np.concatenate([owners, [owner for _, owner in silent]])
        found = np.concatenate([found, rows])
    return owners, found


def beyond(positions: Floats, level: float) -> int:
    """How many holders (months, n) have more than so many contracts in any month."""
    return int((np.abs(positions) > level).any(axis=0).sum())
