"""The economy: `step()` is one day, in the order it happens. Read this file first."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial, reduce

import mesa
import numpy as np

from sim import month, setup
from sim.audit import check_day, note_sizes
from sim.board import (
    Board,
    DemandSheet,
    Today,
)
from sim.books import Books
from sim.calendar import Calendar
from sim.credit.department import Credit
from sim.department import Common, Department
from sim.environment import Environment, Shock
from sim.exchange.department import Exchange
from sim.funds.department import Funds
from sim.growth_path import GrowthPath
from sim.hardware.department import Hardware
from sim.indices.department import Indices
from sim.labs.department import Labs
from sim.log import Log
from sim.nature.noise import Nature
from sim.nature.striking import Overlaps
from sim.record import MONTH_END, Record
from sim.register import Register
from sim.rental.department import Rental
from sim.reserved.department import Reserved
from sim.roles import Learns
from sim.rows.exchange import Close
from sim.rows.rental import Trades
from sim.securitisation.department import Notes
from sim.spec import Spec
from sim.streams import Streams
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Economy(mesa.Model):  # type: ignore[misc]
    """A market for GPU compute: rental, reserved capacity, futures, credit and investment.

    `spec` is a validated world, `seed` keys every draw, `days` is how many will be recorded without growing. After
    each `step()` the laws of accounting have been checked; `record` holds the series, `events` what else happened.
    """

    path: GrowthPath
    calendar: Calendar
    books: Books
    register: Register
    board: Board
    nature: Nature
    shocks: dict[str, Shock]
    overlaps: Overlaps
    indices: Indices
    exchange: Exchange
    funds: Funds
    morning: Today
    hardware: Hardware
    reserved: Reserved
    credit: Credit
    rental: Rental
    labs: Labs
    common: Common
    notes: Notes
    record: Record

    def __init__(self, spec: Spec, seed: int = 1, days: int = 365, *, laws: bool = True) -> None:
        self.streams = Streams(seed)
        if days < 1:
            raise ValueError(f"days is {days}: allowed are whole numbers from 1")
        super().__init__(rng=seed)
        self.spec = spec
        self.laws = laws
        self.day = 0
        self.log = Log()
        setup.build(self, spec, days)
        note_sizes(self)

    def step(self) -> None:
        """One day, in the order it happens."""
        environment = self.meet_shocks()
        self.hardware.age(self.day, environment)
        self.reserved.age(self.day, environment.client_lost)
        self.open_the_day(environment)
        self.reserved.sign(self.day, self.indices.usd)
        trades = self.rent_hours()
        self.accrue_rents_and_costs(trades)
        self.strike_indices(trades)
        self.open_the_evening(trades)
        self.learn()
        closes = self.close_futures()
        self.settle_margins()
        self.funds.settle(self.day, closes, self.exchange)
        if self.calendar.is_month_end(self.day):
            received = self.settle_month()
            self.credit.service(self.day, received[self.books.roll.landlords])
            self.notes.pay(self.day, self.credit.report())
        self.resolve_insolvency()
        if self.calendar.is_month_end(self.day):
            self.invest()
        self.close_the_day()

    @property
    def departments(self) -> list[Department]:
        """Those that check their own laws and record their own series."""
        physical: list[Department] = [self.hardware, self.reserved, self.rental, self.indices, self.labs]
        return [*physical, self.exchange, self.funds, self.credit, self.notes]

    @property
    def events(self) -> list[tuple[int, str, str]]:
        """What else happened: (day, kind, text), in order."""
        return self.log.events

    def run(self, days: int) -> None:
        """Many days."""
        for _ in range(days):
            self.step()

    def fork(self, spec: Spec | None = None) -> Economy:
        """A copy that goes on identically, or from here on under another spec with the same agents.

        What another spec switches off winds down by its own rules: closed venues settle at the last price, lenders
        that are closed draw no new loans.
        """
        twin = copy.deepcopy(self)
        if spec is not None:
            setup.adopt(twin, spec)
        return twin

    # 1. nature

    def meet_shocks(self) -> Environment:
        """Shocks give today's environment: pure functions of the day on a fresh baseline."""
        environment = reduce(lambda e, shock: shock(self.day, e), self.shocks.values(), Environment())
        self.log.events += self.overlaps.note(self.day, self.shocks)
        d = self.spec.demand
        self.nature.pass_day(self.day, self.streams, environment, d.contracted_lag_days, d.contracted_slow_share)
        return environment

    # 2. the morning

    def open_the_day(self, environment: Environment) -> None:
        """Freeze the morning's view: yesterday's rents and curve, today's environment and holdings."""
        years = self.day / DAYS_PER_YEAR
        tau = self.path.technology_factor(years)
        s = self.path.settings
        scale = environment.chip_price_scale
        lasting = scale * (1.0 + environment.tariff_for_good)
        self.board.today = Today(
            day=self.day, date=self.calendar.date(self.day), years=years, technology=tau, environment=environment,
            anchor_usd=s.rent_usd * tau * (1.0 + self.path.pass_through * (lasting - 1.0)),
            **self.rental.rents.facts(),
            index_usd=dict(self.indices.usd), policy_rate=max(0.0, s.policy_rate + environment.policy_rate_add),
            chip_price_usd=self.path.chip_price_usd * tau * scale * self.hardware.premium,
            capital_charge=self.notes.offering.charge,
            loans_open=self.spec.loan.enabled,
            curves=self.exchange.curves(self.day),
            days_of_month=self.calendar.days_in(self.calendar.month(self.day)),
            chip_price_factors=environment.price_factors(self.books.grade_names),
        )  # fmt: skip
        self.fill_board(environment)

    def fill_board(self, environment: Environment) -> None:
        """Put what agents may see of the books in the morning on the board, a sheet a market."""
        board, books, roll = self.board, self.books, self.books.roll
        n = len(books.ledger.owners)
        self.hardware.show()
        self.rental.begin_day(self.hardware.working_ve(), environment)
        factor = np.ones(n)
        factor[roll.users] = self.nature.user_factors
        self.reserved.client.thin_out(factor)
        common = self.nature.common_factor * environment.demand_scale
        board.demand = DemandSheet(factor.tolist(), common, self.nature.contracted, self.reserved.client.lost_log)
        self.credit.show()
        self.labs.show(self.day)
        self.notes.begin_day()
        self.reserved.begin_day(self.hardware.let_ve(), self.rental.running_share[roll.landlords])
        self.refresh_board()

    def refresh_board(self) -> None:
        """Copy what moves within the day: cash and futures positions."""
        self.board.cash_usd = self.books.ledger.held("cash").tolist()
        self.exchange.show()

    # 4. the day's hours

    def rent_hours(self) -> Trades:
        """List prices are posted; offers and demand schedules for the day's hours are cleared hour by hour."""
        return self.rental.let_hours(self.board.today, np.exp(self.nature.products))

    def accrue_rents_and_costs(self, trades: Trades) -> None:
        """Contracts are delivered, running costs paid, labs earn."""
        today, delivered = self.board.today, self.reserved.deliver(self.indices.usd)
        self.credit.note_costs(self.rental.accrue(today, trades, delivered, self.nature.firms))
        self.labs.earn(today, trades.bought, delivered.used_ve_hours)

    # 5. and 6. indices, then beliefs

    def strike_indices(self, trades: Trades) -> None:
        """Slow means of rents are updated, then every index is fixed."""
        self.rental.note(trades)
        self.indices.fix(self.board.today, trades, self.rental.product_rents, self.rental.asks_usd)

    def open_the_evening(self, trades: Trades) -> None:
        """Today's rents and indices become public; hours bought are told to those who bought them."""
        rents, today = self.rental.rents, self.board.today
        self.morning = today
        self.exchange.note_fixings(self.day, rents.today, self.indices.usd)
        curves = self.exchange.curves(self.day + 1)
        self.board.today = replace(today, **rents.facts(), index_usd=dict(self.indices.usd), curves=curves)
        self.board.remember_evening()
        self.rental.tell(trades)

    def learn(self) -> None:
        """Beliefs are updated with today's rents, and only now."""
        for owner, agent in self.register.of(Learns):
            agent.learn(self.register.views[owner])

    # 7. and 8. futures and clearing

    def close_futures(self) -> dict[str, Close]:
        """Hedgers' schedules and the crowds' resting orders meet in the closing auction of every venue and month."""
        if not self.exchange.venues:
            return self.exchange.close(self.morning, self.rental.news, {})
        self.refresh_board()
        return self.exchange.close(self.morning, self.rental.news, self.funds.orders(self.exchange))

    def settle_margins(self) -> None:
        """Variation margin in cash, initial margin, close-outs; landlords' cash bears its part of what they hedge."""
        margins = self.exchange.clear(self.day)
        self.credit.note_hedges(margins.own_result_usd[self.books.roll.landlords])

    # 10. to 12. month end: rents, credit; insolvency

    def settle_month(self) -> Floats:
        """Users pay what was billed a month ago and prepayments due; this month is billed; the front future expires.

        Users that are funded pay out of revenue and cash, the others' customers pay what is owed. Returns what was
        received (owners,), USD.
        """
        received = self.rental.collect(self.labs.sell_services())
        self.labs.pass_month(self.day, -received, self.reserved.reject)
        self.funds.note_expiry(self.day, self.exchange)
        self.credit.note_hedges(self.exchange.expire(self.day)[self.books.roll.landlords])
        return received

    def resolve_insolvency(self) -> None:
        """Firms that cannot pay are cured or fail; estates whose time has come are sold; losses reach the notes."""
        self.credit.resolve(self.day, self.reserved.reject_let, partial(self.hardware.sell, self.day))
        self.notes.recognise(self.day, self.credit.report())
        month.fund_users(self)

    # 13. investment

    def invest(self) -> None:
        """Chip orders: what owners want, what cash and lenders allow, what the vendor accepts; loans are sold on."""
        offering = self.notes.offer(self.day, self.credit.margin())
        self.board.today = replace(self.board.today, capital_charge=offering.charge)
        self.credit.show()
        self.refresh_board()
        wishes, mine = self.hardware.wanted(self.day), self.books.roll.landlord_fleet
        funding = self.credit.finance(wishes.cost_usd[mine], wishes.pledged_usd[mine], offering)
        orders = self.hardware.accept(wishes, funding.share)
        bought = self.notes.buy(self.day, self.credit.draw(funding, orders.accepted, offering))
        if bought is not None:
            self.notes.note(self.credit.sell(bought))
        self.credit.raise_equity(funding, orders.accepted)
        self.hardware.order(self.day, orders)

    # 14. the close

    def close_the_day(self) -> None:
        """The laws are checked, the day is recorded."""
        if self.laws:
            check_day(self)
        if self.record.enabled:
            series = {MONTH_END.name: float(self.calendar.is_month_end(self.day))}
            for department in self.departments:
                series |= department.day()
            self.record.write(series)
        self.day += 1
