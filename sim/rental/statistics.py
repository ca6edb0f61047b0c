"""Public statistics of rents: today's means and slow means, corrected for their lag behind the technology trend."""

from __future__ import annotations

import math
from typing import TypedDict

import numpy as np

from sim.rows.rental import Products, Trades
from sim.vocabulary import DAYS_PER_YEAR, Floats, Ints

TEN, THIRTY, HALF_YEAR = 10.0, 30.0, 180.0


def lag_factor(days: float, technology: float) -> float:
    """An exponential mean over `days` of a series that falls at g a year stands at this multiple of the series."""
    a = 1.0 / days
    return a / (1.0 - (1.0 - a) * math.exp(technology / DAYS_PER_YEAR))


class RentFacts(TypedDict):
    """The public statistics of rents, by their names in `sim.board.Today`."""

    rent_usd: float
    rent_10d_usd: float
    rent_30d_usd: float
    rent_180d_usd: float
    rent_30d_by_grade_usd: tuple[float, ...]


class RentStatistics:
    """Exponential means of the rent per VE-hour; on the growth path each equals the day's rent.

    `ten_days` is of the reference grade, `thirty_days`, `half_year` and `today` of all grades, `by_grade` (grades,)
    over thirty days; `auctions` (products,) is of the auctions of a product's grade and region over ten days, nan where
    there are none. All are of comparable hours (bundles of dearer tiers taken off).
    """

    def __init__(self, rent_usd: float, technology: float, grades: int, auctions: Floats) -> None:
        self._lag = {days: lag_factor(days, technology) for days in (TEN, THIRTY, HALF_YEAR)}
        self.today = self.ten_days = self.thirty_days = self.half_year = rent_usd
        self.by_grade: Floats = np.full(grades, rent_usd)
        self.last_by_grade: Floats = np.full(grades, rent_usd)
        self.auctions: Floats = np.where(auctions > 0.0, rent_usd, np.nan)

    def _follow(self, mean: float, level: float, days: float) -> float:
        lag = self._lag[days]
        return (mean * lag + (level - mean * lag) / days) / lag

    def note(self, rent_usd: float, by_grade_usd: Floats, auctions_usd: Floats) -> None:
        """Add a day; a grade, and an auction (nan), that did not trade keeps its last rent."""
        self.today = rent_usd
        self.last_by_grade = by_grade_usd
        self.ten_days = self._follow(self.ten_days, float(by_grade_usd[0]), TEN)
        self.thirty_days = self._follow(self.thirty_days, rent_usd, THIRTY)
        self.half_year = self._follow(self.half_year, rent_usd, HALF_YEAR)
        lag = self._lag[THIRTY]
        ten, now = self._lag[TEN], np.where(np.isnan(auctions_usd), self.auctions, auctions_usd)
        self.auctions = (self.auctions * ten + (now - self.auctions * ten) / TEN) / ten
        self.by_grade = (self.by_grade * lag + (by_grade_usd - self.by_grade * lag) / THIRTY) / lag

    def facts(self) -> RentFacts:
        """What everybody may know of rents."""
        return RentFacts(
            rent_usd=self.today, rent_10d_usd=self.ten_days, rent_30d_usd=self.thirty_days,
            rent_180d_usd=self.half_year, rent_30d_by_grade_usd=tuple(self.by_grade.tolist()),
        )  # fmt: skip


def means(cell: Ints, paid: Floats, hours: Floats, otherwise: Floats) -> Floats:
    """Money over hours by cell (cells,); where nothing traded, what was given."""
    count = len(otherwise)
    total, money = np.bincount(cell, hours, minlength=count), np.bincount(cell, paid, minlength=count)
    return np.where(total > 0.0, money / np.maximum(total, 1e-300), otherwise)


def mean_rents(products: Products, paid: Floats, trades: Trades, last: Floats) -> Floats:
    """Mean rent of each product over the day (J,), USD per GPU-hour; where nothing traded, the last."""
    hours = trades.traded_ve_hours.sum(axis=0)
    return np.where(hours > 0.0, paid * products.value / np.maximum(hours, 1e-300), last)
