"""Who lives in the world: parameter records dealt to agents, the growth path they share, their first balance sheets."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim import abm
from sim.agent import Agent, Endowment, group_of
from sim.board import AtStart, Board, SecuritisationSheet
from sim.books import OUTSIDERS, Books, open_ledger
from sim.calendar import Calendar
from sim.credit.day_count import month_fraction
from sim.credit.facilities import facilities_of
from sim.credit.loans import LoanBook
from sim.department import Common
from sim.growth_path import (
    MONTH_DAYS,
    ContractTerms,
    GrowthPath,
    Landlord,
    PathSettings,
    Repayment,
    Tenor,
    auction_discounts,
    growth_path,
    path_without_loans,
)
from sim.hardware.fleet import Fleet
from sim.kernels.spot import POSTED
from sim.log import Log
from sim.nature.announcements import Announcements
from sim.nature.noise import Kinds, Nature
from sim.parts import Member, cannot, members
from sim.placement import place_people
from sim.problems import Problem, SpecError
from sim.register import Register, Roll
from sim.reserved.contracts import ReservedBook
from sim.roles import (
    BuysLoans,
    BuysNotes,
    EarnsRevenue,
    Lends,
    OrdersChips,
    RentsHours,
    Reserves,
    SellsChips,
    keeps,
    promises_of,
)
from sim.spec import Spec
from sim.streams import Streams, stable_id
from sim.stub import accrue_rents
from sim.vocabulary import DAYS_PER_YEAR, Floats, Ints

LONGEST_LAG = 100.0  # logs
NO_SPREAD = 1e-12  # a year, of rounding


def settle(model: abm.Model, spec: Spec, streams: Streams) -> tuple[list[Agent], GrowthPath]:
    """All agents, and the growth path that they share; raises SpecError for a world that cannot exist."""
    people = members(spec.agents, streams, spec.plugins)
    path = path_of(spec, people)
    agents = [_born(model, member, path) for member in people]
    getattr(abm.Agent, "_ids", {}).pop(model, None)  # Mesa 3.3 numbers agents by model there, and would keep them all
    return agents, path


def _born(model: abm.Model, member: Member, path: GrowthPath) -> Agent:
    """One agent; SpecError naming its group if its class raises anything."""
    try:
        return member.cls(model, member.name, member.parameters, member.weight, path)
    except (Exception, SystemExit) as error:
        raise SpecError([Problem(f"agents.{member.group}", member.name, cannot(error))]) from error


def heirs(people: list[Agent], streams: Streams, began: Spec, spec: Spec) -> list[Member]:
    """The same people as another specification has them; raises SpecError where it is not of the same people."""
    found = members(spec.agents, streams, spec.plugins)
    problems = []
    if [m.name for m in found] != [agent.name for agent in people]:
        problems.append(Problem("agents", sorted(m.name for m in found), "a fork keeps the agents of its origin"))
    if spec.resale.enabled != began.resale.enabled:
        problems.append(Problem("resale.enabled", spec.resale.enabled, "a fork keeps its origin's"))
    if spec.loan.equal_capacity != began.loan.equal_capacity:
        problems.append(Problem("loan.equal_capacity", spec.loan.equal_capacity, "a fork keeps its origin's path"))
    for key in ("world", "grades", "regions", "tiers", "works", "reserved", "investment"):
        if getattr(spec, key) != getattr(began, key):
            problems.append(Problem(key, getattr(spec, key), "a fork keeps what its origin began with"))
    if list(spec.venues) != list(began.venues):
        problems.append(Problem("venues", list(spec.venues), f"a fork keeps {list(began.venues)}"))
    for name, venue in spec.venues.items():
        first = began.venues.get(name, venue)
        for key in ("kind", "maturities", "contract_gpu_hours", "hours_of_month"):
            if getattr(venue, key) != getattr(first, key):
                text = f"a fork keeps {getattr(first, key)}"
                problems.append(Problem(f"venues.{name}.{key}", getattr(venue, key), text))
    for key, mine, theirs in (
        ("loan.facilities", list(spec.loan.facilities), list(began.loan.facilities)),
        ("indices", list(spec.indices), list(began.indices)),
    ):
        if mine != theirs:
            problems.append(Problem(key, mine, f"a fork keeps {theirs}"))
    if problems:
        raise SpecError(problems)
    return found


def common_of(
    spec: Spec, streams: Streams, path: GrowthPath, people: list[Agent], books: Books, contracts: ReservedBook
) -> Common:
    """What all departments use, before the first morning."""
    board = _board(spec, streams, path, books, contracts)
    register = Register(people, books.roll, board)
    return Common(_calendar(spec), streams, path, register, books.ledger, board, Log())


def _calendar(spec: Spec) -> Calendar:
    return Calendar(datetime.date.fromisoformat(spec.world.start_date), spec.world.equal_months)


def _board(spec: Spec, streams: Streams, path: GrowthPath, books: Books, contracts: ReservedBook) -> Board:
    roll, where = books.roll, books.where
    start = AtStart(
        order_shares=[g.order_share for g in spec.grades.values()],
        spot_demand_ve=where.demand_ve,
        contracted_ve=float(contracts.quantity_ve.sum(axis=1).sum()),
        pool_demand_ve=float(where.path_ve[roll.landlords].sum()) * spec.spot.occupancy,
        products=where.products,
        lets=where.place > 0.0,
        posted=where.shop.mechanism == POSTED,
        usual_occupancy=where.usual,
    )
    notes = SecuritisationSheet([0.0] * len(books.ledger.owners))
    return Board(path, spec.links, streams, None, start, securitisation=notes)  # type: ignore[arg-type]


def announcements_of(spec: Spec, common: Common) -> Announcements:
    """Who listens for what is announced: grades by their shares of orders, spot demand beside contracts."""
    start = common.board.start
    shares = {name: grade.order_share for name, grade in spec.grades.items()}
    demand = start.spot_demand_ve + start.contracted_ve
    return Announcements(common.calendar, common.path, shares, start.spot_demand_ve / demand if demand > 0.0 else 1.0)


def nature_of(spec: Spec, people: list[Agent], books: Books) -> Nature:
    """Noise in the demand of users, for products, and in landlords' revenue."""

    def ids(owners: Ints) -> Ints:
        return np.array([people[i].identity for i in owners], dtype=np.int64)

    roll = books.roll
    noisy = np.array([keeps(type(people[i]), EarnsRevenue) for i in roll.users])
    products = books.where.products

    def named(names: Sequence[str]) -> Ints:
        return np.array([stable_id(name) for name in names], dtype=np.int64)

    kinds = Kinds(named(products.grade_names), named(products.region_names), products.grade, products.region)
    return Nature(spec.noise, ids(roll.users), noisy, named(products.names), ids(roll.landlords), kinds)


