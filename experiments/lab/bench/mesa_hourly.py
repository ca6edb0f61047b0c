"""The reference for speed: the same economy, with everybody who trades within the day a Mesa agent that acts hourly.

Institutions say each hour what they want and offer, and their desks answer the auctioneer at every trial price;
speculators wake, think and replace their orders; all through the rules of `sim/rules` as plain Python. The path is
that of the compiled economy but for rounding: the compiled hours add up users who answer to prices alike first.
"""

from __future__ import annotations

import math
from typing import Any

import mesa
import numpy as np

from experiments.lab.bench.mesa_crowd import HourlyCrowd
from experiments.lab.bench.mesa_desks import Landlord, User
from sim.economy import Economy
from sim.kernels.spot import INTERRUPTIBLE, POSTED, TOLERANCE, UNIFORM, serve
from sim.rental.auction import GROUPED_BY
from sim.roles import PROMISES
from sim.rules.spot import preference


def act_hourly(economy: Economy) -> Economy:
    """The economy, whose hours are from now on acted out by Mesa agents."""
    economy.rental.engine = HourlyMarket(economy)
    for venue in economy.exchange.venues.values():
        venue.crowds = [HourlyCrowd(crowd) for crowd in venue.crowds]
    return economy


class HourlyMarket(mesa.Model):  # type: ignore[misc]
    """The rental market as a Mesa model: a step is an hour. Called like `sim.kernels.spot.clear_day`."""

    def __init__(self, economy: Economy) -> None:
        super().__init__(seed=0)
        self.economy = economy
        self.users, self.landlords = User.create_agents(self, 0), Landlord.create_agents(self, 0)

    def __call__(
        self, last_log_price: Any, share: Any, waiting: Any, hidden: Any, last_let: Any, last_running: Any, fill: Any,
        hours_per_step: float, adjustment: float, pull: Any, shift: Any, substitution: float, low: float, high: float,
        retry: float, sequence: Any, mechanism: Any, partner: Any, rate: Any, level: Any, work: Any, service: Any,
        season_row: Any, season: Any, quantity: Any, form: Any, log_reference: Any, elasticity: Any, owner: Any,
        kind: Any, capacity: Any, a: Any, b: Any, c: Any, log_ask: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """A day; see `sim.kernels.spot.clear_day`, whose arguments and results these are."""
        self.open_desks(capacity, log_ask, quantity, waiting, work, log_reference)
        self.log_price, self.share, self.pull, self.shift = (
            x.tolist() for x in (last_log_price, share, pull, shift)
        )  # fmt: skip
        self.mechanism, self.partner, self.rate, self.level = (x.tolist() for x in (mechanism, partner, rate, level))
        self.hidden, self.last_let, self.last_running, self.fill = (
            hidden,
            last_let,
            last_running.tolist(),
            fill.tolist(),
        )
        self.hours_per_step, self.adjustment, self.substitution, self.retry = (
            hours_per_step, adjustment, substitution, retry,
        )  # fmt: skip
        self.low, self.high, self.season, self.hour = low, high, season.tolist(), 0
        self.sequence, self.stock_outs = sequence.tolist(), np.zeros(len(level))
        self.price_usd: list[list[float]] = []
        self.traded: list[list[float]] = []
        for _ in range(season.shape[1]):
            self.step()
        last_log_price[:], share[:], last_running[:], fill[:] = self.log_price, self.share, self.last_running, self.fill
        by_group = np.zeros((5, len(quantity)))
        for user in self.users:
            bill = user.waiting, user.bought_hours, user.spent_usd, user.unserved_hours, user.interrupted
            by_group[:, user.group] += bill
        waiting[:] = by_group[0]
        shape = len(self.landlords), len(level)
        sold, asked = (np.reshape(self.landlords.get(name), shape) for name in ("sold_hours", "asked_hours"))
        revenue = np.array(self.landlords.get("revenue_usd"))
        return (
            np.array(self.price_usd), np.array(self.traded), sold, revenue, *by_group[1:], asked, self.stock_outs,
        )  # fmt: skip

    def proposals(self, method: str) -> dict[int, list[Any]]:
        """What every institution that trades here wants or offers in this hour."""
        views = self.economy.register.views
        return {
            owner: list(getattr(agent, method)(views[owner]))
            for owner, agent in self.economy.register.of(PROMISES[method])
        }

    def open_desks(
        self, capacity: Any, log_ask: Any, quantity: Any, waiting: Any, work: Any, log_reference: Any
    ) -> None:
        """A desk for every row (and home), in the auction's order."""
        wants, offers = self.proposals("spot_demand"), self.proposals("spot_offers")
        rows = [(o, k, row) for o, rows in wants.items() for k, row in enumerate(rows) if row.quantity_ve > 0.0]
        rows.sort(key=lambda item: (*(getattr(item[2], name) for name in GROUPED_BY), item[0], item[1]))
        landlords = [(o, k, row) for o, rows in offers.items() for k, row in enumerate(rows)]
        landlords.sort(key=lambda item: (item[2].kind, item[0]))
        homes = self.economy.books.where.regions.tolist()
        count = len(homes[0])
        if (len(self.users), len(self.landlords)) != (len(rows) * count, len(landlords)):
            self.remove_all_agents()
            self.users = User.create_agents(self, len(rows) * count)
            self.landlords = Landlord.create_agents(self, len(landlords))
        desks, last, number = iter(self.users), None, -1
        for owner, k, row in rows:
            key = tuple(getattr(row, name) for name in GROUPED_BY)
            number, last = number + (key != last), key
            for home in range(count):
                user, group = next(desks), number * count + home
                user.start_day(owner, k, group, int(work[group]), homes[owner][home], float(log_reference[group]))
                mine = row.quantity_ve * homes[owner][home]
                user.waiting = float(waiting[group]) * mine / float(quantity[group]) if mine > 0.0 else 0.0
        for landlord, (owner, k, row), own, asks in zip(self.landlords, landlords, capacity, log_ask, strict=True):
            mix = (own / row.quantity_ve).tolist() if row.quantity_ve > 0.0 else [0.0] * len(own)
            landlord.start_day(owner, k, mix, asks.tolist())

    def step(self) -> None:
        """An hour: a market a product, then some users reconsider which product they use."""
        self.users.do("read", self.proposals("spot_demand"), self.season, self.hour)
        self.landlords.do("read", self.proposals("spot_offers"))
        self.price_usd.append([0.0] * len(self.level))
        self.traded.append([0.0] * len(self.level))
        for product in self.sequence:
            self.users.do("choose", self.share, self.shift, product)
            source = self.partner[product] if self.mechanism[product] == INTERRUPTIBLE else -1
            self.landlords.do("make_room", product, source, self.rate[product])
            if self.mechanism[product] == POSTED:
                self.sell_at_list_prices(product)
            else:
                self.hold_auction(product)
        self.users.do("end_hour")
        self.reconsider()
        self.hour += 1

    def sell_at_list_prices(self, product: int) -> None:
        """Customers ask their seller first, those turned away the others; the rest go to the next tier."""
        sellers = [desk for desk in self.landlords if desk.convex]
        weights = [desk.room for desk in sellers]
        if sum(weights) > 0.0:
            asks = [desk.log_ask[product] for desk in sellers]
            mean = sum(w * x for w, x in zip(weights, asks, strict=True)) / sum(weights)
            self.log_price[product] = mean
            pulls = [w * preference(x, mean, self.substitution) for w, x in zip(weights, asks, strict=True)]
            split = [p / sum(pulls) for p in pulls]
        else:
            split = [0.0] * len(sellers)
        wanted = self.users.map("demand", self.log_price[product])
        demand, left, room = sum(wanted), 0.0, 0.0
        for desk, part in zip(sellers, split, strict=True):
            desk.shelf = max(0.0, desk.room - self.hidden[desk.owner, product])
            asked = demand * part
            desk.asked_hours[product] += asked
            desk.now[product] = min(asked, desk.shelf)
            left, room = left + asked - desk.now[product], room + desk.shelf - desk.now[product]
        more = min(1.0, left / room) if room > 0.0 else 0.0
        for desk in sellers:
            desk.now[product] += (desk.shelf - desk.now[product]) * more
        sold = sum(desk.now[product] for desk in sellers)
        served = min(1.0, sold / demand) if demand > 0.0 else 1.0
        scale, paid = demand * served / sold if sold > 0.0 else 0.0, 0.0
        for desk in sellers:
            self.stock_outs[product] += desk.room > 0.0 and desk.now[product] >= desk.shelf * (1.0 - TOLERANCE)
            desk.now[product] *= scale
            gone = max(0.0, self.last_let[desk.owner, product] - desk.now[product])
            ready = 1.0 - self.rate[product]
            self.hidden[desk.owner, product] = (self.hidden[desk.owner, product] + gone) * ready
            self.last_let[desk.owner, product] = desk.now[product]
            price = math.exp(desk.log_ask[product]) * self.level[product]
            paid += desk.now[product] * price
            desk.earn(product, price, self.hours_per_step)
        self.fill[product] = served
        got = [wants * served for wants in wanted]
        if served < 1.0 - TOLERANCE:
            for user, wants, gets in zip(self.users, wanted, got, strict=True):
                other = self.partner[product]
                if other >= 0:
                    user.spilled[other] = user.spilled.get(other, 0.0) + user.base * (1.0 - served)
                else:
                    user.wait(wants, gets, self.retry, self.hours_per_step)
        self.close_hour(product, got, paid)

    def hold_auction(self, product: int) -> None:
        """One price at which demand meets supply; offers are paid it, or their own price and part of the way to it."""
        taken_back = self.mechanism[product] == INTERRUPTIBLE
        most = min(self.high, self.log_price[self.partner[product]]) if taken_back else self.high
        x, demand, supply = self.clear(self.log_price[product], min(self.low, most), most)
        wanted = self.users.map("demand", x)
        got = self.allot(wanted, demand, supply, x >= most)
        volume, paid = sum(got), 0.0
        used = volume / supply if supply > 0.0 else 0.0
        shading = 1.0 if self.mechanism[product] in (UNIFORM, INTERRUPTIBLE) else self.rate[product]
        for desk in self.landlords:
            price = desk.let(x, product, used, shading) * self.level[product]
            paid += desk.now[product] * price
            desk.earn(product, price, self.hours_per_step)
        if taken_back:
            idle, total = sum(desk.room for desk in self.landlords), sum(wanted)
            cut = max(0.0, self.last_running[product] - idle)
            for user, wants in zip(self.users, wanted, strict=True):
                user.interrupted += cut * wants / total if total > 0.0 else 0.0
            self.last_running[product] = volume
        short = x >= most and demand > supply
        if short:
            for user, wants, gets in zip(self.users, wanted, got, strict=True):
                user.wait(wants, gets, 1.0 if taken_back else self.retry, self.hours_per_step)
        self.fill[product] = volume / demand if short else 1.0
        self.log_price[product] = x
        self.close_hour(product, got, paid)

    def close_hour(self, product: int, got: list[float], paid: float) -> None:
        """Users pay the mean price of the hour."""
        volume = sum(got)
        price = paid / volume if volume > 0.0 else math.exp(self.log_price[product]) * self.level[product]
        for user, gets in zip(self.users, got, strict=True):
            user.take(gets, self.hours_per_step, price)
        self.price_usd[-1][product] = price
        self.traded[-1][product] = volume * self.hours_per_step

    def ask(self, log_price: float) -> tuple[float, float]:
        """Total demand and supply at a trial price."""
        return sum(self.users.map("demand", log_price)), sum(self.landlords.map("supply", log_price))

    def clear(self, start: float, low: float, high: float) -> tuple[float, float, float]:
        """The price at which demand meets supply, found by the steps of `sim.kernels.spot.clear_hour`."""
        x = min(max(start, low), high)
        demand, supply = self.ask(x)
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
            demand, supply = self.ask(other)
            z_other = demand - supply
            if abs(z_other) <= TOLERANCE * demand:
                return other, demand, supply
        return self.close_in(x, other, z, z_other)

    def close_in(self, x: float, other: float, z: float, z_other: float) -> tuple[float, float, float]:
        """The root between two prices, by the Illinois variant of false position."""
        demand = supply = math.nan
        for _ in range(200):
            middle = (x * z_other - other * z) / (z_other - z)
            if not (min(x, other) < middle < max(x, other)):
                middle = 0.5 * (x + other)
            demand, supply = self.ask(middle)
            z_middle = demand - supply
            if z_middle * z_other < 0.0:
                x, z = other, z_other
            else:
                z *= 0.5
            other, z_other = middle, z_middle
            if abs(z_other) <= TOLERANCE * demand or abs(other - x) <= 1e-15:
                break
        return other, demand, supply

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
        for share, pull, shift in zip(self.share, self.pull, self.shift, strict=True):
            liked = [
                draw * there * preference(x - cheaper, self.log_price[0], self.substitution) if draw > 0.0 else 0.0
                for draw, there, x, cheaper in zip(pull, self.fill, self.log_price, shift, strict=True)
            ]
            total = sum(liked)
            for product, weight in enumerate(liked):
                if total > 0.0:
                    share[product] += self.adjustment * (weight / total - share[product])
