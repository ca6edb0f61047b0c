"""How owners of GPUs let them by the hour: what they offer to auctions, and the list prices they post."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.rows.rental import SupplyRow
from sim.rules.asks import in_proportion, repricing_hazard, wanted_ask
from sim.rules.hoarding import withdrawn_share
from sim.rules.rents import annuity
from sim.streams import Purpose
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR, Floats


class AskTerms(NamedTuple):
    """How a seller posts list prices (Calvo 1983, with a hazard that rises with the gap): rates per day, gaps in logs.

    Where list prices are paid, the seller wants the auctions' rent, dearer if much was asked of it: `response` is the
    log change per unit of log tightness. Where an auction sets the rent, the list price is `markup` over it. Gaps below
    `threshold` are left alone. A list price stands for a while, on average it is `age_days` old, and rents fall with
    technology: sellers ask what will be right by then. `level` is what a seller asks over others for good;
    `own_grade` of its list price follows the grade itself, the rest all grades in proportion. What is public of days to
    come moves it as far as `spot.expected_weight` says.
    """

    markup: float
    response: float
    hazard_per_day: float
    hazard_per_gap: float
    threshold: float
    noise: float
    age_days: float
    level: float = 1.0
    own_grade: float = 1.0


def pool_row(view: View, pool_ve: float, withheld_ve: float = 0.0) -> SupplyRow:
    """Offer own capacity at convex marginal cost (Bessembinder-Lemmon supply), at comparable prices.

    At the path's rent the path's share of it is offered; list prices are posted apart (`list_asks`).
    """
    today, s = view.today, view.path.settings
    floor = s.cost_usd * today.technology * today.environment.running_cost_scale
    slope = _slope(s.rent_usd - s.cost_usd, s.occupancy, s.convexity) * today.technology
    return SupplyRow(0, pool_ve, floor, slope, s.convexity, True, withheld_ve)


@lru_cache(64)
def _slope(margin_usd: float, occupancy: float, convexity: float) -> float:
    """Slope of marginal cost that asks the path's rent for the path's occupancy."""
    return margin_usd / math.exp(math.log(occupancy) * convexity)


def contract_advantage(view: View, belief_half_life_years: float, trading_half_life_years: float) -> float:
    """Log of the mean rent that contracts let expect over last month's by the hour, beyond what it is on the path.

    Tenors are weighed by their shares of the stock; on the path rents fall at g, so that it is ln(A(g, T) / T) there.
    """
    rents = view.contract_rents_usd(belief_half_life_years, trading_half_life_years)
    now, technology = view.today.rent_30d_usd, view.path.settings.technology
    return math.fsum(
        tenor.stock_share * math.log(rent / now * tenor.years / annuity(technology, tenor.years))
        for tenor, rent in zip(view.path.tenors, rents, strict=True)
    )


def withdrawn_ve(view: View, free_ve: float, elasticity: float, beliefs: tuple[float, float]) -> float:
    """Part of what is let by the hour, VE, that an owner keeps for contracts where these let expect more.

    `beliefs` are half-lives of deviations of rents over contracts and over the futures curve, years. An estate keeps
    nothing.
    """
    if elasticity == 0.0 or view.barred_from_contracts:
        return 0.0
    return free_ve * withdrawn_share(contract_advantage(view, *beliefs), elasticity)


def list_asks(view: View, posted_usd: Floats, terms: AskTerms) -> Floats:
    """List asks by product from today on (products,), USD per VE-hour; a seller that reprices does so everywhere."""
    started = np.count_nonzero(posted_usd) > 0
    chance = view.uniform(Purpose.LIST_ASK_TIME)
    if started and chance >= repricing_hazard(math.inf, terms.hazard_per_day, terms.hazard_per_gap, 0.0):
        return posted_usd
    lets = view.lets
    comparable = np.where(np.isnan(view.comparable_usd), posted_usd, view.comparable_usd)
    if not started:
        comparable = np.where(comparable > 0.0, comparable, view.products.level * view.today.rent_10d_usd)
    products = view.products
    cells = products.region * len(products.tier_names) + products.tier
    comparable = in_proportion(comparable, products.level, cells, terms.own_grade)
    usual = view.usual_occupancy
    wanted = wanted_ask(comparable, view.posted, view.tightness, usual, terms.markup, terms.response) * terms.level
    wanted *= math.exp(view.ask_outlook(terms.age_days))
    if not started:  # posted so long ago
        return np.where(lets, wanted, 0.0)
    wanted *= math.exp(-view.path.settings.technology * terms.age_days / DAYS_PER_YEAR)
    gap = float(np.abs(np.log(posted_usd[lets] / wanted[lets])).mean()) if lets.any() else 0.0
    if chance >= repricing_hazard(gap, terms.hazard_per_day, terms.hazard_per_gap, terms.threshold):
        return posted_usd
    return np.where(lets, wanted * math.exp(terms.noise * view.normal(Purpose.LIST_ASK_NOISE)), 0.0)
