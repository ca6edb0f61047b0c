"""Credit: on what terms a landlord borrows, what lending earns, what lenders tell those who bought loans of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sim.vocabulary import Bools, Floats


class Borrower(NamedTuple):
    """Spread over the policy rate per year, share of collateral that is lent, access to outside equity (0 to 1).

    `equity_access` is the share of the equity that its orders need and its cash does not cover which outside owners put
    in. One who does not borrow lends nothing on collateral.
    """

    spread: float = 0.0
    advance_rate: float = 0.0
    equity_access: float = 0.0


NOT_BORROWING = Borrower()


@dataclass(frozen=True)
class LoanMargin:
    """What a new loan earns over the policy rate, and what its capital costs over deposits; per year and USD lent.

    Competition passes to borrowers the share `relief_passed` of capital that is saved, and `notes_passed` of what notes
    cost above `usual_note_spread`.
    """

    spread: float
    capital_cost: float
    relief_passed: float = 1.0
    notes_passed: float = 0.0
    usual_note_spread: float = 0.0


@dataclass(frozen=True)
class ServicerReport:
    """What lenders tell of loans this evening, to those who bought parts of them and to the public.

    `sold_usd` (borrowers,) is what the vehicle holds of each borrower's loans, at face, and `sold_total_usd` all of it;
    `in_estate` (borrowers,) who is in default. Interest, principal, interest added to loans and losses are what has
    come of sold loans since day 0, USD. `loss_rate` is what was written off today of all loans, over all loans;
    `dscr` the mean coverage of borrowers by what is held of their loans, nan where nothing is, and `default_chance` the
    mean chance of default a year that coverage tells of those not in default.
    """

    sold_usd: Floats
    sold_total_usd: float
    in_estate: Bools
    interest_usd: float
    principal_usd: float
    added_usd: float
    lost_usd: float
    loss_rate: float
    dscr: float = math.nan
    default_chance: float = 0.0


@dataclass(frozen=True)
class Collateral:
    """GPUs at work and on order by what they count for, (landlords,) USD each.

    `book_usd` cost less depreciation, `on_order_usd` what was paid for chips to come, `value_usd` what GPUs at work are
    worth to landlords on average, `price_usd` the same at last prices of used GPUs, `sale_usd` what outsiders would
    leave a seller who sold all of them.
    """

    book_usd: Floats
    on_order_usd: Floats
    value_usd: Floats
    price_usd: Floats
    sale_usd: Floats


@dataclass(frozen=True)
class Contracted:
    """Landlords' contracts (landlords,): rents still due on them, USD, what is let, and what of it is delivered, VE."""

    rents_due_usd: Floats
    let_ve: Floats
    delivered_ve: Floats
