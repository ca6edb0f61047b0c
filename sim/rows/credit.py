"""Credit: on what terms a landlord borrows."""

from __future__ import annotations

from typing import NamedTuple


class Borrower(NamedTuple):
    """Spread over the policy rate per year, share of collateral that is lent, access to outside equity (0 to 1).

    `equity_access` is the share of the equity that its orders need and its cash does not cover which outside owners put
    in. One who does not borrow lends nothing on collateral.
    """

    spread: float = 0.0
    advance_rate: float = 0.0
    equity_access: float = 0.0


NOT_BORROWING = Borrower()
