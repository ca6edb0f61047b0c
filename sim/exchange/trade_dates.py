"""On which days an exchange does business, and over which a month settles."""

from __future__ import annotations

import datetime
import functools
import importlib.util
from dataclasses import dataclass

from sim.calendar import Calendar

WEEKDAYS, CME = "weekdays", "cme_trade_dates"
PACKAGE = "pandas_market_calendars"
CME_CALENDAR = "CME_TradeDate"  # trade dates; the package's session calendars also count holidays with short sessions
BUSINESS_DAYS, CALENDAR_DAYS = "business_days", "calendar_days"


def installed() -> bool:
    """Whether the package that knows exchanges' holidays is there."""
    return importlib.util.find_spec(PACKAGE) is not None


@dataclass(frozen=True)
class TradeDates:
    """A venue's days: business days by `business` (Monday to Friday, or CME's trade dates); `settlement` counts those,
    or all days of the month. With equal months every day is a business day.
    """

    calendar: Calendar
    business: str = WEEKDAYS
    settlement: str = BUSINESS_DAYS

    def is_business_day(self, day: int) -> bool:
        """Whether the exchange is open."""
        if self.business == WEEKDAYS or self.calendar.equal_months:
            return self.calendar.is_business_day(day)
        date = self.calendar.date(day)
        return date in cme_trade_dates(date.year)

    def counts(self, day: int) -> bool:
        """Whether the index of a day is in the mean to which its month settles."""
        return self.settlement == CALENDAR_DAYS or self.is_business_day(day)

    def settlement_days(self, month: int) -> list[int]:
        """The days of a month that are averaged."""
        first = self.calendar.first_day(month)
        return [day for day in range(first, first + self.calendar.days_in(month)) if self.counts(day)]

    def last_trade_day(self, month: int) -> int:
        """The last business day of a month, on which its contract trades last."""
        last = self.calendar.first_day(month + 1) - 1
        return next(day for day in range(last, last - 31, -1) if self.is_business_day(day))


@functools.cache
def cme_trade_dates(year: int) -> frozenset[datetime.date]:
    """CME's trade dates of a year, of any year to come as the rules of its holidays have them."""
    from pandas_market_calendars import get_calendar

    days = get_calendar(CME_CALENDAR).valid_days(f"{year}-01-01", f"{year}-12-31")
    return frozenset(day.date() for day in days)
