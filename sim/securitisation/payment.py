"""Payment dates of the notes, their losses and their issue: what the vehicle posts."""

from __future__ import annotations

import numpy as np

from sim.department import Common
from sim.rows.credit import ServicerReport
from sim.rows.securitisation import CLASSES, NoteTerms
from sim.securitisation.notes import Due, NotePool, Payment, Pot, waterfall, write_downs
from sim.vocabulary import DAYS_PER_YEAR, Floats

MONTHS = 12.0
DUST = 1e-12  # relative gap between principal collected and passed through that is but rounding


class Issuer:
    """Keeps the vehicle's pool and posts what it pays. `write_downs_usd` and `issued_usd` are of the current day."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.pool = NotePool(len(common.register.roll.investors))
        self.write_downs_usd = 0.0
        self.issued_usd = 0.0

    @property
    def idle(self) -> bool:
        """Whether there is nothing that could be paid or lost."""
        return not self.pool.balance.any() and not self.pool.reserve_usd

    @property
    def vehicle(self) -> int:
        """The vehicle's row of the ledger."""
        return int(self.common.register.roll.vehicles[0])

    def collateral_usd(self, report: ServicerReport, terms: NoteTerms) -> float:
        """Loans held, those of firms in default at the recovery rate."""
        return float(report.sold_usd @ np.where(report.in_estate, terms.recovery, 1.0))

    def recognise(self, report: ServicerReport) -> float:
        """Take in what happened to the pool's loans: collections wait, losses reach the classes. Returns the losses.

        Interest added to loans is the residual's gain.
        """
        pool, sold = self.pool, report
        pool.waiting_interest += sold.interest_usd - pool.seen_interest
        pool.waiting_principal += sold.principal_usd - pool.seen_principal
        added, lost = sold.added_usd - pool.seen_added, sold.lost_usd - pool.seen_lost
        pool.seen_interest, pool.seen_principal = sold.interest_usd, sold.principal_usd
        pool.seen_added, pool.seen_lost = sold.added_usd, sold.lost_usd
        if added > 0.0:
            self._move("credited to the residual", np.array([0.0, 0.0, added]))
        if lost > 0.0:
            self._write_down(lost)
        return max(0.0, lost)

    def pay(self, terms: NoteTerms, rate: float, days: int, report: ServicerReport) -> Payment:
        """A payment date: run the waterfall on what was collected and post it; unpaid interest is added to its note."""
        pool, year = self.pool, days / DAYS_PER_YEAR
        interest = pool.balance[:2] * (rate + pool.spread) * year
        target = terms.reserve_months / MONTHS * float(pool.balance[:2] @ (rate + pool.spread))
        due = Due(terms.fee_per_year * report.sold_total_usd * year, float(interest[0]), float(interest[1]), target)
        pot = Pot(pool.waiting_interest, pool.waiting_principal, pool.reserve_usd)
        paid = waterfall(pot, due, pool.balance, self.collateral_usd(report, terms), terms)
        self._post(paid)
        unpaid = np.array([interest[0] - paid.senior_interest, interest[1] - paid.junior_interest, 0.0])
        gain = paid.cure + sum(paid.through) - pot.principal
        gain = 0.0 if abs(gain) <= DUST * pot.principal else gain
        pool.reserve_usd, pool.waiting_interest, pool.waiting_principal = paid.reserve, 0.0, 0.0
        pool.sources_usd, pool.uses_usd, pool.test_failed = pot.total, paid.total, paid.test_failed
        if unpaid.any():
            self._move("interest added to notes", np.maximum(0.0, unpaid))
        loss = float(np.maximum(0.0, unpaid).sum()) - gain
        if loss > 0.0:
            self._write_down(loss)
        elif loss < 0.0:
            self._move("credited to the residual", np.array([0.0, 0.0, -loss]))
        return paid

    def _post(self, paid: Payment) -> None:
        ledger, roll, vehicle = self.common.ledger, self.common.register.roll, self.vehicle
        ledger.transfer("note fees", "cash", vehicle, roll.rest_of_world, paid.fees)
        income = np.array([paid.senior_interest, paid.junior_interest, paid.residual])
        self._share_out("note interest", income)
        principal = np.array(paid.through) + np.array([paid.cure, 0.0, 0.0])
        self._share_out("note principal", principal)
        self._move("note principal", -principal)

    def _share_out(self, reason: str, amounts: Floats) -> None:
        """Pay amounts by class (3,) to the holders of each class."""
        to = amounts @ self.pool.holders
        payers = np.full(len(to), self.vehicle)
        self.common.ledger.post(reason, "cash", payers, self.common.register.roll.investors, to)

    def _move(self, reason: str, amounts: Floats) -> None:
        """Raise (+) or lower (-) the balances of the classes (3,) with all their holders."""
        vehicle, investors = self.vehicle, self.common.register.roll.investors
        for k, name in enumerate(CLASSES):
            if amounts[k] != 0.0:
                parts = abs(float(amounts[k])) * self.pool.holders[k]
                one = np.full(len(parts), vehicle)
                payers, payees = (one, investors) if amounts[k] > 0.0 else (investors, one)
                self.common.ledger.post(reason, name, payers, payees, parts)
        self.pool.balance = np.maximum(0.0, self.pool.balance + amounts)

    def _write_down(self, loss_usd: float) -> None:
        """Let a loss reach residual, junior note, senior note, in this order."""
        cuts = write_downs(loss_usd, self.pool.balance)
        self._move("note write-downs", -cuts)
        self.write_downs_usd += float(cuts.sum())

    def issue(self, total: float, terms: NoteTerms, spreads: Floats, bought_usd: Floats) -> None:
        """Issue notes for so many USD of loans to those who bought them (investors,), at par."""
        ledger, roll, vehicle = self.common.ledger, self.common.register.roll, self.vehicle
        amounts = total * np.array(terms.shares)
        investors, one = roll.investors, np.full(len(roll.investors), vehicle)
        ledger.post("notes issued", "cash", investors, one, bought_usd)
        for name, amount in zip(CLASSES, amounts, strict=True):
            ledger.post("notes issued", name, one, investors, amount * bought_usd / total)
        self.pool.issue(amounts, spreads[:2], bought_usd / total)
        self.issued_usd += total
