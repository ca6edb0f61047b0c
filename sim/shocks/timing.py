"""When a shock acts: what all shocks of a start, a length and a recovery have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.environment import Environment, Hit
from sim.rules.profile import intensity
from sim.vocabulary import Count, Parameters, PositiveCount

Change = Annotated[float, Field(gt=-1.0, le=100.0, allow_inf_nan=False)]  # -0.3 is a fall of 30 %


class Announced(Parameters):
    """A shock is public `announced_days` before it strikes, with its whole course; 0: nobody is told."""

    announced_days: Count = 0


class Passing(Announced):
    """From day `start` for `length` days (null: for good), then a recovery.

    `start` is a day number or a date as 2026-03-01. The shock reaches its full size in a line over the first
    `rise_days`, and fades after `length` at once (`step`), in a line over `recovery_days` (`linear`), or by half every
    `recovery_days` (`exponential`).
    """

    start: Count
    length: PositiveCount | None
    recovery_days: Count
    recovery: Literal["step", "linear", "exponential"] = "linear"
    rise_days: Count = 0

    @model_validator(mode="after")
    def _full_before_it_ends(self) -> Passing:
        if self.length is not None and self.rise_days >= self.length:
            raise ValueError(f"rise_days must be less than length = {self.length}")
        return self

    def strength(self, day: int) -> float:
        """How strongly it acts on a day, 0 to 1."""
        return intensity(day, self.start, self.length, self.recovery_days, self.recovery, self.rise_days)


def with_demand(environment: Environment, spot: float, contracted: float, region: str | None) -> Environment:
    """Spot demand (of users at home in a region, if one is named) and contracted demand times these factors."""
    if region is not None:
        return replace(environment, demand_hits=(*environment.demand_hits, Hit(spot, region=region)))
    return replace(
        environment,
        demand_scale=environment.demand_scale * spot,
        contracted_demand_scale=environment.contracted_demand_scale * contracted,
    )


class DemandChange(Passing):
    """Spot demand changes by `size`, contracted demand by `contracted_size`, for a while.

    With a `region`, spot demand of the users at home there; contracts are not tied to a region.
    """

    size: float
    contracted_size: float
    region: str | None = None

    @model_validator(mode="after")
    def _contracts_have_no_region(self) -> DemandChange:
        if self.region is not None and self.contracted_size != 0.0:
            raise ValueError("contracted_size must be 0 where a region is named: contracts are not tied to one")
        return self

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with demand changed."""
        strength = self.strength(day)
        spot, contracted = self.size * strength, self.contracted_size * strength
        if spot == 0.0 and contracted == 0.0:
            return environment
        return with_demand(environment, 1.0 + spot, 1.0 + contracted, self.region)


class Lasting(Announced):
    """From day `start` on something changes by the share `size`, in a line over `phase_in_days`, for good."""

    start: Count
    size: Change
    phase_in_days: Count

    def factor(self, day: int) -> float:
        """What it is multiplied by on a day; exactly 1 before the first, and without a size."""
        if day < self.start or self.size == 0.0:
            return 1.0
        return 1.0 + self.size * min(1.0, (day - self.start + 1) / (self.phase_in_days + 1))
