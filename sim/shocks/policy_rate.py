"""A change of the policy rate."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from sim.environment import Environment
from sim.shocks.timing import Passing


class PolicyRate(Passing):
    """The base rate of all loans moves by `size` per year (0.03: 300 basis points); it never falls below zero."""

    size: Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day at that rate."""
        change = self.size * self.strength(day)
        if change == 0.0:
            return environment
        return replace(environment, policy_rate_add=environment.policy_rate_add + change)
