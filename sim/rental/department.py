"""The rental market: list prices are posted, the day's hours let, rents and costs accrue, a month's bills are paid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from sim.board import RentalSheet, Today
from sim.department import Common
from sim.environment import Environment
from sim.kernels.spot import clear_day
from sim.record import Column
from sim.rental.auction import ClearDay, Day, SpotAuction, season_table
from sim.rental.audit import (
    Series,
    check_hours,
    check_spending,
    columns_of,
    hours_let,
    list_prices,
    series_of,
    stock_out,
    terms_of,
)
from sim.rental.conditions import comparable_asks, homes_of, what_runs
from sim.rental.places import Placement
from sim.rental.statistics import RentStatistics, mean_rents, means
from sim.rental.terms import Season, Spot
from sim.roles import LetsHours, PostsAsks, RentsHours
from sim.rows.rental import Trades
from sim.rows.reserved import Delivered
from sim.vocabulary import HOURS_PER_DAY, Floats

BILLS = ("rent_billed", "prepayment_due")


class Rental:
    """Hours, list prices and rents, by owner and product.

    `asks_usd` (owners, products) are list asks, USD per VE-hour, zero where none is posted; `product_rents` (products,)
    mean rents of the last day with trades, USD per GPU-hour; `let` (products,) is 1 where landlords let capacity.
    `news` (steps,) is the log change of each hour's rent of the product `news_product` on the same hour yesterday.
    `fleet_ve` (landlords, grades) is what is at work today, `running_share` (owners,) the share of it that runs and
    `mix` (owners, products) how what runs is spread, `withheld_ve` what its owners keep for customers of contracts.
    `gpu_ve` (grades,) is VE per GPU.
    """

    def __init__(self, common: Common, where: Placement, gpu_ve: Floats, spot: Spot, season: Season) -> None:
        roll, path = common.register.roll, common.path
        rent, products, owners = path.settings.rent_usd, where.products, len(common.ledger.owners)
        self.common = common
        self.where = where
        self.gpu_ve = gpu_ve
        self.spot, self.season = spot, season
        self.auction = SpotAuction(spot, where, owners, rent)
        self.engine: ClearDay = clear_day
        self.let: Floats = (where.path_ve[roll.landlords].sum(axis=0) > 0.0).astype(np.float64)
        auctions = where.shop.auctioned * self.let
        self.news_product = int(np.argmax(auctions if auctions.any() else self.let))
        self.news: Floats = np.zeros(0)
        self.last_hours: Floats | None = None
        self.rents = RentStatistics(
            rent, path.settings.technology, len(products.grade_names), where.shop.auctions_nearby(products)
        )
        self.product_rents: Floats = rent * products.value * products.level
        self.asks_usd: Floats = np.zeros((owners, len(products.grade)))
        self.fixed_cost_usd: Floats = np.array(
            [path.fixed_cost_usd(common.register.landlord(int(owner), path)) for owner in roll.landlords]
        )
        self.fleet_ve: Floats = np.zeros((len(roll.landlords), len(products.grade_names)))
        self.mix, self.running_share = np.zeros_like(self.asks_usd), np.zeros(owners)
        self.withheld_ve = 0.0
        self._let_today: tuple[Trades, Delivered] | None = None

    def adopt(self, spot: Spot, season: Season) -> None:
        """Take the terms of the hourly market."""
        self.spot = self.auction.spot = spot
        self.season = season

    def pay_elapsed(self, fleet_ve: Floats, days: int) -> Floats:
        """Landlords have paid the elapsed days of a month as the path has them; returns the USD paid (landlords,).

        `fleet_ve` (landlords,) is at work; a VE-hour of it costs the variable cost of what is used, and the fixed cost.
        """
        roll, path = self.common.register.roll, self.common.path
        landlords = [self.common.register.landlord(int(owner), path) for owner in roll.landlords]
        used = np.array([path.hours_used(landlord.reserved_share) for landlord in landlords])
        costs = path.settings.cost_usd * used + self.fixed_cost_usd
        paid = costs * fleet_ve * (days * HOURS_PER_DAY * path.mean_money_factor(days))
        self.common.ledger.post("endowment", "cash", roll.landlords, np.full(len(paid), roll.rest_of_world), paid)
        return np.asarray(paid)

    # the day

    def begin_day(self, working_ve: Floats, environment: Environment) -> None:
        """Begin the morning with the fleets at work (owners, grades): show what shares of them run."""
        products, board = self.where.products, self.common.board
        self.fleet_ve = working_ve[self.common.register.roll.landlords]
        total = np.maximum(working_ve.sum(axis=1, keepdims=True), 1e-300)
        mix = (working_ve / total)[:, products.grade] * self.where.place
        self.mix, self.running_share = what_runs(mix, products, environment)
        board.rental = RentalSheet(
            self.running_share.tolist(), self.auction.tightness, self.rents.auctions * products.level,
            board.rental.bought_ve_hours, board.rental.interrupted_ve, board.rental.stock_out,
            board.rental.hours_usd,
        )  # fmt: skip

    def let_hours(self, today: Today, product_factor: Floats) -> Trades:
        """List prices are posted; offers and demand schedules for the day's hours are cleared hour by hour.

        What is let becomes a receivable, paid monthly. `product_factor` (products,) is what users find in each product
        today.
        """
        register, views = self.common.register, self.common.register.views
        for owner, agent in register.of(PostsAsks):
            posted = self.asks_usd[owner]
            asked = agent.list_asks(views[owner], posted)
            if asked is not posted:
                posted[:] = asked
        supply = [
            (owner, number, row)
            for owner, agent in register.of(LetsHours)
            for number, row in enumerate(agent.spot_offers(views[owner]))
        ]
        demand = [
            (owner, number, row)
            for owner, agent in register.of(RentsHours)
            for number, row in enumerate(agent.spot_demand(views[owner]))
            if row.quantity_ve > 0.0
        ]
        self.withheld_ve = math.fsum(row.withheld_ve for _, _, row in supply)
        trades = self.auction.clear(supply, demand, self._day(today, product_factor), self.engine)
        size = (trades.revenue_usd + trades.spent_usd) * terms_of(trades)
        self.common.ledger.post_net("spot rent", "rent_accrued", trades.revenue_usd - trades.spent_usd, size)
        return trades

    def _day(self, today: Today, product_factor: Floats) -> Day:
        """What the day's hours depend on beside the rows."""
        calendar, where, environment, spot = self.common.calendar, self.where, today.environment, self.spot
        weekend = calendar.is_weekend(today.day)
        return Day(
            mix=self.mix, spread=where.spread, homes=homes_of(where.regions, where.products, environment),
            log_ask=comparable_asks(self.asks_usd, where.products, environment, today.rent_10d_usd),
            product_factor=product_factor,
            seasons=season_table(self.season, spot.step_hours, weekend, not calendar.equal_months),
            low_usd=spot.variable_cost_usd * today.technology * environment.running_cost_scale,
            cap_usd=spot.price_cap_usd * today.technology, efficiency=environment.efficiency,
        )  # fmt: skip

    def accrue(self, today: Today, trades: Trades, delivered: Delivered, firm_noise: Floats) -> Floats:
        """Running costs of what was let and delivered are paid at once. Returns them (landlords,), USD.

        `firm_noise` (landlords,) is the log of what else revenue brings: ancillary sales, or credits for bad service,
        which are taken off the costs.
        """
        ledger, roll, s = self.common.ledger, self.common.register.roll, self.common.path.settings
        self._let_today = trades, delivered
        let = trades.sold_ve_hours[roll.landlords].sum(axis=1)
        variable = s.cost_usd * today.environment.running_cost_scale
        fixed = self.fixed_cost_usd * self.fleet_ve.sum(axis=1) * HOURS_PER_DAY
        cost = today.technology * (variable * (delivered.let_ve_hours + let) + fixed)
        revenue = trades.revenue_usd[roll.landlords] + delivered.rent_usd
        luck = revenue * (np.exp(firm_noise) - 1.0)
        world = np.full(len(cost), roll.rest_of_world)
        ledger.post("running costs", "cash", roll.landlords, world, cost)
        ledger.post("ancillary revenue", "cash", world, roll.landlords, np.maximum(0.0, luck))
        ledger.post("service credits", "cash", roll.landlords, world, np.maximum(0.0, -luck))
        return np.asarray(cost - luck)

    def note(self, trades: Trades) -> None:
        """Add the day's trades to the statistics of rents, and to the news of the hours."""
        where, products = self.where, self.where.products
        hours = (trades.traded_ve_hours * products.level).sum(axis=0)
        paid = (trades.price_usd * trades.traded_ve_hours).sum(axis=0)
        by_grade = means(products.grade, paid * self.let, hours * self.let, self.rents.last_by_grade)
        rent, auctioned, cell = trades.mean_rent_usd(self.let), where.shop.auctioned, products.cell
        none = np.full(int(cell.max()) + 1, np.nan)
        by_auction = means(cell, paid * auctioned, hours * auctioned, none)[cell]
        self.rents.note(rent if math.isfinite(rent) else self.rents.today, by_grade, by_auction)
        self.product_rents = mean_rents(products, paid, trades, self.product_rents)
        hourly = trades.price_usd[:, self.news_product]
        self.news = np.log(hourly / (self.last_hours if self.last_hours is not None else hourly))
        self.last_hours = hourly

    def tell(self, trades: Trades) -> None:
        """Hours and what they cost or brought are told to those who traded, to all how often nothing was to be had."""
        board, out = self.common.board, stock_out(trades, self.where.shop)
        board.rental = replace(
            board.rental, bought_ve_hours=trades.bought, interrupted_ve=trades.interrupted, stock_out=out,
            hours_usd=trades.revenue_usd - trades.spent_usd,
        )  # fmt: skip

    # the month

    def collect(self, payers: Sequence[int]) -> Floats:
        """Users pay what was billed a month ago and prepayments due; this month is billed.

        `payers` (owners) pay out of revenue and cash, the others' customers pay what is owed. Returns what was received
        (owners,), USD, negative what was paid.
        """
        ledger, roll = self.common.ledger, self.common.register.roll
        received = np.zeros(len(ledger.owners))
        for claim in BILLS:
            owed = ledger.held(claim).copy()
            world = np.maximum(0.0, -owed)
            world[payers] = 0.0
            world[roll.rest_of_world] -= world.sum()
            ledger.post_net("sales of services", "cash", world)
            ledger.post_net("rents paid", "cash", owed)
            ledger.post_net("rents paid", claim, -owed)
            received += owed
        accrued = ledger.held("rent_accrued").copy()
        ledger.post_net("rents billed", "rent_accrued", -accrued)
        ledger.post_net("rents billed", "rent_billed", accrued)
        return received

    # the close

    def laws(self, day: int) -> None:
        """A6, and A12 of hours; raises BrokenLaw."""
        trades, delivered = self._today()
        landlords = self.common.register.roll.landlords
        check_hours(day, trades, delivered, landlords, self.fleet_ve, self.running_share)
        check_spending(day, trades)

    @property
    def sellers(self) -> list[tuple[int, str]]:
        """Who posts list prices: (owner, name)."""
        register = self.common.register
        return [(owner, register.name(owner)) for owner, _ in register.of(PostsAsks)]

    @cached_property
    def series(self) -> Series:
        """The names of its series, laid out once."""
        return series_of(self.where.products, self.where.shop, self.let, self.sellers)

    def columns(self) -> list[Column]:
        """The series of hours, rents and list prices."""
        return columns_of(self.where.products, [name for _, name in self.sellers])

    def day(self) -> dict[str, float]:
        """Rents, hours let and left, list prices."""
        trades, delivered = self._today()
        where, path, today, series = self.where, self.common.path, self.common.board.today, self.series
        rents = [*(self.rents.last_by_grade * self.gpu_ve).tolist(), *self.product_rents.tolist()]
        return {
            **dict(zip(series.rents, rents, strict=True)),
            "rent_usd_per_ve_hour": self.rents.today,
            "rent_path_usd_per_ve_hour": path.settings.rent_usd * path.technology_factor(today.years),
            **hours_let(
                series, trades, delivered, where.products, where.shop, self.common.register.roll.landlords, self.gpu_ve,
                self.fleet_ve, today.environment.dark, self.withheld_ve,
            ),
            **list_prices(series, trades, where.products, where.shop, self.asks_usd, float(self.gpu_ve[0])),
        }  # fmt: skip

    def _today(self) -> tuple[Trades, Delivered]:
        if self._let_today is None:
            raise ValueError("no day's hours have been let yet")
        return self._let_today
