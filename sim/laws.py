"""When a law is broken: two ways of counting one thing do not agree. Each department checks its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NoReturn

import numpy as np

from sim.vocabulary import Floats


class BrokenLaw(AssertionError):
    """An accounting identity that does not hold: which, on what day, by how much."""


def fail(day: int, law: str, text: str) -> NoReturn:
    """Stop the run: a law is broken."""
    raise BrokenLaw(f"day {day}: {law}: {text}")


def same(day: int, law: str, what: str, a: float, b: float, within: float) -> None:
    """Two sums are the same within their rounding; nan and infinity are not the same as anything."""
    gap = abs(a - b)
    if not (gap < math.inf and gap <= within):
        fail(day, law, f"{what}: {a} is not {b} (gap {gap:.3g})")


def all_same(day: int, law: str, what: str, a: Floats, b: Floats, within: Floats, parts: Sequence[str] = ()) -> None:
    """The same for whole tables; `parts` names the rows of a table, so that the message can say which is wrong."""
    gap = np.abs(a - b)
    good = (gap < math.inf) & (gap <= within)
    if np.count_nonzero(good) < good.size:
        at = tuple(np.argwhere(~good)[0].tolist())
        what = f"{what} {parts[at[0]]}" if parts else what
        fail(day, law, f"{what}, at {at}: {a[at]} is not {b[at]} (gap {gap[at]:.3g})")
