"""The calendar: real dates with real months, or equal months of thirty days for exact steady states."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

SATURDAY = 5
EQUAL_MONTH_DAYS = 30


@dataclass(frozen=True)
class Calendar:
    """Maps day numbers (0 = `start`) to dates, months and business days.

    With `equal_months` every month has thirty days, every day is a business day and weeks have no weekend: the
    calendar of the stationary variant, in which nothing but shocks can move a price.
    Business days are Monday to Friday; exchange holidays are not modelled.
    """

    start: datetime.date
    equal_months: bool = False
    _months: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)  # as asked so far

    @property
    def elapsed(self) -> int:
        """Days of the first month that lie before day 0: none where the world begins on the first."""
        return -self.first_day(0)

    def date(self, day: int) -> datetime.date:
        """The date of a day; nominal when months are equal."""
        return self.start + datetime.timedelta(days=day)

    def month(self, day: int) -> int:
        """Months since the one that holds day 0."""
        if self.equal_months:
            return day // EQUAL_MONTH_DAYS
        found = self._months.get(day)
        if found is None:
            date = self.date(day)
            found = self._months[day] = (date.year - self.start.year) * 12 + date.month - self.start.month
        return found

    def first_day(self, month: int) -> int:
        """The day number of a month's first day (negative in month 0 when the start is not the first)."""
        if self.equal_months:
            return month * EQUAL_MONTH_DAYS
        years, index = divmod(self.start.month - 1 + month, 12)
        return (datetime.date(self.start.year + years, index + 1, 1) - self.start).days

    def days_in(self, month: int) -> int:
        """How many days a month has."""
        return self.first_day(month + 1) - self.first_day(month)

    def is_month_end(self, day: int) -> bool:
        """Whether the next day belongs to another month."""
        return self.month(day + 1) != self.month(day)

    def is_business_day(self, day: int) -> bool:
        """Monday to Friday; every day when months are equal."""
        return self.equal_months or self.date(day).weekday() < SATURDAY

    def is_weekend(self, day: int) -> bool:
        """Saturday or Sunday; never when months are equal."""
        return not self.is_business_day(day)

    def business_days(self, month: int) -> list[int]:
        """The business days of a month, over which futures settle."""
        first = self.first_day(month)
        return [day for day in range(first, first + self.days_in(month)) if self.is_business_day(day)]

    def month_ends_before(self, days: int) -> list[tuple[int, int]]:
        """Month ends in the `days` before day 0 as (day, days in that month), latest first; -1 is the day before."""
        found = []
        month = -1
        while (day := self.first_day(month + 1) - 1) >= -days:
            found.append((day, self.days_in(month)))
            month -= 1
        return found

    def month_ends_after(self, day: int, days: int) -> list[tuple[int, int]]:
        """Month ends from a day on as (days after it, days in that month), within `days`; 0 where the day is one."""
        month, found = self.month(day), []
        while (ahead := self.first_day(month + 1) - 1 - day) < days:
            found.append((ahead, self.days_in(month)))
            month += 1
        return found

    def month_name(self, month: int) -> str:
        """Year and month as `2026-03`."""
        if self.equal_months:
            return f"m{month:03d}"
        years, index = divmod(self.start.month - 1 + month, 12)
        return f"{self.start.year + years}-{index + 1:02d}"
