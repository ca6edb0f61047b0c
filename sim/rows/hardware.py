"""Hardware: chips wanted."""

from __future__ import annotations

from typing import NamedTuple


class ChipRow(NamedTuple):
    """Chips of one grade wanted this month, in VE, before lenders and the vendor have had their say."""

    grade: int
    quantity_ve: float
