"""Margin calls: what collateral counts for, who is called, cures in cash and chips, GPUs that must be sold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.credit.loans import LoanBook
from sim.credit.payments import repay
from sim.credit.terms import Call, Loan
from sim.department import Common
from sim.rows.credit import Collateral
from sim.vocabulary import Bools, Floats, Ints

DUST_USD = 1.0  # of a shortfall that calls nobody


class Calls:
    """Open calls. State by borrower: the day of the call (-1: none), the share of GPUs pledged, what must be sold.

    `marked_usd` (borrowers,) is what GPUs at work count for. Counters are of the current day.
    """

    def __init__(self, common: Common, loans: LoanBook) -> None:
        n = len(common.register.roll.landlords)
        self.common = common
        self.loans = loans
        self.since: Ints = np.full(n, -1, dtype=np.int64)
        self.pledged: Floats = np.ones(n)
        self.forced: Floats = np.zeros(n)
        self.failed: Bools = np.zeros(n, dtype=bool)
        self.collateral: Collateral | None = None
        self.marked_usd: Floats = np.zeros(n)
        self.called_usd = self.cash_usd = self.chips_usd = self.sales_usd = 0.0

    @property
    def open(self) -> Bools:
        """Who is called and has not cured it (borrowers,)."""
        return np.asarray(self.since >= 0)

    def adopt(self, call: Call | None, before: Call | None) -> None:
        """Take new terms: what is pledged starts anew where there were no calls, and calls that are gone are closed."""
        if call is None:
            self.since[:], self.forced[:], self.failed[:] = -1, 0.0, False
        elif before is None:
            self.pledged[:] = call.pledged_share

    def mark(self, terms: Loan, collateral: Collateral, lenders_mark: Callable[[], Floats]) -> None:
        """What GPUs at work count for tonight: book, or at most book by used prices or by lenders' own value.

        Lenders are asked for their marks (borrowers,) where they are read.
        """
        self.collateral = collateral
        if terms.collateral_basis == "book":
            self.marked_usd = collateral.book_usd
        elif terms.collateral_basis == "appraisal":
            self.marked_usd = np.minimum(collateral.book_usd, collateral.price_usd)
        else:
            self.marked_usd = np.minimum(collateral.book_usd, collateral.value_usd * lenders_mark())

    def base_usd(self, terms: Loan, pledged_usd: Floats) -> Floats:
        """What counts in the borrowing base (borrowers,), given book value at work and on order."""
        if terms.collateral_basis == "book" or self.collateral is None:
            return pledged_usd
        return np.asarray(self.marked_usd + self.collateral.on_order_usd)

    def shortfall_usd(self, call: Call) -> Floats:
        """What is owed beyond the line (borrowers,): D - m (pledged M + chips on order), at least 0.

        m is maintenance, for who has been called what must be restored.
        """
        assert self.collateral is not None
        counts = self.pledged * self.marked_usd + self.collateral.on_order_usd
        line = np.where(self.open, call.restored, call.maintenance)
        return np.asarray(np.maximum(0.0, self.loans.debt_usd - line * counts))

    def pass_day(self, terms: Loan, day: int, spare_usd: Floats, in_estate: Bools) -> None:
        """Test, call and cure: cash that is spare (borrowers,), then chips not pledged yet, then GPUs must be sold."""
        self.called_usd = self.cash_usd = self.chips_usd = self.sales_usd = 0.0
        self.forced[:], self.failed[:] = 0.0, False
        call = terms.call
        if call is None or self.collateral is None:
            return
        short = np.where(in_estate, 0.0, self.shortfall_usd(call))
        self._close(day, short, in_estate)
        if call.tested == "daily" or self.common.calendar.is_month_end(day):
            self._call(day, short)
            short = np.where(in_estate, 0.0, self.shortfall_usd(call))
        short = self._cure_in_cash(np.where(self.open, short, 0.0), spare_usd)
        short = self._cure_in_chips(call, short)
        self._close(day, short, in_estate)
        overdue = self.open & (day - self.since >= call.cure_days)
        self.failed = self.open & (day - self.since >= call.cure_days + call.sale_days)
        self.forced = np.where(overdue & ~self.failed, self._to_sell(call, short), 0.0)

    def _name(self, i: int) -> str:
        return self.common.register.name(int(self.common.register.roll.landlords[i]))

    def _close(self, day: int, short_usd: Floats, in_estate: Bools) -> None:
        """Calls without a shortfall are cured; those of firms in default are for their creditors."""
        for i in np.flatnonzero(self.open & ((short_usd <= DUST_USD) | in_estate)).tolist():
            self.since[i] = -1
            if not in_estate[i]:
                self.common.log.note(day, "margin call cured", self._name(i))

    def _call(self, day: int, short_usd: Floats) -> None:
        for i in np.flatnonzero(~self.open & (short_usd > DUST_USD)).tolist():
            self.since[i] = day
            self.called_usd += float(short_usd[i])
            self.common.log.note(day, "margin call", f"{self._name(i)}: {short_usd[i]:,.0f} USD beyond maintenance")

    def _cure_in_cash(self, short_usd: Floats, spare_usd: Floats) -> Floats:
        """Spare cash repays what is short; returns what is left of it."""
        paid = np.minimum(short_usd, np.maximum(0.0, spare_usd))
        if paid.any():
            self._repay("margin calls met", paid)
            self.cash_usd += float(paid.sum())
        return np.asarray(short_usd - paid)

    def _cure_in_chips(self, call: Call, short_usd: Floats) -> Floats:
        """GPUs that are not pledged yet are; returns what is left of the shortfall."""
        worth = call.restored * self.marked_usd
        more = np.where(worth > 0.0, short_usd / np.where(worth > 0.0, worth, 1.0), 0.0)
        more = np.minimum(more, 1.0 - self.pledged)
        self.pledged = np.minimum(1.0, self.pledged + more)
        self.chips_usd += float((more * self.marked_usd).sum())
        return np.asarray(np.maximum(0.0, short_usd - more * worth))

    def _to_sell(self, call: Call, short_usd: Floats) -> Floats:
        """Share of GPUs (borrowers,) whose sale meets the shortfall: S / (N - m M), all where that helps nobody.

        Each of them brings N after costs, to lenders, and takes M out of the collateral.
        """
        assert self.collateral is not None
        freed = self.collateral.sale_usd - call.restored * self.pledged * self.marked_usd
        share = np.where(freed > 0.0, short_usd / np.where(freed > 0.0, freed, 1.0), 1.0)
        return np.asarray(np.minimum(call.sold_per_day, share) * (short_usd > DUST_USD))

    def take_proceeds(self, proceeds_usd: Floats) -> None:
        """What called borrowers got for GPUs (borrowers,) repays their loans; what is more is theirs."""
        paid = np.where(self.forced > 0.0, np.minimum(np.maximum(0.0, proceeds_usd), self.loans.debt_usd), 0.0)
        if paid.any():
            self._repay("forced sales", paid)
            self.sales_usd += float(paid.sum())

    def _repay(self, reason: str, paid_usd: Floats) -> None:
        """Repay loans of borrowers (borrowers,), by what is owed on each."""
        balance = self.loans.balance
        debt = balance.sum(axis=1)
        by_loan = self.loans.split(paid_usd, debt)
        share = by_loan / np.where(debt > 0.0, debt, 1.0)
        repay(self.common, self.loans, reason, balance * share[:, None])
