"""Reserved capacity (take-or-pay) by landlord, customer and week of expiry."""

from __future__ import annotations

import numpy as np

from sim.growth_path import GrowthPath
from sim.vocabulary import HOURS_PER_YEAR, Floats


class ReservedBook:
    """Cohorts (landlords, customers, weeks to expiry): quantity in VE, rent still due in USD per hour, prepaid USD.

    `quantity_ve` and `rent_usd_per_hour` (landlords, customers) are the totals, kept when cohorts change. Rent per
    hour counts every hour of the contract; `use` of them are billed (the rest are service credits for downtime).
    """

    def __init__(self, landlords: int, customers: int, path: GrowthPath) -> None:
        longest = max(tenor.weeks for tenor in path.tenors)
        shape = (landlords, customers, longest + 1)
        self.path = path
        self.quantity: Floats = np.zeros(shape)
        self.value: Floats = np.zeros(shape)
        self.prepaid: Floats = np.zeros(shape)
        self.quantity_ve: Floats = np.zeros(shape[:2])
        self.rent_usd_per_hour: Floats = np.zeros(shape[:2])

    def start_on_path(self, reserved_ve: Floats) -> Floats:
        """Fill with the path's ages: `reserved_ve` (landlords, customers). Returns prepayments due (same shape).

        The prepayments due are those of the month before day 0, paid at the first month's close.
        """
        quantity, value, prepaid, rate = self.path.contracts()
        s = self.path.settings
        ahead = np.array([tenor.prepaid_share for tenor in self.path.tenors])
        paid_now = 1.0 - ahead
        self.quantity[:] = reserved_ve[:, :, None] * quantity.sum(axis=0)
        self.value[:] = reserved_ve[:, :, None] * (paid_now @ value)
        self.prepaid[:] = reserved_ve[:, :, None] * prepaid.sum(axis=0)
        self.total()
        years = self.path.tenor_years
        weekly = rate * self.path.menu * s.rent_usd * ahead * HOURS_PER_YEAR * years * s.reserved_use
        return np.asarray(reserved_ve * weekly.sum() * 30.0 / 7.0)

    def total(self) -> None:
        """Recompute the totals from the cohorts."""
        self.quantity_ve = self.quantity.sum(axis=2)
        self.rent_usd_per_hour = self.value.sum(axis=2)

    def pass_week(self) -> Floats:
        """A week passes: prepaid rent is earned evenly, contracts in their last week end. Returns USD earned."""
        weeks_left = np.maximum(1, np.arange(self.quantity.shape[2]))
        earned = self.prepaid / weeks_left
        self.prepaid -= earned
        for array in (self.quantity, self.value, self.prepaid):
            array[:, :, :-1] = array[:, :, 1:]
            array[:, :, -1] = 0.0
            array[:, :, 0] = 0.0
        self.total()
        return np.asarray(earned.sum(axis=2))

    def sign(self, tenor: int, quantity: Floats, price_usd: Floats) -> Floats:
        """Add contracts (landlords, customers) VE at rents (landlords,) USD per VE-hour; returns prepayments due."""
        terms = self.path.tenors[tenor]
        rent = quantity * price_usd[:, None]
        due = rent * terms.prepaid_share * HOURS_PER_YEAR * terms.years * self.path.settings.reserved_use
        self.quantity[:, :, terms.weeks] += quantity
        self.value[:, :, terms.weeks] += rent * (1.0 - terms.prepaid_share)
        self.prepaid[:, :, terms.weeks] += due
        self.quantity_ve = self.quantity_ve + quantity
        self.rent_usd_per_hour = self.rent_usd_per_hour + rent * (1.0 - terms.prepaid_share)
        return np.asarray(due)

    def reject(self, landlord: int, share: float) -> Floats:
        """A landlord in default rejects a share of all its contracts; returns prepaid balances lost (customers,)."""
        lost = share * self.prepaid[landlord].sum(axis=1)
        for array in (self.quantity, self.value, self.prepaid):
            array[landlord] *= 1.0 - share
        self.total()
        return np.asarray(lost)
