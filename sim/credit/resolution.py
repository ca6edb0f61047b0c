"""Insolvency: cures by owners, default, the estate, and the sale of its GPUs to outsiders after some months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.credit.borrowers import NO_DEBT_DSCR
from sim.credit.lenders import Lenders
from sim.credit.payments import repay, write_off
from sim.credit.service import Servicer
from sim.credit.terms import Loan, Resolution
from sim.department import Common
from sim.streams import Purpose
from sim.vocabulary import Bools, Floats, Ints


class RejectsContracts(Protocol):
    """The door to reserved capacity: a landlord in default rejects contracts."""

    def __call__(self, landlord: int, share: float) -> None:
        """Void a share of all contracts of a landlord (an owner), with what was prepaid on them."""
        ...


class SellsGpus(Protocol):
    """The door to hardware: creditors seize GPUs and sell them to outsiders, who run them under the firm's name."""

    def __call__(self, landlord: int, price_usd: float, creditors: Floats) -> None:
        """Move a landlord's GPUs by way of lenders, in these shares (lenders,), and write them to the price."""
        ...


@dataclass(frozen=True)
class Evening:
    """What a day's resolution reads: USD per VE of used GPUs; fleets (borrowers,) VE; a month's cash need, USD.

    `failed` (borrowers,) have not met a margin call.
    """

    day: int
    used_usd: float
    fleet_ve: Floats
    normal_cash_usd: Floats
    failed: Bools


