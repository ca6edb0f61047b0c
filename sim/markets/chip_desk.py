"""New chips at month end: what owners want, what money and the vendor allow, what is ordered and paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.instruments.books import Books
from sim.vocabulary import Floats, Ints


@dataclass(frozen=True)
class Financing:
    """How landlords may pay (landlords,): advance rates after marks, cash to spend, outside equity, debt room.

    `lender_room_usd` (lenders,) is what each lender's capital still allows, `syndicate` (lenders,) its share of
    every draw, `headroom_usd` (landlords,) the borrowing base less debt before the new chips are pledged.
    """

    advance: Floats
    budget_usd: Floats
    equity_access: Floats
    headroom_usd: Floats
    lender_room_usd: Floats
    syndicate: Floats


@dataclass(frozen=True)
class Funding:
    """What each landlord may order: share of its wish, debt drawn per lender, outside equity; USD."""

    share: Floats
    draws_usd: Floats
    equity_usd: Floats
    room_share: float


def fund_orders(cost_usd: Floats, money: Financing) -> Funding:
    """Limit orders by cash and credit: order = min(wish, budget / (1 - advance * room)), plus outside equity.

    A lender whose capital does not cover its share of all draws cuts them pro rata; no order in time matters.
    """
    wanted = cost_usd * money.advance
    asked = np.minimum(wanted, np.maximum(0.0, money.headroom_usd + wanted))
    by_lender = money.syndicate * asked.sum()
    cut = np.where(
        by_lender > 0.0, np.minimum(1.0, money.lender_room_usd / np.where(by_lender > 0.0, by_lender, 1.0)), 1.0
    )
    room = float(money.syndicate @ cut)
    debt_share = np.where(cost_usd > 0.0, asked / np.where(cost_usd > 0.0, cost_usd, 1.0), 0.0) * room
    own_share = 1.0 - debt_share
    affordable = np.where(own_share > 0.0, money.budget_usd / np.where(own_share > 0.0, own_share, 1.0), np.inf)
    inside = np.minimum(cost_usd, affordable)
    outside = money.equity_access * (cost_usd - inside)
    total = inside + outside
    draws = (total * debt_share)[:, None] * (money.syndicate * cut / max(room, 1e-300))[None, :]
    share = np.where(cost_usd > 0.0, total / np.where(cost_usd > 0.0, cost_usd, 1.0), 0.0)
    return Funding(share, draws, outside * own_share, room)


def place_orders(
    books: Books, buyers: Ints, wanted_ve: Floats, paid_usd: Floats, tariff: float, forward: float, day: int
) -> tuple[float, float]:
    """Order and pay chips: `wanted_ve` (buyers, grades) by the fleet rows `buyers`. Returns (VE, USD) ordered.

    Chips are paid at order, at the price expected for the date of delivery (`forward` times today's). `paid_usd`
    (grades,) is that price with a tariff of the share `tariff` on the vendor's, which the rest of the world receives.
    """
    roll, ledger, fleet = books.roll, books.ledger, books.fleet
    total_ve = total_usd = 0.0
    for i, row in enumerate(buyers):
        owner = int(roll.chip_owners[int(row)])
        for grade in range(wanted_ve.shape[1]):
            ve = float(wanted_ve[i, grade])
            if ve <= 0.0:
                continue
            cost = ve * float(paid_usd[grade]) * forward
            duty = cost * tariff / (1.0 + tariff)
            ledger.transfer("chip orders", "cash", owner, roll.vendor, cost - duty)
            if duty > 0.0:
                ledger.transfer("tariff", "cash", owner, roll.rest_of_world, duty)
            gpus = ve / float(books.grade_value[grade])
            ledger.transfer("chip orders", f"chip_order:{books.grade_names[grade]}", roll.vendor, owner, gpus)
            fleet.order(int(row), grade, day, ve, cost)
            total_ve += ve
            total_usd += cost
    return total_ve, total_usd
