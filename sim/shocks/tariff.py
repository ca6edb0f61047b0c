"""A tariff on chips."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from sim.environment import Environment
from sim.shocks.timing import Passing


class Tariff(Passing):
    """Buyers pay the share `size` on top of the price; the vendor gets the price, the rest of the world the tariff.

    Who expects it to end waits: orders fall, and the rent that everyone expects in the long run stays, since chips
    bought afterwards will set it. A tariff for good (`length: null`) is a lasting cost of every VE to come, so the
    zero-profit rent rises by the pass-through of chip prices to rents, as for a new generation of the opposite sign;
    the fleet shrinks until rents are there. A tariff on part of all chips is a smaller one on all.
    """

    size: Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the tariff."""
        paid = self.size * self.strength(day)
        if paid == 0.0:
            return environment
        changed = replace(environment, tariff=environment.tariff + paid)
        if self.length is None:
            changed = replace(changed, tariff_for_good=environment.tariff_for_good + paid)
        return changed
