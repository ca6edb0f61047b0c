"""Runs on asset-backed commercial paper (Covitz, Liang and Suarez 2009, 2013), by the rules of this model's own paper.

Programmes differ in collateral over paper; all hear the same news, that what stands behind paper falls a little every
day. A programme is in a run from the first week in which none of the paper that is due is sold anew (here: less than
`issues_below` of it) until it sells again. In August 2007 a third of all programmes were run within weeks and the odds
of leaving the run were very low. How far collateral fell, and how programmes differ, are not published in these terms:
these two numbers are chosen, the rest is what follows. Paper, line and the books are those of a deal in any run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.ledger import Ledger
from sim.rows.securitisation import LINE
from sim.securitisation.paper import Run
from sim.securitisation.payment import Issuer
from sim.securitisation.terms import RESIDUAL, Paper
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Bools, Count, Finite, Floats, NonNegative, PositiveCount, Share

CLASSES = (LINE, "note_senior", "note_junior", RESIDUAL)
WEEK = 7
PAPER_USD = 100.0


class Parameters(Strict):
    """Programmes, news and paper; shares of programmes, and of paper outstanding, as published."""

    programmes: Annotated[int, Field(ge=20)]
    headroom: Finite  # mean of collateral over paper beyond its test, and its sd over programmes
    headroom_sd: NonNegative
    fall_per_month: NonNegative  # log, of what stands behind paper
    weeks_before: PositiveCount
    weeks: PositiveCount  # after the news begins, of which the first `early_weeks` count for who is run
    early_weeks: PositiveCount
    issues_below: Share
    paper: Paper
    seed: Count
    run_share: Share
    run_tolerance: Share
    leaving_a_week: Share  # at most


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Programmes in a run before and after the news, how many leave it, and what is left of paper; three nulls."""
    del spec
    runs, left = history(p, p.paper, p.fall_per_month)
    calm, early = runs[:, : p.weeks_before], runs[:, p.weeks_before : p.weeks_before + p.early_weeks]
    yield Check("share of programmes in a run", "before the news", 0.0, float(calm.any(axis=1).mean()), 0.02)
    said = f"{p.early_weeks} weeks after"
    hit = float(early[:, -1].mean())
    yield Check("share of programmes in a run", said, p.run_share, hit, p.run_tolerance)
    later = runs[:, p.weeks_before :]
    stays = later[:, :-1] & later[:, 1:]
    leaving = 1.0 - float(stays.sum()) / max(1, int(later[:, :-1].sum()))
    half = 0.5 * p.leaving_a_week
    yield Check("chance a week of leaving a run", f"{p.weeks} weeks", half, leaving, half)
    yield Check(
        "paper shrinks by half the share that is run, or more",
        f"{p.weeks} weeks",
        1.0,
        float(left < 1.0 - 0.5 * hit),
        0.0,
    )
    for name, paper, fall in (
        ("without news", p.paper, 0.0),
        ("holders who do not look at each other", p.paper.model_copy(update={"herding": 0.0}), p.fall_per_month),
        ("holders who do not look at news", p.paper.model_copy(update={"fall": 0.0}), p.fall_per_month),
    ):
        fewer = float(history(p, paper, fall)[0][:, p.weeks_before + p.early_weeks - 1].mean())
        yield Check("fewer in a run", name, 1.0, float(fewer < 0.5 * hit), 0.0)


def history(p: Parameters, paper: Paper, fall_per_month: float) -> tuple[Bools, float]:
    """Which programme is in a run in which week (programmes, weeks), and paper in the end over paper at first."""
    ids = np.arange(p.programmes, dtype=np.int64)
    headroom = p.headroom + p.headroom_sd * Streams(p.seed).normals(Purpose.POPULATION, 0, ids)
    found = [programme(p, paper, room, fall_per_month) for room in headroom.tolist()]
    return np.array([runs for runs, _ in found]), float(np.mean([left for _, left in found])) / PAPER_USD


def programme(p: Parameters, paper: Paper, headroom: float, fall_per_month: float) -> tuple[list[bool], float]:
    """A programme's weeks in a run, and its paper in the end, USD. Its bank's line takes what holders do not roll."""
    issuer, run = issuer_of(PAPER_USD), Run()
    lent_by, weeks = np.ones(1), []
    for week in range(p.weeks_before + p.weeks):
        sold = []
        for day in range(WEEK):
            since = max(0, WEEK * (week - p.weeks_before) + day)
            price = math.exp(-fall_per_month * since / 30.0)
            run.pass_day(paper, issuer, (1.0 + headroom) * PAPER_USD, 1.0, price, lent_by)
            sold.append(run.rolled)
        weeks.append(float(np.mean(sold)) < p.issues_below)
    return weeks, issuer.pool.of("note_senior")


def issuer_of(paper_usd: float) -> Issuer:
    """A vehicle that owes so much paper to one holder and has a bank's line; its books are a ledger of its own."""
    ledger = Ledger(["vehicle", "holder", "bank", "rest_of_world"])
    ledger.list("cash", "USD")
    roll = SimpleNamespace(
        investors=np.array([1]), lenders=np.array([2]), vehicles=np.array([0]), rest_of_world=3
    )  # of a world's register
    common: Any = SimpleNamespace(ledger=ledger, register=SimpleNamespace(roll=roll))
    issuer = Issuer(common)
    issuer.adopt(CLASSES, with_lenders=True)
    only: Floats = np.array([0.0, paper_usd, 0.0, 0.0])
    ledger.transfer("notes issued", "cash", 1, 0, paper_usd)
    ledger.transfer("notes issued", "note_senior", 0, 1, paper_usd)
    issuer.pool.issue(only, np.zeros(3), np.array([1.0, 0.0]))
    return issuer
