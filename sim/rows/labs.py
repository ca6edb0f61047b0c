"""Labs: what a user of compute sells."""

from __future__ import annotations

from typing import NamedTuple


class Service(NamedTuple):
    """What a user sells: the numbers of its spot demand rows that serve customers, its share of the market's spot
    demand on the path, and the share of that which serves them."""

    rows: tuple[int, ...]
    spot_share: float
    served_share: float
