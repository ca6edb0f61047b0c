"""Where GPUs stand and how they are let: products, each owner's place in them, prices by tier, users' homes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sim.agent import Agent, Endowment, group_of
from sim.kernels.spot import INTERRUPTIBLE, PAY_AS_BID, POSTED, UNIFORM
from sim.problems import Problem, SpecError, nearest
from sim.rental.places import Placement, Shop
from sim.rental.tastes import tastes_of
from sim.rows.rental import Products
from sim.spec import Spec
from sim.vocabulary import Floats, Ints

MECHANISMS = {"uniform": UNIFORM, "pay_as_bid": PAY_AS_BID, "posted": POSTED, "interruptible": INTERRUPTIBLE}
MAX_TOTAL_GAP = 1e-9
HALVINGS = 60  # to the last bits of a number of size 1


def place_people(
    spec: Spec, people: Sequence[Agent], endowments: Sequence[Endowment], landlords: Ints, owners: int
) -> Placement:
    """Give every one of so many owners (the people first) its place.

    Raises SpecError for names that do not exist, shares that do not add up, and users who can reach no GPUs.
    """
    products, shop = products_of(spec), shop_of(spec)
    problems: list[Problem] = []
    regions = _dealt("regions", {n: r.share for n, r in spec.regions.items()}, people, endowments, owners, problems)
    tiers = _dealt("tiers", {n: t.share for n, t in spec.tiers.items()}, people, endowments, owners, problems)
    grades = _dealt("grades", {n: g.fleet_share for n, g in spec.grades.items()}, people, endowments, owners, problems)
    problems += _without_gpus(spec, people, endowments) + _impossible_lets(spec)
    if problems:
        raise SpecError(problems)
    place = regions[:, products.region] * _let_as(spec, products, tiers, people, endowments)
    pool = np.zeros(owners)
    pool[: len(endowments)] = [e.pool_ve for e in endowments]
    path_ve = pool[:, None] * grades[:, products.grade] * place
    offered_ve = path_ve[pool > 0.0].sum(axis=0)  # over those alone: bits do not depend on who else there is
    occupancy, usual = spec.spot.occupancy, _usual(spec, products, shop, offered_ve)
    idle_ve = _idle(shop, offered_ve, usual)
    products = replace(products, level=_levels(spec, products, shop, path_ve[landlords].sum(axis=0), usual))
    homes = np.array([r.share for r in spec.regions.values()])
    used_ve = offered_ve * (usual / occupancy) + idle_ve
    try:
        tastes = tastes_of(
            spec.works, products, homes, _wanted(spec, products, used_ve, offered_ve),
            shop.mechanism == INTERRUPTIBLE, spec.spot.substitution, occupancy,
        )  # fmt: skip
    except ValueError as error:
        raise SpecError([Problem("works", list(spec.works), str(error))]) from error
    auctions = offered_ve * shop.auctioned
    spread = auctions / max(auctions.sum(), 1e-300)
    return Placement(products, shop, place, regions, grades, path_ve, offered_ve, idle_ve, usual, spread, tastes)


def products_of(spec: Spec) -> Products:
    """Every grade in every region on every tier, grades outermost."""
    shape = len(spec.grades), len(spec.regions), len(spec.tiers)
    grade, region, tier = (axis.ravel() for axis in np.indices(shape))
    value = np.array([g.value for g in spec.grades.values()])
    return Products(
        grade_names=tuple(spec.grades), region_names=tuple(spec.regions), tier_names=tuple(spec.tiers),
        grade=grade, region=region, tier=tier, value=value[grade], level=np.ones(len(grade)),
    )  # fmt: skip


def shop_of(spec: Spec) -> Shop:
    """How products are sold, in the order of clearing: list prices, auctions, idle capacity.

    Who finds nothing at a list price asks at the next tier with list prices, and then bids in the auction.
    """
    products, names = products_of(spec), list(spec.tiers)
    tiers = list(spec.tiers.values())
    mechanism = np.array([MECHANISMS[t.mechanism] for t in tiers], dtype=np.int64)
    rates = {UNIFORM: 1.0, PAY_AS_BID: "shading", POSTED: "restock_per_hour", INTERRUPTIBLE: "idle_share"}
    rate = [float(getattr(t, str(rates[m])) if m != UNIFORM else 1.0) for t, m in zip(tiers, mechanism, strict=True)]
    auction = next((k for k, m in enumerate(mechanism) if m in (UNIFORM, PAY_AS_BID)), None)
    partner = np.full(len(products.grade), -1, dtype=np.int64)
    for j, tier in enumerate(products.tier):
        if mechanism[tier] == INTERRUPTIBLE:
            partner[j] = j - tier + names.index(str(tiers[tier].of))
        elif mechanism[tier] == POSTED:
            later = [k for k in range(int(tier) + 1, len(tiers)) if mechanism[k] == POSTED]
            other = later[0] if later else auction
            if other is not None:
                partner[j] = j - tier + other
    rank = np.where(mechanism == POSTED, 0, np.where(mechanism == INTERRUPTIBLE, 2, 1))[products.tier]
    sequence = np.argsort(rank, kind="stable").astype(np.int64)
    return Shop(mechanism[products.tier], partner, np.array(rate)[products.tier], sequence)


def _dealt(
    section: str, world: dict[str, float], people: Sequence[Agent], endowments: Sequence[Endowment], owners: int,
    problems: list[Problem],
) -> Floats:  # fmt: skip
    """Shares by owner (owners, names): the world's where an agent says nothing."""
    names = list(world)
    rows = np.tile(np.array(list(world.values())), (owners, 1))
    for i, (agent, endowment) in enumerate(zip(people, endowments, strict=True)):
        own: dict[str, float] | None = getattr(endowment, section)
        if own is None or len(names) == 1:  # where there is one, it is everybody's
            continue
        key = f"agents.{group_of(agent.name)}.{section}"
        found = [
            Problem(f"{key}.{name}", own[name], f"allowed are {', '.join(names)}", nearest(name, names))
            for name in own
            if name not in names
        ]
        total = math.fsum(own.values())
        if not found and abs(total - 1.0) > MAX_TOTAL_GAP:
            found = [Problem(key, own, "shares must add up to 1")]
        problems += [problem for problem in found if problem not in problems]
        rows[i] = [own.get(name, 0.0) for name in names]
    return rows


