"""Futures out of rents of contracts (Bandi and Su 2026): what lets for M months and not for M - 1 is month M's hour.

With P(t, M) the rent an hour of a contract from t to M months, letting for M and renting back for M - 1 earns month M:
F(M) = (M - t) P(t, M) - (M - t - 1) P(t, M - 1), here at t = 0. Rents of contracts are those of the simulator's rule
(the mean expected rent of the tenor); dealers who can do that trade bring schedules around it to the closing auction
of each month, and the identity must return the curve, its means the contracts. The world's own expectations of
settlements and rents of contracts, which two departments work out, must agree by it too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_schedules
from sim.economy import Economy
from sim.exchange.terms import MAIN
from sim.roles import Hedges
from sim.rules.rents import expected_rent, mean_expected_rent
from sim.spec import Spec
from sim.vocabulary import Finite, Positive, PositiveCount

MONTHS = 12.0


class Parameters(Strict):
    """Today's rent, what it is believed to return to and how; dealers' depth; tolerances."""

    rent_usd: Positive
    anchor_usd: Positive
    technology: Finite  # g, per year: the rate at which rents fall
    half_life_years: Positive  # of a deviation, as believed
    months: Annotated[int, Field(ge=2, le=36)]
    dealers: PositiveCount
    depth_contracts_per_usd: Positive  # of each dealer
    hedged_contracts: Finite  # sold by others at any price; 0 in theory, where dealers have all depth
    tick_usd: Positive
    tolerance_usd: Positive
    world_tolerance: Positive  # of the world's own expectations: months are taken at their middle


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The curve of the auctions, month by month; what it says of contracts; the world's own expectations."""
    prices = []
    for month in range(1, p.months + 1):
        worth = month * contract_rent(p, month) - (month - 1) * contract_rent(p, month - 1)
        depth, dealers = p.depth_contracts_per_usd, np.ones(p.dealers)
        price = price_of_schedules(0.0 * dealers, depth * dealers, worth, p.tick_usd, 100, [-p.hedged_contracts])
        prices.append(price)
        yield Check("closing price, USD", f"month {month}", forward(p, month), price, p.tolerance_usd)
    for month in range(1, p.months + 1):
        mean = math.fsum(prices[:month]) / month
        yield Check("mean of the curve, USD", f"{month} months", contract_rent(p, month), mean, p.tolerance_usd)
    yield from own_expectations(p, spec)


def contract_rent(p: Parameters, months: int) -> float:
    """P(0, M): rent an hour of a contract of so many months, by the simulator's rule."""
    if months == 0:
        return 0.0
    reversion = math.log(2.0) / p.half_life_years
    return mean_expected_rent(p.rent_usd, p.anchor_usd, p.technology, reversion, months / MONTHS)


def forward(p: Parameters, month: int) -> float:
    """Mean of the rent expected over month M, by quadrature of the path itself."""
    from scipy.integrate import quad

    reversion = math.log(2.0) / p.half_life_years
    ends = (month - 1) / MONTHS, month / MONTHS
    area, _ = quad(lambda s: expected_rent(p.rent_usd, p.anchor_usd, p.technology, reversion, s), *ends, epsabs=1e-13)
    return float(area) * MONTHS


def own_expectations(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Settlements that the world expects over the tenors of its contracts beside the rents of these, on its first day.

    A share of the last month counts where a tenor ends inside it.
    """
    listed = spec.venues[MAIN].model_copy(update={"listed": True, "maturities": 13})
    links = spec.links.model_copy(update={"normal_premium": [0.0] * 13})
    economy = Economy(spec.model_copy(update={"venues": {MAIN: listed}, "links": links}), seed=1, days=1)
    view = economy.register.views[economy.register.of(Hedges)[0][0]]
    curve = view.curve()
    assert curve is not None
    reversion = math.log(2.0) / p.half_life_years
    settled = np.array([view.expected_settlement_usd(m, reversion) for m in range(13)]) / curve.index_ratio
    ends = np.cumsum(curve.days_left)
    rents = view.contract_rents_usd(p.half_life_years, p.half_life_years)
    for tenor, rent in zip(view.path.tenors, rents, strict=True):
        days = 7.0 * tenor.weeks
        if days <= ends[-1]:
            part = np.clip(1.0 - (ends - days) / np.array(curve.days_left), 0.0, 1.0) * np.array(curve.days_left)
            mean = float(part @ settled) / days
            yield Check(
                "expected settlements over the contract's rent", tenor.name, 1.0, mean / rent, p.world_tolerance
            )
