"""Reserved capacity: what is offered and wanted."""

from __future__ import annotations

from typing import NamedTuple


class ReservedRow(NamedTuple):
    """Reserved capacity wanted (+) or offered (-) this week in one tenor, VE, and the limit rent in USD per VE-hour.

    `width` makes it a schedule of the auction: nothing at the limit, all of it where rents are so many logs better.
    """

    tenor: int
    quantity_ve: float
    limit_usd: float
    width: float = 0.0
