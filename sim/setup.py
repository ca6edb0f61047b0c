"""How a world is put together from its specification, and how a copy takes on another one."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np

from sim.agent import Agent
from sim.board import AtStart, Board, SecuritisationSheet
from sim.calendar import Calendar
from sim.credit.department import Credit
from sim.credit.loans import LoanBook
from sim.department import Common
from sim.environment import Environment
from sim.exchange.department import Exchange, Underlying
from sim.founding import open_books, path_of
from sim.funds.department import Funds
from sim.hardware.department import Hardware
from sim.hardware.sites import Sites
from sim.indices.department import Indices
from sim.kernels.spot import POSTED
from sim.labs.department import Labs
from sim.nature.noise import Nature
from sim.nature.striking import Overlaps, build_shocks, outside_the_run
from sim.parts import Member, build_part, cannot, members
from sim.problems import Problem, SpecError
from sim.record import MONTH_END, Record, in_order
from sim.register import Register
from sim.rental.department import Rental
from sim.reserved.department import Reserved
from sim.roles import EarnsRevenue, keeps
from sim.rows.hardware import Grades
from sim.securitisation.department import Notes
from sim.spec import Spec
from sim.streams import stable_id

if TYPE_CHECKING:
    from sim.economy import Economy


def _born(e: Economy, member: Member) -> Agent:
    """One agent; SpecError naming its group if its class raises what is no impossible world."""
    try:
        return member.cls(e, member.name, member.parameters, member.weight, e.path)
    except (ValueError, ArithmeticError, LookupError):
        raise
    except (Exception, SystemExit) as error:
        raise SpecError([Problem(f"agents.{member.group}", member.name, cannot(error))]) from error


def build(e: Economy, spec: Spec, days: int) -> None:
    """Create everything an economy has; raises SpecError for a world that cannot exist."""
    people = members(spec.agents, e.streams, spec.plugins)
    e.path = path_of(spec, people)
    agents = [_born(e, member) for member in people]
    getattr(mesa.Agent, "_ids", {}).pop(e, None)  # Mesa 3.3 numbers agents by model there, and would keep every model
    e.books, loans = open_books(spec, e.path, agents, days)
    roll = e.books.roll
    w = spec.world
    e.calendar = Calendar(datetime.date.fromisoformat(w.start_date), w.equal_months)
    ids = [agent.identity for agent in agents]
    noisy = np.array([keeps(type(agents[i]), EarnsRevenue) for i in roll.users])
    where = e.books.where
    product_ids = np.array([stable_id(name) for name in where.products.names], dtype=np.int64)
    e.nature = Nature(
        spec.noise,
        np.array([ids[i] for i in roll.users], dtype=np.int64),
        noisy,
        product_ids,
        np.array([ids[i] for i in roll.landlords], dtype=np.int64),
    )
    e.overlaps = Overlaps()
    e.board = _board(e, spec)
    e.register = Register(agents, roll, e.board)
    e.common = Common(e.calendar, e.streams, e.path, e.register, e.books.ledger, e.board, e.log)
    limits = {name: region.growth_limit for name, region in spec.regions.items()}
    sites = Sites(limits, where.regions[roll.chip_owners])
    e.hardware = Hardware(e.common, e.books.fleet, Grades(e.books.grade_names, e.books.grade_value), sites)
    e.reserved = Reserved(e.common, e.books.contracts, spec.reserved, float(e.books.grade_value[0]))
    e.rental = Rental(e.common, where, e.books.grade_value, spec.spot, spec.demand.season)
    e.labs = Labs(e.common)
    e.indices = Indices(e.common, where.products, _indices(spec), w.rent_usd, float(e.books.grade_value[0]))
    _credit(e, spec, loans)
    e.exchange = Exchange(e.common, spec.venues)
    e.funds = Funds(e.common)
    e.record = Record(
        in_order([MONTH_END, *(column for part in e.departments for column in part.columns())]),
        e.calendar.start,
        days,
    )
    configure(e, spec)
    e.log.events += outside_the_run(e.shocks, days)


def _indices(spec: Spec) -> dict[str, Any]:
    return {name: build_part("indices", name, settings, spec.plugins) for name, settings in spec.indices.items()}


def meet(e: Economy, spec: Spec) -> None:
    """Meet from here on the shocks of a specification, which for the rest is the economy's own."""
    e.spec = spec
    e.shocks = build_shocks(spec.shocks, spec.world.start_date, e.streams, spec.plugins)


