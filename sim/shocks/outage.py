"""An outage: capacity is dark for a while, in the spot pool only or in whole fleets, everywhere or in one place."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from sim.environment import Environment, Hit
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class Outage(Passing):
    """A share of capacity is lost; of a grade, region or tier where one is named.

    `scope` is `pool` (capacity offered to the spot market) or `fleet` (all of it: contracts are served first, or
    with `contracts_first` false lose pro rata).
    """

    size: Share
    scope: Literal["pool", "fleet"]
    contracts_first: bool
    grade: str | None = None
    region: str | None = None
    tier: str | None = None

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the outage."""
        lost = self.size * self.strength(day)
        if lost == 0.0:
            return environment
        running = 1.0 - lost
        targets = self.grade, self.region, self.tier
        everywhere = targets == (None, None, None)
        if self.scope == "pool":
            if everywhere:
                return replace(environment, pool_availability=environment.pool_availability * running)
            return replace(environment, pool_hits=(*environment.pool_hits, Hit(running, *targets)))
        changed = replace(environment, contracts_first=environment.contracts_first and self.contracts_first)
        if everywhere:
            return replace(changed, fleet_availability=environment.fleet_availability * running)
        return replace(changed, fleet_hits=(*environment.fleet_hits, Hit(running, *targets)))
