"""What every modelled participant is: a name, frozen parameters, beliefs. What it does are its roles (`sim.roles`).

An agent proposes rows from its view and changes nothing but its own beliefs; it has the methods of the markets in which
it trades, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from sim import abm
from sim.growth_path import GrowthPath, Landlord, Use
from sim.streams import stable_id
from sim.vocabulary import Parameters, Positive, PositiveCount

T = TypeVar("T")


def group_of(name: str) -> str:
    """The group that an agent of this name is one of, as the configuration names it."""
    return name.rpartition("_")[0]


class GroupParameters(Parameters):
    """What every group of agents says of itself: how many, and their relative sizes (dealt out in turn)."""

    count: PositiveCount
    size: Positive


@dataclass(frozen=True)
class Endowment:
    """What an agent starts with on the growth path; amounts in VE and USD."""

    fleet_ve: float = 0.0
    cash_usd: float = 0.0
    debt_usd: float = 0.0
    reserved_sold_ve: float = 0.0
    reserved_weight: float = 0.0
    lending_weight: float = 0.0
    capital_ratio: float = 0.0
    pool_ve: float = 0.0  # of the fleet, let by the hour on the path
    grades: dict[str, float] | None = None  # shares of the fleet; as the world's if None
    regions: dict[str, float] | None = None  # shares of the fleet, or of users by home; as the world's if None
    tiers: dict[str, float] | None = None  # shares of what is let by the hour; as the world's if None
    fields: dict[str, float] = field(default_factory=dict)


class Agent(abm.Agent):  # type: ignore[misc]
    """Base of all participants. `weight` is this agent's share of its group."""

    Parameters: ClassVar[type[GroupParameters]] = GroupParameters
    kind: ClassVar[str] = "agent"

    def __init__(self, model: Any, name: str, parameters: GroupParameters, weight: float, path: GrowthPath) -> None:
        super().__init__(model)
        self.name = name
        self.identity = stable_id(name)
        self.p: Any = parameters
        self._made_of: Any = None
        self._made: dict[Any, Any] = {}
        self.weight = weight
        self.start(path)

    def made(self, make: Callable[[Any], T]) -> T:
        """What `make` makes of the parameters alone, worked out once for these."""
        if self._made_of is not self.p:
            self._made_of, self._made = self.p, {}
        if make not in self._made:
            self._made[make] = make(self.p)
        found: T = self._made[make]
        return found

    def start(self, path: GrowthPath) -> None:
        """Form the beliefs held on day 0."""

    def endowment(self, path: GrowthPath) -> Endowment:
        """What this agent owns on day 0."""
        return Endowment()

    @classmethod
    def landlord(cls, parameters: Any, policy_rate: float, equity_rate: float) -> Landlord | None:
        """How an agent of this kind enters the growth path, if it lets capacity."""
        return None

    @classmethod
    def use(cls, parameters: Any) -> Use | None:
        """What an agent of this kind wants of the market on the growth path, as shares of the whole group."""
        return None

    @classmethod
    def contract_terms(cls, parameters: Any, years: Sequence[float]) -> tuple[float, tuple[float, ...]] | None:
        """Elasticity and log worth by tenor (of so many years) of an agent of this kind that bids for contracts."""
        return None
