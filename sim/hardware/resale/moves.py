"""GPUs that change hands: out of the sellers' racks, some days on the way, into those of the buyers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.department import Common
from sim.hardware.fleet import Fleet
from sim.rows.hardware import Grades
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Parcel:
    """GPUs due on the morning of `due`; VE and cost (landlords, grades, days of life left after `day`)."""

    day: int
    due: int
    ve: Floats
    cost_usd: Floats

    @cached_property
    def total_ve(self) -> Floats:
        """VE by grade (grades,)."""
        return np.asarray(self.ve.sum(axis=(0, 2)))


class Removals:
    """GPUs between owners, in the custody of the rest of the world. `parcels` in order of sale."""

    def __init__(self, common: Common, fleet: Fleet, grades: Grades) -> None:
        self.common = common
        self.fleet = fleet
        self.grades = grades
        self.parcels: list[Parcel] = []

    @property
    def on_the_way_ve(self) -> Floats:
        """VE between owners (grades,), with those that reach their life on the way."""
        return np.array(sum((p.total_ve for p in self.parcels), np.zeros(len(self.grades.names))))

    def send(self, sold: Floats, parcel: Parcel) -> None:
        """Take a share of what sellers have at work (landlords, grades, days of life left), and send it in a parcel."""
        rows, day = self.common.register.roll.landlord_fleet, parcel.day
        gone = sold * self.fleet.vintages(rows, day)
        self.fleet.add(rows, day, -gone, -sold * self.fleet.costs(rows, day))
        self._post(gone.sum(axis=2), out=True)
        self.parcels.append(parcel)
        if parcel.due <= day:
            self.deliver(day)

    def deliver(self, day: int) -> None:
        """Hand over what is due; what has reached its life on the way goes back to the vendor."""
        due = [parcel for parcel in self.parcels if parcel.due <= day]
        self.parcels = [parcel for parcel in self.parcels if parcel.due > day]
        roll, ledger = self.common.register.roll, self.common.ledger
        for parcel in due:
            ve, cost = _alive(parcel, day), _shifted(parcel.cost_usd, day - parcel.day)
            self.fleet.add(roll.landlord_fleet, day, ve, cost)
            self._post(ve.sum(axis=2), out=False)
            retired = (parcel.total_ve - ve.sum(axis=(0, 2))) / self.grades.gpu_ve
            for name, gpus in zip(self.grades.names, np.maximum(0.0, retired).tolist(), strict=True):
                if gpus > 0.0:
                    ledger.transfer("retirements", f"gpu:{name}", roll.rest_of_world, roll.vendor, gpus)

    def _post(self, ve: Floats, *, out: bool) -> None:
        """Post GPUs (landlords, grades) out of landlords' hands into custody, or back."""
        roll, ledger = self.common.register.roll, self.common.ledger
        world = np.full(len(roll.landlords), roll.rest_of_world)
        payers, payees = (roll.landlords, world) if out else (world, roll.landlords)
        for g, name in enumerate(self.grades.names):
            ledger.post("used GPUs", f"gpu:{name}", payers, payees, ve[:, g] / self.grades.gpu_ve[g])


def _alive(parcel: Parcel, day: int) -> Floats:
    """What of a parcel has life left after `day`'s close, by days left."""
    return _shifted(parcel.ve, day - parcel.day)


def _shifted(table: Floats, days: int) -> Floats:
    """A table (..., days of life left) some days later."""
    later = np.zeros_like(table)
    later[..., : table.shape[-1] - days] = table[..., days:]
    return later
