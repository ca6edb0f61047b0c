"""A halt of shipments: chips that are ordered and paid do not arrive until it ends."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment, Hit
from sim.rules.profile import released_share
from sim.shocks.timing import Announced
from sim.vocabulary import Count, PositiveCount, Share


class ShipmentHalt(Announced):
    """The share `size` of deliveries (of one `grade`, if named) is held back for `length` days (null: for good).

    What was held back comes in equal parts over the `make_up_days` after. Fleets stand in all regions in fixed shares:
    a halt for one region is one of its share. Nobody orders less or more for it but by what rents say.
    """

    start: Count
    length: PositiveCount | None
    size: Share
    make_up_days: Count
    grade: str | None = None

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day under the halt, or while it is made up."""
        if self.size == 0.0 or day < self.start:
            return environment
        if self.length is not None and day >= self.start + self.length:
            released = released_share(day, self.start + self.length, self.make_up_days)
            if released == 1.0:
                return environment
            arriving = 1.0
        else:
            released, arriving = 0.0, 1.0 - self.size
        return replace(
            environment,
            deliveries_hits=(*environment.deliveries_hits, Hit(arriving, grade=self.grade)),
            released_hits=(*environment.released_hits, Hit(released, grade=self.grade)),
        )
