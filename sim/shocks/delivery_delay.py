"""A delay of deliveries: chips arrive later than promised, and go on doing so until the delay is made up."""

from __future__ import annotations

from dataclasses import replace

from pydantic import model_validator

from sim.environment import Environment, Hit
from sim.rules.profile import released_share
from sim.shocks.timing import Announced
from sim.vocabulary import Count, PositiveCount, Share


class DeliveryDelay(Announced):
    """From day `start` on the share `size` of deliveries (of one `grade`, if named) comes `delay_days` late.

    So much is missing after `delay_days`, and stays missing while each delivery arrives as late as the one before,
    until `length` days have passed (null: for good); then it is made up in equal parts over `make_up_days`.
    """

    start: Count
    length: PositiveCount | None
    size: Share
    delay_days: PositiveCount
    make_up_days: Count
    grade: str | None = None

    @model_validator(mode="after")
    def _late_before_it_ends(self) -> DeliveryDelay:
        if self.length is not None and self.delay_days > self.length:
            raise ValueError(f"delay_days must be at most length = {self.length}")
        return self

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with deliveries late, or while the delay is made up."""
        if self.size == 0.0 or day < self.start:
            return environment
        released, arriving = 0.0, 1.0
        if day < self.start + self.delay_days:
            arriving = 1.0 - self.size
        elif self.length is not None:
            released = released_share(day, self.start + self.length, self.make_up_days)
        if released == 1.0:
            return environment
        return replace(
            environment,
            deliveries_hits=(*environment.deliveries_hits, Hit(arriving, grade=self.grade)),
            released_hits=(*environment.released_hits, Hit(released, grade=self.grade)),
        )
