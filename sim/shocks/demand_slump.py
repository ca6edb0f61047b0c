"""A slump in demand for compute."""

from __future__ import annotations

from sim.shocks.timing import Change, DemandChange


class DemandSlump(DemandChange):
    """Spot demand changes by `size` (-0.3 is a fall of 30 %), contracted demand by `contracted_size`."""

    size: Change
    contracted_size: Change