def path_of(spec: Spec, people: list[Member]) -> GrowthPath:
    """The growth path of this world's landlords; raises SpecError where there is none."""
    w, s = spec.world, spec.spot
    found = [(m, m.cls.landlord(m.parameters, w.policy_rate, w.equity_rate)) for m in people]
    landlords = [terms for _, terms in found if isinstance(terms, Landlord)]
    if not landlords:
        raise SpecError([Problem("agents", sorted(spec.agents), "a world needs someone who lets GPUs (a neocloud)")])
    tenors = tuple(Tenor(name, t.weeks, t.stock_share, t.prepaid_share) for name, t in spec.reserved.tenors.items())
    net, factor = w.trend.quantity - w.trend.technology, month_fraction(365, spec.loan.day_count)
    settings = PathSettings(
        technology=w.trend.technology, quantity=w.trend.quantity, rent_usd=w.rent_usd, occupancy=s.occupancy,
        reserved_use=spec.reserved.use, reserved_discount=spec.reserved.discount, cost_usd=s.variable_cost_usd,
        fixed_cost_usd=s.fixed_cost_usd, life_years=spec.investment.life_years,
        lead_years=spec.investment.lead_time_days / DAYS_PER_YEAR, q_star=spec.investment.q_star,
        repayments=tuple(Repayment(f.share, f.yearly(net), f.spread) for f in spec.loan.facilities.values()),
        interest_factor=1.0 if spec.loan.day_count == "30/360" else factor,
        convexity=s.convexity, policy_rate=w.policy_rate,
        equity_rate=w.equity_rate, equal_capacity=spec.loan.equal_capacity,
    )  # fmt: skip
    _check_memories(people, w.trend.technology)
    _check_spreads(spec, found)
    try:
        path = growth_path(settings, tenors, landlords, _auctioned(spec, people, tenors))
    except ValueError as error:
        raise SpecError([Problem("world.rent_usd", w.rent_usd, str(error))]) from error
    if not spec.loan.enabled:
        path = _unlevered(spec, path, landlords, people)
    _check_costs(path, found)
    return path


