"""Labs: users that serve customers. Revenue, cash, funding rounds that may fail, default, a successor.

Without funding, and for all other users, the rest of the world pays whatever they owe.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from sim.board import LabsSheet, Today
from sim.department import Common
from sim.growth_path import MONTH_DAYS
from sim.labs.audit import COLUMNS, ROUND, SUCCESSOR, check_money, jobs_today
from sim.labs.rounds import presence, round_months, runway_months
from sim.labs.terms import Funding
from sim.record import Column
from sim.roles import EarnsRevenue, TrainsInJobs
from sim.rows.labs import Service
from sim.rows.reserved import Held
from sim.streams import Purpose
from sim.vocabulary import HOURS_PER_DAY, HOURS_PER_YEAR, Floats

HOURS_PER_MONTH = HOURS_PER_YEAR / 12.0
SMOOTHING_MONTHS = 3.0
DAYS_PER_MONTH = 30.4


class RejectsContracts(Protocol):
    """The door to reserved capacity: a lab in default rejects contracts."""

    def __call__(self, customer: int, share: float) -> float:
        """Void a share of all contracts of a customer (an owner); returns the VE that are gone, 0 without contracts."""
        ...


class Labs:
    """Accounts of funded users, by place in `owners` (rows of the ledger); a world without funding has none.

    `value_usd` (funded,) is revenue per VE-hour served at day 0, falling with technology as all prices do; `burn_usd`
    the monthly gap between bills and revenue, smoothed; `runway_months` (owners) how long cash lasts at that rate, as
    counted at the last month's end; `since` the day of the last default (-1: none). `revenue_usd`
    is month to date; `raised_usd`, `rounds_failed` and `defaults` are of the current day.
    """

    def __init__(self, common: Common) -> None:
        self.common = common
        self.terms: Funding | None = None
        self.owners: list[int] = []
        self.seats: list[int] = []  # among customers, -1 without contracts
        self.rows: list[tuple[int, ...]] = []
        self.value_usd: Floats = np.zeros(0)
        self.burn_usd: Floats = np.zeros(0)
        self.revenue_usd: Floats = np.zeros(0)
        self.next_try: list[int] = []
        self.since: list[int] = []
        self.runway_months = [math.inf] * len(common.ledger.owners)
        self.raised_usd = 0.0
        self.raised_so_far_usd = self.raised_size_usd = 0.0
        self.rounds_failed = 0
        self.defaults = 0

    # the regime

    def adopt(self, terms: Funding, day: int, held: Held) -> None:
        """Take the terms; a regime that begins gives each lab the cash that is left of a round some time ago.

        `held` is what customers have reserved and what it costs them.
        """
        self.terms = terms
        if not terms.enabled:
            self.owners, self.seats, self.rows, self.since, self.next_try = [], [], [], [], []
            self._note_runways()
        elif not self.owners:
            self._begin(terms, day, held)

    def _begin(self, terms: Funding, day: int, held: Held) -> None:
        common, path = self.common, self.common.path
        elapsed = common.calendar.elapsed if day == 0 else 0
        found = self._services()
        seat = {int(owner): i for i, owner in enumerate(common.register.roll.customers)}
        self.owners = [owner for owner, _ in found]
        self.seats = [seat.get(owner, -1) for owner in self.owners]
        self.rows = [service.rows for _, service in found]
        cost, served = self._month_on_path([service for _, service in found], day, elapsed, held)
        self.value_usd = terms.revenue_share * cost / np.maximum(served, 1e-300) / path.technology_factor(day / 365.0)
        self.burn_usd = (1.0 - terms.revenue_share) * cost
        self.revenue_usd = (
            self.value_usd * served * (path.mean_money_factor(elapsed) * elapsed * HOURS_PER_DAY / HOURS_PER_MONTH)
        )
        self.next_try, self.since = [day] * len(found), [-1] * len(found)
        for n, owner in enumerate(self.owners):
            identity = common.register.people[owner].identity
            left = 0.3 + 0.7 * common.streams.uniform(Purpose.FUNDING_START, day, identity)
            self._pay_in("endowment", n, max(terms.round_at_months, left * terms.round_months))
        self._note_runways()

    def _services(self) -> list[tuple[int, Service]]:
        """Users that serve customers, and what they serve."""
        register = self.common.register
        users = set(register.roll.users.tolist())
        asked = [(owner, lab.service()) for owner, lab in register.of(EarnsRevenue) if owner in users]
        return [(owner, service) for owner, service in asked if service is not None]

    def _month_on_path(self, services: list[Service], day: int, elapsed: int, held: Held) -> tuple[Floats, Floats]:
        """A month's bills in USD and hours served of each lab (funded,), as the path has them on that day."""
        common, path, s = self.common, self.common.path, self.common.path.settings
        tau, growth = path.technology_factor(day / 365.0), path.quantity_factor(day / 365.0)
        use = s.reserved_use * HOURS_PER_MONTH
        due, reserved = held.due_usd_per_hour * use, held.quantity_ve * use
        ahead = -common.ledger.held("prepayment_due") * (MONTH_DAYS / (MONTH_DAYS + elapsed))
        cost, served = np.zeros((2, len(services)))
        for n, service in enumerate(services):
            spot = service.spot_share * common.board.start.spot_demand_ve * growth * HOURS_PER_MONTH
            cost[n], served[n] = spot * s.rent_usd * tau + float(ahead[self.owners[n]]), spot * service.served_share
            if self.seats[n] >= 0:
                cost[n] += float(due[self.seats[n]])
                served[n] += float(reserved[self.seats[n]])
        return cost, served

    # the day

    def show(self, day: int) -> None:
        """Put the morning's sheet on the board: how long cash lasts, and what share of each user's demand is there."""
        there = [1.0] * len(self.common.ledger.owners)
        for owner, since in zip(self.owners, self.since, strict=True):
            if since >= 0 and self.terms is not None:
                there[owner] = presence(self.terms, day - since)
        self.common.board.labs = LabsSheet(self.runway_months, there)

    def earn(self, today: Today, bought: Mapping[tuple[int, int], float], delivered_ve_hours: Floats) -> None:
        """Add the day's revenue: hours of inference bought today, hours of contracts delivered (customers,)."""
        self.raised_usd, self.rounds_failed, self.defaults = 0.0, 0, 0
        if not self.owners:
            return
        hours = [
            math.fsum(bought.get((owner, row), 0.0) for row in rows)
            + (float(delivered_ve_hours[seat]) if seat >= 0 else 0.0)
            for owner, rows, seat in zip(self.owners, self.rows, self.seats, strict=True)
        ]
        self.revenue_usd += today.technology * self.value_usd * np.array(hours)

    # the month

    def sell_services(self) -> list[int]:
        """Month end: customers pay what was served. Returns who pays out of that (owners of funded labs)."""
        if self.owners:
            payees = np.array(self.owners)
            world = np.full(len(payees), self.common.register.roll.rest_of_world)
            self.common.ledger.post("sales of services", "cash", world, payees, self.revenue_usd)
        return self.owners

    def pass_month(self, day: int, paid_usd: Floats, reject: RejectsContracts) -> None:
        """Month end, bills `paid_usd` (owners,) paid: count the runway, raise money, fail where it has not sufficed."""
        if not self.owners or self.terms is None:
            return
        bills = paid_usd[self.owners]
        self.burn_usd += (bills - self.revenue_usd - self.burn_usd) / SMOOTHING_MONTHS
        self.revenue_usd = np.zeros(len(self.owners))
        self._note_runways()
        for n, owner in enumerate(self.owners):
            if self.runway_months[owner] < self.terms.round_at_months and day >= self.next_try[n]:
                self._seek_round(self.terms, day, n)
            if self._cash(owner) < 0.0:
                self._fail(self.terms, day, n, reject)
        self._note_runways()

    def _note_runways(self) -> None:
        """Count how long cash lasts, by owner; endless for users whose bills are paid."""
        found = [math.inf] * len(self.common.ledger.owners)
        for n, owner in enumerate(self.owners):
            found[owner] = runway_months(self._cash(owner), float(self.burn_usd[n]))
        self.runway_months = found

    def _cash(self, owner: int) -> float:
        return float(self.common.ledger.held("cash")[owner])

    def _seek_round(self, terms: Funding, day: int, n: int) -> None:
        """A funding round: it fails by chance, to be tried again later, or brings about so many months of burn."""
        common, owner = self.common, self.owners[n]
        identity = common.register.people[owner].identity
        if common.streams.uniform(Purpose.FUNDING_ROUND, day, identity) >= terms.round_probability:
            self.next_try[n] = day + round(terms.retry_months * DAYS_PER_MONTH)
            self.rounds_failed += 1
            text = f"{common.register.name(owner)}: {self.runway_months[owner]:.1f} months of cash are left"
            common.log.note(day, "round failed", text)
            return
        self._raise(ROUND, n, round_months(terms, common.streams.normal(Purpose.FUNDING_SIZE, day, identity)))

    def _fail(self, terms: Funding, day: int, n: int, reject: RejectsContracts) -> None:
        """Default: contracts are rejected, owners settle the month's bills, a successor begins with fresh money."""
        common, owner = self.common, self.owners[n]
        world = common.register.roll.rest_of_world
        common.ledger.transfer("bills settled by owners", "cash", world, owner, -self._cash(owner))
        gone = reject(owner, terms.rejected_share)
        self.since[n] = day
        self.defaults += 1
        self.burn_usd[n] *= terms.left_share
        self._raise(SUCCESSOR, n, terms.round_months)
        common.log.note(day, "lab default", f"{common.register.name(owner)}: {gone:,.0f} VE of contracts are rejected")

    def _raise(self, reason: str, n: int, months: float) -> None:
        amount = self._pay_in(reason, n, months)
        self.raised_usd += amount
        self.raised_so_far_usd += amount
        self.raised_size_usd += self.raised_so_far_usd

    def _pay_in(self, reason: str, n: int, months: float) -> float:
        """The rest of the world gives a lab so many months of burn; returns USD."""
        amount = months * max(0.0, float(self.burn_usd[n]))
        world = self.common.register.roll.rest_of_world
        self.common.ledger.transfer(reason, "cash", world, self.owners[n], amount)
        return amount

    # the close

    def laws(self, day: int) -> None:
        """A13; raises BrokenLaw."""
        world = self.common.register.roll.rest_of_world
        check_money(day, self.common.ledger, self.raised_so_far_usd, self.raised_size_usd, world)

    def columns(self) -> list[Column]:
        """The series of labs."""
        return COLUMNS

    def day(self) -> dict[str, float]:
        """Training jobs and labs' money today."""
        finished, missed, lost, left = jobs_today(self.common.register.of(TrainsInJobs))
        return {
            "jobs_finished": finished,
            "jobs_missed": missed,
            "training_lost_ve_hours": lost,
            "training_left_ve_hours": left,
            "labs_cash_usd": float(self.common.ledger.held("cash")[self.owners].sum()),
            "labs_raised_usd": self.raised_usd,
            "rounds_failed": float(self.rounds_failed),
            "lab_defaults": float(self.defaults),
        }
