"""A new generation of chips: a VE costs less from one day on, and expected rents with it."""

from __future__ import annotations

from dataclasses import replace

from sim.timing import Change
from sim.vocabulary import Count, Environment, Parameters


class NewGeneration(Parameters):
    """The price of a new VE changes by `size` (-0.2: a fifth cheaper) from day `start` on, over `phase_in_days`.

    Old chips work as before; they are worth less because the zero-profit rent that everyone expects falls.
    """

    start: Count
    size: Change
    phase_in_days: Count

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with the new chips on sale."""
        if day < self.start or self.size == 0.0:
            return environment
        share = min(1.0, (day - self.start + 1) / (self.phase_in_days + 1))
        return replace(environment, chip_price_scale=environment.chip_price_scale * (1.0 + self.size * share))
