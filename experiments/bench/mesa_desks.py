"""Desks in the rental market as Mesa agents that act hourly: one for every row that an institution sends."""

from __future__ import annotations

import math

import mesa

from sim.kernels.spot import CONVEX
from sim.rules.spot import demand_share, offer_share, swing_share
from sim.vocabulary import DemandRow, SupplyRow


class User(mesa.Agent):  # type: ignore[misc]
    """A user's desk for one kind of work: tells what it wants at a price, takes what it is given, pays."""

    def start_day(self, owner: int, number: int, log_reference: float) -> None:
        """Start with nothing used or paid."""
        self.owner, self.number, self.log_reference = owner, number, log_reference
        self.wanted_hours = self.bought_hours = self.spent_usd = 0.0

    def read(self, rows: dict[int, list[DemandRow]], season: list[list[float]], hour: int) -> None:
        """Take over what its institution wants in this hour."""
        self.row = rows[self.owner][self.number]
        self.load = self.row.quantity_ve * season[self.row.season][hour]

    def choose(self, share: list[list[float]], product: int) -> None:
        """Demand for a product at the reference rent."""
        self.base = self.load * share[self.row.work][product]

    def demand(self, log_price: float) -> float:
        """Demand at a trial price."""
        return self.base * demand_share(log_price, self.log_reference, self.row.elasticity)

    def take(self, wanted: float, got: float, hours: float, price_usd: float) -> None:
        """Use and pay for what was allotted."""
        self.wanted_hours += wanted * hours
        self.bought_hours += got * hours
        self.spent_usd += got * hours * price_usd


class Landlord(mesa.Agent):  # type: ignore[misc]
    """A landlord's desk for one offer: tells what it lets at a price, lets what is used, earns."""

    def start_day(self, owner: int, number: int, mix: list[float]) -> None:
        """Start with nothing let or earned."""
        self.owner, self.number, self.mix = owner, number, mix
        self.sold_hours = [0.0] * len(mix)
        self.revenue_usd = 0.0

    def read(self, rows: dict[int, list[SupplyRow]]) -> None:
        """Take over what its institution offers in this hour."""
        self.row = rows[self.owner][self.number]

    def supply(self, log_price: float, product: int) -> float:
        """Capacity offered at a trial price."""
        row = self.row
        capacity = row.quantity_ve * self.mix[product]
        if row.kind == CONVEX:
            return capacity * offer_share(math.exp(log_price), row.a, row.b, row.c)
        return capacity * swing_share(log_price, row.a, row.b)

    def let(self, log_price: float, product: int, used: float, hours_per_step: float, price_usd: float) -> None:
        """Let the used share of what was offered."""
        hours = self.supply(log_price, product) * used * hours_per_step
        self.sold_hours[product] += hours
        self.revenue_usd += hours * price_usd