def _without_gpus(spec: Spec, people: Sequence[Agent], endowments: Sequence[Endowment]) -> list[Problem]:
    """Owners said to stand in interruptible tiers, which sell what other tiers leave idle."""
    found: dict[str, Problem] = {}
    text = "must be 0: an interruptible tier has no GPUs of its own"
    for agent, endowment in zip(people, endowments, strict=True):
        for name, share in (endowment.tiers or {}).items():
            if share > 0.0 and name in spec.tiers and spec.tiers[name].mechanism == "interruptible":
                key = f"agents.{group_of(agent.name)}.tiers.{name}"
                found[key] = Problem(key, share, text)
    return list(found.values())


def _let_as(
    spec: Spec, products: Products, tiers: Floats, people: Sequence[Agent], endowments: Sequence[Endowment]
) -> Floats:
    """Share of an owner's GPUs of a grade let on a tier (owners, products): its own word, the grade's, the world's."""
    names, shares = list(spec.tiers), tiers[:, products.tier]
    alike = np.ones(len(tiers), dtype=bool)
    alike[: len(people)] = [e.tiers is None for e in endowments]
    for g, grade in enumerate(spec.grades.values()):
        if grade.tiers is not None and len(names) > 1:  # where there is one tier, it is everybody's
            own = np.array([grade.tiers.get(name, 0.0) for name in names])[products.tier]
            shares = np.where(alike[:, None] & (products.grade == g), own, shares)
    return shares


def _lets_differ(spec: Spec) -> bool:
    """Whether a grade is let otherwise than the world's tiers say."""
    return len(spec.tiers) > 1 and any(grade.tiers is not None for grade in spec.grades.values())


def _impossible_lets(spec: Spec) -> list[Problem]:
    """Grades let on tiers that do not exist, that have no GPUs of their own, or in shares that do not add up."""
    found = []
    names = list(spec.tiers)
    for grade, terms in spec.grades.items():
        if terms.tiers is None or len(names) == 1:
            continue
        key = f"grades.{grade}.tiers"
        unknown = [name for name in terms.tiers if name not in names]
        found += [
            Problem(f"{key}.{n}", terms.tiers[n], f"allowed are {', '.join(names)}", nearest(n, names)) for n in unknown
        ]
        found += [
            Problem(f"{key}.{name}", share, "must be 0: an interruptible tier has no GPUs of its own")
            for name, share in terms.tiers.items()
            if name in names and share > 0.0 and spec.tiers[name].mechanism == "interruptible"
        ]
        if not unknown and abs(math.fsum(terms.tiers.values()) - 1.0) > MAX_TOTAL_GAP:
            found.append(Problem(key, terms.tiers, "shares must add up to 1"))
    return found


def _usual(spec: Spec, products: Products, shop: Shop, offered_ve: Floats) -> Floats:
    """Share of what is offered that is let on the growth path (products,).

    Regions differ at list prices, where a price that stands leaves more or less ready for the next customer; a tier's
    mean over regions is the world's occupancy, as it is wherever an auction clears.
    """
    occupancy = spec.spot.occupancy
    usual = np.full(len(products.tier), occupancy)
    odds = np.array([r.list_odds for r in spec.regions.values()])[products.region]
    for tier in np.unique(products.tier[shop.mechanism == POSTED]):
        mine = (products.tier == tier) & (offered_ve > 0.0)
        if mine.any() and np.ptp(odds[mine]) > 0.0:
            usual[mine] = _with_odds(odds[mine], offered_ve[mine], occupancy)
    return usual


