"""Hedging pressure (Keynes 1930, Hirshleifer 1988): what hedgers pay speculators of constant risk aversion.

The hedgers are the landlords and AI labs of the composed world on its first day, without views of their own. They
meet n speculators with the schedule (E - F) / (a V) GPU-hours in the closing auction: F = E - a V H / n for a net
short hedge of H GPU-hours, and F = E where nobody hedges.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.economy import Economy
from sim.exchange.terms import MAIN
from sim.roles import Hedges
from sim.rows.exchange import FutureRow
from sim.rules.hedging import hedge_schedule
from sim.spec import Spec
from sim.vocabulary import Finite, Floats, Positive, PositiveCount

Rows = list[tuple[int, FutureRow]]


class Parameters(Strict):
    """Speculators and the scales by which the world's hedges are multiplied (0: nobody hedges; below 0: mirrored)."""

    speculators: PositiveCount
    risk_aversion_per_usd: Positive  # a: absolute risk aversion of each
    settlement_sd: Positive  # of the settlement, as a share of its expectation: V = (sd E) ** 2
    half_life_years: Positive  # at which the speculators believe deviations of rents to fade
    hedge_scales: Annotated[list[Finite], Field(min_length=2)]
    tolerance_usd: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The price of every month at every scale, and the slope of price in hedging."""
    economy = world_of_hedgers(spec)
    venue = economy.exchange.first
    assert venue is not None
    size, last = venue.terms.contract_gpu_hours, venue.price_usd.copy()
    months = range(len(last))
    reversion = math.log(2.0) / p.half_life_years
    view = economy.register.views[economy.register.of(Hedges)[0][0]]
    expected = np.array([view.expected_settlement_usd(m, reversion) for m in months])
    impact = p.risk_aversion_per_usd * (p.settlement_sd * expected) ** 2 / p.speculators  # a V / n
    hedges = [
        (owner, row)
        for owner, agent in economy.register.of(Hedges)
        for row in agent.futures(economy.register.views[owner])
    ]
    crowd = len(economy.books.ledger.owners)
    speculators = [(crowd, cara(m, p, size, float(expected[m]), float(last[m]))) for m in months]
    prices, short = [], []
    for scale in p.hedge_scales:
        rows = [(owner, scaled(row, scale)) for owner, row in hedges]
        short.append(size * short_hedges(rows, len(last)))
        venue.price_usd = last.copy()
        prices.append(venue.clear([*rows, *speculators * p.speculators], crowd + 1).price_usd)
    for price, hours in zip(prices, short, strict=True):
        for m in months:
            said = f"month {m + 1}, H = {1e-6 * hours[m]:.3f} million GPU-h"
            theory = float(expected[m] - impact[m] * hours[m])
            yield Check("E - a V H / n, USD/GPU-h", said, theory, float(price[m]), p.tolerance_usd)
    first, last_one = int(np.argmin(p.hedge_scales)), int(np.argmax(p.hedge_scales))
    for m in months:
        slope = 1e6 * (prices[last_one][m] - prices[first][m]) / (short[last_one][m] - short[first][m])
        said = f"month {m + 1}, a V / n"
        theory = -1e6 * float(impact[m])
        yield Check("dF/dH, USD/GPU-h a million GPU-h", said, theory, float(slope), p.tolerance_usd)


def world_of_hedgers(spec: Spec) -> Economy:
    """The world on its first day, its hedgers without views of their own and without positions."""
    agents = {name: group | {"hedge_tolerance": 0.0} if "hedge_tolerance" in group else group
              for name, group in spec.agents.items()}  # fmt: skip
    listed = {MAIN: spec.venues[MAIN].model_copy(update={"listed": True})}
    economy = Economy(spec.model_copy(update={"agents": agents, "venues": listed}), seed=1, days=1)
    venue, ledger = economy.exchange.first, economy.books.ledger
    assert venue is not None
    venue.crowds = []
    for name in venue.names:
        ledger.post_net("positions closed", name, -ledger.held(name).copy())
    economy.refresh_board()
    return economy


def cara(month: int, p: Parameters, size: float, expected: float, last: float) -> FutureRow:
    """A speculator's schedule in contracts: position (E - F) / (a V), by the hedgers' own rule without a hedge."""
    tolerance = last / (p.risk_aversion_per_usd * (p.settlement_sd * expected) ** 2 * size)
    return FutureRow(month, *hedge_schedule(0.0, 0.0, expected, last, tolerance, math.inf, math.inf))


def scaled(row: FutureRow, scale: float) -> FutureRow:
    """A hedger's schedule multiplied by a scale."""
    low, high = sorted((scale * row.low, scale * row.high))
    return FutureRow(row.maturity, scale * row.trade_at_last, scale * row.slope_per_usd, low, high)


def short_hedges(rows: Rows, months: int) -> Floats:
    """Net contracts that hedgers want to sell whatever the price, by month (months,)."""
    short = np.zeros(months)
    for _, row in rows:
        if row.slope_per_usd != 0.0:
            raise ValueError("a hedger still looks at the price")
        short[row.maturity] -= min(max(row.trade_at_last, row.low), row.high)
    return short
