"""Lenders: loans against chips and contracts, funded by deposits and a little capital."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import ValidationInfo, field_validator

from sim.agent import Agent, Endowment, GroupParameters
from sim.growth_path import GrowthPath, Landlord
from sim.rules.investment import chip_value
from sim.view import View
from sim.vocabulary import NonNegative, Positive, PositiveRate, Share


class LenderParameters(GroupParameters):
    """Capital and slack are ratios to loans; rates per year."""

    capital_ratio: Positive  # kappa: capital needed per USD lent
    capital_slack: Positive  # capital held over capital needed on day 0
    top_up_per_year: NonNegative  # share of a shortfall against the path's capital that owners put back
    trading_half_life_years: Positive
    belief_half_life_years: Positive
    reserved_share: Share  # of the fleet behind a typical loan
    cost_of_capital: PositiveRate  # at which chips are valued

    @field_validator("capital_slack")
    @classmethod
    def _no_more_than_loans(cls, value: float, info: ValidationInfo) -> float:
        ratio = info.data.get("capital_ratio", 0.0)
        if value * ratio > 1.0:
            raise ValueError(f"times capital_ratio = {ratio} must be at most 1: capital is no more than what is lent")
        return value


class Lender(Agent):
    """A bank or credit fund; lends as long as its capital allows, and marks collateral."""

    Parameters: ClassVar[type[GroupParameters]] = LenderParameters
    kind = "lender"

    def start(self, path: GrowthPath) -> None:
        """Know the fixed cost at which the lender's own rate values a chip at q* on the path."""
        rate = self.p.cost_of_capital
        self.fixed_cost_usd = path.fixed_cost_usd(Landlord(1.0, self.p.reserved_share, 0.0, rate, rate))

    def endowment(self, path: GrowthPath) -> Endowment:
        """A share of all loans, and the capital behind them."""
        return Endowment(lending_weight=self.weight, capital_ratio=self.p.capital_ratio * self.p.capital_slack)

    @property
    def capital_ratio(self) -> float:
        """Capital needed per USD lent, kappa."""
        return float(self.p.capital_ratio)

    @property
    def top_up_per_year(self) -> float:
        """Share of a shortfall of capital that owners put back in a year."""
        return float(self.p.top_up_per_year)

    def room_usd(self, capital_usd: float, loans_usd: float) -> float:
        """What can still be lent: capital / kappa - loans."""
        room: float = max(0.0, capital_usd / self.p.capital_ratio - loans_usd)
        return room

    def mark(self, view: View) -> float:
        """Collateral over book: (1 - w) + w * (value of a chip by the curve / by own expectations).

        w is the weight of the curve in the link `curve_to_collateral`; book is what filed facilities use (exactly 1).
        """
        reversion = math.log(2.0) / self.p.trading_half_life_years
        weight = view.weight("curve_to_collateral", reversion)
        if weight == 0.0:
            return 1.0
        gap = view.curve_gap("curve_to_collateral", reversion)
        return (1.0 - weight) + weight * self.chip_value(view, math.exp(gap)) / self.chip_value(view, 1.0)

    def chip_value(self, view: View, factor: float) -> float:
        """Value of a VE with rents at `factor` times today's 30-day mean, USD."""
        today, path, s = view.today, view.path, view.path.settings
        coefficient = path.revenue_coefficient(self.p.reserved_share)
        cost = (s.cost_usd * path.hours_used(self.p.reserved_share) + self.fixed_cost_usd) * today.technology
        reversion = math.log(2.0) / self.p.belief_half_life_years
        deviation = coefficient * (today.rent_30d_usd * factor - today.anchor_usd)
        return chip_value(
            coefficient * today.anchor_usd - cost,
            deviation,
            self.p.cost_of_capital,
            s.technology,
            reversion,
            s.life_years,
            s.lead_years,
        )
