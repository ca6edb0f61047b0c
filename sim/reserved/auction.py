"""The market for reserved capacity: a menu of landlords' asks, or a double auction per tenor; who signs with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.behaviours.reserving import arrays
from sim.kernels.contract_auction import meet
from sim.kernels.contract_book import paired
from sim.rows.reserved import ReservedRow
from sim.vocabulary import Floats, Ints

Rows = Sequence[tuple[int, ReservedRow]] | tuple[Ints, Floats]  # one by one, or who (n,) and fields (n, 4)
TRADED, NO_OFFERS, NO_WANTS, APART = "", "nobody offers", "nobody wants", "no rent suits both sides of"


@dataclass(frozen=True)
class Signing:
    """Contracts signed at once: quantity (tenors, landlords, customers) VE, rent (tenors, landlords) USD per hour.

    `menu_usd` (tenors,) is the rent of the tenor: the mean asked, weighted by what is offered, or the auction's.
    `trouble` (tenors,) says why nothing was signed, empty where something was.
    """

    quantity_ve: Floats
    rent_usd: Floats
    menu_usd: Floats
    trouble: tuple[str, ...] = ()


def sign_week(
    offers: Rows,
    wants: Rows,
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
    free, ask, _ = _spread(offers, (tenors, landlords))
    want, limit, _ = _spread(wants, (tenors, customers))
    quantity = np.zeros(shape)
    menu = last_menu_usd.copy()
    trouble = []
    for k in range(tenors):
        offered = free[k].sum()
        if offered > 0.0:
            menu[k] = float(free[k] @ ask[k] / offered)
        willing = np.where(limit[k] >= menu[k], want[k], 0.0)
        wanted = willing.sum()
        if offered > 0.0 and wanted > 0.0:
            traded = min(offered, wanted) * tenor_shares[k]
            quantity[k] = traded * np.outer(free[k] / offered, willing / wanted)
        trouble.append(_why(float(offered), float(want[k].sum()), float(wanted)))
    return Signing(quantity, ask, menu, tuple(trouble))


def auction_week(
    offers: Rows,
    wants: Rows,
    shape: tuple[int, int, int],
    tenor_shares: Floats,
    last_menu_usd: Floats,
    renewed: Floats,
) -> Signing:
    """Match a day's schedules at one rent per tenor, where cumulative demand meets supply.

    Rows and tenor shares as in `sign_week`. Whoever bids better than the rent is filled, who stands at it pro rata.
    `renewed` (landlords, customers) VE is what ends and would stay with its landlord: it is matched first, the rest in
    proportion to what both sides have left.
    """
    tenors, landlords, customers = shape
    seller, buyer = _side(offers, (tenors, landlords)), _side(wants, (tenors, customers))
    log_rent, sold, bought = meet(seller, buyer)
    volume = bought.sum(axis=1)
    traded = volume > 0.0
    menu = np.where(traded, np.exp(np.where(traded, log_rent, 0.0)), last_menu_usd)  # apart, they may meet anywhere
    quantity = paired(sold * tenor_shares[:, None], bought * tenor_shares[:, None], renewed, tenor_shares)
    offered, wanted = seller[0].sum(axis=1).tolist(), buyer[0].sum(axis=1).tolist()
    trouble = tuple(_why(o, w, v) for o, w, v in zip(offered, wanted, volume.tolist(), strict=True))
    return Signing(quantity, np.repeat(menu[:, None], landlords, axis=1), menu, trouble)


def _why(offered: float, wanted: float, traded: float) -> str:
    if traded > 0.0 and offered > 0.0:
        return TRADED
    if offered <= 0.0:
        return NO_OFFERS
    return NO_WANTS if wanted <= 0.0 else APART


def _spread(rows: Rows, shape: tuple[int, int]) -> Floats:
    """The rows of one side (3, tenors, owners): VE without its sign, limit, width; nothing where there is no row."""
    who, table = rows if isinstance(rows, tuple) else arrays(rows)
    found = np.zeros((3, *shape))
    found[:, table[:, 0].astype(np.int64), who] = table[:, 1:].T
    np.abs(found[0], out=found[0])
    return found


def _side(rows: Rows, shape: tuple[int, int]) -> Floats:
    """One side of the auction (3, tenors, owners): VE in all tenors together, log limit, width of the schedule.

    Whoever sets no limit stands a log beyond all that do.
    """
    table = _spread(rows, shape)
    np.log(table[1], out=table[1], where=table[0] > 0.0)
    endless = np.isinf(table[1])
    if endless.any():
        finite = table[1][~endless]
        table[1][endless] = (finite.max() if len(finite) else 0.0) + 1.0
    return table