def _unlevered(spec: Spec, path: GrowthPath, landlords: list[Landlord], people: list[Member]) -> GrowthPath:
    """The path of a world without loans; raises SpecError where rents above the cap, or none, would pay for chips."""
    users = [
        use._replace(spot=use.spot * m.weight, contracted=use.contracted * m.weight)
        for m in people
        if (use := m.cls.use(m.parameters)) is not None
    ]
    rate, cap = spec.world.equity_rate, spec.spot.price_cap_usd
    remedy = "allowed without loans are a lower world.equity_rate, or loan.equal_capacity=true"
    try:
        own = path_without_loans(path, landlords, users)
    except (ValueError, OverflowError) as error:
        raise SpecError([Problem("world.equity_rate", rate, f"{error}; {remedy}")]) from error
    if not own.settings.rent_usd < cap:
        text = f"pays for chips only at a rent of {own.settings.rent_usd:.4g} USD per VE-hour, and the cap is {cap:g}"
        raise SpecError([Problem("world.equity_rate", rate, f"{text} (spot.price_cap_usd); {remedy}")])
    return own


def _check_memories(people: list[Member], technology: float) -> None:
    """A slow mean of rents lags the falling path by technology times its length, in logs; raises SpecError if too far.

    The lag is taken off again, so it may be long, but the mean must stay a number.
    """
    problems: dict[str, Problem] = {}
    for m in people:
        for name, unit in (("adaptation_years", 1.0), ("slow_rent_days", DAYS_PER_YEAR)):
            length = getattr(m.parameters, name, 0.0)
            if length / unit * technology > LONGEST_LAG:
                most = LONGEST_LAG / technology * unit
                text = f"must be at most {most:g} where world.trend.technology is {technology:g}"
                key = f"agents.{m.group}.{name}"
                problems[key] = Problem(key, length, text)
    if problems:
        raise SpecError(list(problems.values()))


def _check_spreads(spec: Spec, landlords: list[tuple[Member, Landlord | None]]) -> None:
    """No facility lends below the policy rate: its spread and the borrower's own add up to at least 0."""
    owing = [(m, terms.debt_rate - spec.world.policy_rate) for m, terms in landlords if terms and terms.advance_rate]
    if not owing:
        return
    lowest, own = min(owing, key=lambda one: one[1])
    problems = [
        Problem(
            f"loan.facilities.{name}.spread", facility.spread,
            f"with {lowest.group}'s own spread of {own:g} loans would pay less than the policy rate: at least {-own:g}",
        )
        for name, facility in spec.loan.facilities.items()
        if own + facility.spread < -NO_SPREAD
    ]  # fmt: skip
    if problems:
        raise SpecError(problems)


