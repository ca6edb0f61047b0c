"""Holders of fund shares: money that chases returns, shuns premia and may rebalance against a fund's leverage."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from sim.agent import Agent, GroupParameters
from sim.rows.funds import FundOrder
from sim.rules.fund_flows import wanted_flow
from sim.streams import Purpose, stable_id
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR, Finite, NonNegative

SAFETY = 1.001  # cash kept over the worst price at which an order can be filled, for costs


class FundHolderParameters(GroupParameters):
    """Flows are shares of assets held in each fund."""

    chase: Finite  # b1: per unit of the fund's log return over five days, per day
    premium_aversion: NonNegative  # b2: per unit of premium, per day
    offset: NonNegative  # b3: 1 undoes a fund's rebalancing
    offset_same_day: bool  # whether b3 is traded in the same close at its NAV, or ordered for the next day
    inflow_per_year: Finite  # trend
    flow_sd: NonNegative  # per day
    reserve: NonNegative  # cash at inception over the shares held: what buying is limited by


class FundHolder(Agent):
    """An investor in every fund of the world, limited by its cash and by the shares it has."""

    Parameters: ClassVar[type[GroupParameters]] = FundHolderParameters
    kind = "fund_holder"

    @property
    def cash_at_launch(self) -> float:
        """Cash at inception over the shares held."""
        return float(self.p.reserve)

    def same_day_offset(self) -> float:
        """b3 of flows in the same close; zero for those who order for the next day."""
        return float(self.p.offset) if self.p.offset_same_day else 0.0

    def fund_orders(self, view: View) -> Iterable[FundOrder]:
        """Shares wanted (- given back) in each fund, for the next close."""
        p, cash = self.p, view.cash_usd
        for fund in view.funds:
            waiting = view.fund_shares_waiting(fund.name)
            cash -= max(0.0, waiting) * fund.worst_nav_usd * SAFETY
            held = view.fund_shares(fund.name)
            if not fund.open or fund.nav_usd <= 0.0:
                continue
            draw = view.normal(Purpose.FUND_FLOW, stable_id(fund.name) & 0xFFFF)
            flow = wanted_flow(
                p.chase, fund.return_5d, p.premium_aversion, fund.premium, 0.0 if p.offset_same_day else p.offset,
                fund.leverage, fund.return_1d, p.inflow_per_year / DAYS_PER_YEAR, p.flow_sd, draw,
            )  # fmt: skip
            most = max(0.0, cash) / (fund.worst_nav_usd * SAFETY)
            shares = min(max(flow * (held + waiting), -(held + min(0.0, waiting))), most)
            if math.isfinite(shares) and shares != 0.0:
                cash -= max(0.0, shares) * fund.worst_nav_usd * SAFETY
                yield FundOrder(fund.name, shares)
