"""The loss of an anchor client: the customer with the most reserved capacity is gone, or a part of it."""

from __future__ import annotations

from dataclasses import replace

from sim.environment import Environment
from sim.shocks.timing import Passing
from sim.vocabulary import Share


class ClientLoss(Passing):
    """The largest customer rejects the share `size` of all its contracts, and wants so much less of everything.

    Landlords keep what it has paid ahead. As it recovers its demand returns, its contracts have to be signed anew.
    """

    size: Share

    def __call__(self, day: int, environment: Environment) -> Environment:
        """The environment of that day without the client."""
        lost = self.size * self.strength(day)
        if lost == 0.0:
            return environment
        return replace(environment, client_lost=1.0 - (1.0 - environment.client_lost) * (1.0 - lost))
