"""A change of the price of electricity."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from sim.environment import Environment
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class PowerPrice(Passing):
    """Electricity costs `size` more (0.5: half more) everywhere; `power_share` of the variable cost is electricity.

    Landlords' offers and what they pay move by the same; owners who order chips take the cost for as lasting as the
    rents of the day.
    """

    size: Annotated[float, Field(ge=-1.0, le=20.0, allow_inf_nan=False)]
    power_share: Annotated[Share, Field(lt=1.0)]

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day at that price of power."""
        change = self.size * self.power_share * self.strength(day)
        if change == 0.0:
            return environment
        return replace(environment, running_cost_scale=environment.running_cost_scale * (1.0 + change))
