"""New chips at month end: what is ordered and paid; used ones that an estate sells."""

from __future__ import annotations

import numpy as np

from sim.books import Books
from sim.vocabulary import Floats, Ints


def place_orders(
    books: Books, buyers: Ints, wanted_ve: Floats, paid_usd: Floats, tariff: float, forward: float, day: int
) -> tuple[float, float]:
    """Order and pay chips: `wanted_ve` (buyers, grades) by the fleet rows `buyers`. Returns (VE, USD) ordered.

    Chips are paid at order, at the price expected for the date of delivery (`forward` times today's). `paid_usd`
    (grades,) is that price with a tariff of the share `tariff` on the vendor's, which the rest of the world receives.
    """
    roll, ledger, fleet = books.roll, books.ledger, books.fleet
    total_ve = total_usd = 0.0
    for i, row in enumerate(buyers):
        owner = int(roll.chip_owners[int(row)])
        for grade in range(wanted_ve.shape[1]):
            ve = float(wanted_ve[i, grade])
            if ve <= 0.0:
                continue
            cost = ve * float(paid_usd[grade]) * forward
            duty = cost * tariff / (1.0 + tariff)
            ledger.transfer("chip orders", "cash", owner, roll.vendor, cost - duty)
            if duty > 0.0:
                ledger.transfer("tariff", "cash", owner, roll.rest_of_world, duty)
            gpus = ve / float(books.grade_value[grade])
            ledger.transfer("chip orders", f"chip_order:{books.grade_names[grade]}", roll.vendor, owner, gpus)
            fleet.order(int(row), grade, day, ve, cost)
            total_ve += ve
            total_usd += cost
    return total_ve, total_usd


def sell_fleet(books: Books, owner: int, day: int, price_usd: float, creditors: Floats) -> None:
    """Creditors seize an owner's GPUs, in these shares (lenders,), and sell them to outsiders who run them on.

    They are written to the price after `day`'s close; what is on order stays.
    """
    ledger, roll, fleet = books.ledger, books.roll, books.fleet
    row = int(np.flatnonzero(roll.chip_owners == owner)[0])
    one, world = np.full(len(creditors), owner), np.full(len(creditors), roll.rest_of_world)
    for grade, name in enumerate(books.grade_names):
        gpus = creditors * float(fleet.working[row, grade]) / float(books.grade_value[grade])
        ledger.post("seizure", f"gpu:{name}", one, roll.lenders, gpus)
        ledger.post("estate sale", f"gpu:{name}", roll.lenders, world, gpus)
        ledger.transfer("estate sale", f"gpu:{name}", roll.rest_of_world, owner, float(gpus.sum()))
    fleet.write_to(row, day, price_usd)
