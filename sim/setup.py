"""How a world is put together from its specification, and how a copy takes on another one."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.calendar import Calendar
from sim.clearing.house import ClearingHouse, MarginTerms
from sim.crowd import Speculators
from sim.indices.evidence import Evidence
from sim.kernels.spot import clear_day
from sim.markets.futures_auction import Close, Contract, FuturesMarket
from sim.markets.loan_desk import LoanDesk, LoanTerms
from sim.markets.spot_auction import SpotAuction, SpotRules, Trades
from sim.nature import Nature
from sim.population import build_part, landlord_array, members, open_books, overrides, path_of
from sim.record import Record, world_columns
from sim.rent_statistics import RentStatistics
from sim.resolution import Resolution, ResolutionTerms
from sim.rules.rents import expected_rent
from sim.spec import Problem, Spec, SpecError
from sim.streams import stable_id
from sim.view import Desk, View
from sim.vocabulary import DAYS_PER_YEAR, Bools, Curve, Floats, Today

if TYPE_CHECKING:
    from sim.economy import Economy

CASH_FLOOR = 0.8  # share of a month's normal cash that is never spent on chips
MAX_ADVANCE = 0.95
TRADED_METHODS = ("spot_offers", "spot_demand", "list_ask", "reserved", "futures", "chips", "learn")


def build(e: Economy, spec: Spec, days: int) -> None:
    """Create everything an economy has; raises SpecError for a world that cannot exist."""
    people = members(spec.agents, e.streams)
    e.path = path_of(spec, people)
    people_agents = [m.cls(e, m.name, m.parameters, m.weight, e.path) for m in people]
    e.people = people_agents
    e.books = open_books(spec, e.path, people_agents, days)
    roll = e.books.roll
    w = spec.world
    e.calendar = Calendar(datetime.date.fromisoformat(w.start_date), w.equal_months)
    ids = [agent.identity for agent in people_agents]
    noisy = np.array([people_agents[i].kind == "ai_lab" for i in roll.users])
    product_ids = np.array([stable_id(name) for name in e.books.product_names], dtype=np.int64)
    e.nature = Nature(spec.noise, np.array([ids[i] for i in roll.users], dtype=np.int64), noisy, product_ids,
                      np.array([ids[i] for i in roll.landlords], dtype=np.int64))
    e.auction = SpotAuction(_spot_rules(spec), e.books.market_mix, w.rent_usd)
    e.rents = RentStatistics(w.rent_usd, w.trend.technology, len(spec.grades))
    e.index_usd = {name: w.rent_usd for name in spec.indices}
    e.index_memory = {name: {} for name in spec.indices}
    e.asks_usd = {}
    e.hours_engine = clear_day
    e.who = {
        method: [(i, agent) for i, agent in enumerate(people_agents) if overrides(agent, method)]
        for method in TRADED_METHODS
    }
    e.who["lend"] = [(int(i), people_agents[i]) for i in roll.lenders]
    e.who["trade"] = [(i, agent) for i, agent in enumerate(people_agents) if hasattr(agent, "crowd")]
    e.landlord_ids = [ids[i] for i in roll.landlords]
    e.menu_usd = e.path.menu * w.rent_usd
    _, _, _, rate = e.path.contracts()
    e.signing_shares = rate / rate.sum()
    _credit(e, spec)
    e.desk = _desk(e, spec)
    e.views = [View(e.desk, i, agent.identity) for i, agent in enumerate(people_agents)]
    e.market, e.house, e.crowds = None, None, []
    e.last_hours = None
    e.debt_tolerance_usd = 1e-3
    e.night = None
    e.mark = np.ones(len(roll.landlords))
    e.room_share = 1.0
    e.received_usd = np.zeros(len(roll.landlords))
    e.ordered_ve = np.zeros((len(roll.chip_owners), len(spec.grades)))
    e.start_fleet_ve = float(e.books.fleet.working[roll.landlord_fleet].sum())
    e.start_all_ve = float(e.books.fleet.working.sum())
    e.record = Record(
        world_columns(list(spec.grades), list(spec.indices), sorted({people_agents[i].kind for i in roll.chip_owners}),
                      list(spec.reserved.tenors), spec.venue.maturities),
        e.calendar.start, days)
    configure(e, spec)


def configure(e: Economy, spec: Spec) -> None:
    """Take all settings that may differ between arms from a specification."""
    e.spec = spec
    e.shocks = {name: build_part("shocks", name, settings) for name, settings in sorted(spec.shocks.items())}
    e.indices = {name: build_part("indices", name, settings) for name, settings in spec.indices.items()}
    e.nature.noise = spec.noise
    e.auction.rules = _spot_rules(spec)
    e.desk.links = spec.links
    e.loan_desk.terms = _loan_terms(e, spec)
    r = spec.resolution
    e.resolution.terms = ResolutionTerms(r.haircut, r.days, r.rejected_share)
    e.equity_access = landlord_array(e.people, e.books.roll, "equity_access")
    _venue(e, spec)


def adopt(e: Economy, spec: Spec) -> None:
    """Go on under another specification with the same agents; raises SpecError where the people differ."""
    people = members(spec.agents, e.streams)
    names = [agent.name for agent in e.people]
    if [m.name for m in people] != names:
        raise SpecError([Problem("agents", sorted(m.name for m in people), "a fork keeps the agents of its origin")])
    for agent, member in zip(e.people, people, strict=True):
        agent.p = member.parameters
    configure(e, spec)


def _spot_rules(spec: Spec) -> SpotRules:
    s, season = spec.spot, spec.demand.season
    return SpotRules(s.step_hours, s.reconsider_per_hour, s.substitution, season.amplitude, season.peak_hour,
                     season.weekend)


def _terms_on_path(e: Economy) -> list[Any]:
    return [e.people[i].path_terms(e.path) for i in e.books.roll.landlords]


def _loan_terms(e: Economy, spec: Spec) -> LoanTerms:
    loan, roll = spec.loan, e.books.roll
    return LoanTerms(
        amortisation=loan.amortisation, lock_up=loan.lock_up, covenant=loan.covenant, grace_months=loan.grace_months,
        cure_probability=loan.cure_probability, cure_share=loan.cure_share, cash_sweep=loan.cash_sweep,
        lock_up_payout=loan.lock_up_payout, spread=landlord_array(e.people, roll, "spread"),
        advance_rate=landlord_array(e.people, roll, "advance_rate"),
        payout=np.array([e.path.payout_share(t, loan.payout_slack, loan.enabled) for t in _terms_on_path(e)]),
    )


def _credit(e: Economy, spec: Spec) -> None:
    terms = _terms_on_path(e)
    service = np.array([e.path.debt_service_usd(t) for t in terms])
    flow = np.array([e.path.cash_flow_usd(t) for t in terms])
    e.fixed_cost_usd = np.array([e.path.fixed_cost_usd(t) for t in terms])
    e.normal_cash_usd = np.array([e.path.normal_cash_usd(t) for t in terms])
    dscr = flow / np.where(service > 0.0, service, 1.0) if spec.loan.enabled else np.full(len(terms), 99.0)
    e.loan_desk = LoanDesk(_loan_terms(e, spec), np.where(service > 0.0, dscr, 99.0))
    r = spec.resolution
    e.resolution = Resolution(ResolutionTerms(r.haircut, r.days, r.rejected_share), len(terms))
    e.lender_capital = e.books.ledger.net_worth()[e.books.roll.lenders].copy()
    e.lender_start = e.lender_capital.copy()
    e.lender_losses = np.zeros(len(e.lender_capital))


def _desk(e: Economy, spec: Spec) -> Desk:
    roll, fleet = e.books.roll, e.books.fleet
    reserved = e.books.contracts.quantity_ve.sum(axis=1)
    pool = float((fleet.working[roll.landlord_fleet].sum(axis=1) - reserved).sum())
    return Desk(
        path=e.path, links=spec.links, streams=e.streams, today=None,  # type: ignore[arg-type]
        order_shares=[g.order_share for g in spec.grades.values()], spot_demand_ve=pool * spec.spot.occupancy,
        contracted_ve=float(reserved.sum()),
    )


def _venue(e: Economy, spec: Spec) -> None:
    """Open, keep or close the futures venue."""
    v = spec.venue
    if not v.listed:
        if e.market is not None:
            _close_venue(e)
        return
    hedger = np.zeros(len(e.books.ledger.owners), dtype=bool)
    hedger[[i for i, _ in e.who["futures"]]] = True
    contract = Contract(v.contract_gpu_hours, v.tick_usd, v.daily_limit, v.maturities, v.round_to_tick,
                        tuple(spec.links.normal_premium))
    margin = MarginTerms(v.margin.initial, v.margin.maintenance, v.contract_gpu_hours)
    if e.market is not None:
        e.market.contract = contract
        e.house.terms, e.house.hedge_cash = margin, spec.links.hedge_cash
        return
    e.market = FuturesMarket(contract, e.calendar)
    e.market.first_month = e.calendar.month(e.day)
    e.house = ClearingHouse(margin, hedger, spec.links.hedge_cash)
    e.crowds = [Speculators(agent.crowd(), i, v.maturities, e.streams) for i, agent in e.who["trade"]]
    ledger, roll = e.books.ledger, e.books.roll
    for name in e.market.names:
        ledger.list(name, "contract")
    for crowd in e.crowds:
        ledger.transfer("endowment", "cash", roll.rest_of_world, crowd.owner, crowd.total_cash_usd())
    curve = e.market.curve(e.day, e.rents.index_ratio)
    years = e.day / DAYS_PER_YEAR
    anchor = e.path.settings.rent_usd * e.path.technology_factor(years)
    e.market.price_usd = np.array(
        [expected_rent(e.rents.today, anchor, e.path.settings.technology, 2.0, h) for h in curve.horizon_years])


def _close_venue(e: Economy) -> None:
    """All positions settle at the last price (no gain, no loss), deposits return, crowds take their money home."""
    books, ledger, roll = e.books, e.books.ledger, e.books.roll
    for name in e.market.names:
        ledger.post_net("venue closed", name, -ledger.held(name).copy())
    for crowd in e.crowds:
        crowd.arrays.position[:] = 0.0
    e.house.call_margin(books, e.market.names, e.market.price_usd, e.crowds)
    for crowd in e.crowds:
        ledger.transfer("venue closed", "cash", crowd.owner, roll.rest_of_world, max(0.0, float(ledger.held("cash")[crowd.owner])))
    e.market, e.house, e.crowds, e.desk.position = None, None, [], []


# the evening


def strike(e: Economy, trades: Trades) -> None:
    """Update rent statistics, strike every index for the reference grade (the first listed)."""
    books = e.books
    value = books.grade_value
    by_grade = e.rents.last_by_grade.copy()
    for g in range(len(value)):
        mine = books.product_grade == g
        volume = float(trades.traded_ve_hours[:, mine].sum())
        if volume > 0.0:
            by_grade[g] = float((trades.price_usd[:, mine] * trades.traded_ve_hours[:, mine]).sum()) / volume
    rent = trades.mean_rent_usd
    e.rents.note(rent if math.isfinite(rent) else e.rents.today, by_grade)
    reference = books.product_grade == 0
    asks = np.array([ask for ask in (e.asks_usd[o] for o, _ in e.who["list_ask"]) if ask > 0.0])
    for name, index in e.indices.items():
        evidence = Evidence(
            e.day, trades.price_usd[:, reference].ravel() * value[0], trades.traded_ve_hours[:, reference].ravel(),
            asks * value[0], e.streams, stable_id(f"index/{name}"))
        e.index_usd[name] = index.strike(evidence, e.index_usd[name], e.index_memory[name])
    e.rents.note_index(e.index_usd[e.spec.venue.index])


def evening(today: Today, rents: RentStatistics, index_usd: dict[str, float], curve: Curve | None) -> Today:
    """The morning's facts with today's rents, indices and curve."""
    return replace(
        today, rent_usd=rents.today, rent_10d_usd=rents.ten_days, rent_30d_usd=rents.thirty_days,
        rent_180d_usd=rents.half_year, rent_30d_by_grade_usd=tuple(rents.by_grade.tolist()), index_usd=index_usd,
        curve=curve)


def news_of_the_hours(e: Economy, trades: Trades) -> Floats:
    """Log change of each hour's rent of the reference product on the same hour yesterday (steps,)."""
    today = trades.price_usd[:, 0]
    last = e.last_hours if e.last_hours is not None else today
    e.last_hours = today
    return np.log(today / last)


