"""The chip vendor: sells GPUs at a price that falls with technology, up to its capacity."""

from __future__ import annotations

import math
from typing import ClassVar

from sim.agent import Agent, GroupParameters
from sim.view import View
from sim.vocabulary import NonNegative, Positive


class ChipVendorParameters(GroupParameters):
    """Capacity is relative to the orders of the growth path."""

    capacity: Positive  # most that is accepted in a month over the path's orders; 1 binds in a boom
    price_clears: bool  # whether the chip's price rises when orders exceed capacity
    price_response: NonNegative  # log rise of the price in a month per unit of log excess of orders over capacity


class ChipVendor(Agent):
    """Accepts orders pro rata up to capacity; chips are paid at order and arrive after the lead time."""

    Parameters: ClassVar[type[GroupParameters]] = ChipVendorParameters
    kind = "chip_vendor"

    def accepted_share(self, view: View, wanted_ve: float, path_orders_ve: float) -> float:
        """Share of each order that is accepted: min(1, capacity / orders), the same for all (no queue to jump)."""
        limit = self.p.capacity * path_orders_ve
        share: float = 1.0 if wanted_ve <= limit else limit / wanted_ve
        return share

    def next_premium(self, premium: float, wanted_ve: float, path_orders_ve: float) -> float:
        """Next month's price over trend: premium * (orders / capacity) ** response, at least 1; 1 if rationed."""
        if not self.p.price_clears or wanted_ve <= 0.0:
            return 1.0
        excess = math.log(wanted_ve / (self.p.capacity * path_orders_ve))
        return max(1.0, premium * math.exp(self.p.price_response * excess))
