"""The law of indices, and the series that they record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from sim.laws import fail
from sim.record import Column


def check_fixings(day: int, fixings_usd: Mapping[str, float]) -> None:
    """A14: every index stands at a finite number above 0, on which a future can settle."""
    for name, value in fixings_usd.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and value > 0.0):
            fail(day, "A14", f"index {name} stands at {value!r} USD per GPU-hour, not at a finite number above 0")


def column_of(name: str) -> str:
    """The series of an index."""
    return f"index_{name}_usd_per_gpu_hour"


def columns_of(names: Iterable[str]) -> list[Column]:
    """The series of all indices."""
    family = column_of("{index}")
    return [Column(column_of(name), "USD per GPU-hour", f"{name} index of its reference", family) for name in names]