def crowd_orders(e: Economy, crowd: Speculators, news: Floats) -> None:
    """Let a crowd set its resting orders, from the morning's expectations and the news of the hours it wakes in."""
    market = e.market
    curve = e.morning.curve
    reversion = crowd.settings.reversion
    technology = e.path.settings.technology
    expected, persistence = [], []
    for m, horizon in enumerate(curve.horizon_years):
        rent = expected_rent(e.morning.rent_usd, e.morning.anchor_usd, technology, reversion, horizon)
        known = curve.known_weight[m]
        expected.append(known * curve.known_mean_usd[m] + (1.0 - known) * curve.index_ratio * rent)
        persistence.append((1.0 - known) * math.exp(-reversion * horizon))
    e.expected_usd = np.array(expected)
    contract = market.contract
    crowd.orders(e.streams.seed, e.day, market.price_usd, e.expected_usd, market.trend, np.array(persistence), news,
                 contract.gpu_hours, e.house.terms.initial, contract.tick_usd)


def settle_futures_month(e: Economy) -> None:
    """The front month settles in cash to the mean of its business days; a new month is listed; crowds get new money."""
    market = e.market
    if market is None:
        return
    ledger, roll = e.books.ledger, e.books.roll
    settlement = market.settlement_usd()
    own = e.house.expire(e.books, market.names[0], settlement, float(market.price_usd[0]), e.crowds)
    e.loan_desk.hedge_usd += own[roll.landlords]
    market.roll(e.path.settings.technology)
    for name in market.names:
        ledger.list(name, "contract")
    s = e.path.settings
    rate = s.quantity - s.technology
    years = e.day / DAYS_PER_YEAR
    level = math.exp(rate * years)
    for crowd in e.crowds:
        amount = crowd.new_money(level * (math.exp(rate / 12.0) - 1.0), level)
        ledger.transfer("subscriptions", "cash", roll.rest_of_world, crowd.owner, amount)
    e.house.call_margin(e.books, market.names, market.price_usd, e.crowds)


