"""Debt service at month end: what is due and paid, coverage tests, payouts, sweeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.credit.borrowers import NO_DEBT_DSCR, Borrowers
from sim.credit.covenants import failing, falls_on, measured
from sim.credit.day_count import month_fraction
from sim.credit.facilities import Facilities
from sim.credit.loans import LoanBook
from sim.credit.payments import pay_fees, serve
from sim.credit.schedules import Principal, Schedules
from sim.credit.terms import Loan
from sim.department import Common
from sim.rows.credit import Contracted
from sim.rules.credit_pricing import default_chance
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats

SMOOTHING_MONTHS = 3.0
CASH_FLOOR = 0.8  # share of a month's normal cash that is never spent on chips, nor on balloons
USES = ("received", "running", "hedges", "fees", "interest", "principal", "swept", "distributed")


class Servicer:
    """Collects debt service and tests borrowers. State (borrowers,): DSCR, months in breach, cured before.

    `owes_balloon` (borrowers,) is who is in breach for a balloon alone, `chances` (borrowers,) of default a year are
    those that coverage tells of since the first month end.

    `opex_usd` are running costs and `hedge_usd` the hedges' results that operating cash bears, month to date.
    """

    def __init__(self, common: Common, loans: LoanBook, dscr: Floats, schedules: Schedules) -> None:
        n = len(dscr)
        self.common = common
        self.loans = loans
        self.dscr: Floats = dscr.copy()
        self.breaches = np.zeros(n, dtype=np.int64)
        self.cured: Bools = np.zeros(n, dtype=bool)
        self.chances: Floats = np.zeros(n)
        self.owes_balloon: Bools = np.zeros(n, dtype=bool)
        self.opex_usd: Floats = np.zeros(n)
        self.hedge_usd: Floats = np.zeros(n)
        self.schedules = schedules
        self.first_usd: Floats = loans.balance.sum(axis=1)  # owed at the start, (loans,)
        self.failed: dict[str, Bools] = {}  # by test of its own dates, who failed it when it was made last
        self.uses: dict[str, float] = dict.fromkeys(USES, 0.0)  # of the last month's cash, all borrowers, USD

    def collect(
        self,
        terms: Loan,
        facilities: Facilities,
        borrowers: Borrowers,
        received_usd: Floats,
        in_estate: Bools,
        normal_cash_usd: Floats,
        owed: tuple[Floats, Principal],
        contracted: Contracted | None = None,
    ) -> Floats:
        """Pay interest and amortisation out of the month's cash; test; pay out; sweep. Returns principal paid (loans,).

        `received_usd` (borrowers,) is rent and prepayments received this month, `owed` the interest (loans,) and
        principal that fall due. A payment is limited by cash: missed interest is added to the balance, missed principal
        stays in it; no more principal falls due than is owed. Firms in an estate pay nothing. Balloons that may be
        drawn anew come last, out of cash beyond what is never spent on chips, and coverage is of what is due without.
        """
        common, loans, landlords = self.common, self.loans, self.common.register.roll.landlords
        by_loan, falling_due = owed[0], owed[1].due
        interest = loans.by_borrower(by_loan)
        fees, unpaid_fees = self._pay_fees(facilities, in_estate)
        due = interest + loans.by_borrower(falling_due)
        balloons = loans.by_borrower(owed[1].balloons)
        level = due - balloons
        cfads = received_usd - self.opex_usd + self.hedge_usd
        cash = common.ledger.held("cash")[landlords]
        paying = np.where(in_estate, 0.0, np.minimum(level, np.maximum(0.0, cash)))
        paid_interest = np.minimum(interest, paying)
        spare = np.maximum(0.0, cash - paying - CASH_FLOOR * normal_cash_usd)
        matured = np.where(in_estate, 0.0, np.minimum(balloons, spare))
        unpaid_interest = np.where(in_estate, 0.0, interest - paid_interest)
        principal = loans.split(paying - paid_interest, falling_due - owed[1].balloons)
        principal = principal + loans.split(matured, owed[1].balloons)
        paying = paying + matured
        serve(
            common, loans, loans.split(paid_interest, by_loan), principal, loans.split(unpaid_interest, by_loan)
        )  # fmt: skip
        self._test(
            terms, cfads, due + fees, paying + fees - unpaid_fees, level + fees, in_estate, contracted
        )  # fmt: skip
        out = self._pay_out(terms, borrowers, np.maximum(0.0, cfads - due - fees), in_estate)
        swept = self._sweep(terms, in_estate, normal_cash_usd)
        flows = (
            received_usd, self.opex_usd, self.hedge_usd, fees - unpaid_fees, paid_interest, paying - paid_interest,
            swept, out,
        )  # fmt: skip
        self.uses = {name: float(usd.sum()) for name, usd in zip(USES, flows, strict=True)}
        self.opex_usd[:] = 0.0
        self.hedge_usd[:] = 0.0
        return principal

    def forgive(self, met: Bools) -> None:
        """Who was in breach for a balloon alone and has met it (borrowers,) is in breach no longer."""
        self.breaches[met & self.owes_balloon] = 0

    def committed_usd(self, facilities: Facilities) -> Floats:
        """What may be owed on each loan (loans,), USD: so many times the path's debt; infinite without limit."""
        year = (self.common.board.today.day + 1) / DAYS_PER_YEAR
        limit = facilities.commitment[self.loans.facility]
        on_path = self.first_usd * self.common.path.money_factor(year)
        return np.asarray(np.where(np.isfinite(limit), on_path * np.where(np.isfinite(limit), limit, 0.0), np.inf))

    def _pay_fees(self, facilities: Facilities, in_estate: Bools) -> tuple[Floats, Floats]:
        """Fees on what is committed and not drawn, ahead of interest as far as there is cash.

        Returns what is due and what of it is not paid, which lenders forgo (borrowers,).
        """
        if not facilities.fee.any():
            return np.zeros(len(in_estate)), np.zeros(len(in_estate))
        loans, today = self.loans, self.common.board.today
        year, fee = today.days_of_month / DAYS_PER_YEAR, facilities.fee[loans.facility]
        room = np.where(fee > 0.0, np.maximum(0.0, self.committed_usd(facilities) - loans.balance.sum(axis=1)), 0.0)
        by_loan = np.where(in_estate[loans.borrower], 0.0, fee * np.where(fee > 0.0, room, 0.0) * year)
        due = loans.by_borrower(by_loan)
        cash = np.maximum(0.0, self.common.ledger.held("cash")[self.common.register.roll.landlords])
        share = np.minimum(1.0, cash / np.where(due > 0.0, due, 1.0))
        pay_fees(self.common, loans, (share[loans.borrower] * by_loan)[:, None] * facilities.syndicate[loans.facility])
        return due, due * (1.0 - share)

    def falls_due(self, terms: Loan, facilities: Facilities, borrowers: Borrowers) -> tuple[Floats, Principal]:
        """Interest (loans,) and amortisation of the month."""
        loans, today = self.loans, self.common.board.today
        debt = loans.balance.sum(axis=1)
        spread = borrowers.spread[loans.borrower] + facilities.spread[loans.facility]
        rate = np.maximum(0.0, today.policy_rate + spread + loans.discount)
        interest = debt * rate * month_fraction(today.days_of_month, terms.day_count)
        falling = self.schedules.falls_due(facilities, today.days_of_month / DAYS_PER_YEAR)
        return interest, replace(falling, due=np.minimum(debt, falling.due))

    def _test(
        self, terms: Loan, cfads: Floats, due: Floats, paid: Floats, level: Floats, in_estate: Bools,
        contracted: Contracted | None,
    ) -> None:  # fmt: skip
        """Coverage of `level` debt service, a mean of about three months.

        A breach is a broken covenant or a payment that was missed.
        """
        now = np.where(level > 0.0, cfads / np.where(level > 0.0, level, 1.0), NO_DEBT_DSCR)
        now = np.minimum(now, NO_DEBT_DSCR)
        self.dscr += (now - self.dscr) / SMOOTHING_MONTHS
        sd = terms.answers.cash_flow_sd
        self.chances = np.array([default_chance(dscr, sd) for dscr in self.dscr.tolist()])
        failing = self._make_tests(terms, due, contracted)
        short, broken = paid < due * (1.0 - 1e-9), (self.dscr < terms.covenant) | failing
        failed = (broken | short) & (due > 0.0) & ~in_estate
        self.breaches = np.where(failed, self.breaches + 1, 0)
        self.owes_balloon = failed & ~broken & (paid >= level * (1.0 - 1e-9))

    def _make_tests(self, terms: Loan, due: Floats, contracted: Contracted | None) -> Bools:
        """Make the tests that fall on this month end; returns who fails one as it was made last (borrowers,)."""
        common, day = self.common, self.common.board.today.day
        if not terms.tests or contracted is None:
            self.failed.clear()
            return np.zeros(len(due), dtype=bool)
        date, month = common.calendar.date(day), common.calendar.month(day)
        made = {name: test for name, test in terms.tests.items() if falls_on(test, date, month)}
        cash = common.ledger.held("cash")[common.register.roll.landlords]
        found = {
            name: measured(test.of, self.dscr, self.loans.debt_usd, due, cash, contracted)
            for name, test in made.items()
        }
        for name, values in found.items():
            for i in np.flatnonzero(values < terms.tests[name].least).tolist():
                owner = common.register.name(int(common.register.roll.landlords[i]))
                common.log.note(
                    day, "test failed", f"{owner}: {name} is {values[i]:.3g}, least {terms.tests[name].least:g}"
                )
        return failing(terms.tests, found, self.failed) if self.failed or found else np.zeros(len(due), dtype=bool)

    def _pay_out(self, terms: Loan, borrowers: Borrowers, free: Floats, in_estate: Bools) -> Floats:
        """Owners are paid their share of free cash flow, less in lock-up, as far as there is cash; returns what."""
        ledger, roll = self.common.ledger, self.common.register.roll
        share = np.where(self.dscr < terms.lock_up, terms.lock_up_payout, 1.0)
        out = np.maximum(0.0, borrowers.payout) * free * share
        left = np.maximum(0.0, ledger.held("cash")[roll.landlords])
        out = np.where(in_estate, 0.0, np.minimum(out, left))
        ledger.post("dividends", "cash", roll.landlords, np.full(len(out), roll.rest_of_world), out)
        return out

    def _sweep(self, terms: Loan, in_estate: Bools, normal_cash_usd: Floats) -> Floats:
        """A share of cash above a month's needs repays principal, in lock-up more of it; returns what."""
        loans, landlords = self.loans, self.common.register.roll.landlords
        spare = np.maximum(0.0, self.common.ledger.held("cash")[landlords] - normal_cash_usd)
        locked = (self.dscr < terms.lock_up) & ~in_estate
        share = np.where(locked, max(terms.cash_sweep, terms.sweep), terms.sweep)
        swept = np.where(in_estate, 0.0, np.minimum(loans.debt_usd, share * spare))
        by_loan = loans.split(swept, loans.balance.sum(axis=1))
        serve(self.common, loans, np.zeros_like(by_loan), by_loan, np.zeros_like(by_loan))
        return swept
