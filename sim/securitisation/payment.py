"""Payment dates of the notes, their losses and their issue: what the vehicle posts."""

from __future__ import annotations

import math

import numpy as np

from sim.department import Common
from sim.rows.credit import ServicerReport
from sim.rows.securitisation import EVERY_CLASS, LINE, NoteTerms
from sim.securitisation.notes import NotePool
from sim.securitisation.waterfall import USUAL, Due, Payment, Pot, Stage, waterfall, write_downs
from sim.vocabulary import DAYS_PER_YEAR, Floats

MONTHS = 12.0
DUST = 1e-12  # relative gap between principal collected and passed through that is but rounding


class Issuer:
    """Keeps the vehicle's pool and posts what it pays.

    `write_downs_usd`, `issued_usd`, `cuts_usd` (write-downs by class) and `uses` of cash are of the current day.
    """

    def __init__(self, common: Common) -> None:
        self.common = common
        self.owners = common.register.roll.investors  # who may hold notes
        self.pool = NotePool(len(self.owners))
        self.write_downs_usd = 0.0
        self.issued_usd = 0.0
        self.cuts_usd: dict[str, float] = {}
        self.uses: dict[str, float] = {}
        self.coverage = math.nan  # interest collected less fees over what was due on all notes, at the last payment

    def adopt(self, classes: tuple[str, ...], *, with_lenders: bool) -> None:
        """Let there be these classes beside those on which something is owed, and lenders among their holders."""
        pool, roll = self.pool, self.common.register.roll
        wanted = tuple(name for name in EVERY_CLASS if name in classes or pool.of(name) > 0.0)
        lend = with_lenders or len(self.owners) > len(roll.investors)
        owners = np.concatenate([roll.investors, roll.lenders]) if lend else roll.investors
        if (wanted, len(owners)) == (pool.classes, len(self.owners)):
            return
        names = self.common.ledger.owners
        for name in wanted:
            self.common.ledger.list(name, "USD", [names[i] for i in roll.vehicles])
        before, spreads = dict(zip(pool.classes, pool.balance, strict=True)), [*pool.spread.tolist(), 0.0]
        par = dict(zip(pool.classes, pool.par, strict=True))
        coupons = dict(zip(pool.classes, spreads, strict=True))
        held = {
            name: np.append(row, np.zeros(len(owners) - len(row)))
            for name, row in zip(pool.classes, pool.holders, strict=True)
        }
        pool.balance = np.array([before.get(name, 0.0) for name in wanted])
        pool.par = np.array([par.get(name, 0.0) for name in wanted])
        pool.spread = np.array([coupons.get(name, 0.0) for name in wanted[:-1]])
        pool.holders = np.array([held.get(name, np.zeros(len(owners))) for name in wanted])
        pool.classes, self.owners = wanted, owners

    def begin_day(self) -> None:
        """Nothing has been issued, paid or written down today."""
        self.issued_usd = self.write_downs_usd = 0.0
        self.cuts_usd, self.uses = {}, {}

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

    def headroom(self, report: ServicerReport, terms: NoteTerms) -> float:
        """Least collateral, with principal that waits, over a note and all above it less its test; nan without."""
        counts = self.collateral_usd(report, terms) + self.pool.waiting_principal
        owed = np.cumsum(self.pool.balance[:-1]).tolist()
        left = [
            counts / notes - test.overcollateralisation
            for notes, test in zip(owed, terms.tests, strict=True)
            if notes > 0.0 and test.overcollateralisation > 0.0
        ]
        return min(left, default=math.nan)

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
            self._move("credited to the residual", self._residual(added))
        if lost > 0.0:
            self._write_down(lost)
        return max(0.0, lost)

    def pay(self, terms: NoteTerms, rate: float, days: int, report: ServicerReport, stage: Stage = USUAL) -> Payment:
        """A payment date: run the waterfall on what was collected and post it; unpaid interest is added to its note."""
        pool, year = self.pool, days / DAYS_PER_YEAR
        interest = pool.balance[:-1] * (rate + pool.spread) * year
        target = terms.reserve_months / MONTHS * float(pool.balance[:-1] @ (rate + pool.spread))
        due = Due(terms.fee_per_year * report.sold_total_usd * year, tuple(interest.tolist()), target)
        pot = Pot(pool.waiting_interest, pool.waiting_principal, pool.reserve_usd)
        paid = waterfall(pot, due, pool.balance, self.collateral_usd(report, terms), terms, stage)
        self.coverage = (pot.interest - due.fees) / sum(due.interest) if sum(due.interest) > 0.0 else math.nan
        self._post(paid)
        self.uses = uses_of(pool.classes, pot, paid)
        unpaid = np.append(interest - np.array(paid.interest), 0.0)
        gain = sum(paid.cures) + sum(paid.through) + paid.kept - pot.principal
        gain = 0.0 if abs(gain) <= DUST * pot.principal else gain
        pool.reserve_usd, pool.waiting_interest, pool.waiting_principal = paid.reserve, 0.0, paid.kept
        pool.kept_usd = paid.kept
        pool.sources_usd, pool.uses_usd, pool.test_failed = pot.total, paid.total, paid.test_failed
        if unpaid.any():
            self._move("interest added to notes", np.maximum(0.0, unpaid))
        loss = float(np.maximum(0.0, unpaid).sum()) - gain
        if loss > 0.0:
            self._write_down(loss)
        elif loss < 0.0:
            self._move("credited to the residual", self._residual(-loss))
        return paid

    def _residual(self, amount: float) -> Floats:
        """An amount of the residual alone (classes,)."""
        amounts = np.zeros(len(self.pool.balance))
        amounts[-1] = amount
        return amounts

    def _post(self, paid: Payment) -> None:
        ledger, roll, vehicle = self.common.ledger, self.common.register.roll, self.vehicle
        ledger.transfer("note fees", "cash", vehicle, roll.rest_of_world, paid.fees)
        self._share_out("note interest", np.array([*paid.interest, paid.residual]))
        principal = np.array(paid.through) + np.array([*paid.cures, 0.0])
        self._share_out("note principal", principal)
        self._move("note principal", -principal)

    def _share_out(self, reason: str, amounts: Floats) -> None:
        """Pay amounts by class (3,) to the holders of each class."""
        to = amounts @ self.pool.holders
        payers = np.full(len(to), self.vehicle)
        self.common.ledger.post(reason, "cash", payers, self.owners, to)

    def _move(self, reason: str, amounts: Floats, *, lost: bool = False) -> None:
        """Raise (+) or lower (-) the balances of the classes (3,) with all their holders."""
        vehicle, owners = self.vehicle, self.owners
        for k, name in enumerate(self.pool.classes):
            if amounts[k] != 0.0:
                parts = abs(float(amounts[k])) * self.pool.holders[k]
                one = np.full(len(parts), vehicle)
                payers, payees = (one, owners) if amounts[k] > 0.0 else (owners, one)
                self.common.ledger.post(reason, name, payers, payees, parts)
        self.pool.move(amounts, lost=lost)

    def _write_down(self, loss_usd: float) -> None:
        """Let a loss reach the classes from the residual up."""
        cuts = write_downs(loss_usd, self.pool.balance)
        self._move("note write-downs", -cuts, lost=True)
        self.write_downs_usd += float(cuts.sum())
        for name, cut in zip(self.pool.classes, cuts.tolist(), strict=True):
            self.cuts_usd[name] = self.cuts_usd.get(name, 0.0) + cut

    def issue(
        self, total: float, terms: NoteTerms, spreads: Floats, bought_usd: Floats, retained: Floats | None = None
    ) -> None:
        """Issue notes for so many USD of loans at par to those who bought them (investors,).

        Where lenders take the residual, `retained` (lenders,) are the shares in which they do.
        """
        ledger, amounts, bought = self.common.ledger, total * self._shares(terms), self._by_owner(bought_usd, 0)
        if retained is None:
            allotment, parts, paid = bought / total, [amount * bought / total for amount in amounts], bought
        else:
            outside, own = bought / float(bought.sum()), self._by_owner(retained, len(bought_usd))
            allotment = np.array([*[outside] * (len(amounts) - 1), own])
            parts = list(amounts[:, None] * allotment)
            paid = bought + parts[-1]
        one = np.full(len(self.owners), self.vehicle)
        ledger.post("notes issued", "cash", self.owners, one, paid)
        for name, part in zip(self.pool.classes, parts, strict=True):
            ledger.post("notes issued", name, one, self.owners, part)
        self.pool.issue(amounts, spreads, allotment)
        self.issued_usd += total

    def _by_owner(self, amounts: Floats, first: int) -> Floats:
        """Amounts of some owners of notes, from place `first` on, as amounts of all of them (owners,)."""
        if len(amounts) == len(self.owners):
            return amounts
        table = np.zeros(len(self.owners))
        table[first : first + len(amounts)] = amounts
        return table

    # commercial paper

    def repay_paper(self, amount: float) -> None:
        """Repay so much of the paper out of principal that waits."""
        pool = self.pool
        only = np.zeros(len(pool.balance))
        only[pool.place("note_senior")] = amount
        self._share_out("paper repaid", only)
        self._move("paper repaid", -only)
        pool.waiting_principal -= amount
        pool.kept_usd = min(pool.kept_usd, pool.waiting_principal)

    def draw_line(self, amount: float, spread: float, lent_by: Floats) -> None:
        """Lenders, in these shares, lend the vehicle so much under their line; it waits as principal."""
        pool, k = self.pool, self.pool.place(LINE)
        own = self._by_owner(lent_by, len(self.owners) - len(lent_by))
        one = np.full(len(self.owners), self.vehicle)
        self.common.ledger.post("line drawn", "cash", self.owners, one, amount * own)
        self.common.ledger.post("line drawn", LINE, one, self.owners, amount * own)
        allotment, spreads, amounts = pool.holders.copy(), pool.spread.copy(), np.zeros(len(pool.balance))
        allotment[k], spreads[k], amounts[k] = own, spread, amount
        pool.issue(amounts, spreads, allotment)
        pool.waiting_principal += amount

    def refund_line(self, amount: float, spread: float, bought: Floats) -> None:
        """Paper sold to investors (investors,), in these shares, repays so much of the line."""
        pool, k, line = self.pool, self.pool.place("note_senior"), self.pool.place(LINE)
        own = self._by_owner(bought, 0)
        one = np.full(len(self.owners), self.vehicle)
        self.common.ledger.post("paper issued", "cash", self.owners, one, amount * own)
        self.common.ledger.post("paper issued", "note_senior", one, self.owners, amount * own)
        allotment, spreads, amounts = pool.holders.copy(), pool.spread.copy(), np.zeros(len(pool.balance))
        allotment[k], spreads[k], amounts[k] = own, spread, amount
        pool.issue(amounts, spreads, allotment)
        only = np.zeros(len(pool.balance))
        only[line] = amount
        self._share_out("line repaid", only)
        self._move("line repaid", -only)

    def _shares(self, terms: NoteTerms) -> Floats:
        """Shares of par by the classes that there are (classes,)."""
        shares = dict(zip(terms.classes, terms.shares, strict=True))
        return np.array([shares.get(name, 0.0) for name in self.pool.classes])


def uses_of(classes: tuple[str, ...], pot: Pot, paid: Payment) -> dict[str, float]:
    """What a payment date collected and what became of it, USD: collected is the sum of the others.

    The line's interest is the senior note's, all principal of notes is `repaid`, `reserve` is below zero where it is
    drawn upon.
    """
    interest = dict(zip(classes, paid.interest, strict=False))
    interest["note_senior"] = interest.get("note_senior", 0.0) + interest.pop(LINE, 0.0)
    return {
        "collected": pot.interest + pot.principal,
        "fees": paid.fees,
        **{f"interest_{name.removeprefix('note_')}": usd for name, usd in interest.items()},
        "repaid": sum(paid.cures) + sum(paid.through[:-1]),
        "kept": paid.kept,
        "reserve": paid.reserve - pot.reserve,
        "residual": paid.residual + paid.through[-1],
    }
