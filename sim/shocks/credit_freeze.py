"""A freeze of credit: lenders make no new loans, or fewer."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class CreditFreeze(Passing):
    """Lenders do not make the share `size` of the loans that they are asked for; loans that stand are served as before.

    Nobody expects it: owners' cost of capital is that of the loans they are used to.
    """

    size: Share

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day with so much less new credit."""
        frozen = self.size * self.strength(day)
        if frozen == 0.0:
            return environment
        return replace(environment, credit_scale=environment.credit_scale * (1.0 - frozen))
