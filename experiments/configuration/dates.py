"""When a world must begin for its dated shocks to fall within the run."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from experiments.configuration.compose import key_of

LEAD_DAYS = 120  # a world begins so long before its shocks, so that there is something to compare with
SAYS_WHEN = ("world.start_date", "world", "scenario", "experiment")  # whoever sets these has chosen the first day


def dates_of(world: dict[str, Any]) -> list[datetime.date]:
    """The dates on which shocks of a world begin; day numbers and what is no date are passed over."""
    found = []
    for shock in (world.get("shocks") or {}).values():
        try:
            found.append(datetime.date.fromisoformat(shock["start"]))
        except (KeyError, TypeError, ValueError):
            continue
    return found


def first_day_before(dates: Iterable[datetime.date], lead_days: int = LEAD_DAYS) -> str:
    """The override that begins a world `lead_days` before the first of these dates."""
    return f"world.start_date='{min(dates) - datetime.timedelta(days=lead_days)}'"


def moved_start(worlds: Iterable[dict[str, Any]], days: int, overrides: Sequence[str]) -> str | None:
    """The override that moves all worlds of a study to its dated shocks, if one is outside the run and none is asked.

    All arms and the runs without a shock move alike, so that they stay paired.
    """
    if {key_of(override) for override in overrides} & set(SAYS_WHEN):
        return None
    dated = [(world, date) for world in worlds for date in dates_of(world)]
    lead = min(LEAD_DAYS, days // 4)
    for world, date in dated:
        try:
            day = (date - datetime.date.fromisoformat(world["world"]["start_date"])).days
        except (KeyError, TypeError, ValueError):
            return None
        if not 0 <= day < days:
            return first_day_before([each for _, each in dated], lead)
    return None
