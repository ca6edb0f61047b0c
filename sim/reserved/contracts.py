"""Reserved capacity (take-or-pay) by landlord, customer and day of expiry."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.growth_path import GrowthPath
from sim.kernels.contract_book import enter, novate
from sim.kernels.laws import counted_anew, recount
from sim.rounding import rounding
from sim.vocabulary import HOURS_PER_YEAR, Floats, Ints

WEEKDAYS = 7
HOURS_PER_WEEK = 168.0


class ReservedBook:
    """Cohorts (slots, landlords, customers): quantity in VE, rent still due in USD per hour, USD prepaid for a week.

    A cohort is what ends in so many weeks on one weekday. Every day a seventh of all contracts grows older by a week,
    so that the capacity which contracts leave to the spot market does not jump once a week. A weekday's slots are a
    ring: what is new is written where the last that ended was, and nothing is moved as contracts age (`weeks_left`).
    What is prepaid is earned evenly, so that a cohort's balance is what it earns in a week times the weeks left.
    The slot comes first, so that what a day touches, one cohort of all pairs, lies together in memory.

    `quantity_ve`, `rent_usd_per_hour` and `prepaid_usd` (landlords, customers) are running totals of the cohorts.
    Rent per hour counts every hour of a contract; `use` of them are billed (the rest are service credits).
    Index-linked contracts owe `units` times the index instead: VE times their factor, the rent over the index.
    """

    KINDS = ("capacity", "rent", "prepaid rent", "units of the index")

    def __init__(self, landlords: int, customers: int, path: GrowthPath) -> None:
        self.path = path
        self.weeks = max(tenor.weeks for tenor in path.tenors) + 1
        self.passed: Ints = np.zeros(WEEKDAYS, dtype=np.int64)  # weeks so far, by weekday
        shape = (WEEKDAYS * self.weeks, landlords, customers)
        self.quantity: Floats = np.zeros(shape)
        self.value: Floats = np.zeros(shape)
        self.weekly_usd: Floats = np.zeros(shape)
        self.units: Floats | None = None  # (as quantity) of index-linked contracts, once there are any
        self.quantity_ve: Floats = np.zeros(shape[1:])
        self.rent_usd_per_hour: Floats = np.zeros(shape[1:])
        self.units_per_hour: Floats = np.zeros(shape[1:])
        self.prepaid_usd: Floats = np.zeros(shape[1:])
        self.earned_usd: Floats = np.zeros((WEEKDAYS, *shape[1:]))  # of what is prepaid, each week, by weekday
        self.sizes: Floats = np.zeros((len(self.KINDS), *shape[1:]))  # totals by kind, day by day: see `rounding`

    def start_on_path(self, reserved_ve: Floats) -> Floats:
        """Fill with the path's ages: `reserved_ve` (landlords, customers). Returns prepayments due (same shape).

        The prepayments due are those of the month before day 0, paid at the first month's close.
        """
        quantity, value, prepaid, rate = self.path.contracts()
        s = self.path.settings
        ahead = np.array([tenor.prepaid_share for tenor in self.path.tenors])
        seventh = reserved_ve / WEEKDAYS
        weekly = prepaid.sum(axis=0) / np.maximum(1, np.arange(self.weeks))
        ages = (quantity.sum(axis=0), (1.0 - ahead) @ value, weekly)
        for array, age in zip(self.cohorts, ages, strict=True):
            np.multiply(seventh, np.tile(age, WEEKDAYS)[:, None, None], out=array)
        self.total()
        years = self.path.tenor_years
        paid = rate * self.path.menu * s.rent_usd * ahead * HOURS_PER_YEAR * years * s.reserved_use
        return np.asarray(reserved_ve * paid.sum() * 30.0 / 7.0)

    def slot(self, weekday: int, weeks: int) -> int:
        """Where the cohort stands that ends on a weekday in so many weeks."""
        return weekday * self.weeks + (int(self.passed[weekday]) + weeks) % self.weeks

    @property
    def weeks_left(self) -> Ints:
        """Weeks to expiry of the cohorts (slots,)."""
        return np.asarray((np.arange(self.weeks) - self.passed[:, None]) % self.weeks).ravel()

    @property
    def prepaid(self) -> Floats:
        """What is prepaid and not yet earned, by cohort, USD."""
        return self.weekly_usd * self.weeks_left[:, None, None]

    @property
    def cohorts(self) -> list[Floats]:
        """All that ends with the contracts, in the order of `KINDS`."""
        mine = [self.quantity, self.value, self.weekly_usd]
        return mine if self.units is None else [*mine, self.units]

    @property
    def totals(self) -> list[Floats]:
        """The running totals (landlords, customers), in the order of `KINDS`."""
        return [self.quantity_ve, self.rent_usd_per_hour, self.prepaid_usd, self.units_per_hour]

    def note_sizes(self) -> None:
        """Add tonight's totals to the sizes by which their rounding is judged."""
        for kind, total in enumerate(self.totals):
            self.sizes[kind] += total

    def agrees(self, landlord: int, kind: int) -> bool:
        """Whether a landlord's total of one kind is what its cohorts add up to."""
        told, sizes, tolerance = self.totals[kind][landlord], self.sizes[kind, landlord], rounding(1.0, WEEKDAYS)
        return counted_anew(
            self.cohorts[kind], landlord, self.passed, self.KINDS[kind] == "prepaid rent", told, sizes, tolerance
        )

    def recount(self, landlord: int, kind: int) -> Floats:
        """A landlord's total of one kind (customers,), from its cohorts."""
        found: Floats = recount(self.cohorts[kind], landlord, self.passed, self.KINDS[kind] == "prepaid rent")
        return found

    def within(self, landlord: int, kind: int) -> Floats:
        """What may be rounding of a landlord's total of one kind (customers,)."""
        sizes: Floats = self.sizes[kind, landlord]
        return rounding(sizes, WEEKDAYS)

    def total(self) -> None:
        """Recompute the running totals from all cohorts."""
        left, self.earned_usd = self.weeks_left, self.earned_usd.copy()
        self.quantity_ve, self.rent_usd_per_hour, self.prepaid_usd, self.units_per_hour = (
            total.copy() for total in self.totals
        )
        for landlord in range(len(self.quantity_ve)):
            weekly = _by_customer(self.weekly_usd, landlord)
            self.quantity_ve[landlord] = _by_customer(self.quantity, landlord).sum(axis=1)
            self.rent_usd_per_hour[landlord] = _by_customer(self.value, landlord).sum(axis=1)
            self.prepaid_usd[landlord] = (weekly * left).sum(axis=1)
            self.earned_usd[:, landlord] = weekly.reshape(-1, WEEKDAYS, self.weeks).sum(axis=2).T
            if self.units is not None:
                self.units_per_hour[landlord] = _by_customer(self.units, landlord).sum(axis=1)

    def due_usd_per_hour(self, index_usd: float) -> Floats:
        """Rent due (landlords, customers) USD per hour, at today's value of the index per VE-hour."""
        if self.units is None:
            return self.rent_usd_per_hour
        return np.asarray(self.rent_usd_per_hour + self.units_per_hour * index_usd)

    def rents_due_usd(self, index_usd: float) -> Floats:
        """Rents still to be paid on contracts that run (landlords,), USD, at today's value of the index per VE-hour."""
        hourly = self.value if self.units is None else self.value + self.units * index_usd
        left = self.weeks_left * (HOURS_PER_WEEK * self.path.settings.reserved_use)
        return np.asarray(left @ hourly.sum(axis=2))

    def pass_week(self, weekdays: Iterable[int] = range(WEEKDAYS)) -> Floats:
        """A week passes for the cohorts of these weekdays: prepaid rent is earned evenly, the last week's end.

        Returns USD earned (landlords, customers).
        """
        earned = np.zeros(self.quantity_ve.shape)
        for weekday in weekdays:
            earned += self.earned_usd[weekday]
            self._end(weekday, self.slot(weekday, 1))
            self.passed[weekday] += 1
        self.prepaid_usd = np.maximum(0.0, self.prepaid_usd - earned)
        return earned

    def _end(self, weekday: int, at: int) -> None:
        """Take a cohort off the totals and empty its slot; rounding leaves nothing negative."""
        self.quantity_ve = np.maximum(0.0, self.quantity_ve - self.quantity[at])
        self.rent_usd_per_hour = np.maximum(0.0, self.rent_usd_per_hour - self.value[at])
        self.earned_usd[weekday] = np.maximum(0.0, self.earned_usd[weekday] - self.weekly_usd[at])
        if self.units is not None:
            self.units_per_hour = np.maximum(0.0, self.units_per_hour - self.units[at])
        for array in self.cohorts:
            array[at] = 0.0

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
        share, expected_usd = indexed
        return self._enter([tenor], quantity[None], price_usd[None], weekday, share, np.array([expected_usd]))

    def sign_each(
        self, quantity: Floats, price_usd: Floats, weekday: int, indexed_share: float, expected_usd: Floats
    ) -> Floats:
        """Add contracts of all tenors as `sign` does, each argument with the tenor first."""
        every = range(len(self.path.tenors))
        return self._enter(every, quantity, price_usd, weekday, indexed_share, expected_usd)

    def _enter(
        self, which: Iterable[int], quantity: Floats, price_usd: Floats, weekday: int, share: float, expected: Floats
    ) -> Floats:
        tenors, use = [self.path.tenors[k] for k in which], self.path.settings.reserved_use
        if share > 0.0 and self.units is None:
            self.units = np.zeros_like(self.quantity)
        totals = np.array(self.totals)
        due = enter(
            quantity, price_usd,
            np.array([self.slot(weekday, tenor.weeks) for tenor in tenors], dtype=np.int64),
            np.array([tenor.prepaid_share * HOURS_PER_YEAR * tenor.years * use for tenor in tenors]),
            np.array([1.0 - tenor.prepaid_share for tenor in tenors]),
            np.array([float(tenor.weeks) for tenor in tenors]),
            share, expected, self.quantity, self.value, self.weekly_usd,
            self.quantity if self.units is None else self.units, totals, self.earned_usd[weekday],
        )  # fmt: skip
        self.quantity_ve, self.rent_usd_per_hour, self.prepaid_usd, self.units_per_hour = totals
        return due

    def reject_by_customer(self, customer: int, share: float) -> Floats:
        """A customer rejects a share of all its contracts; returns what it had prepaid on them (landlords,)."""
        lost = share * self.prepaid_usd[:, customer]
        for array in self.cohorts:
            array[:, :, customer] *= 1.0 - share
        self.total()
        return np.asarray(lost)

    def reject(self, landlord: int, share: float) -> Floats:
        """A landlord in default rejects a share of all its contracts; returns prepaid balances lost (customers,)."""
        lost = share * self.prepaid_usd[landlord]
        for array in self.cohorts:
            array[:, landlord] *= 1.0 - share
        self.total()
        return np.asarray(lost)

    def novate(self, moved: Floats) -> None:
        """Contracts go with GPUs: shares of each landlord's (from, to) pass to others, terms and all."""
        kept = np.maximum(0.0, 1.0 - moved.sum(axis=1))
        pass_on = moved.T + np.diag(kept)
        for array in self.cohorts:
            novate(array, pass_on)
        self.total()


def _by_customer(cohorts: Floats, landlord: int) -> Floats:
    """A landlord's cohorts with the slot last (customers, slots): sums over slots are then taken pairwise."""
    return np.ascontiguousarray(cohorts[:, landlord].T)
