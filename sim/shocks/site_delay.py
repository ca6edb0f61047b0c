"""A delay of powered sites: fleets can grow less than their owners would have them."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class SiteDelay(Passing):
    """The share `size` of the growth that power and sites would allow is not to be had."""

    size: Share

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with so many sites late."""
        lost = self.size * self.strength(day)
        if lost == 0.0:
            return environment
        return replace(environment, sites_scale=environment.sites_scale * (1.0 - lost))
