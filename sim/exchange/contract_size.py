"""Contracts of unlike months, where each is the hours of its month: what positions over several months are worth."""

from __future__ import annotations

from sim.vocabulary import Floats


def per_first(usd: Floats, hours: Floats) -> Floats:
    """Prices or moves (months,) of a GPU-hour as they count in contracts of the first month, whose size is hours[0].

    Positions in contracts are worth hours[0] x (positions @ per_first(prices, hours)): with contracts of one size it is
    the prices themselves, and the sum has the bits of one size times the sum.
    """
    found: Floats = usd * (hours / hours[0])
    return found
