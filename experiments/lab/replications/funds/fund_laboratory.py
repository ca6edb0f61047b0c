"""A market for futures made of funds and of traders around a value: what the fund replications share.

The traders are one schedule: they sell `depth` contracts for each USD that the price exceeds the value they believe in.
Prices, positions, cash and net asset values come from the market, clearing house, ledger and fund window of any run.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.calendar import Calendar
from sim.exchange.clearing_house import ClearingHouse
from sim.exchange.terms import Margin, VenueTerms
from sim.exchange.venue import Venue
from sim.funds.window import Fund, closing_orders, settle_funds
from sim.kernels.fund_auction import fund_trades
from sim.ledger import Ledger
from sim.rows.exchange import Close, FutureRow
from sim.vocabulary import Floats

HOURS, TICK_USD, NAV_USD = 730.0, 0.01, 100.0
NO_TERMINATION = 1.0
TRADERS, HOLDERS = 0, 1


@dataclass(frozen=True)
class Terms:
    """A fund to be set up: leverage, assets, exposure over assets by month, share of flows that offset in the close."""

    leverage: float
    assets_usd: float
    by_month: tuple[float, float] = (1.0, 0.0)
    same_day: float = 0.0
    termination_fall: float = NO_TERMINATION


class Laboratory:
    """Funds with their positions in place at the first prices; `close(values)` is a day."""

    def __init__(
        self, prices_usd: Sequence[float], depth: Sequence[float], funds: Sequence[Terms], daily_limit: float
    ) -> None:
        n = len(prices_usd)
        self.depth = list(depth)
        self.value: Floats = np.array(prices_usd, dtype=np.float64)
        terms = VenueTerms(
            listed=True, index="value", maturities=n, contract_gpu_hours=HOURS, tick_usd=TICK_USD,
            daily_limit=daily_limit, round_to_tick=False, margin=Margin(initial=0.1, maintenance=0.1),
        )  # fmt: skip
        self.venue = Venue("main", terms, Calendar(datetime.date(2026, 1, 1)))
        self.venue.price_usd = self.value.copy()
        names = [f"fund_{i + 1}" for i in range(len(funds))]
        owners = ["traders", "holders", *names, "clearing_house", "parents", "rest_of_world"]
        self.books = self._books(Ledger(owners))
        self.house = ClearingHouse(self.books.ledger, self.books.roll, np.zeros(len(owners), dtype=bool))
        self.funds = [self._launch(name, terms) for name, terms in zip(names, funds, strict=True)]

    def _books(self, ledger: Ledger) -> Any:
        """The ledger and its special owners, as much of a world's books as futures and funds need."""
        ledger.list("cash", "USD")
        ledger.list("margin", "USD")
        for name in self.venue.names:
            ledger.list(name, "contract")
        last = len(ledger.owners) - 1
        return SimpleNamespace(
            ledger=ledger, roll=SimpleNamespace(clearing_house=last - 2, parents=last - 1, rest_of_world=last)
        )

    def _launch(self, name: str, terms: Terms) -> Fund:
        ledger = self.books.ledger
        owner = ledger.owner[name]
        fund = Fund(owner, name, terms.leverage, 0.0, terms.termination_fall, NAV_USD)
        fund.exposure = (terms.leverage * terms.by_month[0], terms.leverage * terms.by_month[1])
        fund.same_day = terms.same_day
        fund.waiting = {HOLDERS: 0.0}
        ledger.list(fund.share, "share", [name])
        ledger.transfer("endowment", "cash", self.books.roll.rest_of_world, owner, terms.assets_usd)
        ledger.transfer("endowment", fund.share, owner, HOLDERS, terms.assets_usd / NAV_USD)
        for m, month in enumerate(self.venue.names):
            contracts = fund.exposure[m] * terms.assets_usd / (self.venue.price_usd[m] * HOURS)
            buyer, seller = (owner, TRADERS) if contracts > 0.0 else (TRADERS, owner)
            ledger.transfer("endowment", month, seller, buyer, abs(contracts))
        return fund

    def close(self, values_usd: Sequence[float]) -> Close:
        """A day at whose close traders believe in these values: the auction, variation margin, net asset values."""
        venue, names = self.venue, self.venue.names
        gap = np.array(values_usd) - self.value
        rows = [
            (TRADERS, FutureRow(m, self.depth[m] * float(gap[m]), self.depth[m], -math.inf, math.inf))
            for m in range(len(names))
        ]
        for fund in self.funds:
            fund.was = fund.exposure
        orders = closing_orders(self.books.ledger, self.funds, venue)
        close = venue.clear(rows, len(self.books.ledger.owners), orders)
        self.value = np.array(values_usd) - self.unmet(close, gap)
        self.house.settle([(venue, close)])
        settle_funds(
            self.books.ledger, self.books.roll.rest_of_world, self.funds, close, self.venue.hours, lambda _: 0.0
        )
        return close

    def move_to(self, price_usd: float) -> Close:
        """A day on which news takes the first month to this very price, whatever the funds do there."""
        orders = closing_orders(self.books.ledger, self.funds, self.venue)
        wanted = 0.0
        if orders is not None:
            trades = np.zeros(len(orders.owners))
            bought, sold = fund_trades(orders.curves, 0, price_usd, 1.0, trades)
            wanted = bought - sold
        news = price_usd - float(self.venue.price_usd[0]) - wanted / self.depth[0]
        return self.close([float(self.value[0]) + news])

    def unmet(self, close: Close, gap: Floats) -> Floats:
        """How much traders' values must give for what a locked market left unfilled, USD by month; 0 otherwise."""
        wanted = np.array(self.depth) * (gap - (close.price_usd - close.last_usd))
        return np.asarray((wanted - close.trades[:, TRADERS]) / np.array(self.depth))

    def held(self, fund: Fund, month: int = 0) -> float:
        """Contracts that a fund holds."""
        return float(self.books.ledger.held(self.venue.names[month])[fund.owner])

    def assets_usd(self, fund: Fund) -> float:
        """Net assets of a fund: its shares at net asset value."""
        return fund.nav_usd * fund.outstanding(self.books.ledger)

    def owned_usd(self, fund: Fund) -> float:
        """What the ledger says that a fund owns: cash and margin, futures being paid for every day."""
        ledger = self.books.ledger
        return float(ledger.held("cash")[fund.owner] + ledger.held("margin")[fund.owner])


def impact(depth: float) -> float:
    """phi: USD by which a GPU-hour bought moves the price, USD per GPU-hour squared."""
    return 1.0 / (depth * HOURS)


def assets_for(gain: float, leverage: float, price_usd: float, depth: float) -> float:
    """Assets at which the loop gain phi A (L^2 - L) / F^2 has a value, USD."""
    return gain * price_usd * price_usd / (impact(depth) * (leverage * leverage - leverage))
