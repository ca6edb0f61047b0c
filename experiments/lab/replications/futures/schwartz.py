"""Schwartz (1997), one factor: futures on a rent whose log reverts to a mean, by simulation and in closed form.

dS = kappa (mu - ln S) S dt + sigma S dz with the constant price of risk lambda. Under the pricing measure ln S reverts
to alpha = mu - sigma^2 / (2 kappa) - lambda and F(tau) = E[S(tau)]. The paths are those of the simulator's own demand
factors, one user a path; contracts settle as the futures market settles them, to the mean of the index over a month's
business days.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check, simulated
from sim.calendar import Calendar
from sim.environment import Environment
from sim.exchange.terms import Margin, VenueTerms
from sim.exchange.venue import Venue
from sim.nature.noise import Nature, Noise, Process
from sim.spec import Spec
from sim.streams import Streams, stable_id
from sim.vocabulary import DAYS_PER_YEAR, Count, Finite, Floats, NonNegative, Positive, PositiveCount

NO_IDS = np.zeros(0, dtype=np.int64)


class Rents(Strict):
    """The process: rates per year, rents in USD per GPU-hour."""

    reversion: Positive  # kappa
    log_mean: Finite  # mu
    volatility: Positive  # sigma
    price_of_risk: Finite  # lambda
    spot_usd: Positive


class Parameters(Rents):
    """The simulation of the process; `horizon_years` of `steps` steps."""

    horizon_years: Annotated[list[Positive], Field(min_length=1)]
    published_usd: Positive  # F at the first horizon as published, to `published_tolerance_usd`
    published_tolerance_usd: NonNegative
    steps: PositiveCount
    paths: Annotated[int, Field(ge=100)]
    settled_paths: Annotated[int, Field(ge=100)]  # for contracts that settle to a month's mean
    month_ahead: Annotated[int, Field(ge=1)]  # which month, counted from the first
    start_date: str
    seed: Count
    standard_errors: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Futures prices by horizon, the decline of futures volatility, and a contract on a month's mean."""
    del spec
    first, published, near = p.horizon_years[0], p.published_usd, p.published_tolerance_usd
    yield Check("futures price, USD, formula", f"tau = {first:g} years", published, future(p, first), near)
    for horizon in p.horizon_years:
        said, exact = f"tau = {horizon:g} years", future(p, horizon)
        rents = rents_after(p, horizon, p.steps, p.paths)
        error = float(rents.std() / math.sqrt(p.paths))
        yield simulated("futures price, USD, simulated", said, exact, float(rents.mean()), error, p.standard_errors)
    yield from volatility_falls(p)
    yield settled_month(p)


def future(p: Rents, years: float, log_spot: float | None = None) -> float:
    """ln F = e^(-kappa tau) ln S + (1 - e^(-kappa tau)) alpha + sigma^2 (1 - e^(-2 kappa tau)) / (4 kappa)."""
    fade = math.exp(-p.reversion * years)
    log_spot = math.log(p.spot_usd) if log_spot is None else log_spot
    convexity = p.volatility**2 * (1.0 - fade * fade) / (4.0 * p.reversion)
    return math.exp(fade * log_spot + (1.0 - fade) * resting_log(p) + convexity)


def resting_log(p: Rents) -> float:
    """The level alpha that log rents revert to under the pricing measure."""
    return p.log_mean - p.volatility**2 / (2.0 * p.reversion) - p.price_of_risk


def factors(p: Rents, step_years: float, paths: int) -> Nature:
    """Demand factors of so many users, as log distances of rents from alpha; a day of theirs is a step here."""
    fade = math.exp(-p.reversion * step_years)
    sd = p.volatility * math.sqrt((1.0 - fade * fade) / (2.0 * p.reversion))
    still = Process(sd_per_sqrt_year=0.0, half_life_days=1.0)
    path = Process(sd_per_sqrt_year=sd * math.sqrt(DAYS_PER_YEAR), half_life_days=-math.log(2.0) / math.log(fade))
    ids = np.array([stable_id(f"path_{i}") for i in range(paths)], dtype=np.int64)
    noise = Noise(slow=still, fast=still, lab=path, product=still, firm=still)
    nature = Nature(noise, ids, np.ones(paths), NO_IDS, NO_IDS)
    nature.users += math.log(p.spot_usd) - resting_log(p)
    return nature


def rents_after(p: Parameters, years: float, steps: int, paths: int) -> Floats:
    """Rents (paths,) at a horizon under the pricing measure."""
    nature, streams = factors(p, years / steps, paths), Streams(p.seed)
    for step in range(steps):
        nature.pass_day(step, streams, Environment(), 1.0, 0.0)
    return np.asarray(np.exp(resting_log(p) + nature.users))


def volatility_falls(p: Parameters) -> Iterator[Check]:
    """Samuelson's effect: a day moves log futures prices at a volatility of sigma e^(-kappa tau)."""
    day = 1.0 / DAYS_PER_YEAR
    rents = rents_after(p, day, 1, p.paths)
    for horizon in p.horizon_years:
        moved = np.log([future(p, horizon - day, log_spot) for log_spot in np.log(rents[: p.settled_paths])])
        obtained = float(moved.std(ddof=1) / math.sqrt(day))
        exact = (
            p.volatility
            * math.exp(-p.reversion * (horizon - day))
            * math.sqrt((1.0 - math.exp(-2.0 * p.reversion * day)) / (2.0 * p.reversion * day))
        )
        error = obtained / math.sqrt(2.0 * (len(moved) - 1))
        said = f"tau = {horizon:g} years"
        yield simulated("futures volatility per sqrt(year)", said, exact, obtained, error, p.standard_errors)


def settled_month(p: Parameters) -> Check:
    """The mean settlement of a month's contract over paths against the mean of the formula over its business days."""
    calendar = Calendar(datetime.date.fromisoformat(p.start_date))
    terms = VenueTerms(
        listed=True, index="index", maturities=1, contract_gpu_hours=730.0, tick_usd=0.01, daily_limit=0.2,
        round_to_tick=False, margin=Margin(initial=0.1, maintenance=0.1),
    )  # fmt: skip
    first, days = calendar.first_day(p.month_ahead), calendar.business_days(p.month_ahead)
    nature, streams = factors(p, 1.0 / DAYS_PER_YEAR, p.settled_paths), Streams(p.seed)
    venues = [Venue("main", terms, calendar) for _ in range(p.settled_paths)]
    for day in range(first + calendar.days_in(p.month_ahead)):
        if day in days:
            for venue, rent in zip(venues, np.exp(resting_log(p) + nature.users), strict=True):
                venue.note_index(day, float(rent))
        nature.pass_day(day, streams, Environment(), 1.0, 0.0)
    settled = np.array([venue.settlement_usd() for venue in venues])
    exact = math.fsum(future(p, day / DAYS_PER_YEAR) for day in days) / len(days)
    error = float(settled.std() / math.sqrt(len(settled)))
    said = f"{calendar.month_name(p.month_ahead)}, {len(days)} business days"
    return simulated("monthly contract, USD", said, exact, float(settled.mean()), error, p.standard_errors)
