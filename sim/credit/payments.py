"""Postings of loans: what borrowers and lenders move in the ledger moves the book, and vehicles get their part.

Tables are (loans, lenders) in USD.
"""

from __future__ import annotations

import numpy as np

from sim.credit.loans import LoanBook
from sim.department import Common
from sim.vocabulary import Floats


def draw(common: Common, loans: LoanBook, amounts: Floats, reason: str = "loan draws") -> None:
    """New loans: cash to the borrower, a claim to the lender, funded by deposits."""
    ledger, roll = common.ledger, common.register.roll
    world = np.full(len(roll.lenders), roll.rest_of_world)
    by_lender = amounts.sum(axis=0)
    ledger.post("deposits", "cash", world, roll.lenders, by_lender)
    ledger.post("deposits", "funding", roll.lenders, world, by_lender)
    drawn = loans.by_borrower(amounts)
    ledger.post_pairs(reason, "cash", roll.lenders, roll.landlords, drawn.T)
    ledger.post_pairs(reason, "loan", roll.landlords, roll.lenders, drawn)
    loans.draw(amounts)


def serve(common: Common, loans: LoanBook, interest: Floats, principal: Floats, unpaid_interest: Floats) -> None:
    """A payment on each loan (loans,), split among its lenders by what they are owed; the unpaid is added."""
    ledger, roll = common.ledger, common.register.roll
    debt = loans.balance.sum(axis=1)
    share = loans.balance / np.where(debt > 0.0, debt, 1.0)[:, None]
    back = loans.at_most_owed(share * principal[:, None])
    added = share * unpaid_interest[:, None]
    earned = share * interest[:, None]
    ledger.post_pairs("interest", "cash", roll.landlords, roll.lenders, loans.by_borrower(earned))
    _post_principal(common, loans, "principal", back)
    ledger.post_pairs("interest added to loans", "loan", roll.landlords, roll.lenders, loans.by_borrower(added))
    _remit(common, loans, interest=earned, principal=back, added=added)
    loans.interest_usd += earned.sum(axis=1)
    loans.repay(back)
    loans.draw(added)


def pay_fees(common: Common, loans: LoanBook, fees: Floats) -> None:
    """Commitment fees (loans, lenders); the vehicle, which buys what is drawn, has no part in them."""
    roll = common.register.roll
    common.ledger.post_pairs("commitment fees", "cash", roll.landlords, roll.lenders, loans.by_borrower(fees))
    loans.fees_usd += fees.sum(axis=1)


def repay(common: Common, loans: LoanBook, reason: str, amounts: Floats) -> None:
    """Principal alone, no more than is owed."""
    amounts = loans.at_most_owed(amounts)
    _post_principal(common, loans, reason, amounts)
    _remit(common, loans, principal=amounts)
    loans.repay(amounts)


def write_off(common: Common, loans: LoanBook, borrower: int) -> float:
    """What is left of a borrower's loans is lost; returns USD."""
    ledger, roll = common.ledger, common.register.roll
    mine = (loans.borrower == borrower)[:, None]
    _remit(common, loans, lost=np.where(mine, loans.balance, 0.0))
    lost = loans.write_off(borrower)
    ledger.post("write-offs", "loan", roll.lenders, np.full(len(lost), roll.landlords[borrower]), lost)
    return float(lost.sum())


def sell(common: Common, loans: LoanBook, amounts: Floats) -> None:
    """The vehicle buys parts of new loans at par; borrowers go on owing their lenders."""
    ledger, roll = common.ledger, common.register.roll
    by_lender = amounts.sum(axis=0)
    vehicle = np.full(len(by_lender), roll.vehicles[0])
    ledger.post("loans sold", "cash", vehicle, roll.lenders, by_lender)
    ledger.post("loans sold", "loan", roll.lenders, vehicle, by_lender)
    loans.sold.buy(amounts)


def buy_back(common: Common, loans: LoanBook, amounts: Floats, price: float) -> None:
    """Lenders buy parts of loans back of the vehicle, over face at a price."""
    ledger, roll = common.ledger, common.register.roll
    by_lender = amounts.sum(axis=0)
    vehicle = np.full(len(by_lender), roll.vehicles[0])
    ledger.post("loans bought back", "cash", roll.lenders, vehicle, price * by_lender)
    ledger.post("loans bought back", "loan", vehicle, roll.lenders, by_lender)
    loans.sold.sell(amounts, price)


def _post_principal(common: Common, loans: LoanBook, reason: str, amounts: Floats) -> None:
    ledger, roll, paid = common.ledger, common.register.roll, loans.by_borrower(amounts)
    ledger.post_pairs(reason, "cash", roll.landlords, roll.lenders, paid)
    ledger.post_pairs(reason, "loan", roll.lenders, roll.landlords, paid.T)


def _remit(
    common: Common,
    loans: LoanBook,
    *,
    interest: Floats | None = None,
    principal: Floats | None = None,
    added: Floats | None = None,
    lost: Floats | None = None,
) -> None:
    """Lenders remit to the vehicle its parts of payments, added interest and losses.

    To be called before the balances change; nothing is posted where nothing is sold.
    """
    ledger, roll, sold, balance = common.ledger, common.register.roll, loans.sold, loans.balance
    if not sold.held.any():
        return
    nothing = np.zeros_like(balance)
    amounts = [nothing if table is None else table for table in (interest, principal, added, lost)]
    parts = [sold.parts(balance, table) for table in amounts]
    by_lender = [part.sum(axis=0) for part in parts]
    vehicle = np.full(len(roll.lenders), roll.vehicles[0])
    ledger.post("interest passed on", "cash", roll.lenders, vehicle, by_lender[0])
    ledger.post("principal passed on", "cash", roll.lenders, vehicle, by_lender[1])
    ledger.post("principal passed on", "loan", vehicle, roll.lenders, by_lender[1])
    ledger.post("interest added to loans", "loan", roll.lenders, vehicle, by_lender[2])
    ledger.post("write-offs", "loan", vehicle, roll.lenders, by_lender[3])
    sold.note(*parts)
