"""What a metric is: a number for a window of days of one run, with its unit and meaning."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np

from sim.record import Record
from sim.vocabulary import Floats, Parameters

DAYS_PER_WEEK = 7
F = TypeVar("F", bound=Callable[..., Any])


def once(of: F) -> F:
    """A function of a window that several metrics ask: worked out once for each window and what else it is given."""

    @functools.wraps(of)
    def known(window: Window, *given: Any) -> Any:
        asked = (of, *given)
        if asked not in window.known:
            window.known[asked] = of(window, *given)
        return window.known[asked]

    return known  # type: ignore[return-value]


@dataclass(frozen=True)
class Metric:
    """Name, unit, meaning, family (for multiple testing and tables), and the function of a window."""

    name: str
    unit: str
    meaning: str
    family: str
    of: Callable[[Window], float]


class OwnMetric(Parameters):
    """A metric of the user's own: its fields are the keys of its preset, its docstring is what it means."""

    unit: ClassVar[str] = ""
    family: ClassVar[str] = "own"

    def of(self, window: Window) -> float:
        """The metric over a window of days."""
        raise NotImplementedError

    @classmethod
    def meaning(cls) -> str:
        """What it means, in one line."""
        return " ".join((cls.__doc__ or "").split())


@dataclass(frozen=True)
class Window:
    """A stretch of days of a record: `start` to before `end`."""

    record: Record
    start: int
    end: int
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False, repr=False)  # of what is asked twice

    @once
    def series(self, column: str) -> Floats:
        """A column over the window (days,); nan for one this world does not have."""
        if not self.has(column):
            return self.nothing()
        return self.record[column][self.start : self.end]

    def has(self, column: str) -> bool:
        """Whether this world has a column."""
        return column in self.record.place

    @once
    def nothing(self) -> Floats:
        """Days without a value (days,), not to be written to."""
        found = np.full(self.end - self.start, np.nan)
        found.flags.writeable = False
        return found

    @once
    def log_over_path(self) -> Floats:
        """Log of the mean rent over its growth path (days,)."""
        return np.log(self.series("rent_usd_per_ve_hour") / self.series("rent_path_usd_per_ve_hour"))

    @once
    def returns(self, column: str) -> Floats:
        """Daily log returns of a column, with the mean of each day of the week taken out; none below two weeks.

        A mean over one day would take that day's return out whole.
        """
        changes = np.diff(np.log(self.series(column)))
        if len(changes) < 2 * DAYS_PER_WEEK:
            return changes[:0]
        weekday = np.arange(len(changes)) % DAYS_PER_WEEK
        out = changes.copy()
        for day in range(DAYS_PER_WEEK):
            mine = weekday == day
            out[mine] -= changes[mine].mean()
        return out


def sd(values: Floats) -> float:
    """Standard deviation (n - 1) of some days, nan where there are fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def ratio(a: float, b: float) -> float:
    """a / b, nan where b is zero."""
    return a / b if b else float("nan")


def total(window: Window, column: str) -> float:
    """Sum over the days, nan where the world does not have the column."""
    return float(window.series(column).sum()) if window.has(column) else math.nan


def highest(window: Window, column: str) -> float:
    """Largest value, nan where there is none."""
    return float(np.fmax.reduce(window.series(column))) if any_day(window, column) else math.nan


def mean(window: Window, column: str) -> float:
    """Mean of the days that have a value, nan where none has."""
    if not any_day(window, column):
        return math.nan
    values = window.series(column)
    missing = np.isnan(values)
    return float(np.where(missing, 0.0, values).sum() / (len(values) - np.count_nonzero(missing)))


def lowest(window: Window, column: str) -> float:
    """Smallest value, nan where there is none."""
    return float(np.fmin.reduce(window.series(column))) if any_day(window, column) else math.nan


def any_day(window: Window, column: str) -> bool:
    """Whether a column has a number on any day."""
    return window.has(column) and bool(np.isfinite(window.series(column)).any())
