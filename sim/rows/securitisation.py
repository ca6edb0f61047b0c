"""Notes: what investors would buy, and the terms of the notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class NoteRow(NamedTuple):
    """Notes an investor would buy at most this month (a strip of all classes, USD), and the spreads it requires.

    Spreads are per year over the policy rate; the residual's is its required return over that rate.
    """

    most_usd: float
    senior_spread: float
    junior_spread: float
    residual_spread: float


@dataclass(frozen=True)
class NoteTerms:
    """Shares of par that the classes fund (3,), yearly fee on the pool, months of interest in reserve, tests.

    `overcollateralisation` is the least collateral over the senior balance; loans in default count at `recovery`.
    Principal is passed through pro rata to balances while the test holds, or always in sequence (`sequential`).
    """

    shares: tuple[float, float, float]
    fee_per_year: float
    reserve_months: float
    overcollateralisation: float
    recovery: float
    sequential: bool
