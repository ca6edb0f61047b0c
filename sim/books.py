"""All that is owned and owed: the ledger, who is who, and what GPUs and places are. Tables are with departments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.ledger import Ledger
from sim.register import Roll
from sim.rental.places import Placement
from sim.rows.rental import Products
from sim.rows.securitisation import CLASSES
from sim.vocabulary import Floats

CLEARING_HOUSE, PARENTS, REST_OF_WORLD = "clearing_house", "parents", "rest_of_world"
OUTSIDERS = (CLEARING_HOUSE, PARENTS, REST_OF_WORLD)


@dataclass
class Books:
    """Ledger, owners, grades and places; products are described by arrays (products,)."""

    roll: Roll
    ledger: Ledger
    grade_value: Floats  # (grades,) VE per GPU
    where: Placement

    @property
    def products(self) -> Products:
        """The table of products."""
        return self.where.products

    @property
    def grade_names(self) -> tuple[str, ...]:
        """All grades, the reference grade first."""
        return self.where.products.grade_names


def open_ledger(names: Sequence[str], grades: Sequence[str], roll: Roll) -> Ledger:
    """A ledger with every instrument but futures listed; each names who may owe it."""
    ledger = Ledger(names)
    at = ledger.owners
    users = sorted({at[i] for i in (*roll.users, *roll.customers)})
    landlords = [at[i] for i in roll.landlords]
    sellers = sorted({*landlords, *users, *(at[i] for i in roll.chip_owners)})
    ledger.list("cash", "USD", [REST_OF_WORLD, PARENTS])
    ledger.list("rent_accrued", "USD", users)
    ledger.list("rent_billed", "USD", users)
    ledger.list("prepayment_due", "USD", users)
    ledger.list("prepaid_rent", "USD", landlords)
    ledger.list("loan", "USD", landlords)
    ledger.list("funding", "USD", [at[i] for i in roll.lenders])
    ledger.list("margin", "USD", [CLEARING_HOUSE])
    ledger.list("reserved_capacity", "VE", sellers)
    for grade in grades:
        ledger.list(f"gpu:{grade}", "GPU", [at[roll.vendor]])
        ledger.list(f"chip_order:{grade}", "GPU", [at[roll.vendor]])
    for name in CLASSES:
        ledger.list(name, "USD", [at[i] for i in roll.vehicles])
    return ledger
