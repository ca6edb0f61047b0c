"""Reserved capacity: what is offered and wanted, held and delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sim.vocabulary import Floats


class ReservedRow(NamedTuple):
    """Reserved capacity wanted (+) or offered (-) this week in one tenor, VE, and the limit rent in USD per VE-hour.

    `width` makes it a schedule of the auction: nothing at the limit, all of it where rents are so many logs better.
    """

    tenor: int
    quantity_ve: float
    limit_usd: float
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Held:
    """What customers have reserved (customers,): VE, and what an hour of its use costs them, USD."""

    quantity_ve: Floats
    due_usd_per_hour: Floats


@dataclass(frozen=True, slots=True)
class Delivered:
    """A day of contracts, those served in part counted in part.

    `ve` (landlords,) is the capacity that is kept for customers all day, `let_ve_hours` (landlords,) and
    `used_ve_hours` (customers,) the hours of it that are used, `rent_usd` (landlords,) what is billed for them.
    """

    ve: Floats
    let_ve_hours: Floats
    used_ve_hours: Floats
    rent_usd: Floats
