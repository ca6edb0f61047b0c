"""The chip vendor: sells GPUs at a price that falls with technology, up to its capacity."""

from __future__ import annotations

from typing import ClassVar

from sim.agent import Agent, GroupParameters
from sim.view import View
from sim.vocabulary import Positive


class ChipVendorParameters(GroupParameters):
    """Capacity is relative to the orders of the growth path."""

    capacity: Positive  # most that is accepted in a month over the path's orders; 1 binds in a boom


class ChipVendor(Agent):
    """Accepts orders pro rata up to capacity; chips are paid at order and arrive after the lead time."""

    Parameters: ClassVar[type[GroupParameters]] = ChipVendorParameters
    kind = "chip_vendor"

    def accepted_share(self, view: View, wanted_ve: float, path_orders_ve: float) -> float:
        """Share of each order that is accepted: min(1, capacity / orders), the same for all (no queue to jump)."""
        limit = self.p.capacity * path_orders_ve
        share: float = 1.0 if wanted_ve <= limit else limit / wanted_ve
        return share
