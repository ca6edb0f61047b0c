"""Loans against chips and contracts: balances by borrower and lender of record, amortised in proportion to balances.

Lenders may have sold parts of them to a vehicle (`sold`); borrowers' balances do not depend on that.
"""

from __future__ import annotations

import numpy as np

from sim.credit.participations import Participations
from sim.vocabulary import Floats


class LoanBook:
    """Balances (borrowers, lenders) in USD; each borrower's facility is syndicated to all lenders by `syndicate`.

    Counters of draws, principal repaid and write-offs let the close of the day check that nothing else moved them.
    """

    def __init__(self, borrowers: int, syndicate: Floats) -> None:
        self.syndicate = syndicate
        self.balance: Floats = np.zeros((borrowers, len(syndicate)))
        self.drawn: Floats = np.zeros_like(self.balance)
        self.repaid: Floats = np.zeros_like(self.balance)
        self.written_off: Floats = np.zeros_like(self.balance)
        self.sold = Participations(borrowers, len(syndicate))
        self.discount: Floats = np.zeros(borrowers)  # mean cut of a borrower's spread, per year (negative), by balance

    def price_draws(self, amounts: Floats, charge: float) -> None:
        """Mix the change of the spread (per year) at which draws (borrowers,) are made into the borrowers' mean."""
        before = self.balance.sum(axis=1)
        after = before + amounts
        self.discount = (self.discount * before + charge * amounts) / np.where(after > 0.0, after, 1.0)

    def draw(self, amounts: Floats) -> None:
        """New draws (borrowers, lenders)."""
        self.balance += amounts
        self.drawn += amounts

    def repay(self, amounts: Floats) -> None:
        """Principal repaid (borrowers, lenders)."""
        self.balance -= amounts
        self.repaid += amounts

    def write_off(self, borrower: int) -> Floats:
        """What is left of a borrower's loans is lost; returns the losses (lenders,)."""
        lost: Floats = self.balance[borrower].copy()
        self.balance[borrower] = 0.0
        self.written_off[borrower] += lost
        return lost