class Estates:
    """Firms in default. State by borrower: day of default (-1: none). Counters are of the current day."""

    def __init__(self, common: Common, servicer: Servicer, lenders: Lenders) -> None:
        n = len(servicer.dscr)
        self.common = common
        self.servicer = servicer
        self.lenders = lenders
        self.since: Ints = np.full(n, -1, dtype=np.int64)
        self.bridge_usd: Floats = np.zeros(n)
        self.defaults = 0
        self.losses_usd = 0.0

    @property
    def running(self) -> Bools:
        """Which borrowers are run for their creditors."""
        return np.asarray(self.since >= 0)

    def due(self, rules: Resolution, day: int) -> Bools:
        """Which estates are sold today (borrowers,)."""
        return self.running & (day - self.since >= rules.days)

    def pass_day(
        self, terms: Loan, rules: Resolution, evening: Evening, reject: RejectsContracts, sell: SellsGpus | None
    ) -> None:
        """Cure or fail those who cannot pay; sell estates whose time has come.

        A breach that outlasts the grace period is cured once, with the given probability, by equity that repays part
        of the loan, if there is cash; a firm whose cash is gone is in default at once.
        """
        self.defaults, self.losses_usd = 0, 0.0
        landlords = self.common.register.roll.landlords
        cash = self.common.ledger.held("cash")[landlords].copy()
        month_end = self.common.calendar.is_month_end(evening.day)
        due = self.due(rules, evening.day)
        for i in range(len(landlords)):
            if self.since[i] >= 0:
                self._bridge(i)
                if due[i]:
                    self._sell(rules, evening, i, sell)
                continue
            late = bool(evening.failed[i]) or (month_end and bool(self.servicer.breaches[i] > terms.grace_months))
            if cash[i] < 0.0 or late:
                self._meet(terms, rules, evening.day, i, float(cash[i]), late, reject)

    def _meet(
        self, terms: Loan, rules: Resolution, day: int, i: int, cash_usd: float, late: bool, reject: RejectsContracts
    ) -> None:
        """One that cannot pay or is late: its owners cure it, or it fails, or without loans they put in what lacks."""
        common, roll = self.common, self.common.register.roll
        owner = int(roll.landlords[i])
        name = common.ledger.owners[owner]
        draw = common.streams.uniform(Purpose.CURE, day, common.register.people[owner].identity)
        always = terms.cures_until is not None and common.calendar.date(day).isoformat() <= terms.cures_until
        may = always or (not self.servicer.cured[i] and draw < terms.cure_probability)
        if may and cash_usd >= 0.0:
            self._cure(terms, i, always)
            common.log.note(day, "covenant cured", f"{name}: owners repay part of the loans")
        elif late or self.servicer.loans.debt_usd[i] > 0.0:
            self.since[i] = day
            self.defaults += 1
            reject(owner, rules.rejected_share)
            self._bridge(i)
            common.log.note(day, "default", f"{name}: in default, run for its creditors")
        else:
            common.ledger.transfer("equity raised", "cash", roll.rest_of_world, owner, -cash_usd)

    def _cure(self, terms: Loan, i: int, always: bool) -> None:
        """Owners put in equity that repays a share of the loans, once, or `always` while they have undertaken to."""
        common, servicer, roll = self.common, self.servicer, self.common.register.roll
        amounts = np.zeros_like(servicer.loans.balance)
        rows = servicer.loans.of(i)
        amounts[rows] = terms.cure_share * servicer.loans.balance[rows]
        paid = float(amounts.sum())
        common.ledger.transfer("equity cures", "cash", roll.rest_of_world, int(roll.landlords[i]), paid)
        repay(common, servicer.loans, "principal", amounts)
        servicer.breaches[i] = 0
        servicer.cured[i] = servicer.cured[i] or not always

    def _bridge(self, i: int) -> None:
        """Outsiders bridge a shortage of an estate's cash; they are repaid first out of its sale."""
        ledger, roll = self.common.ledger, self.common.register.roll
        owner = int(roll.landlords[i])
        short = -float(ledger.held("cash")[owner])
        if short > 0.0:
            ledger.transfer("estate bridge", "cash", roll.rest_of_world, owner, short)
            self.bridge_usd[i] += short

    def _sell(self, rules: Resolution, evening: Evening, i: int, sell: SellsGpus | None) -> None:
        """Sell the estate: lenders seize the GPUs, outsiders buy them at a discount; proceeds by seniority.

        The buyers continue the firm under its name, without its debt and with a month's running cash, so that
        ownership moves and GPU-hours do not. Without a door the GPUs have been sold on the market for used ones, and
        outsiders continue what is left of the firm.
        """
        common, loans, roll = self.common, self.servicer.loans, self.common.register.roll
        ledger, owner, world = common.ledger, int(roll.landlords[i]), roll.rest_of_world
        name = ledger.owners[owner]
        rows = loans.of(i)
        debt = float(loans.balance[rows].sum())
        share = loans.balance[rows] / (debt if debt > 0.0 else 1.0)
        if sell is not None:
            price = (1.0 - rules.haircut) * evening.used_usd * float(evening.fleet_ve[i])
            sell(owner, price, share.sum(axis=0) if debt > 0.0 else loans.weights)
            ledger.transfer("estate sale", "cash", world, owner, price)
        bridge = min(float(self.bridge_usd[i]), max(0.0, ledger.cash(name)))
        ledger.transfer("bridge repaid", "cash", owner, world, bridge)
        self.bridge_usd[i] = 0.0
        amounts = np.zeros_like(loans.balance)
        cash = max(0.0, ledger.cash(name))
        amounts[rows] = loans.balance[rows] if cash >= debt else share * cash
        repay(common, loans, "estate to lenders", amounts)
        ledger.transfer("estate surplus", "cash", owner, world, max(0.0, ledger.cash(name)))
        lost = write_off(common, loans, i)
        ledger.transfer("new owners' cash", "cash", world, owner, float(evening.normal_cash_usd[i]))
        self.lenders.balance_deposits()
        self._begin_anew(i)
        self.losses_usd += lost
        common.log.note(evening.day, "estate sold", f"{name}: lenders lose {lost:,.0f} USD")

    def _begin_anew(self, i: int) -> None:
        servicer = self.servicer
        servicer.dscr[i], servicer.breaches[i], servicer.cured[i] = NO_DEBT_DSCR, 0, False
        self.since[i] = -1
