"""Duplicate orders: what owners have on order beyond what they want, and what they cancel once chips are to be had."""

from __future__ import annotations

import numpy as np

from sim.hardware.fleet import Fleet
from sim.ledger import Ledger
from sim.register import Roll
from sim.rows.hardware import Grades
from sim.vocabulary import Floats

DUST = 1e-9  # of what is on order: less is not cancelled


class Duplicates:
    """Duplicates on order, `ve` (chip owners, grades) VE: they arrive, and may be cancelled, as other orders do.

    `times` (chip owners, grades) is what each owner orders today over what it wants.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.ve: Floats = np.zeros(shape)
        self.times: Floats = np.ones(shape)

    def age(self, on_order_before: Floats, delivered: Floats) -> None:
        """Deliveries are of duplicates as of other orders (chip owners, grades)."""
        if self.ve.any():
            left = on_order_before - delivered
            self.ve *= np.where(left > 0.0, left / np.maximum(on_order_before, 1e-300), 0.0)

    def unwanted(self, on_order: Floats) -> Floats:
        """What stands on order (chip owners, grades) beyond the share of it that today's scarcity would duplicate."""
        excess = np.minimum(self.ve, on_order) - (1.0 - 1.0 / self.times) * on_order
        return np.where(excess > DUST * on_order, np.maximum(0.0, excess), 0.0)


def cancel_orders(
    ledger: Ledger, roll: Roll, fleet: Fleet, grades: Grades, day: int, ve: Floats, refund: float, tariff: float
) -> Floats:
    """Cancel `ve` (chip owners, grades) of what is on order; returns what owners are paid back (chip owners,), USD.

    The share `refund` of what was paid comes back: duty on it, at today's `tariff`, from the rest of the world, the
    other part from the vendor as far as it has cash; what does not come back is the vendor's.
    """
    back = np.zeros(len(roll.chip_owners))
    for row, grade in np.argwhere(ve > 0.0).tolist():
        owner, amount = int(roll.chip_owners[row]), float(ve[row, grade])
        paid = fleet.cancel(row, grade, day, amount) * refund
        duty = paid * tariff / (1.0 + tariff)
        from_vendor = min(paid - duty, max(0.0, float(ledger.held("cash")[roll.vendor])))
        gpus = amount / float(grades.gpu_ve[grade])
        ledger.transfer("orders cancelled", f"chip_order:{grades.names[grade]}", owner, roll.vendor, gpus)
        ledger.transfer("orders cancelled", "cash", roll.vendor, owner, from_vendor)
        if duty > 0.0:
            ledger.transfer("orders cancelled", "cash", roll.rest_of_world, owner, duty)
        back[row] += from_vendor + duty
    return back
