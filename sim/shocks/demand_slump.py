"""A slump in demand for compute."""

from __future__ import annotations

from pydantic import model_validator

from sim.timing import Change, Passing, with_demand
from sim.vocabulary import Environment


class DemandSlump(Passing):
    """Spot demand changes by `size` (-0.3 is a fall of 30 %), contracted demand by `contracted_size`, for a while.

    With a `region`, spot demand of the users at home there; contracts are not tied to a region.
    """

    size: Change
    contracted_size: Change
    region: str | None = None

    @model_validator(mode="after")
    def _contracts_have_no_region(self) -> DemandSlump:
        if self.region is not None and self.contracted_size != 0.0:
            raise ValueError("contracted_size must be 0 where a region is named: contracts are not tied to one")
        return self

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the slump."""
        strength = self.strength(day)
        spot, contracted = self.size * strength, self.contracted_size * strength
        if spot == 0.0 and contracted == 0.0:
            return environment
        return with_demand(environment, 1.0 + spot, 1.0 + contracted, self.region)
