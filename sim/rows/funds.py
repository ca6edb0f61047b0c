"""Funds: orders of shares, and what everyone knows of a fund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class FundOrder(NamedTuple):
    """Shares of a fund that a holder wants (+) or gives back (-), for the next close."""

    fund: str
    shares: float


@dataclass(frozen=True, slots=True)
class FundFacts:
    """What everyone knows of a fund in the evening.

    `return_1d` is the simple return of its futures today, before leverage, `return_5d` its own log return of five days.
    `worst_nav_usd` is the most a share can cost at the next close, given the daily limits of futures.
    """

    name: str
    leverage: float
    nav_usd: float
    worst_nav_usd: float
    return_1d: float
    return_5d: float
    premium: float
    open: bool


class FundTerms(NamedTuple):
    """Leverage, expense ratio per year, the fall of NAV in a day that ends a fund, NAV of a share at inception.

    `sized_by` is the parameter that sets its size: what is named where the fund is too large for its market.
    `target_gain` is the loop gain it is to have, its part of the joint gain of all that state one; zero: none stated.
    `keeps_gain` is how fast flows bring the measured gain back to what is stated, per day.
    """

    leverage: float
    expense_ratio: float
    termination_fall: float
    nav_usd: float
    sized_by: str
    target_gain: float = 0.0
    keeps_gain: float = 0.0
