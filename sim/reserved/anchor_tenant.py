"""The anchor client: the customer with the most reserved capacity, and what is gone of it."""

from __future__ import annotations

import math

import numpy as np

from sim.books import Books
from sim.reserved.auction import void_contracts
from sim.vocabulary import Floats


class AnchorClient:
    """Who was the largest customer when it was lost (`owner`, a row of the ledger; -1: nobody is), and what share."""

    def __init__(self) -> None:
        self.owner = -1
        self.lost = 0.0

    def meet(self, books: Books, lost: float) -> list[tuple[str, str]]:
        """Let the client lose the share `lost` of its contracts in all; returns events (kind, text).

        Who the client is is settled on the first day; a share that grows rejects more, one that shrinks gives no
        contract back. What it has prepaid is the landlords', what it owes is still paid.
        """
        before, self.lost = self.lost, lost
        if lost == before:
            return []
        roll, ledger = books.roll, books.ledger
        if lost == 0.0:
            gone, self.owner = self.owner, -1
            return [("client back", ledger.owners[gone])] if gone >= 0 else []
        events: list[tuple[str, str]] = []
        held = books.contracts.quantity_ve.sum(axis=0)
        if self.owner < 0:
            if not len(roll.customers) or not held.any():
                return [("no client to lose", "nobody holds reserved capacity")] if before == 0.0 else []
            self.owner = int(roll.customers[int(np.argmax(held))])
        seat = int(np.flatnonzero(roll.customers == self.owner)[0])
        if lost > before:
            void = void_contracts(books, seat, 1.0 - (1.0 - lost) / (1.0 - before))
            text = f"{ledger.owners[self.owner]} rejects contracts for {void.sum():,.0f} VE of {held[seat]:,.0f}"
            events.append(("client lost", text))
        return events

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
