"""GPUs by owner, grade and day of installation, and the orders that will become them.

Quantities are VE (H100 value equivalents; GPUs = VE / value of the grade). Index `life + t` of a row holds what is
delivered on day t, index t what retires on day t: one array is vintages, pipeline and retirement at once.
"""

from __future__ import annotations

import numpy as np

from sim.growth_path import GrowthPath
from sim.kernels.laws import vintages
from sim.vocabulary import DAYS_PER_YEAR, Floats, Ints

BOOK_LIFE_DAYS = 6 * 365
NO_BOOK = 1e-6  # of the cost: the share below which a vintage has no book value


class Fleet:
    """Vintages (owners, grades, days) with their cost; book value is straight-line over six years."""

    def __init__(self, owners: int, grades: int, path: GrowthPath, days: int) -> None:
        self.life = round(path.settings.life_years * DAYS_PER_YEAR)
        self.kept: Floats = 1.0 - np.arange(self.life, 0, -1) / BOOK_LIFE_DAYS  # of the cost of working vintages
        self.weights = path.lead_weights
        self.path = path
        length = self.life + days + len(self.weights) + 2
        self.installed: Floats = np.zeros((owners, grades, length))
        self.cost: Floats = np.zeros((owners, grades, length))
        self.working: Floats = np.zeros((owners, grades))
        self.on_order: Floats = np.zeros((owners, grades))
        self.book_usd: Floats = np.zeros(owners)
        self.on_order_usd: Floats = np.zeros(owners)
        self.cost_working: Floats = np.zeros(owners)
        self.size_usd: Floats = np.zeros(owners)  # cost of what worked or was on order, day by day
        self.delivered: Floats = np.zeros((owners, grades))
        self.retired: Floats = np.zeros((owners, grades))
        self.changes = 0  # of what works, so far
        self.held_back: Floats = np.zeros((2, owners, grades))  # VE and cost of what is due and kept from arriving

    def start_on_path(self, owner: int, ve_by_grade: Floats, order_days: list[tuple[int, int]]) -> None:
        """Give an owner a fleet with the path's ages and pipeline: `ve_by_grade` (grades,) working on day 0.

        `order_days` are the days before day 0 on which orders were placed (month ends; -1 is yesterday) and how many
        days of orders each holds.
        """
        path, s = self.path, self.path.settings
        ages = np.arange(self.life, 0, -1) / DAYS_PER_YEAR
        density = path.age_density(ages)
        density = density / density.sum()
        price = path.chip_price_usd * np.exp(s.technology * ages)
        for grade, ve in enumerate(ve_by_grade):
            self.installed[owner, grade, : self.life] = ve * density
            self.cost[owner, grade, : self.life] = ve * density * price
            yearly = ve * path.delivery_rate * path.ahead
            for day, days in order_days:
                still = self.weights[-day - 1 :]
                amount = yearly * days / DAYS_PER_YEAR * np.exp(s.quantity * day / DAYS_PER_YEAR) * still
                at = slice(self.life, self.life + len(still))
                self.installed[owner, grade, at] += amount
                self.cost[owner, grade, at] += amount * self._price(np.arange(len(still)))
        self.recount(owner, 0)

    def _price(self, days: Floats | Ints) -> Floats:
        s = self.path.settings
        return np.asarray(self.path.chip_price_usd * np.exp(-s.technology * np.asarray(days) / DAYS_PER_YEAR))

    def recount(self, owner: int, day: int) -> None:
        """Recompute an owner's totals from its vintages: those installed before `day`, and what is still due."""
        at = self.life + day
        held = slice(at - self.life, at)
        self.working[owner] = self.installed[owner, :, held].sum(axis=1)
        self.on_order[owner] = self.installed[owner, :, at:].sum(axis=1)
        self.book_usd[owner] = self.book_from_vintages(owner, day)
        self.on_order_usd[owner] = self.cost[owner, :, at:].sum()
        self.cost_working[owner] = self.cost[owner, :, held].sum()

    def book_from_vintages(self, owner: int, day: int) -> float:
        """Cost less straight-line depreciation over six years of all that was installed before `day`."""
        at = self.life + day
        return float((self.cost[owner, :, at - self.life : at] * self.kept).sum())

    def count_anew(self, owner: int, day: int) -> tuple[float, float, float]:
        """An owner's VE at work and on order, and its book value, from its vintages after `day`'s close."""
        return vintages(self.installed, self.cost, self.kept, owner, day)

    def advance(self, day: int, arriving: Floats | None = None, released: Floats | None = None) -> None:
        """Deliveries arrive, the oldest vintage retires, the book value falls by a day.

        Rounding leaves nothing negative.

        `arriving` and `released` (grades,) are the shares of what is due today and of what was held back earlier that
        arrive; all of both if not given.
        """
        self._room(day)
        self.changes += 1
        at = self.life + day
        if arriving is not None and released is not None:
            self._hold_back(at, arriving, released)
        self.delivered = self.installed[:, :, at].copy()
        self.retired = self.installed[:, :, day].copy()
        self.working = np.maximum(0.0, self.working + (self.delivered - self.retired))
        self.on_order = np.maximum(0.0, self.on_order - self.delivered)
        delivered_usd = self.cost[:, :, at].sum(axis=1)
        retired_usd = self.cost[:, :, day].sum(axis=1)
        self.cost_working += delivered_usd - retired_usd
        self.on_order_usd -= delivered_usd
        scrapped = retired_usd * (1.0 - self.life / BOOK_LIFE_DAYS)
        self.book_usd += delivered_usd - scrapped - self.cost_working / BOOK_LIFE_DAYS

    def note_sizes(self) -> None:
        """Add the cost of what works and is on order tonight, by which the rounding of books is judged."""
        self.size_usd += self.cost_working + self.on_order_usd

    def _hold_back(self, at: int, arriving: Floats, released: Floats) -> None:
        """Move what does not arrive to tomorrow; it is still on order, and its vintage is the day it arrives."""
        if (arriving == 1.0).all() and ((released == 1.0).all() or not self.held_back.any()):
            self.held_back[:] = 0.0
            return
        for k, table in enumerate((self.installed, self.cost)):
            old = np.minimum(self.held_back[k], table[:, :, at])
            arrived = (table[:, :, at] - old) * arriving + old * released
            self.held_back[k] = table[:, :, at] - arrived
            table[:, :, at] = arrived
            table[:, :, at + 1] += self.held_back[k]

    def order(self, owner: int, grade: int, day: int, ve: float, cost_usd: float) -> None:
        """Add chips ordered and paid on `day`; they arrive from the next day on, over the lead-time distribution."""
        self._room(day)
        first = self.life + day + 1
        at = slice(first, first + len(self.weights))
        price = self.weights * self._price(day + 1 + np.arange(len(self.weights)))
        self.installed[owner, grade, at] += ve * self.weights
        self.cost[owner, grade, at] += cost_usd * price / price.sum()
        self.on_order[owner, grade] += ve
        self.on_order_usd[owner] += cost_usd

    def vintages(self, rows: Ints, day: int) -> Floats:
        """VE at work of owners (rows, grades, days of life left less one) after `day`'s close."""
        return self.installed[rows, :, day + 1 : self.life + day + 1]

    def add(self, rows: Ints, day: int, ve: Floats, cost_usd: Floats) -> None:
        """Add VE and their cost (rows, grades, days of life left less one) to what works after `day`'s close.

        What is taken away is negative; rounding leaves nothing below zero.
        """
        self.changes += 1
        at = slice(day + 1, self.life + day + 1)
        for table, change in ((self.installed, ve), (self.cost, cost_usd)):
            table[rows, :, at] = np.maximum(0.0, table[rows, :, at] + change)
        for row in rows.tolist():
            self.recount(row, day + 1)

    def costs(self, rows: Ints, day: int) -> Floats:
        """The cost of what works (rows, grades, days of life left less one) after `day`'s close, USD."""
        return self.cost[rows, :, day + 1 : self.life + day + 1]

    def cost_of(self, value_usd: Floats) -> Floats:
        """Costs at which vintages (..., days of life left less one) stand in the books at these values, USD.

        What is older than accounting lives stands at nothing.
        """
        return np.asarray(np.where(self.kept > NO_BOOK, value_usd / np.where(self.kept > NO_BOOK, self.kept, 1.0), 0.0))

    def cancel(self, owner: int, grade: int, day: int, ve: float) -> float:
        """Take `ve` off what is on order after `day`, of all that is due alike; returns what it had cost, USD."""
        due = slice(self.life + day + 1, None)
        share = min(1.0, ve / float(self.on_order[owner, grade]))
        cost = share * float(self.cost[owner, grade, due].sum())
        for table in (self.installed, self.cost):
            table[owner, grade, due] *= 1.0 - share
        self.held_back[:, owner, grade] *= 1.0 - share
        self.on_order[owner, grade] -= ve
        self.on_order_usd[owner] -= cost
        return cost

    def write_to(self, owner: int, day: int, value_usd: float) -> float:
        """Set an owner's book of what works (after `day`'s close) to a sale price; returns the change in USD."""
        at = self.life + day + 1
        first = at - self.life
        factor = value_usd / self.book_usd[owner] if self.book_usd[owner] > 0.0 else 1.0
        self.cost[owner, :, first:at] *= factor
        self.cost_working[owner] *= factor
        change = self.book_usd[owner] * (factor - 1.0)
        self.book_usd[owner] *= factor
        return float(change)

    def _room(self, day: int) -> None:
        needed = self.life + day + len(self.weights) + 2
        if needed > self.installed.shape[2]:
            shape = (*self.installed.shape[:2], needed)
            self.installed = np.concatenate([self.installed, np.zeros(shape)], axis=2)
            self.cost = np.concatenate([self.cost, np.zeros(shape)], axis=2)
