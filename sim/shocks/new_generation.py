"""A new generation of chips: a VE costs less from one day on, and expected rents with it."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Lasting


class NewGeneration(Lasting):
    """The price of a new VE changes by `size` (-0.2: a fifth cheaper) from day `start` on, over `phase_in_days`.

    Old chips work as before; they are worth less because the zero-profit rent that everyone expects falls.
    """

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with the new chips on sale."""
        factor = self.factor(day)
        if factor == 1.0:
            return environment
        return replace(environment, chip_price_scale=environment.chip_price_scale * factor)
