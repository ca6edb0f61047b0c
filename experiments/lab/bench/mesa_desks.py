"""Desks in the rental market as Mesa agents that act hourly: one for every row that an institution sends."""

from __future__ import annotations

import math

import mesa

from sim.kernels.spot import CONVEX
from sim.rows.rental import BID, DemandRow, SupplyRow
from sim.rules.spot import (
    bid_share,
    demand_share,
    idle_capacity,
    mean_offer,
    mean_swing_offer,
    offer_share,
    swing_share,
)


class User(mesa.Agent):  # type: ignore[misc]
    """A user's desk for one kind of work at one home: tells what it wants at a price, takes what it is given, pays."""

    def start_day(self, owner: int, number: int, group: int, work: int, portion: float, log_reference: float) -> None:
        """Start with nothing used or paid; `portion` turns the institution's wish into this desk's."""
        self.owner, self.number, self.group, self.work = owner, number, group, work
        self.portion, self.log_reference = portion, log_reference
        self.waiting = self.again = 0.0
        self.bought_hours = self.spent_usd = self.unserved_hours = self.interrupted = 0.0
        self.spilled: dict[int, float] = {}

    def read(self, rows: dict[int, list[DemandRow]], season: list[list[float]], hour: int) -> None:
        """Take over what its institution wants in this hour."""
        self.row = rows[self.owner][self.number]
        self.load = self.row.quantity_ve * self.portion * season[self.row.season][hour]

    def choose(self, share: list[list[float]], shift: list[list[float]], product: int) -> None:
        """Demand for a product at the reference rent, and the reference as that product's price."""
        self.base = (self.load + self.waiting) * share[self.work][product] + self.spilled.pop(product, 0.0)
        self.anchor = self.log_reference + shift[self.work][product]

    def demand(self, log_price: float) -> float:
        """Demand at a trial price."""
        rule = bid_share if self.row.form == BID else demand_share
        return self.base * rule(log_price, self.anchor, self.row.elasticity)

    def take(self, got: float, hours: float, price_usd: float) -> None:
        """Use and pay for what was allotted."""
        self.bought_hours += got * hours
        self.spent_usd += got * hours * price_usd

    def wait(self, wanted: float, got: float, keen: float, hours: float) -> None:
        """Come back for part of what was not served, give up the rest."""
        if wanted > 0.0:
            self.again += keen * self.base * (1.0 - got / wanted)
            self.unserved_hours += (1.0 - keen) * (wanted - got) * hours

    def end_hour(self) -> None:
        """What comes back is wanted in the next hour."""
        self.waiting, self.again = self.again, 0.0


class Landlord(mesa.Agent):  # type: ignore[misc]
    """A landlord's desk for one offer: tells what it lets at a price, lets what is used, earns."""

    def start_day(self, owner: int, number: int, mix: list[float], log_ask: list[float]) -> None:
        """Start with nothing let or earned."""
        self.owner, self.number, self.mix, self.log_ask = owner, number, mix, log_ask
        self.sold_hours, self.asked_hours = [0.0] * len(mix), [0.0] * len(mix)
        self.now, self.revenue_usd = [0.0] * len(mix), 0.0

    def read(self, rows: dict[int, list[SupplyRow]]) -> None:
        """Take over what its institution offers in this hour."""
        self.row = rows[self.owner][self.number]
        self.convex = self.row.kind == CONVEX

    def make_room(self, product: int, idle_of: int, share: float) -> None:
        """What there is to let of a product: own capacity, or a share of what another product left idle."""
        self.room = self.row.quantity_ve * self.mix[product]
        if idle_of >= 0:
            idle = idle_capacity(self.row.quantity_ve * self.mix[idle_of], self.now[idle_of])
            self.room = share * idle if self.convex else 0.0

    def supply(self, log_price: float) -> float:
        """Capacity offered at a trial price."""
        row = self.row
        if self.convex:
            return self.room * offer_share(math.exp(log_price), row.a, row.b, row.c)
        return self.room * swing_share(log_price, row.a, row.b)

    def let(self, log_price: float, product: int, used: float, shading: float) -> float:
        """Let the used share of what was offered; returns its own price over the product's level."""
        self.now[product] = self.supply(log_price) * used
        price, row = math.exp(log_price), self.row
        if shading == 1.0:
            return price
        offer = mean_offer(price, row.a, row.b, row.c) if self.convex else mean_swing_offer(log_price, row.a, row.b)
        return shading * price + (1.0 - shading) * offer

    def earn(self, product: int, price_usd: float, hours: float) -> None:
        """Book what is let in this hour."""
        self.sold_hours[product] += self.now[product] * hours
        self.revenue_usd += self.now[product] * price_usd * hours
