"""Dearer (or cheaper) chips for a while: memory, packaging, freight."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment, Hit
from sim.shocks.timing import Change, Passing


class ChipPrice(Passing):
    """The price of new chips (of one `grade`, if named) changes by `size`; nobody expects rents to follow.

    The vendor gets the money. What changes the cost of compute for good is a new generation or a tariff without end.
    """

    size: Change
    grade: str | None = None

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day at that price."""
        change = self.size * self.strength(day)
        if change == 0.0:
            return environment
        hit = Hit(1.0 + change, grade=self.grade)
        return replace(environment, chip_price_hits=(*environment.chip_price_hits, hit))
