"""What moves GPUs and orders between owners: deliveries and retirements, orders, the sale of a whole fleet."""

from __future__ import annotations

import numpy as np

from sim.hardware.fleet import Fleet
from sim.ledger import Ledger
from sim.register import Roll
from sim.rows.hardware import Grades
from sim.vocabulary import Floats


def post_deliveries(ledger: Ledger, roll: Roll, fleet: Fleet, grades: Grades) -> None:
    """Post what has arrived and retired today: orders become GPUs, the oldest GPUs go back to the vendor."""
    vendor = np.full(len(roll.chip_owners), roll.vendor)
    for g, grade in enumerate(grades.names):
        arrived, retired = fleet.delivered[:, g] / grades.gpu_ve[g], fleet.retired[:, g] / grades.gpu_ve[g]
        ledger.post("deliveries", f"chip_order:{grade}", roll.chip_owners, vendor, arrived)
        ledger.post("deliveries", f"gpu:{grade}", vendor, roll.chip_owners, arrived)
        ledger.post("retirements", f"gpu:{grade}", roll.chip_owners, vendor, retired)


def place_orders(
    ledger: Ledger, roll: Roll, fleet: Fleet, grades: Grades, day: int, ve: Floats, paid_usd: Floats, tariff: float,
    forward: float,
) -> None:  # fmt: skip
    """Order and pay chips: `ve` (chip owners, grades).

    Chips are paid at order, at the price expected for the date of delivery (`forward` times today's). `paid_usd`
    (grades,) is that price with a tariff of the share `tariff` on the vendor's, which the rest of the world receives.
    """
    for row, grade in np.argwhere(~(ve <= 0.0)).tolist():
        owner, amount = int(roll.chip_owners[row]), float(ve[row, grade])
        cost = amount * float(paid_usd[grade]) * forward
        duty = cost * tariff / (1.0 + tariff)
        ledger.transfer("chip orders", "cash", owner, roll.vendor, cost - duty)
        if duty > 0.0:
            ledger.transfer("tariff", "cash", owner, roll.rest_of_world, duty)
        gpus = amount / float(grades.gpu_ve[grade])
        ledger.transfer("chip orders", f"chip_order:{grades.names[grade]}", roll.vendor, owner, gpus)
        fleet.order(row, grade, day, amount, cost)


def pass_on_fleet(ledger: Ledger, roll: Roll, fleet: Fleet, grades: Grades, row: int, creditors: Floats) -> None:
    """Creditors seize the GPUs of a fleet, in these shares (lenders,), and sell them to outsiders who run them on."""
    owner = int(roll.chip_owners[row])
    one, world = np.full(len(creditors), owner), np.full(len(creditors), roll.rest_of_world)
    for grade, name in enumerate(grades.names):
        gpus = creditors * float(fleet.working[row, grade]) / float(grades.gpu_ve[grade])
        ledger.post("seizure", f"gpu:{name}", one, roll.lenders, gpus)
        ledger.post("estate sale", f"gpu:{name}", roll.lenders, world, gpus)
        ledger.transfer("estate sale", f"gpu:{name}", roll.rest_of_world, owner, float(gpus.sum()))
