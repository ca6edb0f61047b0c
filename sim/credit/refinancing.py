"""Balloons that fall due: drawn anew on that day's terms, else paid in cash, else out of GPUs sold, else missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.credit.calls import Calls
from sim.credit.facilities import Facilities
from sim.credit.loans import LoanBook
from sim.credit.payments import draw, repay
from sim.credit.schedules import Principal, Schedules
from sim.credit.terms import Loan
from sim.department import Common
from sim.rows.securitisation import Offering
from sim.vocabulary import Bools, Floats

DUST_USD = 1.0  # of an overdue balloon that sells nothing and is told nobody


@dataclass(frozen=True)
class Lending:
    """What lenders would do tonight: debt that each base carries, what commitments leave, USD; who passes all tests.

    `base_usd` (borrowers,), `committed_usd` (loans,), `passes` (borrowers,), `room_usd` (lenders,) once these balloons
    are repaid, `open_share` the part of what is asked for that lenders are willing to lend at all, `change` (loans,)
    of a new loan's spread over the borrower's own, per year.
    """

    base_usd: Floats
    committed_usd: Floats
    passes: Bools
    room_usd: Floats
    open_share: float
    change: Floats


class Refinancing:
    """Counters of the current day, USD: `due_usd`, of these `drawn_usd` anew and `cash_usd` paid; `sales_usd` of GPUs.

    `drawn_of` (loans, lenders) are tonight's new draws, `forced` (borrowers,) the share of GPUs that is for sale,
    `offering` what the vehicle bought last.
    """

    def __init__(self, common: Common, loans: LoanBook, schedules: Schedules, *, recorded: bool) -> None:
        self.common, self.loans, self.schedules, self.recorded = common, loans, schedules, recorded
        self.offering = Offering()
        self.forced: Floats = np.zeros(loans.borrowers)
        self.day = -1
        self.begin_day(0)

    def begin_day(self, day: int) -> None:
        """Nothing has fallen due on a day that is new."""
        if day == self.day:
            return
        self.day = day
        self.due_usd = self.drawn_usd = self.cash_usd = self.sales_usd = 0.0
        self.drawn_of: Floats | None = None

    def pass_month(self, facilities: Facilities, due: Principal, lending: Lending) -> Principal:
        """Draw balloons anew as far as that goes; returns what is left to be paid.

        A borrower's new loans are no more than its base carries beside its other loans, and than commitments leave;
        lenders without room for their part cut it pro rata, as they do other draws.
        """
        loans, owed = self.loans, self.loans.balance.sum(axis=1)
        asked = np.where(lending.passes[loans.borrower], due.balloons, 0.0)
        asked = np.minimum(asked, np.maximum(0.0, lending.committed_usd - (owed - due.balloons)))
        carries = np.maximum(0.0, lending.base_usd - (loans.debt_usd - loans.by_borrower(due.balloons)))
        total = loans.by_borrower(asked)
        asked = loans.split(np.minimum(total, carries), asked) * lending.open_share
        parts = asked[:, None] * facilities.syndicate[loans.facility]
        by_lender, room = parts.sum(axis=0), np.maximum(0.0, lending.room_usd)
        parts = parts * np.minimum(1.0, room / np.where(by_lender > 0.0, by_lender, 1.0))
        self._draw(parts, lending.change)
        drawn = parts.sum(axis=1)
        self.due_usd, self.drawn_usd = float(due.balloons.sum()), float(drawn.sum())
        return Principal(due.due - drawn, due.balloons - drawn)

    def _draw(self, parts: Floats, change: Floats) -> None:
        """The old loans are repaid out of new ones (loans, lenders), whose first part is due in a month."""
        drawn = parts.sum(axis=1)
        if not drawn.any():
            return
        balance = self.loans.balance
        owed = balance.sum(axis=1)
        share = drawn / np.where(owed > 0.0, owed, 1.0)
        repay(self.common, self.loans, "balloons refinanced", balance * share[:, None])
        self.loans.price_draws(drawn, change)
        draw(self.common, self.loans, parts, "balloons refinanced")
        self.schedules.draw(drawn)
        self.drawn_of = parts

    def note(self, day: int, left: Principal, paid_usd: Floats, in_estate: Bools) -> None:
        """What of the balloons that were left was not paid either, (loans,), stays due; it is told."""
        missed = np.minimum(np.maximum(0.0, left.due - paid_usd), left.balloons)
        missed = np.where(in_estate[self.loans.borrower], 0.0, missed)
        self.cash_usd = float((left.balloons - missed)[~in_estate[self.loans.borrower]].sum())
        self.schedules.overdue_usd = missed
        for i, usd in enumerate(self.loans.by_borrower(missed).tolist()):
            if usd > DUST_USD:
                name = self.common.register.name(int(self.common.register.roll.landlords[i]))
                self.common.log.note(day, "balloon unpaid", f"{name}: {usd:,.0f} USD neither drawn anew nor paid")

    # GPUs are sold for what is overdue

    @property
    def overdue_usd(self) -> Floats:
        """Balloons due and not paid (borrowers,), USD."""
        return self.loans.by_borrower(np.minimum(self.schedules.overdue_usd, self.loans.balance.sum(axis=1)))

    def pass_day(self, terms: Loan, calls: Calls, cash_usd: Floats, in_estate: Bools) -> None:
        """Share of GPUs (borrowers,) that owners must sell today for balloons: O / N, up to `sold_for_balloons`.

        O is what is overdue and N what outsiders leave for all GPUs after costs. Only who is solvent sells: D <= M +
        chips on order + cash, with M what GPUs count for on the basis of the loan. Who is called sells for its call.
        """
        self.forced[:] = 0.0
        overdue, collateral = self.overdue_usd, calls.collateral
        if collateral is None or not (overdue > DUST_USD).any():
            return
        worth = calls.marked_usd + collateral.on_order_usd + np.maximum(0.0, cash_usd)
        sells = (overdue > DUST_USD) & (self.loans.debt_usd <= worth) & ~in_estate & ~calls.open
        brings = np.where(collateral.sale_usd > 0.0, collateral.sale_usd, np.inf)
        self.forced = np.where(sells, np.minimum(terms.sold_for_balloons, overdue / brings), 0.0)

    def take_proceeds(self, proceeds_usd: Floats) -> Bools:
        """What sellers got for GPUs (borrowers,) repays what is overdue; what is more is theirs. Returns who met it."""
        paid = np.where(self.forced > 0.0, np.minimum(np.maximum(0.0, proceeds_usd), self.overdue_usd), 0.0)
        if not paid.any():
            return paid > 0.0
        overdue, balance = self.schedules.overdue_usd, self.loans.balance
        by_loan = self.loans.split(paid, overdue)
        owed = balance.sum(axis=1)
        repay(
            self.common, self.loans, "balloons out of sales",
            balance * (by_loan / np.where(owed > 0.0, owed, 1.0))[:, None],
        )  # fmt: skip
        self.schedules.overdue_usd = np.maximum(0.0, overdue - by_loan)
        self.sales_usd += float(paid.sum())
        return np.asarray((paid > 0.0) & (self.overdue_usd <= DUST_USD))
