"""The state of the notes: what is owed on each class, at what coupon, to whom, and what waits to be paid out."""

from __future__ import annotations

import numpy as np

from sim.rows.securitisation import CLASSES
from sim.vocabulary import Floats


class NotePool:
    """State of the notes: balances (classes,), coupons over the base rate (notes,), who holds them, reserve.

    `par` (classes,) is what was sold, with interest added, and not repaid, before write-downs; it begins anew with new
    notes of a class of which nothing is left. `holders` (classes, owners) are shares of each class. `waiting_*` is
    collected and not yet paid out, `kept_usd` the part of that principal which waits for new loans; `seen_*` are
    counters of the participations already accounted for.
    """

    def __init__(self, owners: int, classes: tuple[str, ...] = CLASSES) -> None:
        self.classes = classes
        self.balance: Floats = np.zeros(len(classes))
        self.par: Floats = np.zeros(len(classes))
        self.spread: Floats = np.zeros(len(classes) - 1)
        self.holders: Floats = np.zeros((len(classes), owners))
        self.reserve_usd = self.kept_usd = 0.0
        self.seen_interest = self.seen_principal = self.seen_added = self.seen_lost = 0.0
        self.waiting_interest = self.waiting_principal = 0.0
        self.test_failed = False
        self.sources_usd = self.uses_usd = 0.0  # of the last payment date

    def place(self, name: str) -> int:
        """Where a class stands."""
        return self.classes.index(name)

    def of(self, name: str) -> float:
        """What is owed on a class, USD; nothing where there is none."""
        return float(self.balance[self.place(name)]) if name in self.classes else 0.0

    def issue(self, amounts: Floats, spreads: Floats, allotment: Floats) -> None:
        """Sell new notes at par: amounts (classes,), coupons (notes,) over the base rate, allotment adding to 1.

        The allotment is of all classes (owners,), or of each (classes, owners).
        """
        self.par = np.where((self.balance <= 0.0) & (amounts > 0.0), 0.0, self.par) + amounts
        after = self.balance + amounts
        empty = after <= 0.0  # a class of which nothing is sold has owners too: interest may be added to it
        weight = np.where(empty, 1.0, amounts / np.where(empty, 1.0, after))
        self.spread += weight[:-1] * (spreads - self.spread)
        self.holders += weight[:, None] * (np.atleast_2d(allotment) - self.holders)
        self.balance = after

    def move(self, amounts: Floats, *, lost: bool) -> None:
        """Raise what is owed on classes (classes,), repay some of it, or write it down where it is `lost`."""
        if not lost:
            left = 1.0 + np.minimum(0.0, amounts) / np.where(self.balance > 0.0, self.balance, np.inf)
            self.par = self.par * np.maximum(0.0, left) + np.maximum(0.0, amounts)
        self.balance = np.maximum(0.0, self.balance + amounts)
