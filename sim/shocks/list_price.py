"""A change of list prices, of a tier, grade or region."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment, Hit
from sim.shocks.timing import Change, Passing


class ListPrice(Passing):
    """What sellers want to ask changes by `size`, on the tier, grade or region named, or everywhere."""

    size: Change
    tier: str | None = None
    grade: str | None = None
    region: str | None = None

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day at those list prices."""
        change = self.size * self.strength(day)
        if change == 0.0:
            return environment
        hit = Hit(1.0 + change, self.grade, self.region, self.tier)
        return replace(environment, list_price_hits=(*environment.list_price_hits, hit))
