"""The monthly offering of notes: one price for all buyers, the lowest at which the offer is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.rows.securitisation import NoteRow
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Book:
    """Bids that the originator can pay, cheapest first: rows of investors, most USD, spreads (bids, 3).

    `room_usd` is what the bids allow.
    """

    investors: tuple[int, ...]
    most_usd: Floats
    spreads: Floats

    @property
    def room_usd(self) -> float:
        """The most that can be placed."""
        return float(self.most_usd.sum())


def lowest_spread(bids: Sequence[tuple[int, NoteRow]], shares: tuple[float, float, float]) -> float:
    """The lowest spread asked, weighted by the classes' shares; nan if there are no bids."""
    weights = np.array(shares)
    return min((float(weights @ np.array(row[1:])) for _, row in bids), default=float("nan"))


def open_book(bids: Sequence[tuple[int, NoteRow]], shares: tuple[float, float, float], margin: float) -> Book:
    """Keep the bids whose spreads, weighted by the classes' shares, do not exceed the originator's margin."""
    weights = np.array(shares)
    priced = sorted((float(weights @ np.array(row[1:])), investor, row) for investor, row in bids)
    kept = [(investor, row) for cost, investor, row in priced if cost <= margin]
    return Book(
        investors=tuple(investor for investor, _ in kept),
        most_usd=np.array([row.most_usd for _, row in kept]),
        spreads=np.array([row[1:] for _, row in kept]).reshape(len(kept), 3),
    )


def place(book: Book, amount_usd: float) -> tuple[Floats, Floats]:
    """Allot notes to the cheapest bids that together have room, in proportion to room, all at the last one's spreads.

    Returns USD by bid (bids,) and the spreads (3,).
    """
    reach = int(np.searchsorted(np.cumsum(book.most_usd), amount_usd * (1.0 - 1e-12))) + 1
    most = book.most_usd[:reach]
    bought = np.zeros(len(book.most_usd))
    bought[:reach] = most * min(1.0, amount_usd / float(most.sum()))
    return bought, book.spreads[min(reach, len(book.spreads)) - 1]
