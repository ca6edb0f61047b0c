"""The world as configured: one frozen record per section, checked all at once before anything runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from sim.credit.terms import Loan, Resolution
from sim.exchange.terms import MAIN, Clearing, FundingTerms, Futures, Information, VenueTerms, in_order
from sim.exchange.trade_dates import CME, installed
from sim.hardware.resale.terms import Resale
from sim.hardware.terms import Grade, Investment
from sim.indices.quote import QuoteIndex
from sim.indices.transaction import TransactionIndex
from sim.labs.terms import Funding
from sim.links import Links
from sim.nature.noise import Noise
from sim.nature.striking import check_shocks
from sim.parts import build_part, check_agents, check_parts, groups_of
from sim.problems import Problem, SpecError, nearest, problems_of
from sim.rental.tastes import Work
from sim.rental.terms import Season, Spot, Tier
from sim.reserved.terms import ReservedTerms
from sim.roles import CreatesShares, HoldsFutures, Lends, OrdersShares
from sim.securitisation.terms import Deal
from sim.vocabulary import (
    Days,
    Parameters,
    Positive,
    PositiveRate,
    Rate,
    Share,
    iso_date,
)

MAX_TOTAL_GAP = 1e-9
MIN_TICKS, MAX_TICKS = 2, 100_000  # of a futures auction


__all__ = ["Read", "Spec", "SpecError", "read_spec"]


class Trend(Parameters):
    """Rates per year; technology lowers prices and costs, quantity is the growth of demand on the path."""

    technology: Annotated[float, Field(ge=0.0, le=2.0)]
    quantity: Annotated[float, Field(ge=0.0, le=2.0)]


class World(Parameters):
    """Calendar, trends and the reference rent in USD per VE-hour; rates per year."""

    start_date: Annotated[str, AfterValidator(iso_date)]
    equal_months: bool
    trend: Trend
    rent_usd: Positive
    policy_rate: Rate
    equity_rate: PositiveRate


class Region(Parameters):
    """Where GPUs stand: share of owners' capacity, and of users, who do not say otherwise.

    `growth_limit` is the most by which power and sites let fleets there grow, per year (logs); null is no limit.
    `list_odds` are the odds that a GPU offered at list prices there is let on the path, over those of other regions.
    """

    share: Share
    growth_limit: Positive | None
    list_odds: Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)] = 1.0


class Demand(Parameters):
    """How contracted demand follows the slow factor of demand: share and lag."""

    contracted_lag_days: Days
    contracted_slow_share: Share
    season: Season


class Spec(BaseModel):
    """The whole world, validated; `agents`, `shocks` and `indices` hold `_target_` and its arguments by name."""

    model_config = Parameters.model_config | {"arbitrary_types_allowed": True}

    world: World
    grades: dict[str, Grade]
    regions: dict[str, Region]
    tiers: dict[str, Tier]
    works: dict[str, Work]
    demand: Demand
    noise: Noise
    spot: Spot
    reserved: ReservedTerms
    funding: Funding
    investment: Investment
    loan: Loan
    resolution: Resolution
    resale: Resale
    deal: Deal
    venues: Annotated[dict[str, VenueTerms], AfterValidator(in_order)]
    links: Links
    information: Information
    clearing: Clearing
    futures: Futures = Futures()
    indices: dict[str, dict[str, Any]]
    agents: dict[str, dict[str, Any]]
    shocks: dict[str, dict[str, Any]]
    plugins: tuple[str, ...] = ()  # the user's own packages, which a `_target_` may name


class Read(NamedTuple):
    """A world as plain dicts and what was read of it."""

    container: Mapping[str, Any]
    spec: Spec


def read_spec(container: dict[str, Any], plugins: tuple[str, ...] = (), beside: Read | None = None) -> Spec:
    """Validate a plain nested dict of the world's sections; raises SpecError with all problems at once.

    `beside` is another world that was read with the same plug-ins: what both hold as the same objects, sections, agents
    and indices, is not read again.
    """
    before = beside.container if beside is not None else {}
    same = {name for name, section in container.items() if name in before and before[name] is section}
    known = {name: getattr(beside.spec, name) for name in same & set(Spec.model_fields)} if beside is not None else {}
    problems: list[Problem] = []
    spec: Spec | None = None
    try:
        spec = Spec.model_validate({**container, **known, "plugins": plugins})
    except ValidationError as error:
        problems += problems_of(error, Spec)
    wrong_agents = check_agents(_other(container, before, "agents"), plugins)
    problems += wrong_agents
    wrong_indices = check_parts("indices", _other(container, before, "indices"), plugins)
    problems += check_shocks(container, plugins) + wrong_indices
    if spec is not None:
        problems += _impossible(spec)
        for check, sections in ACROSS.items():
            wrong = wrong_agents or ("indices" in sections and wrong_indices)
            problems += [] if wrong or sections <= same else check(spec)
    if problems or spec is None:
        raise SpecError(problems)
    return spec


def _other(container: Mapping[str, Any], before: Mapping[str, Any], section: str) -> Any:
    """The parts of a section that another world does not hold as the same objects."""
    parts, known = container.get(section) or {}, before.get(section) or {}
    if not isinstance(parts, dict):
        return parts
    return {name: part for name, part in parts.items() if name not in known or known[name] is not part}


def _impossible(spec: Spec) -> list[Problem]:
    problems = []
    parts: tuple[tuple[str, Mapping[str, Parameters], str], ...] = (
        ("regions", spec.regions, "share"),
        ("tiers", spec.tiers, "share"),
        ("works", spec.works, "share"),
        ("grades", spec.grades, "fleet_share"),
        ("grades", spec.grades, "order_share"),
        ("reserved.tenors", spec.reserved.tenors, "stock_share"),
        ("loan.facilities", spec.loan.facilities, "share"),
    )
    for section, names, field in parts:
        total = math.fsum(getattr(part, field) for part in names.values())
        if abs(total - 1.0) > MAX_TOTAL_GAP:
            problems.append(Problem(f"{section}.*.{field}", total, "shares must add up to 1"))
    problems += _impossible_products(spec)
    known = list(spec.indices)
    if spec.reserved.index not in known:
        problems.append(_unknown("reserved.index", spec.reserved.index, known))
    problems += _impossible_venues(spec)
    least = spec.world.trend.technology - spec.world.trend.quantity
    for name, facility in spec.loan.facilities.items():
        if facility.amortisation is not None and facility.amortisation <= least:
            text = f"must exceed {least:g}, or debt never shrinks"
            problems.append(Problem(f"loan.facilities.{name}.amortisation", facility.amortisation, text))
        if facility.refinance and facility.schedule and facility.yearly(-least) <= least + 1e-9:
            text = f"drawn anew, debt never shrinks where draws grow at {-least:g} a year: less"
            problems.append(Problem(f"loan.facilities.{name}.schedule.balloon", facility.schedule.balloon, text))
    if 24 % spec.spot.step_hours:
        problems.append(Problem("spot.step_hours", spec.spot.step_hours, "must divide 24"))
    if spec.spot.variable_cost_usd >= min(spec.world.rent_usd, spec.spot.price_cap_usd):
        problems.append(
            Problem(
                "spot.variable_cost_usd",
                spec.spot.variable_cost_usd,
                "must be below world.rent_usd and spot.price_cap_usd",
            )
        )
    if spec.spot.price_cap_usd <= spec.world.rent_usd:
        problems.append(Problem("spot.price_cap_usd", spec.spot.price_cap_usd, "must exceed world.rent_usd"))
    return problems


def _unknown(key: str, name: str, known: list[str]) -> Problem:
    return Problem(key, name, f"allowed are {', '.join(known)}", nearest(name, known))


def _impossible_venues(spec: Spec) -> list[Problem]:
    """Venues settle on indices that exist, on terms that can be traded; links read the curve of one of them."""
    problems = []
    for name, venue in spec.venues.items():
        key, margin = f"venues.{name}", venue.margin
        if venue.index not in spec.indices:
            problems.append(_unknown(f"{key}.index", venue.index, list(spec.indices)))
        if margin.maintenance > margin.initial:
            text = f"must not exceed the initial margin {margin.initial}"
            problems.append(Problem(f"{key}.margin.maintenance", margin.maintenance, text))
        for limit in ("spot", "accountability"):
            given, month = getattr(venue.limits, limit), venue.limits.month
            if given is not None and month is not None and given > month:
                text = f"is above limits.month = {month:g}, beyond which nobody holds any: at most that, or null"
                problems.append(Problem(f"{key}.limits.{limit}", given, text))
        if venue.calendar == CME and not installed():
            text = "needs the package pandas_market_calendars (pip install 'rackrate[calendars]'); weekdays needs none"
            problems.append(Problem(f"{key}.calendar", venue.calendar, text))
        if venue.calendar == CME and spec.world.equal_months:
            problems.append(Problem(f"{key}.calendar", venue.calendar, "needs real months: world.equal_months is true"))
        problems += _impossible_perpetual(name, venue)
        if venue.intraday_calls and (venue.mechanism != "limit_order_book" or venue.rounds_per_day < 2):
            text = "needs prices within the day: mechanism limit_order_book with at least 2 rounds_per_day"
            problems.append(Problem(f"{key}.intraday_calls", True, text))
        ticks = 2.0 * venue.daily_limit * spec.world.rent_usd / venue.tick_usd
        if not MIN_TICKS <= ticks <= MAX_TICKS:
            text = f"gives {ticks:.3g} ticks within the daily limits; allowed are {MIN_TICKS} to {MAX_TICKS}"
            problems.append(Problem(f"{key}.tick_usd", venue.tick_usd, text))
    read = spec.venues.get(spec.links.venue)
    if read is None:
        problems.append(_unknown("links.venue", spec.links.venue, list(spec.venues)))
    elif read.perpetual:
        text = "must list months: a perpetual settles never, and nobody can learn what its mark was worth"
        problems.append(Problem("links.venue", spec.links.venue, text))
    elif read.listed and len(spec.links.normal_premium) != read.maturities:
        noughts = ",".join(["0.0"] * read.maturities)
        text = (
            f"needs one number for each of venues.{spec.links.venue}.maturities = {read.maturities}, the usual log gap "
            f"of that month: nought where none was measured, links.normal_premium=[{noughts}]"
        )
        problems.append(Problem("links.normal_premium", spec.links.normal_premium, text))
    return problems


def _impossible_perpetual(name: str, venue: VenueTerms) -> list[Problem]:
    """A perpetual is one contract at a venue of its own, with terms of funding and none of months."""
    key, problems = f"venues.{name}", []
    if not venue.perpetual:
        if venue.funding is not None:
            text = "is of perpetuals (kind: perpetual); months settle"
            problems.append(Problem(f"{key}.funding", "given", text))
        return problems
    if name == MAIN:
        text = "must be monthly: funds, links and metrics read its months; venue=architect has a perpetual beside them"
        return [Problem(f"{key}.kind", "perpetual", text)]
    if venue.funding is None:
        text = f"a perpetual needs it: {', '.join(FundingTerms.model_fields)}"
        problems.append(Problem(f"{key}.funding", None, text))
    given = (
        ("maturities", venue.maturities, 1),
        ("hours_of_month", venue.hours_of_month, False),
        ("settlement", venue.settlement, "business_days"),
        ("calendar", venue.calendar, "weekdays"),
        ("limits.spot", venue.limits.spot, None),
    )
    for what, value, usual in given:
        if value != usual:
            text = f"a perpetual has no months; allowed is {json.dumps(usual)}"
            problems.append(Problem(f"{key}.{what}", value, text))
    return problems


def _impossible_products(spec: Spec) -> list[Problem]:
    """Interruptible tiers sell what another tier leaves idle; efficiencies are of grades that exist."""
    problems = []
    sources = [name for name, tier in spec.tiers.items() if tier.mechanism != "interruptible"]
    for name, tier in spec.tiers.items():
        key = f"tiers.{name}"
        if tier.mechanism != "interruptible":
            if tier.of is not None:
                problems.append(Problem(f"{key}.of", tier.of, "only an interruptible tier is made of another"))
            continue
        if tier.of not in sources:
            text = f"must be one of the tiers {', '.join(sources)}"
            problems.append(Problem(f"{key}.of", tier.of, text, nearest(str(tier.of), sources)))
        if tier.share > 0.0:
            problems.append(
                Problem(f"{key}.share", tier.share, "must be 0: an interruptible tier has no GPUs of its own")
            )
    for name, work in spec.works.items():
        for grade in work.efficiency:
            if grade not in spec.grades:
                text = f"there is no grade {grade}; allowed are {', '.join(spec.grades)}"
                near = nearest(grade, list(spec.grades))
                problems.append(Problem(f"works.{name}.efficiency.{grade}", work.efficiency[grade], text, near))
    return problems


def _impossible_indices(spec: Spec) -> list[Problem]:
    """Indices of products or with weights of sellers that this world does not have."""
    world = {"grade": list(spec.grades), "region": list(spec.regions), "tier": list(spec.tiers)}
    counts = {group: settings.get("count") for group, settings in spec.agents.items()}
    names = [f"{g}_{i + 1}" for g, count in counts.items() if isinstance(count, int) for i in range(count)]
    problems = []
    for name, settings in spec.indices.items():
        index, prefix = build_part("indices", name, settings, spec.plugins), f"indices.{name}"
        if isinstance(index, TransactionIndex | QuoteIndex):
            problems += index.basket.problems(f"{prefix}.basket", world)
        if isinstance(index, QuoteIndex):
            problems += index.problems(prefix, names)
    return problems


def _impossible_loans(spec: Spec) -> list[Problem]:
    """Facilities name groups of agents that lend; marks and calls need prices of used GPUs."""
    known, problems = groups_of(Lends, spec.agents, spec.plugins), []
    asked = {"collateral_basis": spec.loan.collateral_basis != "book", "call": spec.loan.call is not None}
    for key, needed in asked.items():
        if needed and not spec.resale.enabled:
            text = "needs a market for used GPUs: resale.enabled is false (resale=default opens it)"
            problems.append(Problem(f"loan.{key}", getattr(spec.loan, key), text))
    for name, facility in spec.loan.facilities.items():
        for group in facility.lenders or ():
            if group not in known:
                key, text = f"loan.facilities.{name}.lenders", f"allowed are groups of lenders: {', '.join(known)}"
                problems.append(Problem(key, group, text, nearest(group, known)))
    return problems


def _not_listed(spec: Spec) -> str:
    return ", ".join(f"venues.{name}.listed" for name, t in spec.venues.items() if not t.perpetual) + " is false"


def _impossible_funds(spec: Spec) -> list[Problem]:
    """Funds need listed futures, and someone who creates their shares where there are holders."""
    problems = []
    sizes = ("assets_usd", "open_interest_share", "target_gain")
    launched = []
    for group in groups_of(HoldsFutures, spec.agents, spec.plugins):
        for key in sizes:
            given = spec.agents[group].get(key)
            values = given if isinstance(given, list) else [given]
            if any(isinstance(value, int | float) and value > 0.0 for value in values) or "uniform" in values:
                launched.append((f"agents.{group}.{key}", given))
    listed = [name for name, venue in spec.venues.items() if venue.listed and not venue.perpetual]
    if not listed:
        text = f"a fund needs futures to hold, and none are listed ({_not_listed(spec)})"
        problems += [Problem(key, given, text) for key, given in launched]
    home = next(iter(listed), None)
    if launched and home is not None and spec.venues[home].mechanism == "log_linear":
        text = (
            f"the fund {launched[0][0]} trades there and needs an auction; allowed are call_auction, limit_order_book"
        )
        problems.append(Problem(f"venues.{home}.mechanism", "log_linear", text))
    participants = groups_of(CreatesShares, spec.agents, spec.plugins)
    holders = groups_of(OrdersShares, spec.agents, spec.plugins)
    total = sum(int(spec.agents[group]["count"]) for group in participants)
    if launched and holders and total != 1:
        problems.append(
            Problem("agents", participants, "fund shares are created by exactly one authorised participant")
        )
    return problems


# what is checked across sections, beside `_impossible`: with the sections that each reads, and no others
ACROSS: dict[Callable[[Spec], list[Problem]], set[str]] = {
    _impossible_indices: {"indices", "agents", "grades", "regions", "tiers"},
    _impossible_funds: {"agents", "venues"},
    _impossible_loans: {"agents", "loan", "resale"},
}
