"""AI labs: inference that must run, training that can wait, reserved contracts, hedges of what is left."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from pydantic import ValidationInfo, field_validator

from sim.agent import Agent, Endowment, GroupParameters
from sim.growth_path import GrowthPath
from sim.rules.hedging import hedge_schedule, hedge_target, layered
from sim.rules.usage import contracted_level
from sim.usage import learned_slow_rent, starting_slow_rent, usual_rent, wanted_at_usual_rent
from sim.view import View
from sim.vocabulary import (
    HOURS_PER_DAY,
    DemandRow,
    FutureRow,
    NonNegative,
    Positive,
    ReservedRow,
    Share,
    SupplyRow,
)

INFERENCE, TRAINING, SPILL = range(3)
FLAT, INFERENCE_SEASON = 0, 1
INFERENCE_WORK, TRAINING_WORK = 0, 1


class AiLabParameters(GroupParameters):
    """Elasticities are positive numbers; shares of the market's demand on day 0."""

    demand_share: Share  # of spot demand, the whole group
    elasticity: NonNegative  # of inference within the hour
    long_run_elasticity: NonNegative
    adaptation_years: Positive  # over which usual rents are learned
    training_share: Share  # of spot demand that can wait
    training_days: Positive  # over which the backlog is worked off at the usual rent
    training_elasticity: NonNegative
    contracted_elasticity: NonNegative
    spill: Share  # of contract hours wanted but not had that goes to the spot market
    relet_share: Share  # of reserved capacity that is offered when rents are high
    relet_start: Positive  # rent over the usual at which re-letting begins
    relet_full: Positive  # and at which all of it is offered
    trading_half_life_years: Positive
    hedge_ratio: Share  # of expected spot use, bought forward
    hedge_horizon_years: Positive  # hedges are built up over this time before delivery
    hedge_pace_per_day: Positive  # most that is traded in a day, in shares of the exposure
    hedge_tolerance: NonNegative
    hedge_reach: NonNegative
    regions: dict[str, Share] | None  # where its users are at home; the world's if null

    @field_validator("relet_full")
    @classmethod
    def _above_start(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("relet_start", 0.0):
            raise ValueError(f"must be above relet_start = {info.data['relet_start']}")
        return value


class AiLab(Agent):
    """A user of compute that has a business to run on it."""

    Parameters: ClassVar[type[GroupParameters]] = AiLabParameters
    kind = "ai_lab"

    def start(self, path: GrowthPath) -> None:
        """Believe the path: slow rents lag it, the training backlog is at its usual length."""
        s = path.settings
        self.slow_rent_usd = starting_slow_rent(s.rent_usd, s.technology, self.p.adaptation_years)
        self.usual_rent_usd = s.rent_usd
        self.backlog_ve_hours: float | None = None
        self.training_ve = 0.0

    def endowment(self, path: GrowthPath) -> Endowment:
        """A share of all reserved capacity."""
        return Endowment(reserved_weight=self.weight, regions=self.p.regions)

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        """Inference now, the backlog of training over some days, and what contracts should have covered."""
        level = wanted_at_usual_rent(
            view, self.p.demand_share * self.weight, self.usual_rent_usd, self.p.long_run_elasticity
        )
        level *= view.common_factor * view.own_factor
        self.training_ve = level * self.p.training_share
        if self.backlog_ve_hours is None:
            self.backlog_ve_hours = self.training_ve * HOURS_PER_DAY * self.p.training_days
        usual = self.usual_rent_usd
        missing = self.p.spill * (view.reserved_short_ve + max(0.0, self.contracted_ve(view) - view.reserved_held_ve))
        training = self.backlog_ve_hours / (HOURS_PER_DAY * self.p.training_days)
        yield DemandRow(INFERENCE_WORK, INFERENCE_SEASON, 0, level - self.training_ve, usual, self.p.elasticity)
        yield DemandRow(TRAINING_WORK, FLAT, 2, training, usual, self.p.training_elasticity)
        yield DemandRow(INFERENCE_WORK, FLAT, 0, missing, usual, self.p.elasticity)

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Re-let a share of reserved capacity when rents are high."""
        capacity = self.p.relet_share * max(0.0, view.reserved_held_ve - view.reserved_short_ve)
        if capacity > 0.0:
            usual = self.usual_rent_usd * view.today.environment.efficiency
            yield SupplyRow(
                1, capacity, math.log(usual * self.p.relet_start), math.log(usual * self.p.relet_full), 0.0, False
            )

    def contracted_ve(self, view: View) -> float:
        """Reserved capacity wanted: a share of the market's, with its demand, weakly against half a year's rents."""
        level = wanted_at_usual_rent(view, self.weight, self.usual_rent_usd, self.p.long_run_elasticity)
        efficiency = view.today.environment.efficiency  # usual rents are per unit of work, contracts are of hours
        level *= view.path_contracted_ve / view.path_spot_demand_ve / efficiency
        return contracted_level(
            level,
            view.contracted_log,
            view.today.rent_180d_usd / efficiency,
            self.usual_rent_usd,
            self.p.contracted_elasticity,
        )

    def reserved(self, view: View) -> Iterable[ReservedRow]:
        """Want in every tenor what is missing; the market splits it by the menu's shares. Any rent below the usual."""
        missing = self.contracted_ve(view) - view.reserved_held_ve
        if missing > 0.0:
            for k in range(len(view.path.tenors)):
                yield ReservedRow(k, missing, math.inf)

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Buy a share of expected spot use of each listed month forward, around own expectations."""
        curve = view.today.curve
        if curve is None:
            return
        use = wanted_at_usual_rent(
            view, self.p.demand_share * self.weight, self.usual_rent_usd, self.p.long_run_elasticity
        )
        use *= view.path_pool_demand_ve / view.path_spot_demand_ve  # what is rented at rents the index follows
        use /= view.today.environment.efficiency
        reversion = math.log(2.0) / self.p.trading_half_life_years
        for m, price in enumerate(curve.price_usd):
            exposure = hedge_target(1.0, use * HOURS_PER_DAY * curve.days_left[m], curve.contract_hours)
            expected = view.expected_settlement_usd(m, reversion)
            ratio = layered(self.p.hedge_ratio, curve.horizon_years[m], self.p.hedge_horizon_years)
            yield FutureRow(
                m,
                *hedge_schedule(
                    ratio * exposure,
                    view.position(m),
                    expected,
                    price,
                    self.p.hedge_tolerance * exposure,
                    self.p.hedge_reach * exposure,
                    self.p.hedge_pace_per_day * exposure,
                ),
            )

    def learn(self, view: View) -> None:
        """Add new training to the backlog, take off what ran, and let usual rents follow today's."""
        s = view.path.settings
        done = view.bought_ve_hours(TRAINING)
        backlog = self.backlog_ve_hours if self.backlog_ve_hours is not None else 0.0
        self.backlog_ve_hours = max(0.0, backlog + self.training_ve * HOURS_PER_DAY - done)
        self.slow_rent_usd = learned_slow_rent(view, self.slow_rent_usd, self.p.adaptation_years)
        self.usual_rent_usd = usual_rent(self.slow_rent_usd, s.technology, self.p.adaptation_years)
