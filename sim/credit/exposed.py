"""Who is exposed to whom at a month end, how concentrated that is, and how far losses would reach.

Borrowers owe lenders and the vehicle; the vehicle owes those who hold its notes. For how far losses reach, what the
vehicle holds counts as its noteholders', in proportion to all that they hold of it: tranches are not told apart.
"""

from __future__ import annotations

import math

import numpy as np

from sim.credit.loans import LoanBook
from sim.credit.terms import Stress
from sim.department import Common
from sim.metrics.network import debt_rank, fire_sales, herfindahl
from sim.record import Column
from sim.rows.securitisation import EVERY_CLASS
from sim.vocabulary import Floats, Ints

MEASURES = {
    "debt_rank": "share of creditors' equity lost by DebtRank where all GPUs lose `loan.stress.fall` of what they "
    "count for, last month end",
    "debt_rank_largest": "the same where the one borrower whose failure costs most loses all its equity",
    "aggregate_vulnerability": "what selling down to former leverage would cost borrowers after that fall, over their "
    "equity, by `loan.stress.impact`",
    "lender_hhi": "Herfindahl index of creditors, by loans and notes that they hold, last month end",
    "borrower_hhi": "Herfindahl index of borrowers, by what they owe, last month end",
}


class Exposed:
    """The owners who may be exposed: rows of the ledger of borrowers, lenders, the vehicle, and those with notes."""

    def __init__(self, common: Common) -> None:
        self.common, roll = common, common.register.roll
        self.borrowers: Ints = roll.landlords
        self.lenders: Ints = roll.lenders
        self.vehicle: Ints = roll.vehicles
        self.creditors: Ints = np.concatenate([roll.lenders, np.setdiff1d(roll.investors, roll.lenders)])

    def columns(self) -> list[Column]:
        """The series: measures, what everyone is worth, who owes whom."""
        owners = self.common.ledger.owners
        found = [Column(name, "share", meaning) for name, meaning in MEASURES.items()]
        for i in [*self.borrowers, *self.creditors]:
            meaning = f"what {owners[i]} is worth, a borrower with its GPUs as they count, last month end"
            found.append(Column(equity(owners[i]), "USD", meaning, equity("{owner}")))
        for debtor, creditor in self._pairs():
            meaning = f"what {debtor} owes {creditor} in loans or notes, last month end"
            found.append(Column(owed(debtor, creditor), "USD", meaning, owed("{debtor}", "{creditor}")))
        return found

    def _pairs(self) -> list[tuple[str, str]]:
        names = self.common.ledger.owners
        to = [*self.lenders, *self.vehicle]
        pairs = [(names[i], names[k]) for i in self.borrowers for k in to]
        return pairs + [(names[v], names[k]) for v in self.vehicle for k in self.creditors]

    def notes_usd(self) -> Floats:
        """Notes of all classes that creditors hold (creditors,)."""
        ledger = self.common.ledger
        listed = [name for name in EVERY_CLASS if name in ledger.row]
        return np.asarray(np.maximum(0.0, ledger.table(listed)[:, self.creditors].sum(axis=0)))

    def measured(self, loans: LoanBook, stress: Stress, counts_usd: Floats) -> dict[str, float]:
        """All series of a month end. `counts_usd` (borrowers,) is what GPUs and chips on order count for."""
        names, worth = self.common.ledger.owners, self.common.ledger.net_worth()
        kept = loans.by_borrower(loans.kept_usd)
        sold, notes = loans.by_borrower(loans.sold.held).sum(axis=1), self.notes_usd()
        debts, own = loans.debt_usd, worth[self.borrowers] + counts_usd
        table = np.concatenate([kept, sold[:, None]], axis=1) if len(self.vehicle) else kept
        flat = [*table.ravel().tolist(), *(notes.tolist() if len(self.vehicle) else [])]
        claims = claims_of(kept, sold, notes)
        return {
            **self._ranks(claims, own, worth[self.creditors], stress.fall * counts_usd),
            "aggregate_vulnerability": vulnerability(counts_usd, debts, stress),
            "lender_hhi": hhi(claims.sum(axis=1)),
            "borrower_hhi": hhi(debts),
            **{equity(names[i]): usd for i, usd in zip(self.borrowers, own.tolist(), strict=True)},
            **{equity(names[i]): float(worth[i]) for i in self.creditors},
            **{owed(*pair): usd for pair, usd in zip(self._pairs(), flat, strict=True)},
        }

    def _ranks(self, claims: Floats, own_usd: Floats, worth_usd: Floats, lost_usd: Floats) -> dict[str, float]:
        """DebtRank of a common loss (borrowers,), and of the worst failure of one borrower."""
        solvent = own_usd > 0.0
        if not (claims.any() and solvent.any() and (worth_usd > 0.0).any()):
            return {"debt_rank": math.nan, "debt_rank_largest": math.nan}
        share = np.minimum(1.0, lost_usd[solvent] / own_usd[solvent])
        each = [reached(claims[:, solvent], own_usd[solvent], worth_usd, one) for one in np.eye(int(solvent.sum()))]
        common = reached(claims[:, solvent], own_usd[solvent], worth_usd, share)
        return {"debt_rank": common, "debt_rank_largest": max(each)}