def _check_costs(path: GrowthPath, landlords: list[tuple[Member, Landlord | None]]) -> None:
    """Fixed costs put each landlord's q at q*; raises SpecError where only a cost below zero would."""
    problems: dict[str, Problem] = {}
    for m, terms in landlords:
        cost = path.fixed_cost_usd(terms) if terms is not None else 0.0
        if terms is not None and not cost >= 0.0:
            text = (
                f"with reserved_share {terms.reserved_share:g} its rents do not bear its cost of capital of "
                f"{path.financed(terms).cost_of_capital:.1%} a year: its fixed cost would be {cost:.3g} USD "
                "per VE-hour, and must be at least 0; allowed are terms with cheaper money (a higher advance_rate, a "
                "lower spread or world.equity_rate) or more contracts (a higher reserved_share)"
            )
            key = f"agents.{m.group}.advance_rate"
            problems.setdefault(key, Problem(key, terms.advance_rate, text))
    if problems:
        raise SpecError(list(problems.values()))


def _auctioned(spec: Spec, people: list[Member], tenors: tuple[Tenor, ...]) -> Floats | None:
    """Discounts (tenors,) of contracts on the path where they are auctioned; raises SpecError if rents settle none."""
    if spec.reserved.mechanism != "auction":
        return None
    years = [tenor.years for tenor in tenors]
    sellers, buyers = [], []
    for m in people:
        terms = m.cls.contract_terms(m.parameters, years)
        if terms is None:
            continue
        landlord = m.cls.landlord(m.parameters, spec.world.policy_rate, spec.world.equity_rate)
        if landlord is None:
            buyers.append(ContractTerms(m.weight, *terms))
        else:
            sellers.append(ContractTerms(landlord.share * landlord.reserved_share, *terms))
    sides = []
    for side in (sellers, buyers):
        total = math.fsum(terms.weight for terms in side)
        sides += [replace(terms, weight=terms.weight / total) for terms in side if total > 0.0]
    if not sides:
        return np.full(len(tenors), spec.reserved.discount)
    if not any(terms.weight * terms.elasticity > 0.0 for terms in sides):
        text = "an auction needs someone whose wish for contracts depends on their rent (an elasticity above 0)"
        raise SpecError([Problem("reserved.mechanism", "auction", text)])
    return auction_discounts(sides)


def _rows(people: list[Agent], test: list[bool]) -> Ints:
    return np.array([i for i, yes in enumerate(test) if yes], dtype=np.int64)


def _who(people: list[Agent], role: type) -> Ints:
    return _rows(people, [keeps(type(agent), role) for agent in people])


def roll_of(people: list[Agent], endowments: list[Endowment]) -> Roll:
    """Number the owners; raises SpecError for a world without users or GPUs."""
    problems = []
    users = _who(people, RentsHours)
    landlords = _rows(people, [type(agent).landlord(agent.p, 0.0, 0.1) is not None for agent in people])
    owners = _rows(people, [e.fleet_ve > 0.0 for e in endowments])
    vendors = _who(people, SellsChips).tolist()
    if len(users) == 0:
        problems.append(Problem("agents", "no users", "a world needs someone who wants hours (a lab or a renter)"))
    if len(owners) == 0:
        problems.append(Problem("agents", "no GPUs", "a world needs someone who owns GPUs"))
    if len(vendors) != 1:
        problems.append(Problem("agents", f"{len(vendors)} chip vendors", "a world needs exactly one"))
    vehicles = _who(people, BuysLoans)
    if len(vehicles) > 1:
        problems.append(Problem("agents", f"{len(vehicles)} vehicles", "one vehicle buys for all, or there is none"))
    problems += _unseated(people, endowments, set(landlords.tolist()))
    if problems:
        raise SpecError(problems)
    n = len(people)
    place = {int(owner): row for row, owner in enumerate(owners)}
    return Roll(
        names=tuple(agent.name for agent in people), chip_owners=owners, landlords=landlords,
        customers=_rows(people, [e.reserved_weight > 0.0 for e in endowments]), users=users,
        lenders=_rows(people, [e.lending_weight > 0.0 for e in endowments]), vendor=vendors[0],
        vehicles=vehicles, investors=_who(people, BuysNotes),
        clearing_house=n, parents=n + 1, rest_of_world=n + 2,
        landlord_fleet=np.array([place[int(i)] for i in landlords], dtype=np.int64),
    )  # fmt: skip