# credit and investment


def fund_lenders(e: Economy, rate: float, days: int) -> None:
    """Lenders' capital grows with the path, and returns to it slowly after losses; the rest is paid out or raised."""
    if not len(e.books.roll.lenders):
        return
    s = e.path.settings
    year = days / DAYS_PER_YEAR
    growth = s.quantity - s.technology
    path = e.lender_start * math.exp(growth * e.day / DAYS_PER_YEAR)
    top_up = np.array([agent.p.top_up_per_year for _, agent in e.who["lend"]])
    lost = e.books.loans.written_off.sum(axis=0)
    capital = e.lender_capital - (lost - e.lender_losses)
    wanted = capital * (1.0 + growth * year) + top_up * year * (path - capital)
    e.loan_desk.fund(e.books, rate, days, wanted)
    e.lender_losses = lost.copy()
    e.lender_capital = wanted


def collateral_mark(e: Economy) -> Floats:
    """Mark of each landlord's collateral over book: the syndicate's weighted mean."""
    marks = np.array([agent.mark(e.views[i]) for i, agent in e.who["lend"]])
    mark = float(e.books.loans.syndicate @ marks) if len(marks) and e.spec.links.curve_to_collateral > 0.0 else 1.0
    return np.full(len(e.books.roll.landlords), mark)


