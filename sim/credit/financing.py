"""How the month's chip orders are paid: cash, loans, outside equity; what these allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.vocabulary import Floats


@dataclass(frozen=True)
class Financing:
    """How landlords may pay (landlords,): advance rates after marks, cash to spend, outside equity, debt room.

    `lender_room_usd` (lenders,) is what each lender's capital still allows, `share` (facilities,) how draws are split
    over facilities and `syndicate` (facilities, lenders) how each of these is over lenders, `headroom_usd` (landlords,)
    the borrowing base less debt before the new chips are pledged, `committed_usd` (landlords,) what commitments leave
    to be drawn, `open_share` the part of what is asked for that lenders are willing to lend at all.
    """

    advance: Floats
    budget_usd: Floats
    equity_access: Floats
    headroom_usd: Floats
    committed_usd: Floats
    lender_room_usd: Floats
    share: Floats
    syndicate: Floats
    open_share: float = 1.0


@dataclass(frozen=True)
class Funding:
    """What each landlord may order: share of its wish, debt drawn by loan and lender, outside equity; USD.

    A loan is a facility and a landlord, facility by facility (loans, lenders). `base_bound` landlords' draws
    are cut by their borrowing base.
    """

    share: Floats
    draws_usd: Floats
    equity_usd: Floats
    room_share: float
    base_bound: int


def fund_orders(cost_usd: Floats, money: Financing) -> Funding:
    """Limit orders by cash and credit: order = min(wish, budget / (1 - advance * room)), plus outside equity.

    A lender whose capital does not cover its share of all draws cuts them pro rata; no order in time matters, and what
    a facility's lenders cut is not drawn from another.
    """
    wanted = cost_usd * money.advance
    asked = np.minimum(wanted, np.maximum(0.0, money.headroom_usd + wanted))
    asked = np.minimum(asked, money.committed_usd) * money.open_share
    by_lender = (money.share[:, None] * money.syndicate).sum(axis=0) * asked.sum()
    short = by_lender > np.maximum(0.0, money.lender_room_usd)
    cut = np.where(short, money.lender_room_usd / np.where(short, by_lender, 1.0), 1.0)
    rooms = [float(lenders @ cut) for lenders in money.syndicate]
    carried = np.where(cost_usd > 0.0, asked / np.where(cost_usd > 0.0, cost_usd, 1.0), 0.0)
    debt_shares = np.array([share * carried * room for share, room in zip(money.share, rooms, strict=True)])
    own_share = 1.0 - debt_shares.sum(axis=0)
    affordable = np.where(own_share > 0.0, money.budget_usd / np.where(own_share > 0.0, own_share, 1.0), np.inf)
    inside = np.minimum(cost_usd, affordable)
    outside = money.equity_access * (cost_usd - inside)
    total = inside + outside
    draws = [
        (total * debt_share)[:, None] * (lenders * cut / max(room, 1e-300))[None, :]
        for debt_share, lenders, room in zip(debt_shares, money.syndicate, rooms, strict=True)
    ]
    share = np.where(cost_usd > 0.0, total / np.where(cost_usd > 0.0, cost_usd, 1.0), 0.0)
    room_share = float(sum(share * room for share, room in zip(money.share.tolist(), rooms, strict=True)))
    bound = int(((asked < wanted) & (wanted > 0.0)).sum())
    return Funding(share, np.concatenate(draws), outside * own_share, room_share, bound)
