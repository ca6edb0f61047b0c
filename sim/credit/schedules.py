"""What falls due of each loan: a share of the balance, or the parts of its draws by their schedules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.credit.facilities import Facilities
from sim.credit.loans import LoanBook
from sim.credit.terms import Schedule
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Principal:
    """What falls due of each loan (loans,), USD; `balloons` is what of it are balloons that may be drawn anew."""

    due: Floats
    balloons: Floats


class Schedules:
    """Parts of scheduled loans by the month in which they fall due (loans, months), USD before what was paid ahead.

    What is paid ahead or missed changes all parts that are left in proportion. `growth` is that of draws on the path.
    `balloons` (loans, months) are what of the parts are balloons that may be drawn anew, and `overdue_usd` (loans,)
    such balloons as were due and neither drawn anew nor paid: they are due until they are, and are no part.
    """

    def __init__(self, loans: LoanBook, growth: float) -> None:
        self.loans = loans
        self.growth = growth
        self.terms: tuple[Schedule | None, ...] = ()
        self.refinanced: tuple[bool, ...] = ()
        self.parts: Floats = np.zeros((len(loans.balance), 0))
        self.balloons: Floats = self.parts.copy()
        self.overdue_usd: Floats = np.zeros(len(loans.balance))

    def adopt(self, terms: tuple[Schedule | None, ...], refinanced: tuple[bool, ...]) -> None:
        """Take the schedules of facilities; what is owed under a new one is taken to be of the path's ages."""
        if (terms, refinanced) == (self.terms, self.refinanced):
            return
        before, self.terms = dict(enumerate(zip(self.terms, self.refinanced, strict=True))), terms
        self.refinanced = refinanced
        most = max((schedule.months for schedule in terms if schedule), default=0)
        parts, balloons = np.zeros((2, len(self.loans.balance), most))
        balance = self.loans.balance.sum(axis=1)
        for f, (schedule, again) in enumerate(zip(terms, refinanced, strict=True)):
            rows = self.loans.facility == f
            known, was = before.get(f, (None, False))
            if not again:
                self.overdue_usd[rows] = 0.0
            if schedule is not None and known == schedule:
                parts[rows, : self.parts.shape[1]] = self.parts[rows, :most]
                if again and was:
                    balloons[rows, : self.parts.shape[1]] = self.balloons[rows, :most]
            elif schedule is not None:
                parts[rows, : schedule.months] = np.outer(balance[rows], schedule.profile(self.growth))
            if schedule is not None and again and not (known == schedule and was):
                share = np.array(schedule.balloons(self.growth)) / np.array(schedule.profile(self.growth))
                balloons[rows, : schedule.months] = parts[rows, : schedule.months] * share
        self.parts, self.balloons = parts, balloons

    def falls_due(self, facilities: Facilities, year: float) -> Principal:
        """Principal that falls due this month, which is `year` years long; parts move up by a month."""
        owed = self.loans.balance.sum(axis=1)
        due = owed * facilities.amortisation[self.loans.facility] * year
        if not self.parts.size:
            return Principal(np.asarray(due), np.zeros(len(due)))
        self.overdue_usd = np.minimum(self.overdue_usd, owed)
        balance = owed - self.overdue_usd
        total = self.parts.sum(axis=1)
        parts_of = np.where(total > 0.0, total, 1.0)
        share = np.where(total > 0.0, self.parts[:, 0] / parts_of, 1.0)
        balloons = balance * self.balloons[:, 0] / parts_of + self.overdue_usd
        scheduled = np.array([schedule is not None for schedule in self.terms])[self.loans.facility]
        left = np.maximum(0.0, total * (1.0 - share))
        scale = np.where(left > 0.0, balance * (1.0 - share) / np.where(left > 0.0, left, 1.0), 0.0)
        for table in (self.parts, self.balloons):
            table[:, :-1] = table[:, 1:] * scale[:, None]
            table[:, -1] = 0.0
        return Principal(np.where(scheduled, balance * share + self.overdue_usd, due), balloons)

    def first_parts(self) -> Floats:
        """What falls due next of scheduled loans in cash, by borrower (borrowers,), USD."""
        first = self.parts[:, 0] - self.balloons[:, 0] if self.parts.size else np.zeros(len(self.parts))
        return self.loans.by_borrower(first)

    def draw(self, amounts: Floats) -> None:
        """New draws (loans,), of which the first part falls due next month."""
        for f, schedule in enumerate(self.terms):
            if schedule is not None:
                rows = self.loans.facility == f
                part = amounts[rows, None] * (1.0 - schedule.balloon) / schedule.months
                self.parts[rows, : schedule.months] += part
                self.parts[rows, schedule.months - 1] += amounts[rows] * schedule.balloon
                if self.refinanced[f]:
                    self.balloons[rows, schedule.months - 1] += amounts[rows] * schedule.balloon
