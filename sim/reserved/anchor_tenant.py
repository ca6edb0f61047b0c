"""The anchor client: the customer with the most reserved capacity, and what is gone of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from sim.vocabulary import Floats


class AnchorClient:
    """Who was the largest customer when it was lost (`owner`, a row of the ledger; -1: nobody is), and what share."""

    def __init__(self) -> None:
        self.owner = -1
        self.lost = 0.0

    def meet(
        self, lost: float, customers: Sequence[int], held_ve: Floats, names: Sequence[str],
        reject: Callable[[int, float], float],
    ) -> list[tuple[str, str]]:  # fmt: skip
        """Let the client lose the share `lost` of its contracts in all; returns events (kind, text).

        Who the client is is settled on the first day, by what `customers` (owners) hold; a share that grows rejects
        more, one that shrinks gives no contract back. What it has prepaid is the landlords', what it owes is still
        paid. `names` are of all owners; `reject` takes an owner and a share and returns the VE that are gone.
        """
        before, self.lost = self.lost, lost
        if lost == before:
            return []
        if lost == 0.0:
            gone, self.owner = self.owner, -1
            return [("client back", names[gone])] if gone >= 0 else []
        if self.owner < 0:
            if not customers or not held_ve.any():
                return [("no client to lose", "nobody holds reserved capacity")] if before == 0.0 else []
            self.owner = customers[int(np.argmax(held_ve))]
        if lost < before:
            return []
        held = held_ve[list(customers).index(self.owner)]
        void = reject(self.owner, 1.0 - (1.0 - lost) / (1.0 - before))
        return [("client lost", f"{names[self.owner]} rejects contracts for {void:,.0f} VE of {held:,.0f}")]

    def thin_out(self, factor: Floats) -> None:
        """Take the lost share out of the client's own demand (owners,)."""
        if self.owner >= 0:
            factor[self.owner] *= 1.0 - self.lost

    @property
    def lost_log(self) -> dict[int, float]:
        """Log of what is left of the client's contracted demand, by owner."""
        if self.owner < 0:
            return {}
        return {self.owner: math.log(1.0 - self.lost) if self.lost < 1.0 else -math.inf}
