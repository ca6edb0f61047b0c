"""A jump in efficiency: the same work takes fewer GPU-hours from some day on."""

from __future__ import annotations

from dataclasses import replace

from sim.timing import Change
from sim.vocabulary import Count, Environment, Parameters


class EfficiencyJump(Parameters):
    """Work done per VE-hour rises by the share `size` from day `start` on, in a line over `phase_in_days`, for good.

    At once fewer hours are wanted, as demand within the hour is inelastic; over the years users adapt to cheaper work,
    and with a long-run elasticity above one they come to want more hours than before (Jevons).
    """

    start: Count
    size: Change
    phase_in_days: Count

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with the new methods in use."""
        if day < self.start or self.size == 0.0:
            return environment
        share = min(1.0, (day - self.start + 1) / (self.phase_in_days + 1))
        return replace(environment, efficiency=environment.efficiency * (1.0 + self.size * share))