def accepted_by_vendor(e: Economy, wanted: Floats) -> float:
    """Share of all orders that the vendor accepts."""
    path = e.path
    years = e.day / DAYS_PER_YEAR
    rate = path.delivery_rate * path.ahead * e.desk.today.days_of_month / DAYS_PER_YEAR
    orders = e.start_all_ve * path.quantity_factor(years) * rate
    share: float = e.people[e.books.roll.vendor].accepted_share(e.views[e.books.roll.vendor], float(wanted.sum()), orders)
    return share


def equity_for_unlevered(e: Economy, cost_usd: Floats) -> None:
    """Owners that do not borrow are given the money for their orders by their parents."""
    roll = e.books.roll
    levered = set(roll.landlord_fleet.tolist())
    for row, owner in enumerate(roll.chip_owners):
        if row not in levered:
            e.books.ledger.transfer("capex from parents", "cash", roll.parents, int(owner), float(cost_usd[row]))


# the diary


def diary(e: Economy, trades: Trades, close: Close | None) -> list[float]:
    """The day's row, in the order of the record's columns."""
    books, roll, today, s = e.books, e.books.roll, e.desk.today, e.path.settings
    fleet = books.fleet.working
    mine = fleet[roll.landlord_fleet]
    years = today.years
    kinds = sorted({e.people[i].kind for i in roll.chip_owners})
    gpus = (fleet / books.grade_value).sum(axis=1)
    of_kind = {k: 0.0 for k in kinds}
    for row, owner in enumerate(roll.chip_owners):
        of_kind[e.people[owner].kind] += float(gpus[row])
    values = (e.rents.last_by_grade * books.grade_value).tolist()
    values += [e.rents.today, s.rent_usd * e.path.technology_factor(years)]
    values += list(e.index_usd.values())
    values += close.price_usd.tolist() if close is not None else [math.nan] * e.spec.venue.maturities
    values += e.menu_usd.tolist()
    values += list(of_kind.values())
    growth = e.path.quantity_factor(years)
    total = float(mine.sum())
    offered = float(trades.offered_ve.sum()) * 24.0
    sold = float(trades.sold_ve_hours.sum())
    ordered = e.ordered_ve[roll.landlord_fleet].sum()
    month_end = e.calendar.is_month_end(e.day)
    path_orders = e.start_fleet_ve * growth * e.path.delivery_rate * e.path.ahead * today.days_of_month / DAYS_PER_YEAR
    value = float(books.grade_value @ mine.sum(axis=0)) / total if total > 0.0 else 1.0
    running = float(total - e.delivered_ve.sum())
    downtime = max(0.0, running * 24.0 - offered) if today.environment != type(today.environment)() else 0.0
    values += [
        total, e.start_fleet_ve * growth, float(fleet.sum()), float(ordered), path_orders if month_end else 0.0,
        float(e.ordered_ve.sum()), today.chip_price_usd, _mean_q(e) if month_end else math.nan,
        float(books.contracts.quantity_ve.sum()), offered / 24.0, sold / offered if offered > 0.0 else math.nan,
        float((trades.traded_ve_hours.sum(axis=0) / books.grade_value[books.product_grade]).sum()),
        trades.unserved_ve_hours / value, downtime / value,
        float((trades.price_usd * trades.traded_ve_hours).sum()),
    ]
    values += _credit_values(e)
    values += _futures_values(e, close)
    return values


