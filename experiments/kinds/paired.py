"""Arms, shocks and swept values compared by the same seeds: the kind of a study that names none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from experiments.kinds.kind import Kind

# What the answer of a study that names no endpoints is about: the price, its moves, use and capacity.
DEFAULT_ENDPOINTS = ("rent_mean_over_path", "rent_volatility", "occupancy_mean", "fleet_end_over_path")


class Paired(Kind):
    """Compares runs, and so has endpoints of its own where the study names none."""

    def endpoints(self, named: Sequence[str], own: Iterable[str]) -> tuple[str, ...]:
        """Those that are named; else the user's own metrics and four of ours."""
        return tuple(named) or tuple(dict.fromkeys((*own, *DEFAULT_ENDPOINTS)))
