"""The books of failed traders, auctioned among clearing members before what is left goes to the market.

Members bid for their clients: every trader at the venue that has met its calls takes what the discount makes worth
while and its free money is margin for. What two of the failed hold against each other is netted at the close first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.venue import Venue
from sim.kernels.crowd import ACTIVE, CLOSING
from sim.rules.close_out import bids, discount
from sim.vocabulary import Floats


class Lot(NamedTuple):
    """One month's auction: contracts netted among the failed, taken by bidders (+ long) and left to the market; the
    log discount; by trader (N,) what changes hands, contracts, and what is paid for it beside the close, USD."""

    netted: float
    taken: float
    left: float
    discount: float
    moved: Floats
    paid_usd: Floats


class Outcome(NamedTuple):
    """What a venue's auctions did: lots by month; what traders paid (-) or gained by discounts, by crowd (N,), USD."""

    lots: list[Lot]
    gained_usd: list[Floats]

    @property
    def cost_usd(self) -> float:
        """What the failed paid to be rid of their books."""
        return -math.fsum(float(np.minimum(0.0, gained).sum()) for gained in self.gained_usd)


def auction_month(
    position: Floats, failed: Floats, per_log: Floats, most: Floats, contract_usd: float, highest: float
) -> Lot:
    """Auction one month: `position` (N,) of all traders, `failed` (N,) 1 for those whose book is for sale.

    The larger side of the failed is sold in proportion to what each holds of it, the smaller is closed in full.
    """
    book = position * failed
    long, short = float(np.maximum(0.0, book).sum()), float(np.maximum(0.0, -book).sum())
    size, netted = abs(long - short), min(long, short)
    side = 1.0 if long > short else -1.0
    at = discount(per_log, most, size, highest)
    taken = bids(per_log, most, at)
    if (total := float(taken.sum())) > size:  # rounding
        taken, total = taken * (size / total), size
    larger = np.maximum(0.0, side * book)
    sold = larger * ((netted + total) / max(long, short)) if max(long, short) > 0.0 else larger
    moved = side * (taken - sold) + np.maximum(0.0, -side * book) * side
    off = contract_usd * -math.expm1(-side * at) * side  # given away on a contract of the larger side
    share = larger / larger.sum() if size > 0.0 else larger
    return Lot(netted, side * total, size - total, at, moved, off * (taken - share * total))


def auction(venue: Venue, highest: float) -> Outcome | None:
    """Auction what the failed traders of a venue hold tonight; None where nobody holds anything to sell."""
    crowds = venue.crowds
    failed = joined([(crowd.arrays.standing == CLOSING).astype(np.float64) for crowd in crowds])
    position = np.concatenate([crowd.arrays.position for crowd in crowds], axis=1) if crowds else np.zeros((0, 0))
    if highest <= 0.0 or not (position * failed).any():
        return None
    cash = joined([crowd.arrays.cash_usd for crowd in crowds])
    bold = joined([crowd.arrays.boldness for crowd in crowds])
    able = joined([(crowd.arrays.standing == ACTIVE).astype(np.float64) for crowd in crowds])
    usd, margin = venue.price_usd * venue.hours, venue.initial_margin
    lots, gained = [], np.zeros(len(cash))
    for m, contract_usd in enumerate(usd.tolist()):
        free = cash - margin * (usd @ np.abs(position))
        most = able * np.maximum(0.0, free) / (margin * contract_usd)
        per_log = able * bold * np.maximum(0.0, cash) / contract_usd
        lot = auction_month(position[m], failed, per_log, most, contract_usd, highest)
        position[m] += lot.moved
        position[m, (failed > 0.0) & (np.abs(position[m]) <= DUST * np.abs(lot.moved))] = 0.0
        cash = cash + lot.paid_usd
        gained += lot.paid_usd
        lots.append(lot)
    parts = zip(crowds, split(crowds, cash), np.split(position, np.cumsum(sizes(crowds))[:-1], axis=1), strict=True)
    for crowd, money, held in parts:
        crowd.arrays.position[:] = held
        crowd.arrays.cash_usd[:] = money
    return Outcome(lots, split(crowds, gained))


DUST = 1e-12  # of what changed hands: what rounding leaves of a book that was sold


def sizes(crowds: Sequence[Speculators]) -> list[int]:
    """Traders by crowd."""
    return [len(crowd.arrays.cash_usd) for crowd in crowds]


def split(crowds: Sequence[Speculators], values: Floats) -> list[Floats]:
    """Values of all traders (N,) by crowd."""
    return np.split(values, np.cumsum(sizes(crowds))[:-1])


def joined(arrays: Sequence[Floats]) -> Floats:
    """The arrays of all crowds, one after another."""
    return np.concatenate([np.zeros(0), *arrays])


def by_owner(crowds: Sequence[Speculators], values: Sequence[Floats], owners: int) -> Floats:
    """What traders' values come to by owner of a crowd (owners,), exactly nothing where one owner has them all."""
    net = np.zeros(owners)
    if len({crowd.owner for crowd in crowds}) > 1:
        for crowd, mine in zip(crowds, values, strict=True):
            net[crowd.owner] += float(mine.sum())
    return net