def _unseated(people: list[Agent], endowments: list[Endowment], landlords: set[int]) -> list[Problem]:
    """Who trades where it has no place: lenders without the promise, buyers of chips or contracts without a seat."""
    found: dict[str, Problem] = {}
    for owner, (agent, has) in enumerate(zip(people, endowments, strict=True)):
        cls, key = type(agent), f"agents.{group_of(agent.name)}"
        if has.lending_weight > 0.0 and not keeps(cls, Lends):
            text = f"has a lending_weight, so it must keep the promise Lends: {', '.join(promises_of(Lends))}"
        elif keeps(cls, OrdersChips) and not has.fleet_ve > 0.0:
            text = "orders chips, so it must begin with some: a fleet_ve above 0 in its endowment"
        elif keeps(cls, Reserves) and owner not in landlords and not has.reserved_weight > 0.0:
            text = "trades contracts, so it must be a landlord or begin with some: a reserved_weight above 0"
        else:
            continue
        found[key] = Problem(key, cls.__name__, text)
    return list(found.values())


@dataclass(frozen=True)
class Tables:
    """What stands beside the ledger on day 0, each for the department that owns it from then on."""

    fleet: Fleet
    contracts: ReservedBook
    loans: LoanBook


def open_books(spec: Spec, path: GrowthPath, people: list[Agent], days: int) -> tuple[Books, Tables]:
    """Everything owned and owed on day 0, posted through the ledger; the tables beside it."""
    endowments = [_sized(agent.endowment(path), path.size) for agent in people]
    roll = roll_of(people, endowments)
    grades = list(spec.grades)
    values = np.array([spec.grades[g].value for g in grades])
    where = place_people(spec, people, endowments, roll.landlords, len(people) + len(OUTSIDERS))
    books = Books(
        roll=roll, ledger=open_ledger((*roll.names, *OUTSIDERS), grades, roll),
        grade_value=values, where=where,
    )  # fmt: skip
    fleet = Fleet(len(roll.chip_owners), len(grades), path, days)
    contracts = ReservedBook(len(roll.landlords), len(roll.customers), path)
    calendar = _calendar(spec)
    order_days = calendar.month_ends_before(len(path.lead_weights))
    for row, owner in enumerate(roll.chip_owners):
        fleet.start_on_path(row, endowments[owner].fleet_ve * where.grades[owner], order_days)
    _post_start(path, books, fleet, contracts, endowments, calendar.elapsed)
    loans = _first_loans(spec, path, books, endowments, calendar.elapsed)
    if calendar.elapsed:
        accrue_rents(path, books, contracts.rent_usd_per_hour, people, calendar.elapsed)
    return books, Tables(fleet, contracts, loans)


def _sized(e: Endowment, size: float) -> Endowment:
    """An owner of GPUs in a market so many times as large as that with loans; others say what they begin with."""
    if size == 1.0 or not e.fleet_ve > 0.0:
        return e
    return replace(
        e, fleet_ve=e.fleet_ve * size, cash_usd=e.cash_usd * size, debt_usd=e.debt_usd * size,
        reserved_sold_ve=e.reserved_sold_ve * size, pool_ve=e.pool_ve * size,
    )  # fmt: skip


