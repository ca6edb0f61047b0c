"""What falls due of each loan: a share of the balance, or the parts of its draws by their schedules."""

from __future__ import annotations

import numpy as np

from sim.credit.facilities import Facilities
from sim.credit.loans import LoanBook
from sim.credit.terms import Schedule
from sim.vocabulary import Floats


class Schedules:
    """Parts of scheduled loans by the month in which they fall due (loans, months), USD before what was paid ahead.

    What is paid ahead or missed changes all parts that are left in proportion. `growth` is that of draws on the path.
    """

    def __init__(self, loans: LoanBook, growth: float) -> None:
        self.loans = loans
        self.growth = growth
        self.terms: tuple[Schedule | None, ...] = ()
        self.parts: Floats = np.zeros((len(loans.balance), 0))

    def adopt(self, terms: tuple[Schedule | None, ...]) -> None:
        """Take the schedules of facilities; what is owed under a new one is taken to be of the path's ages."""
        if terms == self.terms:
            return
        before, self.terms = self.terms, terms
        most = max((schedule.months for schedule in terms if schedule), default=0)
        parts = np.zeros((len(self.loans.balance), most))
        balance = self.loans.balance.sum(axis=1)
        for f, schedule in enumerate(terms):
            rows = self.loans.facility == f
            if schedule is not None and before and before[f] == schedule:
                parts[rows, : self.parts.shape[1]] = self.parts[rows, :most]
            elif schedule is not None:
                parts[rows, : schedule.months] = np.outer(balance[rows], schedule.profile(self.growth))
        self.parts = parts

    def falls_due(self, facilities: Facilities, year: float) -> Floats:
        """Principal that falls due this month (loans,), USD, which is `year` years long; parts move up by a month."""
        balance = self.loans.balance.sum(axis=1)
        due = balance * facilities.amortisation[self.loans.facility] * year
        if not self.parts.size:
            return np.asarray(due)
        total = self.parts.sum(axis=1)
        share = np.where(total > 0.0, self.parts[:, 0] / np.where(total > 0.0, total, 1.0), 1.0)
        scheduled = np.array([schedule is not None for schedule in self.terms])[self.loans.facility]
        self.parts = np.roll(self.parts, -1, axis=1)
        self.parts[:, -1] = 0.0
        left = np.maximum(0.0, total * (1.0 - share))
        scale = np.where(left > 0.0, balance * (1.0 - share) / np.where(left > 0.0, left, 1.0), 0.0)
        self.parts *= scale[:, None]
        return np.asarray(np.where(scheduled, balance * share, due))

    def first_parts(self) -> Floats:
        """What falls due next of scheduled loans, by borrower (borrowers,), USD."""
        first = self.parts[:, 0] if self.parts.size else np.zeros(len(self.parts))
        return self.loans.by_borrower(first)

    def draw(self, amounts: Floats) -> None:
        """New draws (loans,), of which the first part falls due next month."""
        for f, schedule in enumerate(self.terms):
            if schedule is not None:
                rows = self.loans.facility == f
                part = amounts[rows, None] * (1.0 - schedule.balloon) / schedule.months
                self.parts[rows, : schedule.months] += part
                self.parts[rows, schedule.months - 1] += amounts[rows] * schedule.balloon
