"""Sites: the growth of fleets that power and room allow, region by region."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.growth_path import PathSettings
from sim.rules.rents import annuity
from sim.vocabulary import DAYS_PER_YEAR, Floats


@dataclass(frozen=True)
class Sites:
    """Where fleets stand: most growth per year of each region (None: no limit), shares (chip owners, regions)."""

    growth_limit: dict[str, float | None]
    stands: Floats

    def room(
        self, path: PathSettings, scale: float, days: int, fleet_ve: Floats, wanted_ve: Floats
    ) -> tuple[Floats, list[tuple[str, str]]]:
        """Share of each owner's orders (chip owners,) for which there is power and room; events (kind, text).

        A region's fleet may grow at its `growth_limit` g: orders a year of fleet / A(g, life) * e^(g lead), as on a
        growth path with that rate; `days` is the length of the month. A site shock multiplies the limit by `scale`, or
        the path's growth where a region has none. `fleet_ve` and `wanted_ve` are by owner (chip owners,).
        """
        events: list[tuple[str, str]] = []
        if scale == 1.0 and all(limit is None for limit in self.growth_limit.values()):
            return np.ones(len(wanted_ve)), events
        asked, here = wanted_ve @ self.stands, fleet_ve @ self.stands
        open_share = np.ones(len(self.growth_limit))
        for r, (name, limit) in enumerate(self.growth_limit.items()):
            if limit is None and scale == 1.0:
                continue
            rate = scale * (limit if limit is not None else path.quantity)
            year = here[r] / annuity(rate, path.life_years) * math.exp(rate * path.lead_years)
            most = year * days / DAYS_PER_YEAR
            if asked[r] > most:
                open_share[r] = most / asked[r]
                events.append(("site limit", f"{name}: room for {open_share[r]:.0%} of what is ordered"))
        return np.asarray(self.stands @ open_share), events
