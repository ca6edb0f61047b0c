"""On what terms each landlord borrows, in the order of the roll's landlords."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.credit.terms import Loan
from sim.growth_path import GrowthPath, Landlord
from sim.register import Register
from sim.roles import Borrows
from sim.rows.credit import NOT_BORROWING
from sim.vocabulary import Floats

NO_DEBT_DSCR = 99.0


@dataclass(frozen=True)
class Borrowers:
    """Spread per year, advance rate, access to outside equity, share of free cash flow paid out; (borrowers,) each.

    `subscription_usd` is what owners put in a year on the path per VE at day 0, and `own_bill_usd` what the path's
    orders of a year need of owners' money.
    """

    spread: Floats
    advance_rate: Floats
    equity_access: Floats
    payout: Floats
    subscription_usd: Floats
    own_bill_usd: Floats


def landlords_of(register: Register, path: GrowthPath) -> list[Landlord]:
    """Borrowers as the growth path knows them."""
    return [register.landlord(int(owner), path) for owner in register.roll.landlords]


def borrowers_of(register: Register, path: GrowthPath, terms: Loan) -> Borrowers:
    """Today's terms of all landlords; those who promise nothing do not borrow."""
    known = dict(register.of(Borrows))
    owners = register.roll.landlords.tolist()
    asked = [known[owner].borrower() if owner in known else NOT_BORROWING for owner in owners]
    landlords = landlords_of(register, path)
    return Borrowers(
        spread=np.array([b.spread for b in asked]),
        advance_rate=np.array([b.advance_rate for b in asked]),
        equity_access=np.array([b.equity_access for b in asked]),
        payout=np.array([path.payout_share(t, terms.payout_slack, terms.enabled) for t in landlords]),
        subscription_usd=np.array([path.subscription_usd(t, terms.payout_slack) for t in landlords]),
        own_bill_usd=np.array([path.own_bill_usd(t, terms.payout_slack) for t in landlords]),
    )


def first_dscr(landlords: list[Landlord], path: GrowthPath, terms: Loan) -> Floats:
    """Coverage (borrowers,) with which a world begins: cash flow over debt service on the path."""
    service = np.array([path.debt_service_usd(t) for t in landlords])
    flow = np.array([path.cash_flow_usd(t) for t in landlords])
    if not terms.enabled:
        return np.full(len(landlords), NO_DEBT_DSCR)
    return np.where(service > 0.0, flow / np.where(service > 0.0, service, 1.0), NO_DEBT_DSCR)
