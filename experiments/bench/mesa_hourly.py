"""The reference for speed: the same economy, with everybody who trades within the day a Mesa agent that acts hourly.

Institutions say each hour what they want and offer, and their desks answer the auctioneer at every trial price;
speculators wake, think and replace their orders; all through the rules of `sim/rules` as plain Python. The path is
that of the compiled economy to the last bit.
"""

from __future__ import annotations

import math
from typing import Any

import mesa
import numpy as np

from experiments.bench.mesa_crowd import HourlyCrowd
from experiments.bench.mesa_desks import Landlord, User
from sim.economy import Economy
from sim.kernels.spot import TOLERANCE, serve
from sim.rules.spot import preference


def act_hourly(economy: Economy) -> Economy:
    """The economy, whose hours are from now on acted out by Mesa agents."""
    economy.hours_engine = HourlyMarket(economy)
    economy.crowds = [HourlyCrowd(crowd) for crowd in economy.crowds]
    return economy


class HourlyMarket(mesa.Model):  # type: ignore[misc]
    """The rental market as a Mesa model: a step is an hour. Called like `sim.kernels.spot.clear_day`."""

    def __init__(self, economy: Economy) -> None:
        super().__init__(seed=0)
        self.economy = economy
        self.users, self.landlords = User.create_agents(self, 0), Landlord.create_agents(self, 0)

    def __call__(
        self, last_log_price: Any, share: Any, hours_per_step: float, adjustment: float, taste: Any,
        substitution: float, low: float, high: float, work: Any, service: Any, season_row: Any, season: Any,
        quantity: Any, log_reference: Any, *supply: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """A day; see `sim.kernels.spot.clear_day`, whose arguments and results these are."""
        self.open_desks(log_reference)
        self.log_price, self.share, self.taste = last_log_price.tolist(), share.tolist(), taste.tolist()
        self.hours_per_step, self.adjustment, self.substitution = hours_per_step, adjustment, substitution
        self.low, self.high, self.season, self.hour = low, high, season.tolist(), 0
        self.price_usd: list[list[float]] = []
        self.traded: list[list[float]] = []
        for _ in range(season.shape[1]):
            self.step()
        last_log_price[:], share[:] = self.log_price, self.share
        sold, revenue = self.landlords.get("sold_hours"), self.landlords.get("revenue_usd")
        bills = [self.users.get(name) for name in ("wanted_hours", "bought_hours", "spent_usd")]
        results = [
            np.array(result, dtype=np.float64) for result in (self.price_usd, self.traded, sold, revenue, *bills)
        ]
        results[2] = results[2].reshape(len(self.landlords), len(self.log_price))
        return tuple(results)

    def proposals(self, method: str) -> dict[int, list[Any]]:
        """What every institution that trades here wants or offers in this hour."""
        views = self.economy.views
        return {owner: list(getattr(agent, method)(views[owner])) for owner, agent in self.economy.who[method]}

    def open_desks(self, log_reference: Any) -> None:
        """A desk for every row, in the auction's order, so that sums are those of the compiled hours."""
        wants, offers = self.proposals("spot_demand"), self.proposals("spot_offers")
        users = [(o, k, row) for o, rows in wants.items() for k, row in enumerate(rows) if row.quantity_ve > 0.0]
        landlords = [(o, k, row) for o, rows in offers.items() for k, row in enumerate(rows)]
        users.sort(key=lambda item: (item[2].service, item[2].season, item[0], item[1]))
        landlords.sort(key=lambda item: (item[2].kind, item[0]))
        if (len(self.users), len(self.landlords)) != (len(users), len(landlords)):
            self.remove_all_agents()
            self.users = User.create_agents(self, len(users))
            self.landlords = Landlord.create_agents(self, len(landlords))
        for user, (owner, number, _), reference in zip(self.users, users, log_reference.tolist(), strict=True):
            user.start_day(owner, number, reference)
        mix, market_mix = self.economy.mix.tolist(), self.economy.auction.market_mix.tolist()
        for landlord, (owner, number, row) in zip(self.landlords, landlords, strict=True):
            landlord.start_day(owner, number, mix[owner] if row.own_mix else market_mix)

    def step(self) -> None:
        """An hour: an auction a product, then some users reconsider which product they use."""
        self.users.do("read", self.proposals("spot_demand"), self.season, self.hour)
        self.landlords.do("read", self.proposals("spot_offers"))
        self.price_usd.append([])
        self.traded.append([])
        for product in range(len(self.log_price)):
            self.users.do("choose", self.share, product)
            self.log_price[product], demand, supply = self.clear(self.log_price[product], product)
            self.settle(self.log_price[product], product, demand, supply)
        self.reconsider()
        self.hour += 1

    def ask(self, log_price: float, product: int) -> tuple[float, float]:
        """Total demand and supply at a trial price."""
        demand = supply = 0.0
        for wanted in self.users.map("demand", log_price):
            demand += wanted
        for offered in self.landlords.map("supply", log_price, product):
            supply += offered
        return demand, supply

    def clear(self, start: float, product: int) -> tuple[float, float, float]:
        """The price at which demand meets supply, found by the steps of `sim.kernels.spot.clear_hour`."""
        low, high = self.low, self.high
        x = min(max(start, low), high)
        demand, supply = self.ask(x, product)
        z = demand - supply
        if abs(z) <= TOLERANCE * demand:
            return x, demand, supply
        stride = 0.01 if z > 0.0 else -0.01
        other, z_other = x, z
        while z * z_other > 0.0:
            x, z = other, z_other
            if (stride > 0.0 and x >= high) or (stride < 0.0 and x <= low):
                return x, demand, supply
            other = min(max(x + stride, low), high)
            stride *= 3.0
            demand, supply = self.ask(other, product)
            z_other = demand - supply
            if abs(z_other) <= TOLERANCE * demand:
                return other, demand, supply
        return self.close_in(product, x, other, z, z_other)

    def close_in(self, product: int, x: float, other: float, z: float, z_other: float) -> tuple[float, float, float]:
        """The root between two prices, by the Illinois variant of false position."""
        demand = supply = math.nan
        for _ in range(200):
            middle = (x * z_other - other * z) / (z_other - z)
            if not (min(x, other) < middle < max(x, other)):
                middle = 0.5 * (x + other)
            demand, supply = self.ask(middle, product)
            z_middle = demand - supply
            if z_middle * z_other < 0.0:
                x, z = other, z_other
            else:
                z *= 0.5
            other, z_other = middle, z_middle
            if abs(z_other) <= TOLERANCE * demand or abs(other - x) <= 1e-15:
                break
        return other, demand, supply

    def settle(self, log_price: float, product: int, demand: float, supply: float) -> None:
        """Allot the hour at its price."""
        price = math.exp(log_price)
        wanted = self.users.map("demand", log_price)
        got = self.allot(wanted, demand, supply, log_price >= self.high)
        volume = 0.0
        for user, wants, gets in zip(self.users, wanted, got, strict=True):
            user.take(wants, gets, self.hours_per_step, price)
            volume += gets
        used = volume / supply if supply > 0.0 else 0.0
        self.landlords.do("let", log_price, product, used, self.hours_per_step, price)
        self.price_usd[-1].append(price)
        self.traded[-1].append(volume * self.hours_per_step)

    def allot(self, wanted: list[float], demand: float, supply: float, at_cap: bool) -> list[float]:
        """What each user gets."""
        if demand <= supply:
            return wanted
        if not at_cap:
            return [wants * (supply / demand) for wants in wanted]
        got, service = np.zeros(len(wanted)), np.array([user.row.service for user in self.users])
        serve(demand, supply, True, service, int(service.max()) + 1, np.array(wanted), got)
        filled: list[float] = got.tolist()
        return filled

    def reconsider(self) -> None:
        """A share of users choose their product anew."""
        for share, taste in zip(self.share, self.taste, strict=True):
            pulls = [
                liked * preference(x, self.log_price[0], self.substitution)
                for liked, x in zip(taste, self.log_price, strict=True)
            ]
            total = 0.0
            for pull in pulls:
                total += pull
            for product, pull in enumerate(pulls):
                share[product] += self.adjustment * (pull / total - share[product])
