"""How users that serve customers pay for compute: revenue, cash, funding rounds that may fail, default, a successor.

Without it, and for all other users, the rest of the world pays whatever they owe.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.reserved.auction import void_contracts
from sim.roles import EarnsRevenue
from sim.rows.rental import Trades
from sim.spec import Funding
from sim.streams import Purpose
from sim.stub import MONTH_DAYS, mean_level
from sim.vocabulary import HOURS_PER_DAY, HOURS_PER_YEAR, Floats

if TYPE_CHECKING:
    from sim.economy import Economy

HOURS_PER_MONTH = HOURS_PER_YEAR / 12.0
SMOOTHING_MONTHS = 3.0
DAYS_PER_MONTH = 30.4


class LabFunding:
    """Accounts of funded users, by place in `owners` (rows of the ledger); a world without funding has none.

    `value_usd` (funded,) is revenue per VE-hour served at day 0, falling with technology as all prices do; `burn_usd`
    the monthly gap between bills and revenue, smoothed; `runway_months` how long cash lasts at that rate; `since` the
    day of the last default (-1: none). `revenue_usd` is month to date; the counters are of the current day.
    """

    def __init__(self, owners: int) -> None:
        self.terms: Funding | None = None
        self.owners: list[int] = []
        self.seats: list[int] = []  # among customers, -1 without contracts
        self.rows: list[tuple[int, ...]] = []
        self.value_usd: Floats = np.zeros(0)
        self.burn_usd: Floats = np.zeros(0)
        self.revenue_usd: Floats = np.zeros(0)
        self.next_try: list[int] = []
        self.since: list[int] = []
        self.runway_months: list[float] = [math.inf] * owners
        self.presence: list[float] = [1.0] * owners
        self.raised_usd = 0.0
        self.rounds_failed = 0
        self.defaults = 0

    def configure(self, e: Economy) -> None:
        """Take the terms; a regime that begins gives each lab the cash that is left of a round some time ago."""
        self.terms = e.spec.funding
        if not self.terms.enabled:
            self.owners, self.seats, self.rows, self.since, self.next_try = [], [], [], [], []
            self.runway_months = [math.inf] * len(self.runway_months)
            self.presence = [1.0] * len(self.presence)
        elif not self.owners:
            self._begin(e, self.terms)

    def _begin(self, e: Economy, terms: Funding) -> None:
        books, roll, s = e.books, e.books.roll, e.path.settings
        found = [
            (i, service)
            for i, lab in e.register.of(EarnsRevenue)
            if i in set(roll.users.tolist()) and (service := lab.service()) is not None
        ]
        seat = {int(owner): i for i, owner in enumerate(roll.customers)}
        tau = e.path.technology_factor(e.day / 365.0)
        growth = e.path.quantity_factor(e.day / 365.0)
        use = s.reserved_use * HOURS_PER_MONTH
        due = books.contracts.due_usd_per_hour(e.contract_index_usd()).sum(axis=0) * use
        held = books.contracts.quantity_ve.sum(axis=0) * use
        elapsed = e.calendar.elapsed if e.day == 0 else 0
        ahead = -books.ledger.held("prepayment_due") * (MONTH_DAYS / (MONTH_DAYS + elapsed))
        self.owners = [i for i, _ in found]
        self.seats = [seat.get(i, -1) for i, _ in found]
        self.rows = [service.rows for _, service in found]
        cost, served = np.zeros(len(found)), np.zeros(len(found))
        for n, (i, service) in enumerate(found):
            spot = service.spot_share * e.board.start.spot_demand_ve * growth * HOURS_PER_MONTH
            cost[n], served[n] = spot * s.rent_usd * tau + float(ahead[i]), spot * service.served_share
            if self.seats[n] >= 0:
                cost[n] += float(due[self.seats[n]])
                served[n] += float(held[self.seats[n]])
        self.value_usd = terms.revenue_share * cost / np.maximum(served, 1e-300) / tau
        self.burn_usd = (1.0 - terms.revenue_share) * cost
        self.revenue_usd = (
            self.value_usd * served * (mean_level(e.path, elapsed) * elapsed * HOURS_PER_DAY / HOURS_PER_MONTH)
        )
        self.next_try, self.since = [e.day] * len(found), [-1] * len(found)
        for n, i in enumerate(self.owners):
            left = 0.3 + 0.7 * e.streams.uniform(Purpose.FUNDING_START, e.day, e.register.people[i].identity)
            months = max(terms.round_at_months, left * terms.round_months)
            amount = max(0.0, months * float(self.burn_usd[n]))
            books.ledger.transfer("endowment", "cash", roll.rest_of_world, i, amount)
        self._note_runway(e)

    def note_day(self, e: Economy, trades: Trades) -> None:
        """Add the day's revenue: hours of inference bought today and hours of contracts that were delivered."""
        self.raised_usd, self.rounds_failed, self.defaults = 0.0, 0, 0
        if not self.owners:
            return
        contracts = e.books.contracts.quantity_ve
        delivered = (e.served @ contracts) * (e.path.settings.reserved_use * HOURS_PER_DAY)
        bought = trades.bought
        hours = [
            math.fsum(bought.get((owner, row), 0.0) for row in rows) + (float(delivered[seat]) if seat >= 0 else 0.0)
            for owner, rows, seat in zip(self.owners, self.rows, self.seats, strict=True)
        ]
        self.revenue_usd += e.board.today.technology * self.value_usd * np.array(hours)

    def sell_services(self, e: Economy) -> None:
        """Month end: customers pay what was served."""
        roll, ledger = e.books.roll, e.books.ledger
        if self.owners:
            payees = np.array(self.owners)
            ledger.post("sales of services", "cash", np.full(len(payees), roll.rest_of_world), payees, self.revenue_usd)

    def pass_month(self, e: Economy, paid_usd: Floats) -> None:
        """Month end, bills `paid_usd` (owners,) paid: count the runway, raise money, fail where it has not sufficed."""
        if not self.owners or self.terms is None:
            return
        bills = paid_usd[self.owners]
        self.burn_usd += (bills - self.revenue_usd - self.burn_usd) / SMOOTHING_MONTHS
        self.revenue_usd = np.zeros(len(self.owners))
        self._note_runway(e)
        for n, owner in enumerate(self.owners):
            if self.runway_months[owner] < self.terms.round_at_months and e.day >= self.next_try[n]:
                self._raise(e, self.terms, n)
            if float(e.books.ledger.held("cash")[owner]) < 0.0:
                self._fail(e, self.terms, n)
        self._note_runway(e)

    def note_presence(self, day: int) -> None:
        """Share of its demand that each user has today: all of it, unless it failed and its successor is growing."""
        for owner, since in zip(self.owners, self.since, strict=True):
            if since >= 0 and self.terms is not None:
                t = self.terms
                self.presence[owner] = t.left_share + (t.return_share - t.left_share) * min(
                    1.0, (day - since) / t.return_days
                )

    def _note_runway(self, e: Economy) -> None:
        cash = e.books.ledger.held("cash")
        for n, owner in enumerate(self.owners):
            burn = float(self.burn_usd[n])
            self.runway_months[owner] = max(0.0, float(cash[owner])) / burn if burn > 0.0 else math.inf

    def _raise(self, e: Economy, terms: Funding, n: int) -> None:
        """A funding round: it fails by chance, to be tried again later, or brings about so many months of burn."""
        owner = self.owners[n]
        identity = e.register.people[owner].identity
        if e.streams.uniform(Purpose.FUNDING_ROUND, e.day, identity) >= terms.round_probability:
            self.next_try[n] = e.day + round(terms.retry_months * DAYS_PER_MONTH)
            self.rounds_failed += 1
            e.events.append(
                (e.day, "round failed", f"{e.register.name(owner)}: {self._months(owner)} of cash are left")
            )
            return
        size = math.exp(
            terms.size_sd * e.streams.normal(Purpose.FUNDING_SIZE, e.day, identity) - 0.5 * terms.size_sd**2
        )
        self._inject(e, "funding round", n, size * terms.round_months)

    def _fail(self, e: Economy, terms: Funding, n: int) -> None:
        """Default: contracts are rejected, owners settle the month's bills, a successor begins with fresh money."""
        owner, seat = self.owners[n], self.seats[n]
        short = -float(e.books.ledger.held("cash")[owner])
        e.books.ledger.transfer("bills settled by owners", "cash", e.books.roll.rest_of_world, owner, short)
        gone = float(void_contracts(e.books, seat, terms.rejected_share).sum()) if seat >= 0 else 0.0
        self.since[n] = e.day
        self.defaults += 1
        self.burn_usd[n] *= terms.left_share
        self._inject(e, "successor's capital", n, terms.round_months)
        e.events.append((e.day, "lab default", f"{e.register.name(owner)}: {gone:,.0f} VE of contracts are rejected"))

    def _inject(self, e: Economy, reason: str, n: int, months: float) -> None:
        amount = months * max(0.0, float(self.burn_usd[n]))
        e.books.ledger.transfer(reason, "cash", e.books.roll.rest_of_world, self.owners[n], amount)
        self.raised_usd += amount

    def _months(self, owner: int) -> str:
        return f"{self.runway_months[owner]:.1f} months"
