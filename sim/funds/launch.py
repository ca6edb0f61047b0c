"""How a fund begins: its shares dealt to holders, its position handed over by the crowds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.agent import group_of
from sim.department import Common
from sim.exchange.department import Exchange
from sim.exchange.joint_close import MONTHS
from sim.exchange.venue import Venue
from sim.funds.window import Fund
from sim.problems import Problem, SpecError
from sim.roles import HoldsFutures, OrdersShares
from sim.vocabulary import Floats

Groups = Mapping[str, Mapping[str, Any]]  # the section `agents`, which a fund that is too large is told by


def launch(
    common: Common, exchange: Exchange, venue: Venue, owner: int, assets_usd: float, interest: float, groups: Groups
) -> Fund:  # fmt: skip
    """A fund starts with its position in place: the crowd has the other side, by wealth, at the last prices.

    `interest` is open interest in all months, contracts; raises SpecError for a fund that is larger.
    """
    register, hours = common.register, venue.hours
    agent = register.the(owner, HoldsFutures)
    terms = agent.fund_terms
    fund = Fund(owner, register.name(owner), terms.leverage, terms.expense_ratio, terms.termination_fall, terms.nav_usd)
    fund.exposure = agent.fund_exposure(register.views[owner])
    months = min(MONTHS, len(venue.names))
    wanted = np.array(fund.exposure)[:months] * assets_usd / (venue.price_usd[:months] * hours[:months])
    _check_size(fund, assets_usd, wanted, interest, terms.sized_by, groups)
    _deal_shares(common, fund, assets_usd)
    for m, contracts in enumerate(wanted.tolist()):
        exchange.hand_over(venue, m, owner, contracts)
    return fund


def _deal_shares(common: Common, fund: Fund, assets_usd: float) -> None:
    """The rest of the world pays assets in; holders get shares by weight, and their cash; without any it keeps them."""
    ledger, register, world = common.ledger, common.register, common.register.roll.rest_of_world
    ledger.transfer("endowment", "cash", world, fund.owner, assets_usd)
    shares = assets_usd / fund.nav_usd
    holders = register.of(OrdersShares)
    if not holders:
        ledger.transfer("endowment", fund.share, fund.owner, world, shares)
    for i, holder in holders:
        weight = register.people[i].weight
        ledger.transfer("endowment", fund.share, fund.owner, i, shares * weight)
        ledger.transfer("endowment", "cash", world, i, holder.cash_at_launch * assets_usd * weight)
        fund.waiting[i] = 0.0


def _check_size(fund: Fund, assets_usd: float, wanted: Floats, interest: float, key: str, groups: Groups) -> None:
    contracts = float(np.abs(wanted).sum())
    if contracts > interest:
        group = group_of(fund.name)
        text = (
            f"makes the fund larger than its market: {contracts:,.0f} contracts for {assets_usd:,.0f} USD of assets,"
            f" open interest of {interest:,.0f} in all months"
        )
        raise SpecError([Problem(f"agents.{group}.{key}", groups[group].get(key), text)])
