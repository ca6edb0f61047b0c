"""A slump (or surge) in demand for compute."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from sim.rules.profile import intensity
from sim.vocabulary import Count, Environment, Parameters, PositiveCount

Change = Annotated[float, Field(gt=-1.0, allow_inf_nan=False)]


class DemandSlump(Parameters):
    """Spot demand changes by `size` (-0.3 is a fall of 30 %), contracted demand by `contracted_size`, for a while."""

    start: Count
    length: PositiveCount
    size: Change
    contracted_size: Change
    recovery_days: Count

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the slump."""
        strength = intensity(day, self.start, self.length, self.recovery_days)
        if strength == 0.0:
            return environment
        return replace(
            environment,
            demand_scale=environment.demand_scale * (1.0 + self.size * strength),
            contracted_demand_scale=environment.contracted_demand_scale * (1.0 + self.contracted_size * strength),
        )
