"""What notes would fetch: par, and the coupon beyond what investors ask, over the life that is left."""

from __future__ import annotations

import numpy as np

from sim.securitisation.notes import NotePool
from sim.vocabulary import Floats

LIFE_YEARS = 2.5  # mean life of principal of notes on loans that amortise by about two fifths a year


def prices_of(pool: NotePool, asked: Floats) -> Floats:
    """Prices of notes over par (notes,): max(0, 1 + (s_k - a_k) T), s_k the coupon's spread, a_k the spread asked.

    Par where nothing is outstanding; T is the mean life of what is left.
    """
    price = np.maximum(0.0, 1.0 + (pool.spread - asked[:-1]) * LIFE_YEARS)
    return np.asarray(np.where(pool.balance[:-1] > 0.0, price, 1.0))
