"""What is measured on a run: every module here with a list METRICS adds its own (one theme a file)."""

from __future__ import annotations

import importlib
import pkgutil

from sim.metrics.measure import Metric, Window
from sim.record import Record


def _all() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        for metric in getattr(importlib.import_module(f"{__name__}.{module}"), "METRICS", ()):
            found[metric.name] = metric
    return found


METRICS = _all()


def measure(record: Record, window: tuple[int, int] | None = None) -> dict[str, float]:
    """All metrics over a window of days (start, end); the whole record if none is given.

    Raises ValueError for a window that is not inside the record or shorter than two days.
    """
    start, end = window if window is not None else (0, record.days)
    if not 0 <= start < end - 1 or end > record.days:
        raise ValueError(
            f"window ({start}, {end}) must lie within the {record.days} recorded days, two or more of them"
        )
    stretch = Window(record, start, end)
    return {name: metric.of(stretch) for name, metric in METRICS.items()}
