"""What a vehicle owns of loans: a participation in each cell of the loan book, serviced by the lender of record.

Borrowers owe lenders as before and pay them; the lender passes on the vehicle's part of every payment the same day.
So who owns a loan changes nothing for its borrower, to the last bit.
"""

from __future__ import annotations

import numpy as np

from sim.vocabulary import Floats


class Participations:
    """Balances held by the vehicle (loans, lenders) in USD, and counters of all that has changed them (USD)."""

    def __init__(self, loans: int, lenders: int) -> None:
        self.held: Floats = np.zeros((loans, lenders))
        self.lost_by_lender: Floats = np.zeros(lenders)  # losses of each lender's loans that the vehicle bore
        self.bought_usd = 0.0
        self.interest_usd = 0.0
        self.principal_usd = 0.0
        self.added_usd = 0.0
        self.lost_usd = 0.0

    @property
    def total_usd(self) -> float:
        """Loans held, at face."""
        return float(self.held.sum())

    def buy(self, amounts: Floats) -> None:
        """A part of new draws (loans, lenders), at par."""
        self.held += amounts
        self.bought_usd += float(amounts.sum())

    def sell(self, amounts: Floats, price: float) -> None:
        """Parts (loans, lenders) go back to lenders, over face at a price; the rest of their face is lost."""
        self.held = np.maximum(0.0, self.held - amounts)
        self.principal_usd += price * float(amounts.sum())
        self.lost_usd += (1.0 - price) * float(amounts.sum())

    def parts(self, balance: Floats, amounts: Floats) -> Floats:
        """The vehicle's parts (loans, lenders) of amounts that are shared in proportion to balances."""
        part: Floats = np.minimum(self.held / np.where(balance > 0.0, balance, 1.0), 1.0) * amounts
        return part

    def note(self, interest: Floats, principal: Floats, added: Floats, lost: Floats) -> None:
        """Book the vehicle's parts of interest, principal, interest added to loans, and losses."""
        self.held = np.maximum(0.0, self.held + added - principal - lost)
        self.interest_usd += float(interest.sum())
        self.principal_usd += float(principal.sum())
        self.added_usd += float(added.sum())
        self.lost_usd += float(lost.sum())
        self.lost_by_lender += lost.sum(axis=0)
