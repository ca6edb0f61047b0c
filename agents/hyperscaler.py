"""Hyperscalers: equity-financed owners with workloads of their own, who release capacity when rents are high."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from sim.agent import Agent, Endowment, GroupParameters
from sim.behaviours.investing import Investor, wanted_chips
from sim.behaviours.letting import AskTerms, list_asks, pool_row
from sim.growth_path import GrowthPath, Landlord
from sim.rows.hardware import ChipRow
from sim.rows.rental import SupplyRow
from sim.view import View
from sim.vocabulary import Days, Floats, NonNegative, Positive, PositiveRate, Share

OWN_WORKLOADS = 0.0


class HyperscalerParameters(GroupParameters):
    """Capacity in VE, rates per year."""

    fleet_ve: Positive  # of the whole group
    managed_share: Share  # of the fleet that is let on demand, in its own tier
    own_priority: NonNegative  # share of it that own workloads take back per unit of demand above the usual
    swing_share: Share  # of the fleet that may be let when rents are high
    swing_start: Positive  # rent over the path's slow mean at which letting begins
    swing_full: Positive
    cost_of_capital: PositiveRate  # all equity, out of group cash
    stiffness: Positive
    belief_half_life_years: Positive
    trading_half_life_years: Positive
    phantom_orders: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0  # share of scarcity made up for by ordering more
    grade_sensitivity: NonNegative
    slow_rent_days: Days  # over which the usual rent is learned
    ask_response: Annotated[NonNegative, Field(le=10.0)]  # log list price per unit of log tightness
    ask_hazard_per_day: Share
    ask_hazard_per_gap: NonNegative  # added hazard per unit of log gap to the wanted price
    ask_threshold: NonNegative  # log gap below which a list price is left alone: prices move in steps
    ask_age_days: NonNegative  # of list prices on average; sellers ask what is right at that age
    ask_own_grade: Share  # of a list price that follows the grade itself; the rest follows all grades in proportion
    grades: dict[str, Share] | None  # of its fleet at the start; the world's if null
    regions: dict[str, Share] | None  # where its GPUs stand
    tiers: dict[str, Share] | None  # how they are let by the hour

    @field_validator("swing_full")
    @classmethod
    def _above_start(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("swing_start", 0.0):
            raise ValueError(f"must be above swing_start = {info.data['swing_start']}")
        return value


def ask_terms(p: Any) -> AskTerms:
    """How hyperscalers with these parameters post list prices."""
    return AskTerms(
        1.0, p.ask_response, p.ask_hazard_per_day, p.ask_hazard_per_gap, p.ask_threshold, 0.0, p.ask_age_days,
        own_grade=p.ask_own_grade,
    )  # fmt: skip


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
        fleet = self.p.fleet_ve * self.weight
        return Endowment(
            fleet_ve=fleet, pool_ve=fleet * self.p.managed_share, grades=self.p.grades, regions=self.p.regions,
            tiers=self.p.tiers,
        )  # fmt: skip

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Let the managed pool, less what own workloads take first when demand is high; release swing capacity.

        Pool = share of fleet * clip(1 - priority (demand / usual - 1), 0, 1); swing comes on from `swing_start` to
        `swing_full` times the usual rent.
        """
        environment = view.today.environment
        spare = min(1.0, max(0.0, 1.0 - self.p.own_priority * (view.common_factor - 1.0)))
        pool = self.p.managed_share * view.fleet_ve * spare * environment.pool_availability * view.running_share
        if pool > 0.0:
            yield pool_row(view, pool)
        usual = self.slow_rent_usd / self.lag
        capacity = self.p.swing_share * view.fleet_ve
        if capacity > 0.0:
            yield SupplyRow(
                1, capacity, math.log(usual * self.p.swing_start), math.log(usual * self.p.swing_full), 0.0, False
            )

    def list_asks(self, view: View, posted_usd: Floats) -> Floats:
        """List prices that stand for long and then move in a step."""
        return list_asks(view, posted_usd, self.made(ask_terms))

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
            phantom_orders=self.p.phantom_orders,
        )
        return wanted_chips(view, terms)

    def learn(self, view: View) -> None:
        """Let the usual rent follow today's."""
        self.slow_rent_usd *= math.exp(math.log(view.today.rent_usd / self.slow_rent_usd) / self.p.slow_rent_days)
