"""What credit reports of itself where `loan.reports` is on: facility by facility, and over borrowers as a whole.

Series of a month end are as before that evening's new loans, and stand until the next one.
"""

from __future__ import annotations

import math

import numpy as np

from sim.credit.exposed import Exposed
from sim.credit.loans import LoanBook
from sim.credit.service import USES, Servicer
from sim.credit.terms import Loan
from sim.department import Common
from sim.record import Column
from sim.vocabulary import Bools, Floats

QUANTILES = (10, 25, 50, 75, 90)  # %, over borrowers that owe
SPREADS_OF = {
    "dscr": ("ratio", "debt service coverage"),
    "base_cover": ("ratio", "the borrowing base over what is owed"),
    "ltv": ("ratio", "what is owed over what GPUs and chips on order count for"),
}
OF_FACILITY = {
    "loans": "outstanding",
    "draws": "drawn today",
    "undrawn": "committed and not drawn; empty without a commitment",
    "interest": "interest paid today",
    "fees": "commitment fees paid today",
    "principal": "principal repaid today, out of estates and calls too",
    "defaulted": "outstanding of borrowers that defaulted today",
    "losses": "written off today",
    "recovered": "of these loans, paid today out of estates that were sold",
}
CASH = {
    "received": "rents and prepayments that landlords received in the month that ends today",
    "running": "of these, spent on running GPUs",
    "hedges": "what hedges brought or cost; below zero where they cost",
    "fees": "commitment fees",
    "interest": "interest",
    "principal": "principal as it falls due",
    "swept": "principal beyond that, out of spare cash",
    "distributed": "paid out to owners",
}
TRIGGERS = {
    "dscr_lock_up": "coverage below which payouts are cut",
    "dscr_covenant": "coverage below which a covenant is broken",
    "ltv_call": "loan to value beyond which a call is made; empty without calls",
}
FIRMS = {
    "lock_up_firms": "borrowers in lock-up, whose payouts are cut",
    "breach_firms": "borrowers that broke a covenant or a test, or missed a payment, and have not cured it",
    "estate_firms": "borrowers in default, run for their creditors",
}


class Reports:
    """The day's and the last month's figures by name of series; counters of loans as they stood last night."""

    def __init__(self, common: Common, loans: LoanBook, terms: Loan) -> None:
        self.common, self.loans = common, loans
        self.names = tuple(terms.facilities)
        self.exposed = Exposed(common)
        self.month = dict.fromkeys((column.name for column in self._monthly()), math.nan)
        self.before = self._counted()
        self.running: Bools = np.zeros(loans.borrowers, dtype=bool)

    def columns(self) -> list[Column]:
        """The series, in their order."""
        firms = [Column(name, "firms", meaning) for name, meaning in FIRMS.items()]
        cash = [Column(f"cash_{use}_usd", "USD", meaning) for use, meaning in CASH.items()]
        by_facility = [
            Column(of_facility(name, what), "USD", f"loans under {name}: {meaning}", of_facility("{facility}", what))
            for name in self.names
            for what, meaning in OF_FACILITY.items()
        ]
        triggers = [Column(name, "ratio", meaning) for name, meaning in TRIGGERS.items()]
        return [*firms, *cash, *by_facility, *triggers, *self._monthly()]

    def _monthly(self) -> list[Column]:
        spread = [
            Column(quantile(what, q), unit, f"{meaning}, {q} % quantile over borrowers that owe, last month end")
            for what, (unit, meaning) in SPREADS_OF.items()
            for q in QUANTILES
        ]
        supply = [
            Column("advance_mean", "share", "advance on collateral offered, mean over borrowers, last month end"),
            Column("base_headroom_usd", "USD", "what borrowing bases would still allow to be drawn, last month end"),
        ]
        return [*spread, *supply, *self.exposed.columns()]

    def note_month(self, terms: Loan, dscr: Floats, advance: Floats, counts_usd: Floats) -> None:
        """Month end: coverage, advances and what collateral counts for (borrowers,), before orders are paid."""
        debt = self.loans.debt_usd
        owes = debt > 0.0
        base = advance * counts_usd
        over = np.where(owes, debt, 1.0)
        ltv = over / np.where(counts_usd > 0.0, counts_usd, np.nan)
        spreads = {"dscr": dscr, "base_cover": base / over, "ltv": ltv}
        for what, values in spreads.items():
            known = values[owes & np.isfinite(values)]
            found = np.percentile(known, QUANTILES).tolist() if len(known) else [math.nan] * len(QUANTILES)
            self.month |= {quantile(what, q): value for q, value in zip(QUANTILES, found, strict=True)}
        self.month["advance_mean"] = float(advance.mean()) if len(advance) else math.nan
        self.month["base_headroom_usd"] = float(np.maximum(0.0, base - debt).sum())
        self.month |= self.exposed.measured(self.loans, terms.stress, counts_usd)

    def day(self, terms: Loan, servicer: Servicer, committed_usd: Floats, in_estate: Bools) -> dict[str, float]:
        """The day's figures. `committed_usd` (loans,) is what may be owed, infinite where there is no commitment."""
        owes, month_end = self.loans.debt_usd > 0.0, self.common.calendar.is_month_end(self.common.board.today.day)
        uses = servicer.uses if month_end else dict.fromkeys(USES, 0.0)
        locked = (servicer.dscr < terms.lock_up) & owes & ~in_estate
        return {
            "lock_up_firms": float(locked.sum()),
            "breach_firms": float(((servicer.breaches > 0) & owes & ~in_estate).sum()),
            "estate_firms": float(in_estate.sum()),
            **{f"cash_{use}_usd": usd for use, usd in uses.items()},
            **self._by_facility(committed_usd, in_estate),
            "dscr_lock_up": terms.lock_up,
            "dscr_covenant": terms.covenant,
            "ltv_call": terms.call.maintenance if terms.call else math.nan,
            **self.month,
        }

    def _counted(self) -> dict[str, Floats]:
        """Counters of every loan (loans,), USD."""
        loans = self.loans
        return {
            "draws": loans.drawn.sum(axis=1),
            "principal": loans.repaid.sum(axis=1),
            "losses": loans.written_off.sum(axis=1),
            "interest": loans.interest_usd.copy(),
            "fees": loans.fees_usd.copy(),
        }

    def _by_facility(self, committed_usd: Floats, in_estate: Bools) -> dict[str, float]:
        """What happened today under each facility."""
        loans, now, borrower = self.loans, self._counted(), self.loans.borrower
        owed = loans.balance.sum(axis=1)
        moved = {what: now[what] - self.before[what] for what in now}
        sold, failed = self.running & ~in_estate, in_estate & ~self.running
        left = np.where(np.isfinite(committed_usd), np.maximum(0.0, committed_usd - owed), np.nan)
        tables = moved | {
            "loans": owed,
            "undrawn": left,
            "defaulted": np.where(failed[borrower], owed, 0.0),
            "recovered": np.where(sold[borrower], moved["principal"], 0.0),
        }
        self.before, self.running = now, in_estate.copy()
        return {
            of_facility(name, what): float(tables[what].reshape(loans.facilities, -1)[f].sum())
            for f, name in enumerate(self.names)
            for what in OF_FACILITY
        }


def of_facility(name: str, what: str) -> str:
    """The name of a series of a facility."""
    return f"facility_{name}_{what}_usd"


def quantile(what: str, percent: int) -> str:
    """The name of a series of a quantile over borrowers."""
    return f"{what}_q{percent}"
