"""Loans against chips and contracts: balances by borrower and lender, amortised in proportion to the balance."""

from __future__ import annotations

import numpy as np

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
