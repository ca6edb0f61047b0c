"""A record from outside: a CSV of a daily index, as it is held against the world's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.errors import Problem, UsageError

FEWEST_DAYS = 60
MOST_GAPS = 0.05  # share of days without a value, which carry the last one


def read_record(file: Path) -> NDArray[np.float64]:
    """The values of a CSV (columns date and value) by day; a UsageError tells what is wrong with it, by line."""
    import pandas as pd

    def wrong(allowed: str) -> UsageError:
        return UsageError("nothing was run", [Problem("study.kind.data", str(file), allowed)])

    try:
        table = pd.read_csv(file, dtype=str, skipinitialspace=True)
    except OSError as error:
        raise wrong(f"cannot be read: {error.strerror or error}") from None
    except (ValueError, UnicodeError) as error:
        raise wrong(f"is no table of comma-separated values: {' '.join(str(error).split())}") from None
    if list(table.columns[:2]) != ["date", "value"]:
        raise wrong(f"must begin with the columns date,value; it has {', '.join(map(str, table.columns)) or 'none'}")
    dates = pd.to_datetime(table["date"], format="ISO8601", errors="coerce")
    values = pd.to_numeric(table["value"], errors="coerce")
    bad = np.flatnonzero(dates.isna() | ~np.isfinite(values.to_numpy(float)) | ~(values.to_numpy(float) > 0.0))
    if len(bad):
        row = table.iloc[bad[0]]
        raise wrong(f"line {bad[0] + 2} holds {row['date']}, {row['value']}: a date as 2026-01-31 and a value above 0")
    days = pd.Series(values.to_numpy(float), index=dates.dt.tz_localize(None).dt.normalize())
    twice = np.flatnonzero(days.index.duplicated())
    if len(twice):
        raise wrong(f"line {twice[0] + 2} holds {days.index[twice[0]].date()} again: each day once")
    days = days.sort_index()
    every = days.asfreq("D") if len(days) else days
    if len(every) < FEWEST_DAYS:
        raise wrong(f"holds {len(every)} days; moments take {FEWEST_DAYS} or more")
    gaps = int(every.isna().sum())
    if gaps > MOST_GAPS * len(every):
        raise wrong(f"has no value on {gaps} of {len(every)} days from first to last; give a daily series")
    return every.ffill().to_numpy(float)
