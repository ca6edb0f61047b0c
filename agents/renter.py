"""Renters: the long tail of users, who take what they need from the spot market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from sim.agent import Agent, Endowment, GroupParameters
from sim.behaviours.usage import learn_usual_rents, starting_slow_rent, wanted_at_usual_rent
from sim.growth_path import GrowthPath, Use
from sim.rows.rental import DemandRow
from sim.view import View
from sim.vocabulary import Elasticity, Share, YearsOfMemory

GENERAL, DAYTIME_SEASON = 2, 1


class RenterParameters(GroupParameters):
    """Elasticities are positive numbers; `demand_share` is the whole group's share of spot demand on day 0."""

    demand_share: Share
    elasticity: Elasticity
    long_run_elasticity: Elasticity
    adaptation_years: YearsOfMemory
    regions: dict[str, Share] | None  # where its users are at home; the world's if null


class Renter(Agent):
    """A small user: isoelastic demand within the hour, slow adaptation to usual rents."""

    Parameters: ClassVar[type[GroupParameters]] = RenterParameters
    kind = "renter"

    @classmethod
    def use(cls, parameters: Any) -> Use:
        """Hours alone."""
        return Use(parameters.demand_share, 0.0, parameters.long_run_elasticity)

    def start(self, path: GrowthPath) -> None:
        """Believe the path."""
        s = path.settings
        self.slow_rent_usd = starting_slow_rent(s.rent_usd, s.technology, self.p.adaptation_years)
        self.usual_rent_usd = s.rent_usd

    def endowment(self, path: GrowthPath) -> Endowment:
        """Nothing but a home."""
        return Endowment(regions=self.p.regions)

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        """D (p / usual rent) ** -epsilon in every hour."""
        p, usual = self.p, self.usual_rent_usd
        level = wanted_at_usual_rent(view, p.demand_share * self.weight, usual, p.long_run_elasticity)
        return (DemandRow(GENERAL, DAYTIME_SEASON, 1, level * view.common_factor, usual, p.elasticity),)

    def learn(self, view: View) -> None:
        """Let usual rents follow today's."""
        self._learn_together([self], [view])

    @classmethod
    def _learn_together(cls, renters: Sequence[Renter], views: Sequence[View]) -> None:
        learn_usual_rents(renters, [renter.p.adaptation_years for renter in renters], views[0])