def _post_start(
    path: GrowthPath, books: Books, fleet: Fleet, contracts: ReservedBook, endowments: list[Endowment], elapsed: int
) -> None:
    """Post what everybody has; money is as it was set at the last month's end, `elapsed` days before."""
    roll, ledger = books.roll, books.ledger
    world, vendor = roll.rest_of_world, roll.vendor
    level = path.money_factor(-elapsed / DAYS_PER_YEAR)
    for row, owner in enumerate(roll.chip_owners):
        for g, grade in enumerate(books.grade_names):
            value = float(books.grade_value[g])
            ledger.transfer("endowment", f"gpu:{grade}", vendor, int(owner), float(fleet.working[row, g]) / value)
            ledger.transfer(
                "endowment", f"chip_order:{grade}", vendor, int(owner), float(fleet.on_order[row, g]) / value
            )
    for owner, e in enumerate(endowments):
        ledger.transfer("endowment", "cash", world, owner, e.cash_usd * level)
    sold = np.array([endowments[i].reserved_sold_ve for i in roll.landlords])
    weight = np.array([endowments[i].reserved_weight for i in roll.customers])
    if len(weight):
        reserved = np.outer(sold, weight / weight.sum())
        due = contracts.start_on_path(reserved) * (level + elapsed / MONTH_DAYS * path.mean_money_factor(elapsed))
        ledger.post_pairs("endowment", "reserved_capacity", roll.landlords, roll.customers, reserved)
        ledger.post_pairs("endowment", "prepaid_rent", roll.landlords, roll.customers, contracts.prepaid_usd)
        ledger.post_pairs("endowment", "prepayment_due", roll.customers, roll.landlords, due.T)
    _post_rents(path, books, fleet, contracts, elapsed)


def _first_loans(spec: Spec, path: GrowthPath, books: Books, endowments: list[Endowment], elapsed: int) -> LoanBook:
    """Loans on the path where loans are made; lenders owe depositors what their capital does not fund."""
    roll, ledger, level = books.roll, books.ledger, path.money_factor(-elapsed / DAYS_PER_YEAR)
    lending = np.array([endowments[i].lending_weight for i in roll.lenders])
    weights = lending / lending.sum() if len(lending) else np.zeros(0)
    facilities = facilities_of(spec.loan, weights, [roll.names[i] for i in roll.lenders])
    loans = LoanBook(len(spec.loan.facilities), len(roll.landlords), weights)
    if spec.loan.enabled and len(roll.lenders):
        debt = np.array([endowments[i].debt_usd for i in roll.landlords]) * level
        parts = np.array(path.debts_usd(1.0))
        amounts = np.concatenate(
            [
                (part * debt)[:, None] * lenders[None, :]
                for part, lenders in zip(parts / parts.sum(), facilities.syndicate, strict=True)
            ]
        )
        loans.draw(amounts)
        ledger.post_pairs("endowment", "loan", roll.landlords, roll.lenders, loans.by_borrower(amounts))
        ratio = np.array([endowments[i].capital_ratio for i in roll.lenders])
        by_lender = amounts.sum(axis=0)
        world = np.full(len(ratio), roll.rest_of_world)
        ledger.post("endowment", "funding", roll.lenders, world, by_lender * (1.0 - ratio))
    return loans


def _post_rents(path: GrowthPath, books: Books, fleet: Fleet, contracts: ReservedBook, elapsed: int) -> None:
    """Rent of the month before that of day 0, due at the first month's close: users owe it, landlords hold it."""
    roll, s = books.roll, path.settings
    late = math.exp(-0.5 * (s.quantity - s.technology) / 12.0) * path.money_factor(-elapsed / DAYS_PER_YEAR)
    let_ve = fleet.working[roll.landlord_fleet].sum(axis=1)
    spot_ve = np.maximum(0.0, let_ve - contracts.quantity_ve.sum(axis=1)) * s.occupancy
    hours = 24.0 * MONTH_DAYS
    held = np.zeros(len(books.ledger.owners))
    held[roll.landlords] = spot_ve * s.rent_usd * hours * late
    payers = roll.users
    held[payers] -= held.sum() / len(payers)
    rent = contracts.rent_usd_per_hour * s.reserved_use * hours * late
    if len(roll.customers):
        held[roll.landlords] += rent.sum(axis=1)
        held[roll.customers] -= rent.sum(axis=0)
    books.ledger.post_net("endowment", "rent_billed", held)