def configure(e: Economy, spec: Spec) -> None:
    """Take all settings that may differ between arms from a specification."""
    meet(e, spec)
    e.indices.adopt(_indices(spec))
    e.nature.noise = spec.noise
    e.rental.adopt(spec.spot, spec.demand.season)
    e.board.links = spec.links
    e.credit.adopt(spec.loan, spec.resolution)
    if not any(venue.listed for venue in spec.venues.values()):
        e.funds.close_all(e.exchange)
    _venues(e, spec)
    e.labs.adopt(spec.funding, e.day, e.reserved.held(e.indices.usd))


def adopt(e: Economy, spec: Spec) -> None:
    """Go on under another specification with the same agents; raises SpecError where the people differ."""
    people = members(spec.agents, e.streams, spec.plugins)
    names = [agent.name for agent in e.register.people]
    problems = []
    if [m.name for m in people] != names:
        problems.append(Problem("agents", sorted(m.name for m in people), "a fork keeps the agents of its origin"))
    for key in ("world", "grades", "regions", "tiers", "works", "reserved", "investment"):
        if getattr(spec, key) != getattr(e.spec, key):
            problems.append(Problem(key, getattr(spec, key), "a fork keeps what its origin began with"))
    if list(spec.venues) != list(e.spec.venues):
        problems.append(Problem("venues", list(spec.venues), f"a fork keeps {list(e.spec.venues)}"))
    for name, venue in spec.venues.items():
        months, began = venue.maturities, e.spec.venues.get(name, venue).maturities
        if months != began:
            problems.append(Problem(f"venues.{name}.maturities", months, f"a fork keeps {began}"))
    if list(spec.loan.facilities) != list(e.spec.loan.facilities):
        kept = f"a fork keeps {list(e.spec.loan.facilities)}"
        problems.append(Problem("loan.facilities", list(spec.loan.facilities), kept))
    if list(spec.indices) != list(e.spec.indices):
        problems.append(Problem("indices", list(spec.indices), f"a fork keeps {list(e.spec.indices)}"))
    if problems:
        raise SpecError(problems)
    for agent, member in zip(e.register.people, people, strict=True):
        agent.p = member.parameters
    configure(e, spec)


def _credit(e: Economy, spec: Spec, loans: LoanBook) -> None:
    e.credit = Credit(e.common, loans, spec.loan, spec.resolution)
    if e.calendar.elapsed:
        e.credit.note_costs(e.rental.pay_elapsed(e.hardware.let_ve(), e.calendar.elapsed))
    e.notes = Notes(e.common, e.credit.report())


def _board(e: Economy, spec: Spec) -> Board:
    roll, where = e.books.roll, e.books.where
    start = AtStart(
        order_shares=[g.order_share for g in spec.grades.values()],
        spot_demand_ve=where.demand_ve,
        contracted_ve=float(e.books.contracts.quantity_ve.sum(axis=1).sum()),
        pool_demand_ve=float(where.path_ve[roll.landlords].sum()) * spec.spot.occupancy,
        products=where.products,
        lets=where.place > 0.0,
        posted=where.shop.mechanism == POSTED,
        usual_occupancy=where.usual,
    )
    notes = SecuritisationSheet([0.0] * len(e.books.ledger.owners))
    return Board(e.path, spec.links, e.streams, None, start, securitisation=notes)  # type: ignore[arg-type]


def _venues(e: Economy, spec: Spec) -> None:
    """Open, keep or close the futures venues; then, on a morning at their prices, their first hedges, and funds."""
    underlying = {
        name: Underlying(e.indices.usd[venue.index], e.indices.gpu_ve(venue.index))
        for name, venue in spec.venues.items()
    }
    opened = e.exchange.adopt(spec.venues, e.day, e.rental.rents.today, underlying)
    if e.exchange.venues and (opened or e.day > 0):
        e.open_the_day(Environment())  # a copy goes on tomorrow: what is opened starts by tomorrow's curve
    e.exchange.take_first_positions(opened)
    e.funds.adopt(e.exchange, spec.agents)
