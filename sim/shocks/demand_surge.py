"""A surge in demand for compute."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.shocks.timing import DemandChange

Rise = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]


class DemandSurge(DemandChange):
    """Spot demand rises by the share `size`, contracted demand by `contracted_size`."""

    size: Rise
    contracted_size: Rise
