"""A shortage at the vendor: orders are met in part."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class VendorShortage(Passing):
    """The vendor turns down the share `size` of each order, the same for all; who still wants it orders again."""

    size: Share

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the shortage."""
        lost = self.size * self.strength(day)
        if lost == 0.0:
            return environment
        return replace(environment, vendor_scale=environment.vendor_scale * (1.0 - lost))
