"""The dose: how large funds must be for their joint loop to have a stated gain on the live auction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from sim.exchange.joint_close import MONTHS, FundOrders, MonthOrders, close_with_funds
from sim.kernels.fund_auction import FundCurves
from sim.vocabulary import Floats

PHASES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)  # weights of the nearest month, through a roll
PRECISION, LARGEST_FACTOR = 1e-3, 1e9


def roll_gain(
    books: Sequence[MonthOrders], assets_usd: Floats, leverage: Floats, hours: Floats, tick_usd: float
) -> float:
    """Joint gain of funds (K,) that stand at the last prices in a close of these orders, mean over a roll.

    Of one fund with weights w_m the gains are G_mj = A Lambda_m (w_m L w_j L - (m = j) w_m L), A over open interest and
    Lambda_m the impact of the month; the joint gain is their largest eigenvalue.
    """
    last = np.array([book.last_usd for book in books] + [1.0] * (MONTHS - len(books)))
    found = []
    for near in PHASES if len(books) == MONTHS else (1.0,):
        exposure = leverage[:, None] * np.array([near, 1.0 - near])
        held = exposure * assets_usd[:, None] / (last * hours)
        curves = FundCurves(assets_usd, held * hours, exposure, held, last, hours)
        owners = np.arange(len(assets_usd), dtype=np.int64)
        found.append(close_with_funds(books, FundOrders(owners, curves), tick_usd, False)[1].spectral_radius)
    return math.fsum(found) / len(found)


def factor_for(stated: float, gain_at: Callable[[float], float]) -> float:
    """The factor on sizes at which a rising gain is what is stated, by bisection in logs; as large as is tried if none.

    Zero where nothing is stated.
    """
    if stated <= 0.0:
        return 0.0
    low = high = 1.0
    while gain_at(high) < stated and high < LARGEST_FACTOR:
        high *= 2.0
    while gain_at(low) > stated and low > 1.0 / LARGEST_FACTOR:
        low /= 2.0
    while high / low > 1.0 + PRECISION:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if gain_at(middle) > stated else (middle, high)
    return math.sqrt(low * high)
