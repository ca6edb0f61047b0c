"""The waterfall: what a vehicle's notes are paid on a payment date, and who bears losses. Pure arithmetic, USD.

Notes stand most senior first; tables by class have the residual last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.rows.securitisation import Cover, NoteTerms
from sim.vocabulary import Floats

SLACK = 1e-12  # relative: a test that rounding alone would fail holds


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
    """What is owed on a payment date: fees, interest on each note, and the reserve that is aimed at; USD."""

    fees: float
    interest: tuple[float, ...]
    reserve: float


@dataclass(frozen=True)
class Stage:
    """How a payment date stands: principal is kept for new loans, cash for the residual is trapped, notes come first.

    Where notes come first (`rapid`) all principal goes down in sequence, and so does all interest that is left.
    """

    revolving: bool = False
    trapped: bool = False
    rapid: bool = False


USUAL = Stage()


@dataclass(frozen=True)
class Payment:
    """A payment date: every use of the pot. `cures` is principal out of interest by note, `through` principal by class.

    `kept` is principal that waits for new loans, `failed` which notes' tests do not hold.
    """

    fees: float
    interest: tuple[float, ...]
    cures: tuple[float, ...]
    reserve: float
    through: tuple[float, ...]
    kept: float
    residual: float
    failed: tuple[bool, ...]

    @property
    def test_failed(self) -> bool:
        """Whether some test does not hold."""
        return any(self.failed)

    @property
    def total(self) -> float:
        """All uses."""
        paid = self.fees + sum(self.interest) + sum(self.cures)
        return paid + self.reserve + sum(self.through) + self.kept + self.residual


def waterfall(
    pot: Pot, due: Due, balance: Floats, collateral_usd: float, terms: NoteTerms, stage: Stage = USUAL
) -> Payment:
    """Pay fees, then note by note its interest and what cures its tests, the reserve, principal, the residual.

    A reserve above its target is released first and is paid out as interest is, unless it is trapped. Fees and the
    first note's interest may use interest, then the reserve, then principal; other notes' interest not principal; cures
    and reserve only interest. A test that fails sends principal down in sequence, and interest to the most senior note
    until it holds. `balance` (classes,) is before, `collateral_usd` after this month's principal left the pool.
    """
    released = 0.0 if stage.trapped else max(0.0, pot.reserve - due.reserve)
    interest, reserve, principal = pot.interest + released, pot.reserve - released, pot.principal
    fees = min(due.fees, pot.total)
    interest, reserve, principal = _drawn(fees, interest, reserve, principal)
    paid = [min(due.interest[0], interest + reserve + principal)]
    interest, reserve, principal = _drawn(paid[0], interest, reserve, principal)

    kept = principal if stage.revolving and not stage.rapid else 0.0
    through = passed_through(principal - kept, balance, terms.sequential or stage.rapid)
    income = pot.interest - due.fees
    lacks = [
        lacking(k, test, balance, through, collateral_usd + kept, due.interest, income)
        for k, test in enumerate(terms.tests)
    ]
    failed = tuple(lack is not None for lack in lacks)
    if any(failed):
        kept, through = 0.0, passed_through(principal, balance, True)
    left = [float(owed) - gone for owed, gone in zip(balance[:-1], through, strict=False)]
    cures = [0.0] * len(left)
    for k, test in enumerate(terms.tests):
        if k > 0:
            paid.append(min(due.interest[k], interest + reserve))
            interest, reserve, _ = _drawn(paid[k], interest, reserve, 0.0)
        if failed[k]:
            need = to_cure(k, test, left, collateral_usd, due.interest, balance, income)
            interest -= _repay(min(interest, need), left, cures)
    top_up = min(interest, max(0.0, due.reserve - reserve))
    interest, reserve = interest - top_up, reserve + top_up
    if stage.rapid:
        interest -= _repay(min(interest, sum(left)), left, cures)
    if stage.trapped:
        interest, reserve = 0.0, reserve + interest
    over = principal - kept - sum(through)
    residual = max(0.0, interest + over)
    return Payment(fees, tuple(paid), tuple(cures), reserve, through, kept, residual, failed)


def lacking(
    k: int, test: Cover, balance: Floats, through: Sequence[float], collateral_usd: float, due: Sequence[float],
    income: float,
) -> str | None:  # fmt: skip
    """Which test of note k does not hold once principal has been passed through; None where both do."""
    owed = sum(float(balance[j]) - through[j] for j in range(k + 1))
    if test.overcollateralisation > 0.0 and owed > collateral_usd / test.overcollateralisation * (1.0 + SLACK):
        return "overcollateralisation"
    if test.interest_coverage > 0.0 and sum(due[: k + 1]) > income / test.interest_coverage * (1.0 + SLACK):
        return "interest coverage"
    return None


def to_cure(
    k: int, test: Cover, left: Sequence[float], collateral_usd: float, due: Sequence[float], balance: Floats,
    income: float,
) -> float:  # fmt: skip
    """Principal that must be repaid, most senior first, until both tests of note k hold, USD."""
    need = 0.0
    if test.overcollateralisation > 0.0:
        need = max(0.0, sum(left[: k + 1]) - collateral_usd / test.overcollateralisation)
    if test.interest_coverage > 0.0:
        excess, principal = sum(due[: k + 1]) - max(0.0, income) / test.interest_coverage, 0.0
        for j in range(k + 1):
            if excess > 0.0 and due[j] > 0.0 and balance[j] > 0.0:
                gone = min(left[j], excess / due[j] * float(balance[j]))
                principal, excess = principal + gone, excess - gone / float(balance[j]) * due[j]
            elif excess > 0.0:
                principal += left[j]  # pays no interest, and stands before those that do
        need = max(need, principal)
    return need


def _repay(amount: float, left: list[float], cures: list[float]) -> float:
    """Repay notes in sequence out of an amount, which `left` and `cures` take up; returns what was used of it."""
    rest = amount
    for j, owed in enumerate(left):
        gone = min(rest, max(0.0, owed))
        left[j], cures[j], rest = left[j] - gone, cures[j] + gone, rest - gone
    return amount - rest


def _drawn(amount: float, first: float, second: float, third: float) -> tuple[float, float, float]:
    """What is left of three purses when an amount is taken from them in order."""
    a = min(amount, first)
    b = min(amount - a, second)
    return first - a, second - b, third - min(amount - a - b, third)


def passed_through(principal: float, balance: Floats, sequential: bool) -> tuple[float, ...]:
    """Principal of a month by class: in sequence, or pro rata to balances; never more than a balance."""
    owed = [float(b) for b in balance]
    if sequential:
        paid = []
        for b in owed:
            paid.append(min(principal, b))
            principal -= paid[-1]
        return tuple(paid)
    total = sum(owed)
    share = min(1.0, principal / total) if total > 0.0 else 0.0
    return tuple(share * b for b in owed)


def write_downs(loss_usd: float, balance: Floats) -> Floats:
    """How a loss reaches the classes, from the residual up. Cut_k = clip(L - a_k, 0, d_k - a_k).

    The attachment a_k is the sum of the balances below a class, the detachment d_k that sum and its own.
    """
    below = np.array([sum(balance[k + 1 :].tolist()) for k in range(len(balance))])
    cuts: Floats = np.clip(loss_usd - below, 0.0, balance)
    return cuts
