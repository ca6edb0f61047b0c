"""Notes on a pool of loans: what is paid to whom on a payment date, and who bears losses. Pure arithmetic.

Three classes, most senior first: senior note, junior note, residual. `Three` arrays are in that order, USD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.rows.securitisation import NoteTerms
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Pot:
    """What a payment date has to pay with: interest and principal collected, and the reserve; USD."""

    interest: float
    principal: float
    reserve: float

    @property
    def total(self) -> float:
        """All sources."""
        return self.interest + self.principal + self.reserve


@dataclass(frozen=True)
class Due:
    """What is owed on a payment date: fees, interest on the two notes, and the reserve that is aimed at; USD."""

    fees: float
    senior_interest: float
    junior_interest: float
    reserve: float


@dataclass(frozen=True)
class Payment:
    """A payment date: every use of the pot. `cure` is senior principal out of interest, `through` (3,) principal."""

    fees: float
    senior_interest: float
    cure: float
    junior_interest: float
    reserve: float
    through: tuple[float, float, float]
    residual: float
    test_failed: bool

    @property
    def total(self) -> float:
        """All uses."""
        return (
            self.fees + self.senior_interest + self.cure + self.junior_interest
            + self.reserve + sum(self.through) + self.residual
        )  # fmt: skip


def waterfall(pot: Pot, due: Due, balance: Floats, collateral_usd: float, terms: NoteTerms) -> Payment:
    """Pay fees, senior interest, senior principal if the test fails, junior interest, reserve, principal, residual.

    A reserve above its target is released first and is paid out as interest is. Fees and senior interest may use
    interest, then the reserve, then principal; junior interest not principal; cure and reserve only interest.
    `balance` (3,) is before, `collateral_usd` after this month's principal left the pool.
    """
    released = max(0.0, pot.reserve - due.reserve)
    interest, reserve, principal = pot.interest + released, pot.reserve - released, pot.principal
    fees = min(due.fees, pot.total)
    interest, reserve, principal = _drawn(fees, interest, reserve, principal)
    senior_interest = min(due.senior_interest, interest + reserve + principal)
    interest, reserve, principal = _drawn(senior_interest, interest, reserve, principal)
    through = passed_through(principal, balance, terms.sequential)
    most_senior = collateral_usd / terms.overcollateralisation
    failed = bool(balance[0] - through[0] > most_senior * (1.0 + 1e-12))
    cure = 0.0
    if failed:
        through = passed_through(principal, balance, True)
        cure = min(interest, max(0.0, float(balance[0]) - through[0] - most_senior))
        interest -= cure
    junior_interest = min(due.junior_interest, interest + reserve)
    interest, reserve, _ = _drawn(junior_interest, interest, reserve, 0.0)
    top_up = min(interest, max(0.0, due.reserve - reserve))
    left = principal - sum(through)
    return Payment(
        fees,
        senior_interest,
        cure,
        junior_interest,
        reserve + top_up,
        through,
        max(0.0, interest - top_up + left),
        failed,
    )


def _drawn(amount: float, first: float, second: float, third: float) -> tuple[float, float, float]:
    """What is left of three purses when an amount is taken from them in order."""
    a = min(amount, first)
    b = min(amount - a, second)
    return first - a, second - b, third - min(amount - a - b, third)


def passed_through(principal: float, balance: Floats, sequential: bool) -> tuple[float, float, float]:
    """Principal of a month by class (3,): in sequence, or pro rata to balances; never more than a balance."""
    senior, junior, residual = (float(b) for b in balance)
    if sequential:
        a = min(principal, senior)
        b = min(principal - a, junior)
        return a, b, min(principal - a - b, residual)
    total = senior + junior + residual
    share = min(1.0, principal / total) if total > 0.0 else 0.0
    return share * senior, share * junior, share * residual


def write_downs(loss_usd: float, balance: Floats) -> Floats:
    """How a loss reaches the classes (3,): residual, junior, senior. Cut_k = clip(L - a_k, 0, d_k - a_k).

    The attachment a_k is the sum of the balances below a class, the detachment d_k that sum and its own.
    """
    below = np.array([balance[1] + balance[2], balance[2], 0.0])
    cuts: Floats = np.clip(loss_usd - below, 0.0, balance)
    return cuts


class NotePool:
    """State of the notes: balances (3,), coupons over the base rate (2,), who holds them (3, investors), reserve.

    `waiting_*` is collected and not yet paid out; `seen_*` are counters of the participations already accounted for.
    """

    def __init__(self, investors: int) -> None:
        self.balance: Floats = np.zeros(3)
        self.spread: Floats = np.zeros(2)
        self.holders: Floats = np.zeros((3, investors))
        self.reserve_usd = 0.0
        self.seen_interest = self.seen_principal = self.seen_added = self.seen_lost = 0.0
        self.waiting_interest = self.waiting_principal = 0.0
        self.test_failed = False
        self.sources_usd = self.uses_usd = 0.0  # of the last payment date

    def issue(self, amounts: Floats, spreads: Floats, allotment: Floats) -> None:
        """Sell new notes at par: amounts (3,), coupons (2,) over the base rate, allotment (investors,) adding to 1."""
        after = self.balance + amounts
        empty = after <= 0.0  # a class of which nothing is sold has owners too: interest may be added to it
        weight = np.where(empty, 1.0, amounts / np.where(empty, 1.0, after))
        self.spread += weight[:2] * (spreads - self.spread)
        self.holders += weight[:, None] * (allotment[None, :] - self.holders)
        self.balance = after
