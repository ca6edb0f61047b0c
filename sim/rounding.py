"""What floats may leave between two ways of counting one thing: the one tolerance of the laws and of the ledger.

A sum in floats is wrong by at most half an epsilon of each intermediate result (Higham 2002, ch. 4). So the scale of
its rounding is all that has been added up on the way: turnover, and what stood at the close of each day. That is never
less than what is left, and never falls: of what has ended it tells the rounding, and of a dollar that is gone the gap.
"""

from __future__ import annotations

import sys
from typing import overload

from sim.vocabulary import Floats

ROUNDING = 16.0 * sys.float_info.epsilon  # of the size: a day's postings of one balance, and what amounts are made of


@overload
def rounding(size: float, terms: int = 1) -> float: ...


@overload
def rounding(size: Floats, terms: int = 1) -> Floats: ...


def rounding(size: float | Floats, terms: int = 1) -> float | Floats:
    """Return what may be rounding, in the units of `size`: all that was added up, in so many sums one after another."""
    return ROUNDING * terms * size
