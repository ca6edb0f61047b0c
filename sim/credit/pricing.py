"""On what terms new loans are offered: what they cost over each borrower's own spread, and what is advanced."""

from __future__ import annotations

import numpy as np

from sim.credit.borrowers import Borrowers
from sim.credit.loans import LoanBook
from sim.credit.terms import Loan
from sim.rows.securitisation import Offering
from sim.rules.credit_pricing import bounded, expected_loss
from sim.vocabulary import Floats

MAX_ADVANCE = 0.95


class Pricing:
    """Terms of new loans (borrowers,) as of the last month end, and what they are measured against.

    `spread_change` is what a loan costs over the borrower's own spread per year, `charge` what its funding adds to
    that for all; `advanced` and `marked` what is advanced over the borrower's own rate, without and with what the curve
    says of collateral. `path_dscr` and `path_ltv` are coverage and loans over pledged book value on the growth path.
    """

    def __init__(self, loans: LoanBook, path_ltv: Floats) -> None:
        self.loans = loans
        self.path_ltv = path_ltv
        self.path_dscr: Floats = np.ones(len(path_ltv))
        self.spread_change: Floats = np.zeros(len(path_ltv))
        self.charge = 0.0
        self.advanced, self.marked = np.ones((2, len(path_ltv)))

    def price(self, terms: Loan, borrowers: Borrowers, dscr: Floats, pledged_usd: Floats, loss_excess: float) -> None:
        """Month end: what a new loan costs each borrower over its own spread, before its funding.

        phi (EL - EL*) + psi (lambda - lambda*), within bounds: the loss expected of today's coverage and leverage over
        that on the path, and what its lenders have lost over their prior (`loss_excess`). `pledged_usd` (borrowers,)
        is book value.
        """
        if terms.pricing != "answering" or not terms.enabled:
            self.spread_change = np.zeros(len(self.path_ltv))
            return
        a = terms.answers
        today, path = (
            np.array([expected_loss(float(d), float(v), a.cash_flow_sd, a.recovery) for d, v in zip(*at, strict=True)])
            for at in ((dscr, self.ltv(pledged_usd)), (self.path_dscr, self.path_ltv))
        )
        change = a.risk_weight * (today - path) + a.loss_weight * loss_excess
        self.spread_change = np.array(
            [bounded(float(s), float(c), a.lowest, a.highest) for s, c in zip(borrowers.spread, change, strict=True)]
        )

    def ltv(self, pledged_usd: Floats) -> Floats:
        """Loans over the book value that is pledged (borrowers,); 0 for who owes nothing."""
        return np.asarray(self.loans.debt_usd / np.where(pledged_usd > 0.0, pledged_usd, np.inf))

    def advance(self, terms: Loan, borrowers: Borrowers, marks: Floats, offering: Offering) -> None:
        """What borrowers are told of advances: all where terms answer, nothing where they are fixed."""
        self.charge = offering.charge
        if terms.pricing != "answering":
            self.advanced, self.marked = np.ones((2, len(self.path_ltv)))
            return
        own = np.where(borrowers.advance_rate > 0.0, borrowers.advance_rate, 1.0)
        self.advanced, self.marked = (
            np.minimum(MAX_ADVANCE, own * offering.advance * mark) / own for mark in (np.ones(len(own)), marks)
        )
