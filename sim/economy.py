"""The economy: `step()` is one day, in the order it happens. Read this file first."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import numpy as np

from sim import abm
from sim.audit import check_ledger
from sim.board import (
    Board,
    DemandSheet,
    Today,
)
from sim.calendar import Calendar
from sim.credit.department import Credit
from sim.department import Department
from sim.environment import Environment, Shock
from sim.exchange.department import Exchange, Underlying
from sim.exchange.terms import listed_outside
from sim.founding import Tables, announcements_of, common_of, heirs, nature_of, open_books, settle
from sim.funds.department import Funds
from sim.growth_path import GrowthPath
from sim.hardware.department import Hardware
from sim.hardware.sites import Sites
from sim.indices.department import Indices
from sim.labs.department import Labs
from sim.nature.striking import CALM, Overlaps, build_shocks, outside_the_run
from sim.parts import build_part
from sim.record import MONTH_END, Record, in_order
from sim.register import Register
from sim.rental.department import Rental
from sim.reserved.department import Reserved
from sim.roles import Learns
from sim.rows.exchange import Close
from sim.rows.exposures import Exposure
from sim.rows.hardware import Grades
from sim.rows.rental import Trades
from sim.securitisation.department import Notes
from sim.spec import Spec
from sim.streams import Streams
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Economy(abm.Model):  # type: ignore[misc]
    """A market for GPU compute: rental, reserved capacity, futures, credit and investment.

    `spec` is a validated world, `seed` keys every draw, `days` is how many will be recorded without growing. After
    each `step()` the laws of accounting have been checked; `record` holds the series, `events` what else happened.
    """

    def __init__(self, spec: Spec, seed: int = 1, days: int = 365, *, laws: bool = True) -> None:
        if days < 1:
            raise ValueError(f"days is {days}: allowed are whole numbers from 1")
        streams = Streams(seed)
        super().__init__(rng=seed)
        self.spec, self.laws, self.day = spec, laws, 0
        people, path = settle(self, spec, streams)
        self.books, tables = open_books(spec, path, people, days)
        self.common = common = common_of(spec, streams, path, people, self.books, tables.contracts)
        self.nature, self.overlaps = nature_of(spec, people, self.books), Overlaps()
        self.announcements = announcements_of(spec, common)
        self.shocks: dict[str, Shock] = {}
        self._open_departments(tables)
        columns = [column for department in self.departments for column in department.columns()]
        self.record = Record(in_order([MONTH_END, *columns]), common.calendar.start, days)
        self._take(spec)
        common.log.events += outside_the_run(self.shocks, days) + listed_outside(
            spec.venues, common.calendar.start, days
        )
        common.ledger.note_sizes()

    def _open_departments(self, tables: Tables) -> None:
        """Every department with its tables and sections; none knows another."""
        spec, common, books = self.spec, self.common, self.books
        reference_ve = float(books.grade_value[0])
        limits = {name: region.growth_limit for name, region in spec.regions.items()}
        sites = Sites(limits, books.where.regions[books.roll.chip_owners])
        self.hardware = Hardware(
            common, tables.fleet, Grades(books.grade_names, books.grade_value), sites, spec.resale, spec.investment
        )
        self.reserved = Reserved(common, tables.contracts, spec.reserved, reference_ve)
        self.rental = Rental(common, books.where, books.grade_value, spec.spot, spec.demand.season)
        self.labs = Labs(common)
        self.indices = Indices(common, books.products, _indices(spec), self.path.settings.rent_usd, reference_ve)
        pledged_usd = self.hardware.pledged_usd()[books.roll.landlord_fleet]
        pledged_usd /= self.hardware.let_ve()
        self.credit = Credit(common, tables.loans, spec.loan, spec.resolution, pledged_usd, marked=spec.resale.enabled)
        if common.calendar.elapsed:
            self.credit.note_costs(self.rental.pay_elapsed(self.hardware.let_ve(), common.calendar.elapsed))
        if spec.loan.tests:
            self.credit.check_closing(self.reserved.contracted(self.indices.usd))
        self.credit.check_commitments()
        self.notes = Notes(common, self.credit.report(), spec.deal, tables.loans.weights)
        self.exchange = Exchange(common, spec.venues, spec.information, spec.clearing, spec.futures)
        self.funds = Funds(common)

    # what everybody may look at

    @property
    def path(self) -> GrowthPath:
        """The growth path that all agents know."""
        return self.common.path

    @property
    def calendar(self) -> Calendar:
        """Which day is when."""
        return self.common.calendar

    @property
    def register(self) -> Register:
        """Who there is, in which roles."""
        return self.common.register

    @property
    def board(self) -> Board:
        """What is shown to agents."""
        return self.common.board

    def step(self) -> None:
        """One day, in the order it happens."""
        if self.exchange.opens_on(self.day, self.spec.venues):
            self._open_venues(self.spec)
        environment = self.meet_shocks()
        self.hardware.age(self.day, environment)
        self.reserved.age(self.day, environment.client_lost)
        self.open_the_day(environment)
        self.reserved.sign(self.day, self.indices.usd)
        trades = self.rent_hours()
        self.accrue_rents_and_costs(trades)
        self.strike_indices(trades)
        morning = self.open_the_evening(trades)
        self.learn()
        closes = self.close_futures(morning)
        self.settle_margins()
        self.funds.settle(self.day, closes, self.exchange)
        if self.calendar.is_month_end(self.day):
            received = self.settle_month()
            contracted = self.reserved.contracted(self.indices.usd) if self.spec.loan.tests else None
            pledged = self._pledged_usd() if self.spec.loan.refinances else None
            self.credit.service(self.day, received[self.books.roll.landlords], contracted, pledged)
            self.notes.pay(self.day, self.credit.report())
        self.roll_paper()
        self.trade_used_gpus()
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
        return self.common.log.events

    def exposures(self) -> list[Exposure]:
        """Who owes whom tonight by loans, notes and deposits; `sim.metrics.network` makes a graph of it."""
        return [*self.credit.exposures(), *self.notes.exposures()]

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
            twin.adopt(spec)
        return twin

    def adopt(self, spec: Spec) -> None:
        """Go on under another specification with the same agents; raises SpecError where the people differ."""
        people = self.register.people
        for agent, member in zip(people, heirs(people, self.common.streams, self.spec, spec), strict=True):
            agent.p = member.parameters
        self._take(spec)

    def meet(self, spec: Spec) -> None:
        """Meet from here on the shocks of a specification, which for the rest is the economy's own."""
        self.spec = spec
        self.shocks = build_shocks(spec.shocks, spec.world.start_date, self.common.streams, spec.plugins)

    def _take(self, spec: Spec) -> None:
        """Take all settings that may differ between arms, each department its own sections."""
        self.meet(spec)
        self.indices.adopt(_indices(spec))
        self.nature.noise = spec.noise
        self.rental.adopt(spec.spot, spec.demand.season)
        self.board.links = spec.links
        self.hardware.used.terms = spec.resale
        self.credit.adopt(spec.loan, spec.resolution)
        self.notes.adopt(spec.deal)
        self._open_venues(spec)
        self.labs.adopt(spec.funding, self.day, self.reserved.held(self.indices.usd))

    def _open_venues(self, spec: Spec) -> None:
        """Open, keep or close the venues; then, on a morning at their prices, their first hedges, and funds."""
        venues = {name: venue.on(self.day, self.calendar.start) for name, venue in spec.venues.items()}
        if not any(venue.listed for venue in venues.values()):
            self.funds.close_all(self.exchange)
        underlying = {
            name: Underlying(self.indices.usd[venue.index], self.indices.gpu_ve(venue.index))
            for name, venue in spec.venues.items()
        }
        self.exchange.information, self.exchange.futures = spec.information, spec.futures
        self.exchange.house.adopt(spec.clearing)
        opened = self.exchange.adopt(venues, self.day, self.rental.rents.today, underlying)
        if self.exchange.venues and (opened or self.day > 0):
            self.open_the_day(Environment())  # a copy goes on tomorrow: what is opened starts by tomorrow's curve
        ahead = self.nature.foresight(self.day, self.common.streams, spec.information.horizon_days)
        self.exchange.take_first_positions(opened, self.day, ahead)
        self.exchange.check_budgets()
        self.funds.adopt(self.exchange, spec.agents, ahead)

    # 1. nature

    def meet_shocks(self) -> Environment:
        """Shocks give today's environment: pure functions of the day on a fresh baseline."""
        environment = reduce(lambda e, shock: shock(self.day, e), self.shocks.values(), CALM)
        self.common.log.events += self.overlaps.note(self.day, self.shocks)
        d = self.spec.demand
        self.nature.pass_day(self.day, self.common.streams, environment, d.contracted_lag_days, d.contracted_slow_share)
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
        self.look_ahead()
        self.fill_board(environment)

    def fill_board(self, environment: Environment) -> None:
        """Put what agents may see of the books in the morning on the board, a sheet a market."""
        board, books, roll = self.board, self.books, self.books.roll
        n = len(books.ledger.owners)
        self.hardware.show(self.announcements.scarcity(self.day))
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

    def look_ahead(self) -> None:
        """Put what is public of days to come on the board, as far as list prices and contracts read it."""
        spot, reserved, heard = self.spec.spot, self.spec.reserved, self.announcements
        heard.hear(self.day, self.shocks)
        self.board.outlook = None
        if spot.expected_weight > 0.0 or reserved.expected_weight > 0.0:
            weights = spot.expected_weight, reserved.expected_weight, spot.rent_response
            pipeline = self.hardware.pipeline(self.day, heard.horizon)
            self.board.outlook = heard.outlook(self.day, pipeline, weights)

    def refresh_board(self) -> None:
        """Copy what moves within the day: cash and futures positions."""
        self.board.cash_usd = self.books.ledger.held("cash").tolist()
        self.exchange.show()

    # 4. the day's hours

    def rent_hours(self) -> Trades:
        """List prices are posted; offers and demand schedules for the day's hours are cleared hour by hour."""
        return self.rental.let_hours(self.board.today, np.exp(self.nature.appeal))

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

    def open_the_evening(self, trades: Trades) -> Today:
        """Today's rents and indices become public; hours bought are told to those who bought them.

        Returns what was public until now.
        """
        rents, today = self.rental.rents, self.board.today
        self.exchange.note_fixings(self.day, rents.today, self.indices.usd)
        self.exchange.note_turnover(trades.turnover_usd)
        curves = self.exchange.curves(self.day + 1)
        self.board.today = replace(today, **rents.facts(), index_usd=dict(self.indices.usd), curves=curves)
        self.board.remember_evening()
        self.rental.tell(trades)
        return today

    def learn(self) -> None:
        """Beliefs are updated with today's rents, and only now."""
        for team in self.register.teams(Learns, "_learn_together"):
            team.ask()

    # 7. and 8. futures and clearing

    def close_futures(self, morning: Today) -> dict[str, Close]:
        """Hedgers' schedules and the crowds' resting orders meet in the closing auction of every venue and month."""
        if not self.exchange.venues:
            return self.exchange.close(morning, self.rental.news, {})
        self.refresh_board()
        funds, ahead = self.funds.orders(self.exchange), self.spec.information.horizon_days
        foresight = self.nature.foresight(self.day, self.common.streams, ahead)
        return self.exchange.close(morning, self.rental.news, funds, foresight)

    def settle_margins(self) -> None:
        """Variation margin in cash, initial margin, close-outs; landlords' cash bears its part of what they hedge."""
        margins = self.exchange.clear(self.day)
        self.credit.note_hedges(margins.own_result_usd[self.books.roll.landlords])

    # 10. to 12. month end: rents, credit; used GPUs; insolvency

    def settle_month(self) -> Floats:
        """Users pay what was billed a month ago and prepayments due; this month is billed; the front future expires.

        Users that are funded pay out of revenue and cash, the others' customers pay what is owed. Returns what was
        received (owners,), USD.
        """
        received = self.rental.collect(self.labs.sell_services())
        self.labs.pass_month(self.day, -received, self.reserved.reject)
        self.funds.note_expiry(self.day, self.exchange)
        self.credit.note_hedges(self.exchange.expire(self.day)[self.books.roll.landlords])
        self.funds.note_cuts(self.day, self.exchange)
        return received

    def roll_paper(self) -> None:
        """Commercial paper falls due; what nobody rolls or lends makes the vehicle sell loans back to lenders."""
        if not self.notes.pays_paper:
            return
        face = self.notes.roll(self.day)
        price = 1.0 - self.spec.deal.paper.sale_discount
        taken, report = self.credit.take_back(face, price, self.notes.offering.relief)
        self.notes.settle_sales(taken, report)

    def trade_used_gpus(self) -> None:
        """Those who must sell GPUs, or like to, meet those who have cash and room for them."""
        if not self.hardware.used.open:
            return
        self.credit.mark(self.hardware.collateral(self.day))
        trades = self.hardware.used.trade(self.day, self.credit.call(self.day))
        if trades.any:
            self.credit.take_proceeds(
                trades.proceeds_usd - self.reserved.novate(trades.moved, self.spec.resale.keeps_letting)
            )
            self.credit.mark(self.hardware.collateral(self.day))

    def resolve_insolvency(self) -> None:
        """Firms that cannot pay are cured or fail; estates whose time has come are sold; losses reach the notes."""
        sell = None if self.hardware.used.open else partial(self.hardware.sell, self.day)
        self.credit.resolve(self.day, self.reserved.reject_let, sell)
        self.notes.recognise(self.day, self.credit.report())
        self.exchange.make_good()

    # 13. investment

    def invest(self) -> None:
        """Chip orders: what owners want, what cash and lenders allow, what the vendor accepts; loans are sold on."""
        mine = self.books.roll.landlord_fleet
        self.credit.price(self._pledged_usd())
        offering = self.notes.offer(self.day, self.credit.margin())
        self.credit.advance(offering)
        self.board.today = replace(self.board.today, capital_charge=offering.charge)
        self.credit.show()
        self.refresh_board()
        wishes = self.hardware.wanted(self.day)
        funding = self.credit.finance(wishes.cost_usd[mine], wishes.pledged_usd[mine], offering)
        orders = self.hardware.accept(wishes, funding.share)
        bought = self.notes.buy(
            self.day, self.credit.draw(funding, orders.accepted, offering), self.credit.loans.kept_usd
        )
        if bought is not None:
            self.notes.note(self.credit.sell(bought))
        self.credit.raise_equity(funding, orders.accepted)
        self.hardware.order(self.day, orders)
        self.credit.prepay(self.hardware.cancel(self.day))

    def _pledged_usd(self) -> Floats:
        """Book value of landlords' GPUs at work and on order (landlords,)."""
        return self.hardware.pledged_usd()[self.books.roll.landlord_fleet]

    # 14. the close

    def close_the_day(self) -> None:
        """The laws are checked, the day is recorded."""
        if self.laws:
            check_ledger(self.day, self.common.ledger)
            for department in self.departments:
                department.laws(self.day)
        if self.record.enabled:
            month_end = {MONTH_END.name: float(self.calendar.is_month_end(self.day))}
            self.record.write(month_end, *(department.day() for department in self.departments))
        self.day += 1


def _indices(spec: Spec) -> dict[str, Any]:
    return {name: build_part("indices", name, settings, spec.plugins) for name, settings in spec.indices.items()}
