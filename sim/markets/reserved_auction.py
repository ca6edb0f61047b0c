"""The market for reserved capacity: one rent per landlord and tenor, quantities pro rata on the long side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.instruments.books import Books
from sim.vocabulary import Floats, ReservedRow


@dataclass(frozen=True)
class Signing:
    """Contracts signed at once: quantity (tenors, landlords, customers) VE, rent (tenors, landlords) USD per hour.

    `menu_usd` (tenors,) is the mean rent asked, weighted by what is offered.
    """

    quantity_ve: Floats
    rent_usd: Floats
    menu_usd: Floats


def sign_week(
    offers: Sequence[tuple[int, ReservedRow]],
    wants: Sequence[tuple[int, ReservedRow]],
    shape: tuple[int, int, int],
    tenor_shares: Floats,
    last_menu_usd: Floats,
) -> Signing:
    """Match a day's rows; owners are numbered within landlords and customers.

    Both sides say how much they want in all; signings are split over tenors by `tenor_shares` (the share of each in
    a week's signings on the growth path). A customer signs only at or below its limit. The shorter side is filled,
    the longer pro rata, so no list order matters.
    """
    tenors, landlords, customers = shape
    free, ask = np.zeros((tenors, landlords)), np.zeros((tenors, landlords))
    want, limit = np.zeros((tenors, customers)), np.zeros((tenors, customers))
    for who, row in offers:
        free[row.tenor, who] = -row.quantity_ve
        ask[row.tenor, who] = row.limit_usd
    for who, row in wants:
        want[row.tenor, who] = row.quantity_ve
        limit[row.tenor, who] = row.limit_usd
    quantity = np.zeros(shape)
    menu = last_menu_usd.copy()
    for k in range(tenors):
        offered = free[k].sum()
        if offered > 0.0:
            menu[k] = float(free[k] @ ask[k] / offered)
        willing = np.where(limit[k] >= menu[k], want[k], 0.0)
        wanted = willing.sum()
        if offered > 0.0 and wanted > 0.0:
            traded = min(offered, wanted) * tenor_shares[k]
            quantity[k] = traded * np.outer(free[k] / offered, willing / wanted)
    return Signing(quantity, ask, menu)


def void_contracts(books: Books, customer: int, share: float) -> Floats:
    """A customer (by its seat) rejects a share of all its contracts: capacity returns, what it prepaid is forfeit.

    Returns the capacity that came back to each landlord (landlords,) VE.
    """
    roll, ledger = books.roll, books.ledger
    gone = share * books.contracts.quantity_ve[:, customer]
    lost = books.contracts.reject_by_customer(customer, share)
    payer = np.full(len(roll.landlords), roll.customers[customer])
    ledger.post("contracts rejected", "prepaid_rent", payer, roll.landlords, lost)
    ledger.post("contracts rejected", "reserved_capacity", payer, roll.landlords, gone)
    return gone
