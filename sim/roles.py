"""What agents promise: one protocol a role. An agent has a role when its class has its methods, whatever its kind.

A method sees its agent's own view and changes nothing but the agent's own beliefs. What a role needs of an agent beside
its rows (terms, ratios) is a part of the promise, so that nobody reads another's parameters.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from sim.behaviours.investing import Investor
from sim.rows.credit import Borrower
from sim.rows.exchange import CrowdSettings, FutureRow, HedgeEstimate
from sim.rows.funds import FundOrder, FundTerms
from sim.rows.hardware import ChipRow
from sim.rows.labs import Service
from sim.rows.rental import DemandRow, SupplyRow
from sim.rows.reserved import ReservedRow
from sim.rows.securitisation import NoteRow, NoteTerms
from sim.view import View
from sim.vocabulary import Floats

CLOSE = 0.8  # likeness from which a name is taken for a promised one that was misspelt


@runtime_checkable
class LetsHours(Protocol):
    """Offers capacity to the rental market."""

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Capacity offered to the rental market for the day's hours."""
        ...


@runtime_checkable
class PostsAsks(Protocol):
    """Posts list prices."""

    def list_asks(self, view: View, posted_usd: Floats) -> Floats:
        """List asks by product (products,) from today on, USD per VE-hour, given those posted (zero: none yet)."""
        ...


@runtime_checkable
class RentsHours(Protocol):
    """Rents by the hour."""

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        """Hours wanted in the rental market."""
        ...


@runtime_checkable
class EarnsRevenue(Protocol):
    """A lab: serves customers with the compute it uses, so that its demand and its money have fortunes of their own."""

    def service(self) -> Service | None:
        """What of this user's compute earns revenue; nothing for users whose bills the rest of the world pays."""
        ...


@runtime_checkable
class TrainsInJobs(Protocol):
    """Has training jobs with deadlines."""

    def jobs_report(self) -> tuple[int, int, float, float]:
        """Training jobs finished and late today, VE-hours of work lost today and left to do."""
        ...


@runtime_checkable
class Reserves(Protocol):
    """Trades reserved capacity."""

    def reserved(self, view: View) -> Iterable[ReservedRow]:
        """Reserved capacity offered (-) or wanted (+) this week."""
        ...


@runtime_checkable
class Hedges(Protocol):
    """Brings schedules to the futures auction: hedgers, market makers; its margin is a hedger's."""

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Schedules in the futures auction."""
        ...


@runtime_checkable
class EstimatesItsHedge(Protocol):
    """May hedge at a ratio that it works out from its own record."""

    @property
    def hedge_estimate(self) -> HedgeEstimate | None:
        """Own ratio and basis risk; none where the ratio is mandated."""
        ...


@runtime_checkable
class TradesOnItsOwn(Protocol):
    """Trades futures with money of its own: margin and results are its own, not its parents'."""

    @property
    def own_capital_usd(self) -> float:
        """What its owners pay in on day 0, USD."""
        ...


@runtime_checkable
class BuysFromOutside(Protocol):
    """Holds futures within a budget that may not exceed its market."""

    @property
    def budget_usd(self) -> float:
        """Most that its positions may be worth, USD."""
        ...


@runtime_checkable
class SpeculatesInCrowds(Protocol):
    """A crowd of traders that are kept as arrays."""

    def crowd(self) -> CrowdSettings:
        """How the crowd is drawn and how it acts."""
        ...


@runtime_checkable
class OrdersChips(Protocol):
    """Orders chips."""

    def chips(self, view: View) -> Iterable[ChipRow]:
        """Chips wanted this month."""
        ...


@runtime_checkable
class ValuesChips(Protocol):
    """Says how it values chips: what q and a chip's value in the record are, over landlords."""

    def investor(self, view: View) -> Investor:
        """How this owner values chips today."""
        ...


@runtime_checkable
class SellsChips(Protocol):
    """The vendor."""

    def accepted_share(self, view: View, wanted_ve: float, path_orders_ve: float) -> float:
        """Share of each order that is accepted, the same for all."""
        ...

    def next_premium(self, premium: float, wanted_ve: float, path_orders_ve: float) -> float:
        """Next month's price of chips over trend."""
        ...


@runtime_checkable
class Borrows(Protocol):
    """Borrows against GPUs; landlords without this promise pay cash."""

    def borrower(self) -> Borrower:
        """Its spread, advance rate, and access to outside equity."""
        ...


@runtime_checkable
class Lends(Protocol):
    """A lender of record, if its endowment has a lending weight."""

    def room_usd(self, capital_usd: float, loans_usd: float) -> float:
        """What can still be lent."""
        ...

    def mark(self, view: View) -> float:
        """Collateral over book."""
        ...

    @property
    def capital_ratio(self) -> float:
        """Capital needed per USD lent."""
        ...

    @property
    def top_up_per_year(self) -> float:
        """Share of a shortfall against the path's capital that owners put back in a year."""
        ...


