"""Calls within the day: after half of the rounds of a limit order book all positions are marked to the last trades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.session import MonthOfTheDay
from sim.kernels.crowd import ACTIVE, CLOSING
from sim.rows.exchange import Noon
from sim.rules.speculation import FLAT_CONTRACTS
from sim.vocabulary import Floats


def call(
    months: Sequence[MonthOfTheDay],
    crowds: Sequence[Speculators],
    owners: int,
    last_usd: Floats,
    hours: Floats,
    maintenance: float,
) -> Noon:
    """Mark the day so far, and close out within it who falls below maintenance: a trader has no money elsewhere.

    Each trader's equity is last night's, and what its positions and its trades have gained since; who fails brings what
    it holds to the rest of the day's rounds as market orders. `last_usd`, `hours` (months,).
    """
    price = np.array([month.price_usd for month in months])
    gained, made_of = np.zeros((2, owners))
    crowd_gains, lost = [np.zeros(len(crowd.arrays.cash_usd)) for crowd in crowds], 0.0
    filled_by = [np.zeros_like(crowd.arrays.position) for crowd in crowds]
    for m, month in enumerate(months):
        filled, spent = month.traded
        worth, paid = filled * (price[m] * hours[m]), spent * hours[m]
        k = len(month.owners)
        np.add.at(gained, month.owners, (worth - paid)[:k])
        np.add.at(made_of, month.owners, (np.abs(worth) + np.abs(paid))[:k])
        for i, crowd in enumerate(crowds):
            here = slice(k, k + len(crowd_gains[i]))
            crowd_gains[i] += (worth - paid)[here]
            filled_by[i][m] = filled[here]
            gained[crowd.owner] += float((worth - paid)[here].sum())
            made_of[crowd.owner] += float((np.abs(worth) + np.abs(paid))[here].sum())
            k = here.stop
    failed, at = 0, 0
    move = (price - last_usd) * hours
    for crowd, traded, filled in zip(crowds, crowd_gains, filled_by, strict=True):
        held = crowd.arrays.position + filled
        result = move @ crowd.arrays.position + traded
        lost -= float(np.minimum(0.0, result).sum())
        notional = (price * hours) @ np.abs(held)
        short = crowd.arrays.cash_usd + result < maintenance * notional
        failing = short & (crowd.arrays.standing == ACTIVE) & (np.abs(held).max(axis=0) > FLAT_CONTRACTS)
        traders = np.flatnonzero(failing)
        crowd.arrays.standing[traders] = CLOSING
        for m, month in enumerate(months):
            month.sell_out(at + traders, crowd.arrays.position[m, traders])
        failed, at = failed + len(traders), at + len(traded)
    return Noon(price, gained, made_of, failed, lost)
