"""The notes' waterfall on random cash flows, and how far lenders who sell their loans lend (Keys et al. 2010, sign).

An originator who earns m on each extra dollar lent and bears the share r of the losses lends l to maximise
m l - r E[(l - V)+], so that the probability of default is m / r: the less it keeps, the more it lends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.rows.securitisation import Cover, NoteTerms
from sim.rules.screening import loosening
from sim.securitisation.waterfall import Due, Payment, Pot, waterfall, write_downs
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, Positive, PositiveCount

NORMAL = NormalDist()
NOTES_USD = np.array([80e6, 12e6, 8e6])  # size of the classes, which the draws scale


class Parameters(Strict):
    """Cash flows to draw; the margin m, the log sd s of collateral, retained shares and the LTVs as published."""

    cash_flows: PositiveCount
    seed: Count
    tolerance_usd: Positive
    margin: Annotated[float, Field(gt=0.0, lt=0.5)]
    asset_sd: Positive
    retained: list[Annotated[float, Field(gt=0.0, le=1.0)]]
    published_ltv: list[float]
    published_tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Conservation and order of payments and losses; loan to value and probability of default by retained share."""
    del spec
    yield from conservation(p)
    alone = optimal_ltv(p, 1.0)
    for kept, published in zip(p.retained, p.published_ltv, strict=True):
        said = f"retained {kept:g}"
        ltv = alone * loosening(kept, p.margin, p.asset_sd, 1.0)
        yield Check("loan to value, rule", said, published, ltv, p.published_tolerance)
        best = optimal_ltv(p, kept)
        yield Check("loan to value, rule against the optimum", said, best, ltv, 1e-6)
        yield Check("probability of default", said, p.margin / kept, default_probability(p, ltv), 1e-6)


def conservation(p: Parameters) -> Iterator[Check]:
    """What is paid equals what came in, nobody is paid before a senior, nobody loses before a junior."""
    draws = np.stack([
        Streams(p.seed).uniforms(Purpose.POPULATION, column, np.arange(p.cash_flows, dtype=np.int64))
        for column in range(13)
    ])  # fmt: skip
    gap = lost_gap = 0.0
    negative = out_of_order = lost_out_of_order = 0
    for u in draws.T:
        terms, pot, due, balance, collateral = cash_flow(u)
        paid = waterfall(pot, due, balance, collateral, terms)
        gap = max(gap, abs(paid.total - pot.total))
        negative += min(uses(paid)) < -p.tolerance_usd
        out_of_order += overtaken(paid, due) or jumped(paid, pot, due, float(balance[0]), collateral, terms)
        loss = 1.2 * float(u[12] * balance.sum())
        cuts = write_downs(loss, balance)
        lost_gap = max(lost_gap, abs(float(cuts.sum()) - min(loss, float(balance.sum()))))
        spared = (cuts < balance * (1.0 - 1e-12)).tolist()
        lost_out_of_order += bool((spared[2] and cuts[:2].any()) or (spared[1] and cuts[0] > 0.0))
    said = f"{p.cash_flows} cash flows"
    yield Check("largest gap of uses and sources, USD", said, 0.0, gap, p.tolerance_usd)
    yield Check("payments below zero", said, 0.0, negative, 0.0)
    yield Check("payments before a senior was served", said, 0.0, out_of_order, 0.0)
    yield Check("largest gap of losses and write-downs, USD", said, 0.0, lost_gap, p.tolerance_usd)
    yield Check("losses before a junior was gone", said, 0.0, lost_out_of_order, 0.0)


def cash_flow(u: Floats) -> tuple[NoteTerms, Pot, Due, Floats, float]:
    """A random payment date from uniform draws (12,): from plenty to far too little, any state of the pool."""
    tests = Cover(1.05 + 0.3 * float(u[0])), Cover()
    terms = NoteTerms((0.80, 0.12, 0.08), 0.005, 6.0, tests, 0.4, bool(u[1] < 0.5))
    balance = NOTES_USD * np.where(u[2:5] < 0.1, 0.0, u[2:5])
    pot = Pot(2e6 * float(u[5]) ** 2, 5e6 * float(u[6]) ** 2, 1e6 * float(u[7]))
    due = Due(1e5 * float(u[8]), (6e5 * float(u[9]), 2e5 * float(u[10])), 1e6 * float(u[7] > 0.5))
    return terms, pot, due, balance, float(balance.sum()) * (0.6 + 0.6 * float(u[11]))


def uses(paid: Payment) -> list[float]:
    """Every payment of the date."""
    return [paid.fees, *paid.interest, *paid.cures, paid.reserve, *paid.through, paid.residual]


def overtaken(paid: Payment, due: Due) -> bool:
    """Whether somebody was paid out of turn: interest in order, and nothing to the residual while interest is short."""
    cent = 1e-6
    short_fees = paid.fees < due.fees - cent
    short_senior = paid.interest[0] < due.interest[0] - cent
    below_senior = sum(paid.cures) + paid.interest[1] + paid.reserve + sum(paid.through) + paid.residual
    return (short_fees and paid.interest[0] + below_senior > cent) or (short_senior and below_senior > cent)


def jumped(paid: Payment, pot: Pot, due: Due, senior: float, collateral: float, terms: NoteTerms) -> bool:
    """Whether others than the senior got interest collected, principal or spare reserve before the test was cured."""
    cent = 1e-6
    uncured = senior - paid.through[0] - paid.cures[0] > collateral / terms.tests[0].overcollateralisation + cent
    from_reserve = min(pot.reserve, due.reserve)
    return uncured and (
        paid.interest[1] + paid.reserve > from_reserve + cent or sum(paid.through[1:]) + paid.residual > cent
    )


def default_probability(p: Parameters, ltv: float) -> float:
    """Probability that collateral of mean one and log sd s is worth less than the loan."""
    return NORMAL.cdf((math.log(ltv) + 0.5 * p.asset_sd**2) / p.asset_sd)


def optimal_ltv(p: Parameters, kept: float) -> float:
    """The loan that maximises m l - r E[(l - V)+], found on the profit itself without its first-order condition."""
    from scipy.optimize import minimize_scalar

    def loss(log_ltv: float) -> float:
        ltv = math.exp(log_ltv)
        d = (log_ltv + 0.5 * p.asset_sd**2) / p.asset_sd
        put = ltv * NORMAL.cdf(d) - NORMAL.cdf(d - p.asset_sd)
        return kept * put - p.margin * ltv

    return math.exp(minimize_scalar(loss, bounds=(-5.0, 2.0), method="bounded", options={"xatol": 1e-12}).x)
