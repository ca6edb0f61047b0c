"""Notes: what investors would buy, the terms of the notes, and what the vehicle offers to buy of new loans."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

CLASSES = ("note_senior", "note_junior", "note_residual")
LINE, MEZZANINE = "note_line", "note_mezzanine"
EVERY_CLASS = (LINE, "note_senior", MEZZANINE, "note_junior", "note_residual")


class NoteRow(NamedTuple):
    """Notes an investor would buy at most this month (a strip of all classes, USD), and the spreads it requires.

    Spreads are per year over the policy rate; the residual's is its required return over that rate. Who does not name a
    mezzanine spread asks half way between senior and junior.
    """

    most_usd: float
    senior_spread: float
    junior_spread: float
    residual_spread: float
    mezzanine_spread: float | None = None

    def spreads(self, classes: tuple[str, ...]) -> tuple[float, ...]:
        """The spreads of these classes."""
        middle = self.mezzanine_spread
        if middle is None:
            middle = 0.5 * (self.senior_spread + self.junior_spread)
        asked = {
            "note_line": 0.0, "note_senior": self.senior_spread, "note_mezzanine": middle,
            "note_junior": self.junior_spread, "note_residual": self.residual_spread,
        }  # fmt: skip
        return tuple(asked[name] for name in classes)


@dataclass(frozen=True)
class Cover:
    """Tests of a note: least collateral, and least interest collected, over what is owed on it and above; 0: none."""

    overcollateralisation: float = 0.0
    interest_coverage: float = 0.0


@dataclass(frozen=True)
class NoteTerms:
    """Shares of par that the classes fund, yearly fee on the pool, months of interest in reserve, tests of each note.

    `classes` are most senior first, the residual last, `tests` of all but that. Loans in default count at `recovery`.
    Principal is passed through pro rata to balances while the tests hold, or always in sequence (`sequential`).
    """

    shares: tuple[float, ...]
    fee_per_year: float
    reserve_months: float
    tests: tuple[Cover, ...]
    recovery: float
    sequential: bool
    classes: tuple[str, ...] = CLASSES


@dataclass(frozen=True)
class Offering:
    """What the vehicle will buy of this month's loans, known before chips are ordered. Without a vehicle: nothing.

    `share` of each draw is bought, up to `room_usd`; `saved` is the share of a draw that needs no capital, `charge`
    the change per year of what borrowers pay for lenders' capital, `advance` a factor on advance rates. `relief` is
    the share of loans sold before that needs no capital. `most_usd` is what may be drawn in all where what is to be
    sold finds neither buyers nor room in the warehouse.
    """

    share: float = 0.0
    room_usd: float = 0.0
    saved: float = 0.0
    charge: float = 0.0
    advance: float = 1.0
    relief: float = 0.0
    most_usd: float = math.inf