def _with_odds(odds: Floats, weight: Floats, mean: float) -> Floats:
    """Shares in (0, 1) whose odds x/(1 - x) are in these proportions and whose weighted mean is given, by bisection."""
    level = math.log(mean / (1.0 - mean))
    lowest, highest = level - math.log(odds.max()), level - math.log(odds.min())
    for _ in range(HALVINGS):
        middle = 0.5 * (lowest + highest)
        shares = 1.0 / (1.0 + np.exp(-middle) / odds)
        lowest, highest = (middle, highest) if shares @ weight < mean * weight.sum() else (lowest, middle)
    return np.asarray(shares)


def _idle(shop: Shop, offered_ve: Floats, usual: Floats) -> Floats:
    """What interruptible products offer on the growth path (products,), given what all others do."""
    idle = shop.rate * (1.0 - usual[shop.partner]) * offered_ve[shop.partner]
    return np.where(shop.mechanism == INTERRUPTIBLE, idle, 0.0)


def _levels(spec: Spec, products: Products, shop: Shop, own_ve: Floats, usual: Floats) -> Floats:
    """Premium of each tier over the mean of what landlords earn by the hour per hour let on demand (products,).

    Idle hours sold as interruptible are part of what they earn: a VE of pool earns occupancy * rent on the path, of
    whatever grade.
    """
    premium = np.array([t.premium for t in spec.tiers.values()])[products.tier]
    hours = own_ve.sum()
    if not hours > 0.0:
        return premium
    sold = own_ve * (usual / spec.spot.occupancy) + _idle(shop, own_ve, usual)
    level = premium / (float(sold @ premium) / hours)
    if not _lets_differ(spec):
        return np.asarray(level)
    return np.asarray(level * _scarcity(products, shop, own_ve, sold, level, spec.spot.substitution))


def _scarcity(
    products: Products, shop: Shop, own_ve: Floats, sold_ve: Floats, level: Floats, substitution: float
) -> Floats:
    """By how much a grade is dearer on a tier because landlords let little of it there (products,).

    Users want every grade on tiers in the shares in which landlords let all grades together. A logit of users over
    log rents then settles where rents are (wanted / let) ** (1 / substitution), and a grade earns on all its tiers
    together what its value says. An idle hour is as dear as where it idles; others' tiers are not touched.
    """
    grades, tiers = len(products.grade_names), len(products.tier_names)
    let = np.zeros((grades, tiers))
    np.add.at(let, (products.grade, products.tier), own_ve)
    wanted = let.sum(axis=1, keepdims=True) * (let.sum(axis=0) / let.sum())
    some = let > 0.0
    log = np.where(some, np.log(np.where(some, wanted, 1.0) / np.where(some, let, 1.0)), 0.0)
    dear = np.exp(log / substitution if substitution > 0.0 else 0.0 * log)[products.grade, products.tier]
    dear = np.where(shop.mechanism == INTERRUPTIBLE, dear[shop.partner], dear)
    plain = np.bincount(products.grade, own_ve, minlength=grades)
    earned = np.bincount(products.grade, sold_ve * level * dear, minlength=grades)
    back = np.where(earned > 0.0, plain / np.where(earned > 0.0, earned, 1.0), 1.0)[products.grade]
    served = (own_ve > 0.0) | ((shop.mechanism == INTERRUPTIBLE) & (own_ve[shop.partner] > 0.0))
    return np.where(served, dear * back, 1.0)


def _wanted(spec: Spec, products: Products, now: Floats, offered_ve: Floats) -> Floats:
    """What users want of each product at equal prices: today's places, grades as they are ordered in the long run.

    `now` (products,) is what they use today of what is offered; a grade let where more of it idles is used twice.
    """
    cells = products.region * len(products.tier_names) + products.tier
    by_cell = np.bincount(cells, now, minlength=int(cells.max()) + 1)
    by_grade = np.bincount(products.grade, now, minlength=len(products.grade_names))
    orders = np.array([g.order_share for g in spec.grades.values()])
    if _lets_differ(spec):
        here = np.bincount(products.grade, offered_ve, minlength=len(products.grade_names))
        some = here > 0.0
        orders = orders * np.where(some, by_grade / np.where(some, here, 1.0), now.sum() / offered_ve.sum())
    within: Floats = np.where(
        by_grade[products.grade] > 0.0, now / np.maximum(by_grade[products.grade], 1e-300), by_cell[cells] / now.sum()
    )
    return np.asarray(orders[products.grade] * within)
