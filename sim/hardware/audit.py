"""The laws of GPUs and orders, and the series that hardware records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from sim.behaviours.investing import values_by_grade, wanted_q
from sim.board import Today
from sim.hardware.fleet import Fleet
from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Register, Roll
from sim.roles import ValuesChips
from sim.rounding import rounding
from sim.rows.hardware import Grades
from sim.vocabulary import Floats, Ints


def check_chips(day: int, ledger: Ledger, owners: Ints, fleet: Fleet, grades: Grades) -> None:
    """A7, A8: the ledger's GPUs and orders agree with vintages and pipeline; orders = delivered + outstanding.

    By turns an owner's vintages, pipeline and book value (A3) are counted anew.
    """
    told = ("A7", "GPUs", grades.gpus, fleet.working), ("A8", "orders", grades.orders, fleet.on_order)
    for law, what, names, table in told:
        if not ledger.holds(names, owners, table, grades.gpu_ve):
            held, most = (
                each[:, owners] * grades.gpu_ve[:, None] for each in (ledger.table(names), ledger.sizes(names))
            )
            all_same(day, law, what, held, table.T, rounding(most), grades.names)
    row = day % len(owners)
    working, due, book = fleet.count_anew(row, day)
    within = _rounding_ve(ledger, grades.gpus, int(owners[row]), grades)
    same(day, "A7", "vintages", working, sum(fleet.working[row].tolist()), within)
    within = _rounding_ve(ledger, grades.orders, int(owners[row]), grades)
    same(day, "A8", "pipeline", due, sum(fleet.on_order[row].tolist()), within)
    same(day, "A3", "book value of GPUs", book, float(fleet.book_usd[row]), rounding(float(fleet.size_usd[row])))


def _rounding_ve(ledger: Ledger, names: tuple[str, ...], owner: int, grades: Grades) -> float:
    """What may be rounding of all that an owner holds of instruments, one a grade, VE."""
    value = zip(names, grades.gpu_ve.tolist(), strict=True)
    size_ve: float = sum(ledger.size([name], owner) * ve for name, ve in value)
    return rounding(size_ve)


def check_custody(day: int, ledger: Ledger, roll: Roll, on_the_way_ve: Floats, grades: Grades) -> None:
    """A7 of used GPUs: what has left a seller and not reached a buyer is in the custody of the rest of the world."""
    names, world = grades.gpus, np.array([roll.rest_of_world])
    if ledger.holds(names, world, on_the_way_ve[None, :], grades.gpu_ve):
        return
    held, most = ledger.table(names)[:, roll.rest_of_world], rounding(ledger.sizes(names).sum(axis=1))
    all_same(day, "A7", "GPUs on their way", held, on_the_way_ve / grades.gpu_ve, most, grades.names)


USED_COLUMNS = [
    Column("used_gpu_usd_per_ve", "USD per VE", "price of landlords' GPUs at work as a whole, at last prices of used "
           "GPUs of their grades and ages"),
    Column("used_price_ratio", "ratio", "the same over what these GPUs are worth to landlords on average"),
    Column("used_paid_usd", "USD", "paid for used GPUs today"),
    Column("used_sold_usd", "USD", "what they are worth to landlords on average"),
    Column("used_forced_usd", "USD", "of these, sold by those who had to, at value"),
    Column("used_outside_usd", "USD", "of these, bought by outsiders, at value"),
    Column("used_on_the_way_ve", "VE", "used GPUs that are sold and not yet at work again"),
]  # fmt: skip


def columns_of(kinds: Iterable[str]) -> list[Column]:
    """The series of GPUs and chips, where owners of these kinds have GPUs."""
    return [
        *(
            Column(gpus_column(kind), "GPUs", f"GPUs at work of all agents of kind {kind}", gpus_column("{kind}"))
            for kind in sorted(set(kinds))
        ),
        Column("fleet_ve", "VE", "GPUs at work of landlords, H100 value equivalents"),
        Column("fleet_path_ve", "VE", "the same on the growth path"),
        Column("fleet_all_ve", "VE", "GPUs at work of all owners"),
        Column("orders_ve", "VE", "chips ordered today by landlords"),
        Column("orders_path_ve", "VE", "landlords' orders of a month on the growth path, on order days"),
        Column("orders_all_ve", "VE", "chips ordered today by all owners"),
        Column("chip_price_usd_per_ve", "USD per VE", "price of a new chip, tariff included"),
        Column(
            "gpu_value_usd_per_ve",
            "USD per VE",
            "value of a GPU at work at the largest landlord's own beliefs, no link read",
        ),
        Column("q_mean", "ratio", "value of a new chip over its price, fleet-weighted over landlords"),
        Column("chip_premium", "ratio", "price of a new chip over its trend, from orders beyond the vendor's capacity"),
        Column("chip_scarcity", "ratio", "orders or lead times it takes to have chips over the usual, as quoted"),
    ]


def gpus_column(kind: str) -> str:
    """The series of GPUs of owners of a kind."""
    return f"fleet_{kind}_gpus"


def gpus_by_kind(columns: Iterable[str], gpus: Floats) -> dict[str, float]:
    """GPUs of each kind of owner, given those of all owners (chip owners,) and the series of each."""
    found: dict[str, float] = {}
    for column, count in zip(columns, gpus.tolist(), strict=True):
        found[column] = found.get(column, 0.0) + count
    return found


def mean_q(register: Register, fleets: Floats) -> float:
    """Mean q of landlords that say how they value chips, weighed by their fleets (landlords, grades)."""
    known, landlords = dict(register.of(ValuesChips)), register.roll.landlords.tolist()
    mine = [k for k, owner in enumerate(landlords) if owner in known]
    weights = fleets.sum(axis=1)[mine]
    views = register.views
    qs = [wanted_q(views[owner], known[owner].investor(views[owner]))[1] for owner in landlords if owner in known]
    return float(weights @ np.array(qs) / weights.sum()) if weights.any() else np.nan


def mean_paid_usd(today: Today, order_shares: Sequence[float]) -> float:
    """What buyers pay for a VE of new chips, mean over the grades' shares in orders."""
    if all(factor == 1.0 for factor in today.chip_price_factors):
        return today.chip_price_usd
    return today.chip_price_usd * math.fsum(
        factor * share for factor, share in zip(today.chip_price_factors, order_shares, strict=True)
    )


def gpu_value_usd(register: Register, fleets: Floats) -> float:
    """Value of a VE at work, all its life ahead, in the largest landlord's fleet; nan if all are gone.

    At its own beliefs: a measure that read the curve would find that futures move it wherever it is told to look.
    """
    most = int(np.argmax(fleets.sum(axis=1)))
    total = float(fleets[most].sum())
    owner = int(register.roll.landlords[most])
    if total == 0.0 or not register.has(owner, ValuesChips):
        return np.nan
    view = register.views[owner].without_links()
    investor = register.the(owner, ValuesChips).investor(view)
    return float(fleets[most] @ np.array(values_by_grade(view, investor, 0.0))) / total
