"""Credit at month end: debt service, coverage tests, sweeps, payouts, lenders' capital, and room for new draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.books import Books
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats

SMOOTHING_MONTHS = 3.0
NO_DEBT_DSCR = 99.0


@dataclass(frozen=True)
class LoanTerms:
    """Terms of all loans; see the configuration for units. Arrays are by landlord."""

    amortisation: float
    lock_up: float
    covenant: float
    grace_months: int
    cure_probability: float
    cure_share: float
    cash_sweep: float
    lock_up_payout: float
    spread: Floats
    advance_rate: Floats
    payout: Floats


class LoanDesk:
    """Services loans and tests borrowers. State by landlord (landlords,): DSCR, months in breach, cured before."""

    def __init__(self, terms: LoanTerms, dscr: Floats) -> None:
        n = len(terms.spread)
        self.terms = terms
        self.dscr: Floats = dscr.copy()
        self.breaches = np.zeros(n, dtype=np.int64)
        self.cured: Bools = np.zeros(n, dtype=bool)
        self.opex_usd: Floats = np.zeros(n)  # month to date
        self.hedge_usd: Floats = np.zeros(n)  # hedge results borne by operating cash, month to date

    def service(
        self, books: Books, received_usd: Floats, rate: float, days: int, in_estate: Bools, normal_cash_usd: Floats
    ) -> Floats:
        """Pay interest and amortisation out of the month's cash; test; sweep; pay out. Returns paid (landlords,).

        `received_usd` (landlords,) is rent and prepayments received this month. A payment is limited by cash: missed
        interest is added to the balance, missed principal stays in it; no more principal falls due than is owed. Firms
        in an estate pay nothing.
        """
        t, ledger, roll, loans = self.terms, books.ledger, books.roll, books.loans
        year = days / DAYS_PER_YEAR
        debt = loans.balance.sum(axis=1)
        interest = debt * np.maximum(0.0, rate + t.spread + loans.discount) * year
        principal = np.minimum(debt, debt * t.amortisation * year)
        due = interest + principal
        cfads = received_usd - self.opex_usd + self.hedge_usd
        cash = ledger.held("cash")[roll.landlords]
        paying = np.where(in_estate, 0.0, np.minimum(due, np.maximum(0.0, cash)))
        paid_interest = np.minimum(interest, paying)
        paid_principal = paying - paid_interest
        self._pay(books, paid_interest, paid_principal, np.where(in_estate, 0.0, interest - paid_interest))
        self._test(cfads, due, paying, in_estate)
        free = np.maximum(0.0, cfads - due)
        locked = self.dscr < t.lock_up
        out = np.maximum(0.0, t.payout) * free * np.where(locked, t.lock_up_payout, 1.0)
        left = ledger.held("cash")[roll.landlords]
        out = np.where(in_estate, 0.0, np.minimum(out, np.maximum(0.0, left)))
        ledger.post("dividends", "cash", roll.landlords, np.full(len(out), roll.rest_of_world), out)
        spare = np.maximum(0.0, ledger.held("cash")[roll.landlords] - normal_cash_usd)
        sweep = np.where(locked & ~in_estate, np.minimum(loans.balance.sum(axis=1), t.cash_sweep * spare), 0.0)
        self._pay(books, np.zeros_like(sweep), sweep, np.zeros_like(sweep))
        self.opex_usd[:] = 0.0
        self.hedge_usd[:] = 0.0
        return np.asarray(paying)

    def _test(self, cfads: Floats, due: Floats, paid: Floats, in_estate: Bools) -> None:
        now = np.where(due > 0.0, cfads / np.where(due > 0.0, due, 1.0), NO_DEBT_DSCR)
        now = np.minimum(now, NO_DEBT_DSCR)
        self.dscr += (now - self.dscr) / SMOOTHING_MONTHS
        failed = ((self.dscr < self.terms.covenant) | (paid < due * (1.0 - 1e-9))) & (due > 0.0) & ~in_estate
        self.breaches = np.where(failed, self.breaches + 1, 0)

    def _pay(self, books: Books, interest: Floats, principal: Floats, unpaid_interest: Floats) -> None:
        """Split among the lenders in proportion to balances; lenders' cash goes to their funding at once."""
        ledger, roll, loans = books.ledger, books.roll, books.loans
        debt = loans.balance.sum(axis=1)
        share = loans.balance / np.where(debt > 0.0, debt, 1.0)[:, None]
        back = share * principal[:, None]
        added = share * unpaid_interest[:, None]
        ledger.post_pairs("interest", "cash", roll.landlords, roll.lenders, share * interest[:, None])
        ledger.post_pairs("principal", "cash", roll.landlords, roll.lenders, back)
        ledger.post_pairs("principal", "loan", roll.lenders, roll.landlords, back.T)
        ledger.post_pairs("interest added to loans", "loan", roll.landlords, roll.lenders, added)
        nothing = np.zeros_like(back)
        pass_on(books, share * interest[:, None], back, added, nothing)
        loans.repay(back)
        loans.draw(added)

    def fund(self, books: Books, rate: float, days: int, wanted_capital_usd: Floats) -> None:
        """Lenders pay their depositors, set capital to `wanted_capital_usd` (lenders,), and repay funding with cash."""
        ledger, roll = books.ledger, books.roll
        world = np.full(len(roll.lenders), roll.rest_of_world)
        funding = -ledger.held("funding")[roll.lenders]
        ledger.post(
            "deposit interest", "cash", roll.lenders, world, np.maximum(0.0, funding) * rate * days / DAYS_PER_YEAR
        )
        gap = ledger.net_worth()[roll.lenders] - wanted_capital_usd
        ledger.post("lender dividends", "cash", roll.lenders, world, np.maximum(0.0, gap))
        ledger.post("lender capital raised", "cash", world, roll.lenders, np.maximum(0.0, -gap))
        self.balance_funding(books)

    def balance_funding(self, books: Books) -> None:
        """Lenders' cash repays deposits as long as there are any; what they lack is deposited."""
        ledger, roll = books.ledger, books.roll
        world = np.full(len(roll.lenders), roll.rest_of_world)
        cash = ledger.held("cash")[roll.lenders].copy()
        owed = np.maximum(0.0, -ledger.held("funding")[roll.lenders])
        for sign, most in ((1.0, owed), (-1.0, np.inf)):
            amount = np.minimum(most, np.maximum(0.0, sign * cash))
            payers, payees = (roll.lenders, world) if sign > 0.0 else (world, roll.lenders)
            ledger.post("deposits", "cash", payers, payees, amount)
            ledger.post("deposits", "funding", payees, payers, amount)

    def draw(self, books: Books, amounts: Floats) -> None:
        """New loans (landlords, lenders): cash to the borrower, a claim to the lender, funded by deposits."""
        ledger, roll = books.ledger, books.roll
        world = np.full(len(roll.lenders), roll.rest_of_world)
        by_lender = amounts.sum(axis=0)
        ledger.post("deposits", "cash", world, roll.lenders, by_lender)
        ledger.post("deposits", "funding", roll.lenders, world, by_lender)
        ledger.post_pairs("loan draws", "cash", roll.lenders, roll.landlords, amounts.T)
        ledger.post_pairs("loan draws", "loan", roll.landlords, roll.lenders, amounts)
        books.loans.draw(amounts)


def pass_on(books: Books, interest: Floats, principal: Floats, added: Floats, lost: Floats) -> None:
    """Lenders pass the vehicle its parts of payments, added interest and losses (borrowers, lenders).

    To be called before the balances change; nothing is posted where nothing is sold.
    """
    ledger, roll, sold, balance = books.ledger, books.roll, books.loans.sold, books.loans.balance
    if not sold.held.any():
        return
    parts = [sold.parts(balance, amounts) for amounts in (interest, principal, added, lost)]
    by_lender = [part.sum(axis=0) for part in parts]
    vehicle = np.full(len(roll.lenders), roll.vehicles[0])
    ledger.post("interest passed on", "cash", roll.lenders, vehicle, by_lender[0])
    ledger.post("principal passed on", "cash", roll.lenders, vehicle, by_lender[1])
    ledger.post("principal passed on", "loan", vehicle, roll.lenders, by_lender[1])
    ledger.post("interest added to loans", "loan", roll.lenders, vehicle, by_lender[2])
    ledger.post("write-offs", "loan", vehicle, roll.lenders, by_lender[3])
    sold.note(*parts)