@runtime_checkable
class BuysLoans(Protocol):
    """A vehicle that buys parts of new loans and owes notes for them."""

    def loan_purchases(self, view: View) -> float:
        """Share of each new draw bought from lenders this month."""
        ...

    def advance_factor(self, share_bought: float) -> float:
        """Factor on advance rates when lenders keep the losses of the rest only."""
        ...

    def capital_saved(self, share_bought: float) -> float:
        """Share of a draw that needs no capital of the lender, given the share that is bought."""
        ...

    @property
    def note_terms(self) -> NoteTerms:
        """The terms of its notes."""
        ...


@runtime_checkable
class BuysNotes(Protocol):
    """An investor in notes."""

    def notes(self, view: View) -> Iterable[NoteRow]:
        """Notes wanted this month, and at what spreads."""
        ...

    @property
    def top_up_per_year(self) -> float:
        """Share of a shortfall against the path's wealth that comes back in a year."""
        ...


@runtime_checkable
class HoldsFutures(Protocol):
    """A fund of futures."""

    def fund_exposure(self, view: View) -> tuple[float, float]:
        """Exposure over net assets wanted in the nearest and the second month of futures."""
        ...

    def start_assets_usd(self, front_interest_usd: float) -> float:
        """Net assets at inception, given the open interest of the nearest month; zero: not launched."""
        ...

    @property
    def fund_terms(self) -> FundTerms:
        """The terms of its shares."""
        ...


@runtime_checkable
class OrdersShares(Protocol):
    """A holder of fund shares."""

    def fund_orders(self, view: View) -> Iterable[FundOrder]:
        """Fund shares wanted (+) or given back (-) at the next close."""
        ...

    def same_day_offset(self) -> float:
        """Share of a fund's rebalancing that this holder offsets in the same close."""
        ...

    @property
    def cash_at_launch(self) -> float:
        """Its cash when a fund is launched, over the shares it is given."""
        ...


@runtime_checkable
class CreatesShares(Protocol):
    """The authorised participant of all funds."""

    def shares_created(self, view: View, waiting: float, outstanding: float) -> float:
        """Shares of a fund to be created (+) or redeemed (-) at the next close for the orders that wait."""
        ...

    def cost_usd(self, value_usd: float) -> float:
        """Cost of one order of this value."""
        ...

    def premium(self, waiting: float, outstanding: float) -> float:
        """Log premium of the share price over NAV while orders wait."""
        ...


@runtime_checkable
class Learns(Protocol):
    """Has beliefs that follow what happens."""

    def learn(self, view: View) -> None:
        """Update beliefs at the end of the day."""
        ...


ROLES: tuple[type, ...] = (
    LetsHours, PostsAsks, RentsHours, EarnsRevenue, TrainsInJobs, Reserves, Hedges, EstimatesItsHedge,
    TradesOnItsOwn, BuysFromOutside, SpeculatesInCrowds, OrdersChips, ValuesChips, SellsChips, Borrows, Lends,
    BuysLoans, BuysNotes, HoldsFutures, OrdersShares, CreatesShares, Learns,
)  # fmt: skip


@cache
def promises_of(role: type) -> tuple[str, ...]:
    """The names a role promises, the one that gives the role first."""
    return tuple(name for name in vars(role) if not name.startswith("_"))


PROMISES: Mapping[str, type] = MappingProxyType({promises_of(role)[0]: role for role in ROLES})


def keeps(cls: type, role: type) -> bool:
    """Whether a class keeps all of a role's promises."""
    return all(hasattr(cls, name) for name in promises_of(role))


def at_once(cls: type, promise: str, together: str) -> Callable[..., Any] | None:
    """What a class has to keep a promise for many of its agents at once, unless one of its heirs keeps it otherwise."""
    home = {name: base for base in reversed(cls.__mro__) for name in (promise, together) if name in vars(base)}
    if together not in home or not issubclass(home[together], home[promise]):
        return None
    found: Callable[..., Any] = getattr(cls, together)
    return found


def broken_promises(cls: type, own: set[str]) -> list[str]:
    """What a class of agents says and does not keep: roles kept in part, and names that are nearly a promise.

    `own` are names that belong to every agent; names that begin with an underscore are the class's own.
    """
    said = [
        f"is one who {_named(role)} by its {first}, and lacks {', '.join(missing)}"
        for first, role in PROMISES.items()
        if hasattr(cls, first) and (missing := [name for name in promises_of(role) if not hasattr(cls, name)])
    ]
    known = {name for role in ROLES for name in promises_of(role)}
    for name in _public(cls) - known - own:
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=CLOSE)
        if near and not hasattr(cls, near[0]):
            said.append(
                f"has a method {name!r} that nobody asks for; did you mean {near[0]!r}? (a name of its own that is"
                f" meant begins with an underscore)"
            )
    return said


def _named(role: type) -> str:
    """`BuysLoans` as words: buys loans."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in role.__name__).strip()


def _public(cls: type) -> set[str]:
    """Public methods and properties of a class and its parents."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        found |= vars(base)
    kinds = (property, classmethod, staticmethod)
    return {name for name, value in found.items() if name[0] != "_" and (callable(value) or isinstance(value, kinds))}
