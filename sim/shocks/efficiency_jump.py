"""A jump in efficiency: the same work takes fewer GPU-hours from some day on."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Lasting


class EfficiencyJump(Lasting):
    """Work done per VE-hour rises by the share `size` from day `start` on, in a line over `phase_in_days`, for good.

    At once fewer hours are wanted, as demand within the hour is inelastic; over the years users adapt to cheaper work,
    and with a long-run elasticity above one they come to want more hours than before (Jevons).
    """

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with the new methods in use."""
        factor = self.factor(day)
        return environment if factor == 1.0 else replace(environment, efficiency=environment.efficiency * factor)
