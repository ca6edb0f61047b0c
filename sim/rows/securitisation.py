"""Notes: what investors would buy, the terms of the notes, and what the vehicle offers to buy of new loans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

CLASSES = ("note_senior", "note_junior", "note_residual")


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


@dataclass(frozen=True)
class Offering:
    """What the vehicle will buy of this month's loans, known before chips are ordered. Without a vehicle: nothing.

    `share` of each draw is bought, up to `room_usd`; `saved` is the share of a draw that needs no capital, `charge`
    the change per year of what borrowers pay for lenders' capital, `advance` a factor on advance rates. `relief` is
    the share of loans sold before that needs no capital.
    """

    share: float = 0.0
    room_usd: float = 0.0
    saved: float = 0.0
    charge: float = 0.0
    advance: float = 1.0
    relief: float = 0.0
