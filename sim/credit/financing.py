"""How the month's chip orders are paid: cash, loans, outside equity; what these allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.vocabulary import Floats


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