def claims_of(kept_usd: Floats, sold_usd: Floats, notes_usd: Floats) -> Floats:
    """What each creditor has at stake with each borrower (creditors, borrowers), seen through the vehicle.

    `kept_usd` (borrowers, lenders) are loans that lenders keep, `sold_usd` (borrowers,) those of the vehicle,
    `notes_usd` (creditors,) its notes; lenders come first among creditors.
    """
    total = float(notes_usd.sum())
    claims = np.outer(notes_usd / total if total > 0.0 else notes_usd, sold_usd)
    claims[: kept_usd.shape[1]] += kept_usd.T
    return claims


def reached(claims_usd: Floats, own_usd: Floats, worth_usd: Floats, lost_share: Floats) -> float:
    """Share of all creditors' equity lost by linear DebtRank when borrowers lose shares of theirs (borrowers,).

    `claims_usd` (creditors, borrowers); borrowers need equity above 0, creditors without any have nothing to lose.
    """
    able = worth_usd > 0.0
    n, m = len(own_usd), int(able.sum())
    table = np.zeros((n + m, n + m))
    table[n:, :n] = claims_usd[able]
    worth = worth_usd[able]
    lost = debt_rank(table, np.concatenate([own_usd, worth]), np.concatenate([lost_share, np.zeros(m)]))
    return float(lost[n:] @ worth) / float(worth.sum())


def vulnerability(counts_usd: Floats, debts_usd: Floats, stress: Stress) -> float:
    """Aggregate vulnerability of borrowers that hold their leverage; nan where none has both debt and equity.

    The one asset is GPUs; a sale of all of them would move their price by `impact`.
    """
    sound = counts_usd > debts_usd
    assets = counts_usd[sound]
    if not (debts_usd[sound] > 0.0).any():
        return math.nan
    leverage = debts_usd[sound] / (assets - debts_usd[sound])
    impact = np.array([stress.impact / float(counts_usd.sum())])
    return fire_sales(assets, leverage, np.ones((len(assets), 1)), impact, np.array([-stress.fall]))[2]


def hhi(amounts_usd: Floats) -> float:
    """Herfindahl index of amounts; nan where there are none."""
    total = float(amounts_usd.sum())
    return herfindahl(amounts_usd / total) if total > 0.0 else math.nan


def equity(owner: str) -> str:
    """The name of the series of what an owner is worth."""
    return f"equity_{owner}_usd"


def owed(debtor: str, creditor: str) -> str:
    """The name of the series of what one owes another."""
    return f"owed_{debtor}_to_{creditor}_usd"
