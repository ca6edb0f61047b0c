"""One price for used GPUs of a grade and age: forced and voluntary offers meet cash, room and outsiders.

Quantities are counted at value (USD), prices are ratios to value. A buyer with cash C and room K takes min(C / p, K)
where what a GPU is worth to it exceeds p by its margin: cash in the market (Allen and Gale 1994), so that where buyers
are short of cash the price falls with what is offered until outsiders come in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.kernels.used_gpus import bracket
from sim.vocabulary import Bools, Floats


@dataclass(frozen=True)
class Sellers:
    """What is offered at any price (sellers,) and what is offered where the price after costs exceeds own value.

    `own` (sellers,) is a GPU's worth to each over value, `cost` what a sale costs of the price.
    """

    forced_usd: Floats
    willing_usd: Floats
    own: Floats
    cost: float

    def willing_at(self, price: float) -> Floats:
        """Voluntary offers at a price (sellers,)."""
        return np.asarray(np.where(self.own < price * (1.0 - self.cost), self.willing_usd, 0.0))


@dataclass(frozen=True)
class Buyers:
    """Cash and room of each (buyers,), USD, room at value; `own` (buyers,) worth over value, and the margin asked."""

    cash_usd: Floats
    room_usd: Floats
    own: Floats
    margin: float

    def wanted_at(self, price: float) -> Floats:
        """What each buys at a price (buyers,), at value."""
        willing: Bools = self.own >= price * (1.0 + self.margin)
        return np.asarray(np.where(willing, np.minimum(self.cash_usd / price, self.room_usd), 0.0))


@dataclass(frozen=True)
class Cleared:
    """A price and who sold and bought how much of it, at value, USD: (sellers,), (buyers,), and outsiders."""

    price: float
    forced_usd: Floats
    willing_usd: Floats
    bought_usd: Floats
    outside_usd: float

    @property
    def traded_usd(self) -> float:
        """All that changed hands, at value."""
        return float(self.bought_usd.sum()) + self.outside_usd


def clear(sellers: Sellers, buyers: Buyers, outside_price: float, outside_most_usd: float) -> Cleared:
    """The highest price at which as much is wanted as is offered, never below what outsiders pay.

    Offers rise and wishes fall in the price, so there is one. Where it stands at a step of either side, those who are
    indifferent are served pro rata, after the others; at the outsiders' price they take what is left, up to
    `outside_most_usd`, and what nobody takes is not sold: offers are then served pro rata, forced ones first.
    """
    low, high = bracket(
        sellers.forced_usd, sellers.willing_usd, sellers.own, sellers.cost, buyers.cash_usd, buyers.room_usd,
        buyers.own, buyers.margin, outside_price,
    )  # fmt: skip
    if low == high:
        wanted, offered = buyers.wanted_at(low), sellers.willing_at(low)
        asked = float(sellers.forced_usd.sum()) + float(offered.sum())
        outside = min(outside_most_usd, asked - float(wanted.sum()))
        return _served(low, sellers, offered, np.zeros_like(offered), wanted, np.zeros_like(wanted), outside)
    sure, eager = sellers.willing_at(low), buyers.wanted_at(high)
    return _served(
        low, sellers, sure, sellers.willing_at(high) - sure, eager, np.maximum(0.0, buyers.wanted_at(low) - eager), 0.0
    )


def _served(
    price: float, sellers: Sellers, sure: Floats, may_sell: Floats, eager: Floats, may_buy: Floats, outside: float
) -> Cleared:
    """Serve a price: `sure` and `eager` trade first, then those who are indifferent; the shorter side in full."""
    forced = float(sellers.forced_usd.sum())
    traded = min(float(eager.sum() + may_buy.sum()) + outside, forced + float(sure.sum() + may_sell.sum()))
    sold = filled([sellers.forced_usd, sure, may_sell], traded)
    bought = filled([eager, may_buy], traded - outside)
    return Cleared(price, sold[0], sold[1] + sold[2], bought[0] + bought[1], outside)


def filled(queues: list[Floats], total: float) -> list[Floats]:
    """A total served to queues one after another, pro rata within each."""
    served = []
    for queue in queues:
        asked = float(queue.sum())
        share = min(1.0, max(0.0, total) / asked) if asked > 0.0 else 0.0
        served.append(queue * share)
        total -= asked
    return served
