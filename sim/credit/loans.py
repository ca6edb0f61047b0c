"""Loans against chips and contracts: one row a facility and borrower, balances by lender of record.

Lenders may have sold parts of them to a vehicle (`sold`); borrowers' balances do not depend on that.
"""

from __future__ import annotations

import numpy as np

from sim.credit.participations import Participations
from sim.kernels.laws import balances
from sim.rounding import rounding
from sim.vocabulary import Floats, Ints


class LoanBook:
    """Balances (loans, lenders) in USD; loan `f * borrowers + i` is what borrower i owes under facility f.

    `weights` (lenders,) are lenders' shares of what they lend together. Counters of draws, principal repaid and
    write-offs let the close of the day check that nothing else moved balances.
    """

    def __init__(self, facilities: int, borrowers: int, weights: Floats) -> None:
        self.facilities, self.borrowers = facilities, borrowers
        self.weights = weights
        self.balance: Floats = np.zeros((facilities * borrowers, len(weights)))
        self.drawn: Floats = np.zeros_like(self.balance)
        self.repaid: Floats = np.zeros_like(self.balance)
        self.written_off: Floats = np.zeros_like(self.balance)
        self.sizes: Floats = np.zeros_like(self.balance)  # balances day by day, and draws: see `rounding`
        self.sold = Participations(facilities * borrowers, len(weights))
        self.discount: Floats = np.zeros(facilities * borrowers)  # mean change of a loan's spread, per year
        self.interest_usd: Floats = np.zeros(facilities * borrowers)  # paid so far; commitment fees too
        self.fees_usd: Floats = np.zeros(facilities * borrowers)

    @property
    def borrower(self) -> Ints:
        """Who owes each loan (loans,)."""
        return np.tile(np.arange(self.borrowers), self.facilities)

    @property
    def facility(self) -> Ints:
        """Under which facility each loan was drawn (loans,)."""
        return np.repeat(np.arange(self.facilities), self.borrowers)

    def of(self, borrower: int) -> slice:
        """The rows of a borrower's loans."""
        return slice(borrower, None, self.borrowers)

    def by_borrower(self, amounts: Floats) -> Floats:
        """Amounts by loan (loans, ...) as amounts by borrower (borrowers, ...)."""
        table = amounts.reshape(self.facilities, self.borrowers, *amounts.shape[1:])
        return np.asarray(table.sum(axis=0))

    @property
    def debt_usd(self) -> Floats:
        """What each borrower owes in all (borrowers,)."""
        return self.by_borrower(self.balance.sum(axis=1))

    @property
    def parts_of_borrowers(self) -> Floats:
        """What adds up to it: balances by facility and lender (borrowers, facilities x lenders)."""
        table = self.balance.reshape(self.facilities, self.borrowers, -1)
        return table.swapaxes(0, 1).reshape(self.borrowers, -1)

    @property
    def kept_usd(self) -> Floats:
        """Loans that lenders have not sold (loans, lenders), USD."""
        return np.asarray(np.maximum(0.0, self.balance - self.sold.held))

    def split(self, amounts: Floats, by: Floats) -> Floats:
        """Amounts of borrowers (borrowers,) as amounts of their loans (loans,), in proportion to `by` (loans,)."""
        total = self.by_borrower(by)
        share = by / np.where(total > 0.0, total, 1.0)[self.borrower]
        return np.asarray(share * amounts[self.borrower])

    def price_draws(self, amounts: Floats, charge: Floats) -> None:
        """Mix the changes of the spread (per year; loans) at which draws (loans,) are made into the loans' mean."""
        before = self.balance.sum(axis=1)
        after = before + amounts
        self.discount = (self.discount * before + charge * amounts) / np.where(after > 0.0, after, 1.0)

    def draw(self, amounts: Floats) -> None:
        """New draws (loans, lenders)."""
        self.balance += amounts
        self.drawn += amounts
        self.sizes += amounts

    def note_sizes(self) -> None:
        """Add tonight's balances to the sizes by which their rounding is judged."""
        self.sizes += self.balance

    def add_up(self) -> bool:
        """Whether balances are what the counters leave of draws."""
        return balances(self.balance, self.drawn, self.repaid, self.written_off, self.sizes, rounding(1.0))

    def at_most_owed(self, amounts: Floats) -> Floats:
        """Payments (loans, lenders) of principal without what rounding adds to a debt that is paid in full."""
        return np.asarray(np.minimum(amounts, self.balance))

    def repay(self, amounts: Floats) -> None:
        """Principal repaid (loans, lenders)."""
        self.balance -= amounts
        self.repaid += amounts

    def write_off(self, borrower: int) -> Floats:
        """What is left of a borrower's loans is lost; returns the losses (lenders,)."""
        rows = self.of(borrower)
        lost = self.balance[rows].copy()
        self.balance[rows] = 0.0
        self.written_off[rows] += lost
        return np.asarray(lost.sum(axis=0))
