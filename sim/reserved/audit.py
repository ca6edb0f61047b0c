"""The law of contracts, and the series that reserved capacity records."""

from __future__ import annotations

from collections.abc import Iterable

from sim.laws import all_same
from sim.ledger import Ledger
from sim.record import Column
from sim.reserved.contracts import WEEKDAYS, ReservedBook
from sim.rounding import rounding
from sim.vocabulary import Ints


def check_contracts(day: int, ledger: Ledger, landlords: Ints, contracts: ReservedBook) -> None:
    """A12: contracts agree with the ledger; by turns one landlord's also with their cohorts."""
    prepaid, reserved = contracts.prepaid_usd.sum(axis=1), contracts.quantity_ve.sum(axis=1)
    claims = ["prepaid_rent", "reserved_capacity"]
    owed, sold = -ledger.table(claims)[:, landlords]
    most_usd, most = rounding(ledger.sizes(claims)[:, landlords])
    all_same(day, "A12", "prepaid rent", owed, prepaid, most_usd)
    all_same(day, "A12", "reserved capacity", sold, reserved, most)
    turn, row = divmod(day, len(landlords))
    kind = turn % len(contracts.cohorts)
    total, within = contracts.totals[kind][row], rounding(contracts.sizes[kind][row], WEEKDAYS)
    all_same(day, "A12", f"cohorts' {contracts.KINDS[kind]}", total, contracts.recount(row, kind), within)


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
