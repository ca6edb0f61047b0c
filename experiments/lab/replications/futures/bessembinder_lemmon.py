"""The forward premium of a commodity that cannot be stored (Bessembinder and Lemmon 2002): producers and retailers.

Q is demand, random (normal, none below zero) and inelastic; N_P producers with cost (a / c) q^c sell at the spot price
P = a (Q / N_P)^(c - 1); N_R retailers sell it on at P_R, `retail_margin` times E P. All weigh mean against variance,
E - (A / 2) Var, and bring to the model's closing auction the schedule that is best for them: to sell
(F - E P) / (A V) + Cov(profit, P) / V, with V = Var P. The figures on record are of the covariance form by quadrature:
the Taylor form in variance and skewness has the wrong sign at steep costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_schedules
from sim.spec import Spec
from sim.vocabulary import Positive, PositiveCount

TICKS = 2000  # of the auction's grid, to either side of the mean price
NODES = 200  # of the quadrature


class Parameters(Strict):
    """The grid and what is on record for it: premia in per cent by cost exponent c and sd of demand."""

    producers: PositiveCount
    retailers: PositiveCount
    demand: Positive  # mean
    demand_sd: Annotated[list[Positive], Field(min_length=1)]
    retail_margin: Positive
    price_scale: Positive  # a = price_scale (N_P / demand)^(c - 1)
    risk_aversion_scale: Positive  # A = risk_aversion_scale / 2^c
    premium_percent: dict[str, list[float]]  # c: one a sd of demand
    tolerance_points: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The auction's premium over the expected spot price, per cent, at every c and sd of demand."""
    del spec
    for c, published in p.premium_percent.items():
        for sd, premium in zip(p.demand_sd, published, strict=True):
            found = premium_at(p, float(c), sd)
            yield Check("100 (F / E P - 1), %", f"c = {c}, sd of demand {sd:g}", premium, found, p.tolerance_points)


def premium_at(p: Parameters, c: float, sd: float) -> float:
    """The premium at which the auction of all producers and retailers clears, per cent."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    demand = np.maximum(0.0, p.demand + sd * nodes)
    each = demand / p.producers
    scale = p.price_scale * (p.producers / p.demand) ** (c - 1.0)
    price = scale * each ** (c - 1.0)
    mean = float(weights @ price)
    away = price - mean
    variance = float(weights @ away**2)
    bought = demand / p.retailers
    profits = {"producer": price * each * (1.0 - 1.0 / c), "retailer": (p.retail_margin * mean - price) * bought}
    aversion = p.risk_aversion_scale / 2.0**c
    hedge = {who: float(weights @ (profit * away)) / variance for who, profit in profits.items()}
    sold = np.array([hedge["producer"]] * p.producers + [hedge["retailer"]] * p.retailers)
    slope = np.full(len(sold), 1.0 / (aversion * variance))
    return 100.0 * (price_of_schedules(-sold, slope, mean, mean / TICKS, TICKS) / mean - 1.0)
