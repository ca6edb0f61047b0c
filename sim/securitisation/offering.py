"""The monthly offering of notes: one price for all buyers, the lowest at which the offer is placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.rows.securitisation import NoteRow, NoteTerms
from sim.vocabulary import Floats


class Bid(NamedTuple):
    """What an investor (by its place among them) buys at most of a strip, USD, and the spreads it asks by class."""

    investor: int
    most_usd: float
    spreads: tuple[float, ...]


@dataclass(frozen=True)
class Book:
    """Bids that the originator can pay, cheapest first: rows of investors, most USD, spreads (bids, classes).

    `room_usd` is what the bids allow.
    """

    investors: tuple[int, ...]
    most_usd: Floats
    spreads: Floats

    @property
    def room_usd(self) -> float:
        """The most that can be placed."""
        return float(self.most_usd.sum())


def bids_of(rows: Sequence[tuple[int, NoteRow]], classes: tuple[str, ...], more: Sequence[float] = ()) -> list[Bid]:
    """Rows as bids on these classes, each asking so much more (notes,) than its row says."""
    bids = []
    for investor, row in rows:
        asked = row.spreads(classes)
        if any(more):
            asked = (*(max(0.0, spread + add) for spread, add in zip(asked, more, strict=False)), asked[-1])
        bids.append(Bid(investor, row.most_usd, asked))
    return bids


def strip(terms: NoteTerms, *, without_residual: bool) -> Floats:
    """Shares of the classes in what investors buy (classes,), which add up to one."""
    shares = np.array(terms.shares)
    if not without_residual:
        return shares
    shares[-1] = 0.0
    return np.asarray(shares / float(shares.sum()))


def lowest_spread(bids: Sequence[Bid], shares: Floats) -> float:
    """The lowest spread asked, weighted by the classes' shares; nan if there are no bids."""
    return min((float(shares @ np.array(bid.spreads)) for bid in bids), default=float("nan"))


def open_book(bids: Sequence[Bid], shares: Floats, margin: float) -> Book:
    """Keep the bids whose spreads, weighted by the classes' shares, do not exceed the originator's margin."""
    priced = sorted((float(shares @ np.array(bid.spreads)), bid.investor, bid) for bid in bids)
    kept = [bid for cost, _, bid in priced if cost <= margin]
    return Book(
        investors=tuple(bid.investor for bid in kept),
        most_usd=np.array([bid.most_usd for bid in kept]),
        spreads=np.array([bid.spreads for bid in kept]).reshape(len(kept), len(shares)),
    )


def place(book: Book, amount_usd: float) -> tuple[Floats, Floats]:
    """Allot notes to the cheapest bids that together have room, in proportion to room, all at the last one's spreads.

    Returns USD by bid (bids,) and the spreads (classes,).
    """
    reach = int(np.searchsorted(np.cumsum(book.most_usd), amount_usd * (1.0 - 1e-12))) + 1
    most = book.most_usd[:reach]
    bought = np.zeros(len(book.most_usd))
    bought[:reach] = most * min(1.0, amount_usd / float(most.sum()))
    return bought, book.spreads[min(reach, len(book.spreads)) - 1]