def _mean_q(e: Economy) -> float:
    weights = e.books.fleet.working[e.books.roll.landlord_fleet].sum(axis=1)
    qs = [e.people[i].q(e.views[i]) for i in e.books.roll.landlords]
    return float(weights @ np.array(qs) / weights.sum())


def _credit_values(e: Economy) -> list[float]:
    loans = e.books.loans
    indebted: Bools = loans.balance.sum(axis=1) > 0.0
    dscr = e.loan_desk.dscr[indebted]
    return [
        float(loans.balance.sum()), float(e.books.ledger.net_worth()[e.books.roll.lenders].sum()),
        float(np.median(dscr)) if len(dscr) else math.nan, e.room_share, float(e.mark.mean()) if len(e.mark) else 1.0,
        float(e.resolution.defaults), e.resolution.losses_usd,
    ]


def _futures_values(e: Economy, close: Close | None) -> list[float]:
    if close is None or e.market is None:
        return [0.0] * 8 + [math.nan]
    ledger, roll = e.books.ledger, e.books.roll
    positions = np.stack([ledger.held(name) for name in e.market.names])
    crowd_long = sum(float(np.maximum(0.0, c.arrays.position).sum()) for c in e.crowds)
    institutions = positions.copy()
    for crowd in e.crowds:
        institutions[:, crowd.owner] = 0.0
    interest = crowd_long + float(np.maximum(0.0, institutions).sum())
    locks = sum(kind == "limit lock" for kind, _ in close.events)
    several = sum(kind == "multiplicity" for kind, _ in close.events)
    gap = float(np.log(close.price_usd / e.expected_usd).mean()) if e.crowds else math.nan
    return [
        interest, float(close.volume.sum()), float(positions[:, roll.landlords].sum()),
        float(positions[:, roll.users].sum()), -float(ledger.held("margin")[roll.clearing_house]),
        float(e.night.margin_defaults), float(locks), float(several), gap,
    ]
