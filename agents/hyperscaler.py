"""Hyperscalers: equity-financed owners with workloads of their own, who release capacity when rents are high."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from pydantic import ValidationInfo, field_validator

from sim.agent import Agent, Endowment, GroupParameters
from sim.growth_path import GrowthPath, Landlord
from sim.investing import Investor, wanted_chips
from sim.view import View
from sim.vocabulary import ChipRow, NonNegative, Positive, Share, SupplyRow

OWN_WORKLOADS = 0.0


class HyperscalerParameters(GroupParameters):
    """Capacity in VE, rates per year."""

    fleet_ve: Positive  # of the whole group
    swing_share: Share  # of the fleet that may be let when rents are high
    swing_start: Positive  # rent over the path's slow mean at which letting begins
    swing_full: Positive
    cost_of_capital: Positive  # all equity, out of group cash
    stiffness: Positive
    belief_half_life_years: Positive
    trading_half_life_years: Positive
    grade_sensitivity: NonNegative
    slow_rent_days: Positive  # over which the usual rent is learned

    @field_validator("swing_full")
    @classmethod
    def _above_start(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("swing_start", 0.0):
            raise ValueError(f"must be above swing_start = {info.data['swing_start']}")
        return value


class Hyperscaler(Agent):
    """An owner whose fleet serves itself first; orders are paid by the parent's equity."""

    Parameters: ClassVar[type[GroupParameters]] = HyperscalerParameters
    kind = "hyperscaler"

    def start(self, path: GrowthPath) -> None:
        """Know the internal cost that puts q at q* on the path: own workloads are valued at the market's rent."""
        s = path.settings
        rate = self.p.cost_of_capital
        terms = Landlord(share=1.0, reserved_share=0.0, advance_rate=0.0, debt_rate=rate, equity_rate=rate)
        self.fixed_cost_usd = path.fixed_cost_usd(terms)
        self.lag = math.exp(s.technology * self.p.slow_rent_days / 365.0)
        self.slow_rent_usd = s.rent_usd * self.lag

    def endowment(self, path: GrowthPath) -> Endowment:
        """The share of the group's fleet."""
        return Endowment(fleet_ve=self.p.fleet_ve * self.weight)

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Release swing capacity, from `swing_start` to `swing_full` times the usual rent."""
        usual = self.slow_rent_usd / self.lag
        capacity = self.p.swing_share * view.fleet_ve
        if capacity > 0.0:
            yield SupplyRow(
                1, capacity, math.log(usual * self.p.swing_start), math.log(usual * self.p.swing_full), 0.0, False
            )

    def chips(self, view: View) -> Iterable[ChipRow]:
        """Order by q, with little response to rents."""
        terms = Investor(
            reserved_share=OWN_WORKLOADS,
            fixed_cost_usd=self.fixed_cost_usd,
            cost_of_capital=self.p.cost_of_capital,
            belief_half_life_years=self.p.belief_half_life_years,
            trading_half_life_years=self.p.trading_half_life_years,
            stiffness=self.p.stiffness,
            grade_sensitivity=self.p.grade_sensitivity,
        )
        return wanted_chips(view, terms)

    def learn(self, view: View) -> None:
        """Let the usual rent follow today's."""
        self.slow_rent_usd *= math.exp(math.log(view.today.rent_usd / self.slow_rent_usd) / self.p.slow_rent_days)
