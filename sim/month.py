"""Month end: users are funded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.roles import Hedges

if TYPE_CHECKING:
    from sim.economy import Economy


def fund_users(e: Economy) -> None:
    """Users, and hedgers that are not landlords, are given cash by their owners where hedges cost more."""
    roll, ledger = e.books.roll, e.books.ledger
    hedgers = {owner for owner, _ in e.register.of(Hedges)} - set(roll.landlords.tolist())
    funded = np.array(sorted({*roll.users.tolist(), *hedgers}), dtype=np.int64)
    short = np.maximum(0.0, -ledger.held("cash")[funded])
    if short.any():
        ledger.post("owners' funding", "cash", np.full(len(short), roll.rest_of_world), funded, short)
