"""Reserved capacity (take-or-pay) by landlord, customer and day of expiry."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.growth_path import GrowthPath
from sim.vocabulary import HOURS_PER_YEAR, Floats

WEEKDAYS = 7


class ReservedBook:
    """Cohorts (landlords, customers, slots): quantity in VE, rent still due in USD per hour, prepaid USD.

    A cohort is what ends in so many weeks on one weekday: slot = weekday * weeks + weeks to expiry. Every day a seventh
    of all contracts grows older by a week, so that the capacity which contracts leave to the spot market does not
    jump once a week. `quantity_ve` and `rent_usd_per_hour` (landlords, customers) are the totals, kept when cohorts
    change. Rent per hour counts every hour of a contract; `use` of them are billed (the rest are service credits).
    Index-linked contracts owe `units` times the index instead: VE times their factor, the rent over the index.
    """

    def __init__(self, landlords: int, customers: int, path: GrowthPath) -> None:
        self.path = path
        self.weeks = max(tenor.weeks for tenor in path.tenors) + 1
        shape = (landlords, customers, self.weeks * WEEKDAYS)
        self.quantity: Floats = np.zeros(shape)
        self.value: Floats = np.zeros(shape)
        self.prepaid: Floats = np.zeros(shape)
        self.units: Floats | None = None  # (as quantity) of index-linked contracts, once there are any
        self.units_per_hour: Floats = np.zeros(shape[:2])
        self._by_weekday: Floats = np.zeros((2, WEEKDAYS, *shape[:2]))
        self.quantity_ve: Floats = np.zeros(shape[:2])
        self.rent_usd_per_hour: Floats = np.zeros(shape[:2])

    def start_on_path(self, reserved_ve: Floats) -> Floats:
        """Fill with the path's ages: `reserved_ve` (landlords, customers). Returns prepayments due (same shape).

        The prepayments due are those of the month before day 0, paid at the first month's close.
        """
        quantity, value, prepaid, rate = self.path.contracts()
        s = self.path.settings
        ahead = np.array([tenor.prepaid_share for tenor in self.path.tenors])
        for weekday in range(WEEKDAYS):
            seventh = reserved_ve[:, :, None] / WEEKDAYS
            self._cohorts(self.quantity, weekday)[:] = seventh * quantity.sum(axis=0)
            self._cohorts(self.value, weekday)[:] = seventh * ((1.0 - ahead) @ value)
            self._cohorts(self.prepaid, weekday)[:] = seventh * prepaid.sum(axis=0)
        self.total()
        years = self.path.tenor_years
        weekly = rate * self.path.menu * s.rent_usd * ahead * HOURS_PER_YEAR * years * s.reserved_use
        return np.asarray(reserved_ve * weekly.sum() * 30.0 / 7.0)

    def _cohorts(self, array: Floats, weekday: int) -> Floats:
        """The cohorts of a weekday (landlords, customers, weeks to expiry), as a view."""
        return array.reshape(*array.shape[:2], WEEKDAYS, self.weeks)[:, :, weekday]

    def total(self, weekdays: Iterable[int] = range(WEEKDAYS)) -> None:
        """Recompute the totals from the cohorts of these weekdays."""
        for weekday in weekdays:
            self._by_weekday[0, weekday] = self._cohorts(self.quantity, weekday).sum(axis=2)
            self._by_weekday[1, weekday] = self._cohorts(self.value, weekday).sum(axis=2)
        self.quantity_ve, self.rent_usd_per_hour = self._by_weekday.sum(axis=1)
        if self.units is not None:
            self.units_per_hour = self.units.sum(axis=2)

    @property
    def cohorts(self) -> list[Floats]:
        """All that ages and ends with the contracts."""
        mine = [self.quantity, self.value, self.prepaid]
        return mine if self.units is None else [*mine, self.units]

    def due_usd_per_hour(self, index_usd: float) -> Floats:
        """Rent due (landlords, customers) USD per hour, at today's value of the index per VE-hour."""
        if self.units is None:
            return self.rent_usd_per_hour
        return np.asarray(self.rent_usd_per_hour + self.units_per_hour * index_usd)

    def pass_week(self, weekdays: Iterable[int] = range(WEEKDAYS)) -> Floats:
        """A week passes for the cohorts of these weekdays: prepaid rent is earned evenly, the last week's end.

        Returns USD earned (landlords, customers).
        """
        weekdays = tuple(weekdays)
        earned = np.zeros(self.quantity_ve.shape)
        weeks_left = np.maximum(1, np.arange(self.weeks))
        for weekday in weekdays:
            prepaid = self._cohorts(self.prepaid, weekday)
            due = prepaid / weeks_left
            earned += due.sum(axis=2)
            prepaid -= due
            for array in self.cohorts:
                cohorts = self._cohorts(array, weekday)
                cohorts[:, :, 1:-1] = cohorts[:, :, 2:].copy()
                cohorts[:, :, -1] = 0.0
                cohorts[:, :, 0] = 0.0
        self.total(weekdays)
        return earned

    def sign(
        self,
        tenor: int,
        quantity: Floats,
        price_usd: Floats,
        weekday: int = 0,
        indexed: tuple[float, float] = (0.0, 0.0),
    ) -> Floats:
        """Add contracts (landlords, customers) VE at rents (landlords,) USD per VE-hour; returns prepayments due.

        `indexed` is a share of them whose rent, but for what is prepaid, follows an index, and the rent a fixed one
        would have over the index's mean expected over the tenor.
        """
        terms = self.path.tenors[tenor]
        rent = quantity * price_usd[:, None]
        due = rent * terms.prepaid_share * HOURS_PER_YEAR * terms.years * self.path.settings.reserved_use
        self._cohorts(self.quantity, weekday)[:, :, terms.weeks] += quantity
        self._cohorts(self.value, weekday)[:, :, terms.weeks] += rent * (1.0 - terms.prepaid_share)
        self._cohorts(self.prepaid, weekday)[:, :, terms.weeks] += due
        self._by_weekday[0, weekday] += quantity
        self._by_weekday[1, weekday] += rent * (1.0 - terms.prepaid_share)
        share, expected_usd = indexed
        if share > 0.0:
            self._link(weekday, terms.weeks, share * rent * (1.0 - terms.prepaid_share), expected_usd)
        self.quantity_ve, self.rent_usd_per_hour = self._by_weekday.sum(axis=1)
        return np.asarray(due)

    def _link(self, weekday: int, weeks: int, rent: Floats, expected_usd: float) -> None:
        """Turn rent (landlords, customers) of what was just signed into units of the index."""
        if self.units is None:
            self.units = np.zeros_like(self.quantity)
        self._cohorts(self.units, weekday)[:, :, weeks] += rent / expected_usd
        self._cohorts(self.value, weekday)[:, :, weeks] -= rent
        self._by_weekday[1, weekday] -= rent
        self.units_per_hour = self.units_per_hour + rent / expected_usd

    def reject_by_customer(self, customer: int, share: float) -> Floats:
        """A customer rejects a share of all its contracts; returns what it had prepaid on them (landlords,)."""
        lost = share * self.prepaid[:, customer].sum(axis=1)
        for array in self.cohorts:
            array[:, customer] *= 1.0 - share
        self.total()
        return np.asarray(lost)

    def reject(self, landlord: int, share: float) -> Floats:
        """A landlord in default rejects a share of all its contracts; returns prepaid balances lost (customers,)."""
        lost = share * self.prepaid[landlord].sum(axis=1)
        for array in self.cohorts:
            array[landlord] *= 1.0 - share
        self.total()
        return np.asarray(lost)
