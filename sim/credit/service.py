"""Debt service at month end: what is due and paid, coverage tests, payouts, sweeps."""

from __future__ import annotations

import numpy as np

from sim.credit.borrowers import NO_DEBT_DSCR, Borrowers
from sim.credit.facilities import Facilities
from sim.credit.loans import LoanBook
from sim.credit.payments import serve
from sim.credit.terms import Loan
from sim.department import Common
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats

SMOOTHING_MONTHS = 3.0


class Servicer:
    """Collects debt service and tests borrowers. State (borrowers,): DSCR, months in breach, cured before.

    `opex_usd` are running costs and `hedge_usd` the hedges' results that operating cash bears, month to date.
    """

    def __init__(self, common: Common, loans: LoanBook, dscr: Floats) -> None:
        n = len(dscr)
        self.common = common
        self.loans = loans
        self.dscr: Floats = dscr.copy()
        self.breaches = np.zeros(n, dtype=np.int64)
        self.cured: Bools = np.zeros(n, dtype=bool)
        self.opex_usd: Floats = np.zeros(n)
        self.hedge_usd: Floats = np.zeros(n)

    def collect(
        self,
        terms: Loan,
        facilities: Facilities,
        borrowers: Borrowers,
        received_usd: Floats,
        in_estate: Bools,
        normal_cash_usd: Floats,
    ) -> None:
        """Pay interest and amortisation out of the month's cash; test; pay out; sweep.

        `received_usd` (borrowers,) is rent and prepayments received this month. A payment is limited by cash: missed
        interest is added to the balance, missed principal stays in it; no more principal falls due than is owed. Firms
        in an estate pay nothing.
        """
        common, loans, landlords = self.common, self.loans, self.common.register.roll.landlords
        by_loan, falling_due = self._falls_due(facilities, borrowers)
        interest = loans.by_borrower(by_loan)
        due = interest + loans.by_borrower(falling_due)
        cfads = received_usd - self.opex_usd + self.hedge_usd
        cash = common.ledger.held("cash")[landlords]
        paying = np.where(in_estate, 0.0, np.minimum(due, np.maximum(0.0, cash)))
        paid_interest = np.minimum(interest, paying)
        unpaid_interest = np.where(in_estate, 0.0, interest - paid_interest)
        serve(
            common, loans, loans.split(paid_interest, by_loan), loans.split(paying - paid_interest, falling_due),
            loans.split(unpaid_interest, by_loan),
        )  # fmt: skip
        self._test(terms, cfads, due, paying, in_estate)
        self._pay_out(terms, borrowers, np.maximum(0.0, cfads - due), in_estate)
        self._sweep(terms, in_estate, normal_cash_usd)
        self.opex_usd[:] = 0.0
        self.hedge_usd[:] = 0.0

    def _falls_due(self, facilities: Facilities, borrowers: Borrowers) -> tuple[Floats, Floats]:
        """Interest and amortisation of the month, by loan (loans,)."""
        loans, today = self.loans, self.common.board.today
        year = today.days_of_month / DAYS_PER_YEAR
        debt = loans.balance.sum(axis=1)
        spread = borrowers.spread[loans.borrower] + facilities.spread[loans.facility]
        interest = debt * np.maximum(0.0, today.policy_rate + spread + loans.discount) * year
        return interest, np.minimum(debt, debt * facilities.amortisation[loans.facility] * year)

    def _test(self, terms: Loan, cfads: Floats, due: Floats, paid: Floats, in_estate: Bools) -> None:
        """Coverage, a mean of about three months; a breach is a broken covenant or a payment that was missed."""
        now = np.where(due > 0.0, cfads / np.where(due > 0.0, due, 1.0), NO_DEBT_DSCR)
        now = np.minimum(now, NO_DEBT_DSCR)
        self.dscr += (now - self.dscr) / SMOOTHING_MONTHS
        failed = ((self.dscr < terms.covenant) | (paid < due * (1.0 - 1e-9))) & (due > 0.0) & ~in_estate
        self.breaches = np.where(failed, self.breaches + 1, 0)

    def _pay_out(self, terms: Loan, borrowers: Borrowers, free: Floats, in_estate: Bools) -> None:
        """Owners are paid their share of free cash flow, less in lock-up, as far as there is cash."""
        ledger, roll = self.common.ledger, self.common.register.roll
        share = np.where(self.dscr < terms.lock_up, terms.lock_up_payout, 1.0)
        out = np.maximum(0.0, borrowers.payout) * free * share
        left = np.maximum(0.0, ledger.held("cash")[roll.landlords])
        out = np.where(in_estate, 0.0, np.minimum(out, left))
        ledger.post("dividends", "cash", roll.landlords, np.full(len(out), roll.rest_of_world), out)

    def _sweep(self, terms: Loan, in_estate: Bools, normal_cash_usd: Floats) -> None:
        """In lock-up a share of cash above a month's needs repays principal."""
        loans, landlords = self.loans, self.common.register.roll.landlords
        spare = np.maximum(0.0, self.common.ledger.held("cash")[landlords] - normal_cash_usd)
        locked = (self.dscr < terms.lock_up) & ~in_estate
        swept = np.where(locked, np.minimum(loans.debt_usd, terms.cash_sweep * spare), 0.0)
        by_loan = loans.split(swept, loans.balance.sum(axis=1))
        serve(self.common, loans, np.zeros_like(by_loan), by_loan, np.zeros_like(by_loan))
