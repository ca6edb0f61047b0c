"""What every modelled participant is: a name, frozen parameters, beliefs, and one method for each market it trades in.

An agent proposes rows from its view and changes nothing but its own beliefs; silence where it does not trade.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import mesa

from sim.growth_path import GrowthPath, Landlord
from sim.rows.exchange import FutureRow
from sim.rows.funds import FundOrder
from sim.rows.hardware import ChipRow
from sim.rows.labs import Service
from sim.rows.rental import DemandRow, SupplyRow
from sim.rows.reserved import ReservedRow
from sim.rows.securitisation import NoteRow
from sim.streams import stable_id
from sim.view import View
from sim.vocabulary import Floats, Parameters, Positive, PositiveCount


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


class Agent(mesa.Agent):  # type: ignore[misc]
    """Base of all participants. `weight` is this agent's share of its group."""

    Parameters: ClassVar[type[GroupParameters]] = GroupParameters
    kind: ClassVar[str] = "agent"

    def __init__(self, model: Any, name: str, parameters: GroupParameters, weight: float, path: GrowthPath) -> None:
        super().__init__(model)
        self.name = name
        self.identity = stable_id(name)
        self.p: Any = parameters
        self.weight = weight
        self.start(path)

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
    def contract_terms(cls, parameters: Any, years: Sequence[float]) -> tuple[float, tuple[float, ...]] | None:
        """Elasticity and log worth by tenor (of so many years) of an agent of this kind that bids for contracts."""
        return None

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Capacity offered to the rental market for the day's hours."""
        return ()

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        """Hours wanted in the rental market."""
        return ()

    def service(self) -> Service | None:
        """What of this user's compute earns revenue; nothing for users whose bills the rest of the world pays."""
        return None

    def jobs_report(self) -> tuple[int, int, float, float]:
        """Training jobs finished and late today, VE-hours of work lost today and left to do."""
        return 0, 0, 0.0, 0.0

    def list_asks(self, view: View, posted_usd: Floats) -> Floats:
        """List asks by product (products,) from today on, USD per VE-hour, given those posted (zero: none yet)."""
        return posted_usd

    def reserved(self, view: View) -> Iterable[ReservedRow]:
        """Reserved capacity offered (-) or wanted (+) this week."""
        return ()

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Schedules in the futures auction."""
        return ()

    def chips(self, view: View) -> Iterable[ChipRow]:
        """Chips wanted this month."""
        return ()

    def loan_purchases(self, view: View) -> float:
        """Share of each new draw bought from lenders this month."""
        return 0.0

    def notes(self, view: View) -> Iterable[NoteRow]:
        """Notes wanted this month, and at what spreads."""
        return ()

    def fund_exposure(self, view: View) -> tuple[float, float]:
        """A fund's exposure over net assets wanted in the nearest and the second month of futures."""
        return 0.0, 0.0

    def fund_orders(self, view: View) -> Iterable[FundOrder]:
        """Fund shares wanted (+) or given back (-) at the next close."""
        return ()

    def shares_created(self, view: View, waiting: float, outstanding: float) -> float:
        """Shares of a fund to be created (+) or redeemed (-) at the next close for the orders that wait."""
        return 0.0

    def learn(self, view: View) -> None:
        """Update beliefs at the end of the day."""
