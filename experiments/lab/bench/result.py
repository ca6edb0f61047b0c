"""What a benchmark says, and how two sides are timed fairly: by turns, in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Skipped(Exception):
    """A benchmark needs what is not here, as its message says."""


class Measured(NamedTuple):
    """One benchmark: what is compared, the ratio that counts, both sides in seconds per `unit`, what to reach."""

    what: str
    ratio: float
    seconds: float
    reference_seconds: float
    unit: str
    reach: str
    ok: bool


def by_turns(sides: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """CPU seconds of each side (sides, rounds), called in turn, each first as often as the other."""
    seconds: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds):
        order = range(len(sides)) if turn % 2 == 0 else reversed(range(len(sides)))
        for side in order:
            began = time.process_time()
            sides[side]()
            seconds[side].append(time.process_time() - began)
    return seconds


def at_least(
    what: str, seconds: Sequence[float], reference: Sequence[float], per: float, unit: str, goal: float
) -> Measured:
    """Ours against a slower reference: how many times faster, from the medians; `per` turns timings into units."""
    ours, theirs = statistics.median(seconds) * per, statistics.median(reference) * per
    return Measured(what, theirs / ours, ours, theirs, unit, f">= {goal:g} x", theirs / ours >= goal)


def at_most(
    what: str, seconds: Sequence[float], reference: Sequence[float], per: float, unit: str, goal: float
) -> Measured:
    """With something against without: the ratio of the medians, which may not be above the goal."""
    ours, theirs = statistics.median(seconds) * per, statistics.median(reference) * per
    return Measured(what, ours / theirs, ours, theirs, unit, f"<= {goal:g} x", ours / theirs <= goal)
