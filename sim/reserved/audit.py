"""The law of contracts, and the series that reserved capacity records."""

from __future__ import annotations

from collections.abc import Iterable

from sim.laws import all_same
from sim.ledger import Ledger
from sim.record import Column
from sim.reserved.contracts import ReservedBook
from sim.rounding import rounding
from sim.vocabulary import Ints


def check_contracts(day: int, ledger: Ledger, landlords: Ints, contracts: ReservedBook) -> None:
    """A12: contracts agree with the ledger; by turns one landlord's also with their cohorts."""
    told = ("prepaid rent", "prepaid_rent", contracts.prepaid_usd), (
        "reserved capacity", "reserved_capacity", contracts.quantity_ve
    )  # fmt: skip
    for what, name, table in told:
        if not ledger.holds_in_parts((name,), landlords, table, owed=True):
            owed, most = -ledger.held(name)[landlords], rounding(ledger.sizes([name])[0, landlords])
            all_same(day, "A12", what, owed, table.sum(axis=1), most)
    turn, row = divmod(day, len(landlords))
    kind = turn % len(contracts.cohorts)
    if not contracts.agrees(row, kind):
        total, most = contracts.totals[kind][row], contracts.within(row, kind)
        all_same(day, "A12", f"cohorts' {contracts.KINDS[kind]}", total, contracts.recount(row, kind), most)


def rent_column(tenor: str) -> str:
    """The series of a tenor's rent."""
    return f"reserved_{tenor}_usd_per_ve_hour"


def columns_of(tenors: Iterable[str]) -> list[Column]:
    """The series of contracts, with these tenors."""
    family = rent_column("{tenor}")
    return [
        *(
            Column(rent_column(tenor), "USD per VE-hour", f"rent of a {tenor} contract signed this week", family)
            for tenor in tenors
        ),
        Column("reserved_ve", "VE", "capacity under reserved contracts"),
    ]
