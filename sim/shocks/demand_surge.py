"""A surge in demand for compute."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.timing import Passing, with_demand
from sim.vocabulary import Environment

Rise = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]


class DemandSurge(Passing):
    """Spot demand rises by the share `size`, contracted demand by `contracted_size`.

    With a `region`, spot demand of the users at home there; contracts are not tied to a region.
    """

    size: Rise
    contracted_size: Rise
    region: str | None = None

    @model_validator(mode="after")
    def _contracts_have_no_region(self) -> DemandSurge:
        if self.region is not None and self.contracted_size != 0.0:
            raise ValueError("contracted_size must be 0 where a region is named: contracts are not tied to one")
        return self

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the surge."""
        strength = self.strength(day)
        spot, contracted = self.size * strength, self.contracted_size * strength
        if spot == 0.0 and contracted == 0.0:
            return environment
        return with_demand(environment, 1.0 + spot, 1.0 + contracted, self.region)
