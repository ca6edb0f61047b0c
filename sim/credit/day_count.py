"""What part of a year passes between two dates, as loans count it."""

import datetime
from typing import Literal

DayCount = Literal["actual/365", "actual/360", "30/360"]


def year_fraction(start: datetime.date, end: datetime.date, count: DayCount) -> float:
    """Years from `start` to `end`: days over 365, days over 360 (floating bank debt), or months of thirty days.

    30/360 is the European method of ISDA (30E/360): a date on the last day of a month is its 30th, so that twelve
    month ends add up to a year.
    """
    if count == "30/360":
        months = 12 * (end.year - start.year) + end.month - start.month
        return (30 * months + _thirtieth(end) - _thirtieth(start)) / 360.0
    return (end - start).days / (360.0 if count == "actual/360" else 365.0)


def _thirtieth(date: datetime.date) -> int:
    """The day of the month, its last day as the 30th."""
    last = (date + datetime.timedelta(days=1)).month != date.month
    return 30 if last else min(30, date.day)


def month_fraction(days: int, count: DayCount) -> float:
    """The part of a year that a whole month of so many days is, from one month end to the next."""
    if count == "30/360":
        return 1.0 / 12.0
    return days / (360.0 if count == "actual/360" else 365.0)
