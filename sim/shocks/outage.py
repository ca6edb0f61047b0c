"""An outage: capacity is dark for a while, in the spot pool only or in whole fleets."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sim.rules.profile import intensity
from sim.vocabulary import Count, Environment, Parameters, PositiveCount, Share


class Outage(Parameters):
    """A share of capacity is lost from day `start` for `length` days, then comes back over `recovery_days`.

    `scope` is `pool` (capacity offered to the spot market) or `fleet` (all of it: contracts are served first, or
    with `contracts_first` false lose pro rata).
    """

    start: Count
    length: PositiveCount
    size: Share
    recovery_days: Count
    scope: Literal["pool", "fleet"]
    contracts_first: bool

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the outage."""
        strength = intensity(day, self.start, self.length, self.recovery_days)
        if strength == 0.0:
            return environment
        running = 1.0 - self.size * strength
        if self.scope == "pool":
            return replace(environment, pool_availability=environment.pool_availability * running)
        return replace(
            environment,
            fleet_availability=environment.fleet_availability * running,
            contracts_first=environment.contracts_first and self.contracts_first,
        )
