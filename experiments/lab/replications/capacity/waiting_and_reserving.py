"""Capacity that is waited for (Erlang 1917), kept back (Littlewood 1972) and reserved (the newsvendor).

Waiting: the order book is the queue. A job bids for one server's time at one price, a server that is free asks that
price, and by price-time priority who came first is served first. Jobs come by chance and hold a server for an
exponential time. The queue's events in their order (uniformised): a share rho / (1 + rho) of them are arrivals, the
others free one of c servers, which takes its ask out and enters it anew; where it was free already that changes
nothing. The share of jobs that do not trade on arrival is Erlang's C.

Reserving: labs need D a day and may reserve at p or pay the list rent s for what is missing, so that they reserve up to
P(D > R) = p / s. A landlord of C may let under contract at p or keep hours for users H who pay s, and keeps back up to
P(H > y) = p / s. Both bring these schedules to the closing auction. D and H are the simulator's noise of demand, a lab
or user a path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check, simulated
from experiments.lab.replications.market import price_of_demands
from sim.environment import Environment
from sim.exchange.order_book import Event, replay
from sim.nature.noise import Nature, Noise, Process
from sim.spec import Spec
from sim.streams import Purpose, Streams, stable_id
from sim.vocabulary import DAYS_PER_YEAR, Bools, Count, Floats, Ints, Positive, PositiveCount

BATCHES = 20  # of jobs, for the standard error of what depends on the jobs before
DIGITS = 0.01  # share of a small figure on record that its digits leave open
ENOUGH = 1000.0  # jobs that wait, for a mean of their waits
OTHERS = (0.8, 1.25)  # times what is best
LEAST, TICKS = 0.01, 20_000  # lowest contract rent over the list rent, and ticks from there to as far below one
NO_IDS = np.zeros(0, dtype=np.int64)
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class Queue(Strict):
    """A queue on record: servers, their load, the probability that a job waits."""

    servers: PositiveCount
    load: Share  # rho: arrivals x mean holding time / servers
    waits: Positive


class Parameters(Strict):
    """Queues, and what labs, users and the landlord want; quantities are in one unit, such as VE."""

    queues: Annotated[list[Queue], Field(min_length=1)]
    simulated_load: Annotated[float, Field(gt=0.0, lt=2.0)]  # times the load on record
    jobs: Annotated[int, Field(ge=1000)]
    needed: Positive  # mean of D
    needed_sd: Positive  # of ln D
    on_demand: Positive  # mean of H
    on_demand_sd: Positive  # of ln H
    capacities: Annotated[list[Positive], Field(min_length=1)]  # C
    list_rent_usd: Positive  # s
    days: Annotated[int, Field(ge=1000)]
    seed: Count
    tolerance: Positive  # of probabilities on record and of rents
    standard_errors: Positive

    @model_validator(mode="after")
    def _stable(self) -> Parameters:
        busiest = max(queue.load for queue in self.queues)
        if self.simulated_load * busiest >= 1.0:
            raise ValueError(
                f"simulated_load times the largest load must be below 1, it is {self.simulated_load} x {busiest}"
            )
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Who waits and for how long; what is reserved and kept back, at which rent, and what anything else costs."""
    del spec
    for queue in p.queues:
        yield from waited_for(p, queue)
    for capacity in p.capacities:
        yield from reserved(p, capacity)


def waited_for(p: Parameters, queue: Queue) -> Iterator[Check]:
    """Erlang's C in closed form and in the order book, and the mean wait, C / (c (1 - rho)) holding times."""
    said = f"{queue.servers} servers, load {queue.load:g}"
    formula = erlang_c(queue.servers, queue.load)
    yield Check("a job waits, formula", said, queue.waits, formula, min(p.tolerance, DIGITS * queue.waits))
    waits = queued(Streams(p.seed), queue.servers, p.simulated_load * queue.load, p.jobs)
    waited = (waits > 0.0).astype(np.float64)
    by_chance = math.sqrt(formula * (1.0 - formula) / len(waits))  # of jobs that know nothing of each other
    error = max(by_chance, batch_error(waited))
    yield simulated("a job waits, order book", said, formula, float(waited.mean()), error, p.standard_errors)
    if formula * len(waits) > ENOUGH:
        exact, mean = formula / (queue.servers * (1.0 - queue.load)), float(waits.mean())
        yield simulated("mean wait in holding times", said, exact, mean, batch_error(waits), p.standard_errors)


def erlang_c(servers: int, load: float) -> float:
    """Probability that a job waits: C = B / (1 - rho (1 - B)), with B(a, c) = a B(a, c-1) / (c + a B(a, c-1))."""
    work, blocked = servers * load, 1.0
    for k in range(1, servers + 1):
        blocked = work * blocked / (k + work * blocked)
    return blocked / (1.0 - load * (1.0 - blocked))


def queued(streams: Streams, servers: int, load: float, jobs: int) -> Floats:
    """How long jobs waited in the order book, in holding times, without the first tenth, which finds all servers free.

    Of the events of the queue a share load / (1 + load) are arrivals; each lasts 1 / (servers (1 + load)) on average.
    """
    who = np.arange(round(jobs * (1.0 + load) / load), dtype=np.int64)
    arrives = streams.uniforms(Purpose.POPULATION, 0, who) < load / (1.0 + load)
    server = np.minimum((servers * streams.uniforms(Purpose.POPULATION, 1, who)).astype(np.int64), servers - 1)
    trades = replay(*book_events(arrives, server, servers)).trades
    asks = servers + who  # the number of the order that event k enters: servers ask with 0 to servers - 1 at first
    bids = asks[arrives]
    served = np.full(servers + len(who), -1, dtype=np.int64)
    job = np.where(trades.quantity > 0.0, trades.incoming, trades.resting)
    served[job] = np.maximum(trades.incoming, trades.resting)  # both of an arrival's own event, or of a server's later
    known = served[bids] >= 0  # the last may still wait
    waits = (served[bids] - bids)[known] / (servers * (1.0 + load))
    return np.asarray(waits[len(waits) // 10 :], dtype=np.float64)


def book_events(arrives: Bools, server: Ints, servers: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Kinds, orders, ticks, quantities of the events in the book: all servers ask; then an arrival's bid of one, or the
    cancellation of the ask that a server entered last and a new one.

    `arrives` (n,) and, where it does not, `server` (n,) that is freed; event k enters order servers + k.
    """  # fmt: skip
    n = len(arrives)
    entered = servers + np.arange(n, dtype=np.int64)
    freed = np.flatnonzero(~arrives)
    latest = np.full(n, -1, dtype=np.int64)
    order = freed[np.argsort(server[freed], kind="stable")]
    same = server[order[1:]] == server[order[:-1]]
    latest[order] = server[order]  # what it asked at first
    latest[order[1:][same]] = entered[order[:-1][same]]
    kind = np.stack([np.full(n, Event.CANCEL), np.full(n, Event.LIMIT)], axis=1).ravel()
    orders = np.stack([latest, entered], axis=1).ravel()
    quantity = np.stack([np.zeros(n), np.where(arrives, 1.0, -1.0)], axis=1).ravel()
    kept = orders >= 0
    first = np.arange(servers, dtype=np.int64)
    kinds = np.concatenate([np.full(servers, Event.LIMIT), kind[kept]])
    return (
        kinds, np.concatenate([first, orders[kept]]), np.zeros(len(kinds), dtype=np.int64),
        np.concatenate([np.full(servers, -1.0), quantity[kept]]),
    )  # fmt: skip


def batch_error(values: Floats) -> float:
    """Standard error of the mean of values that depend on those before them, from the means of batches."""
    means = np.array([batch.mean() for batch in np.array_split(values, BATCHES)])
    return float(means.std(ddof=1) / math.sqrt(BATCHES))


def reserved(p: Parameters, capacity: float) -> Iterator[Check]:
    """The rent at which labs reserve what the landlord does not keep back, and both quantities' critical ratios."""
    said, rent = f"capacity {capacity:g}", p.list_rent_usd

    def labs(price: Floats) -> Floats:
        return exceeded_with(price / rent, p.needed, p.needed_sd)

    def landlord(price: Floats) -> Floats:
        return -np.clip(capacity - exceeded_with(price / rent, p.on_demand, p.on_demand_sd), 0.0, capacity)

    found = price_of_demands([labs, landlord], LEAST * rent, (1.0 - LEAST) * rent, TICKS, 0.5 * rent)
    exact = brentq(lambda price: float(labs(np.array(price)) + landlord(np.array(price))), LEAST * rent,
                   (1.0 - LEAST) * rent, xtol=1e-12)  # fmt: skip
    yield Check("contract rent, USD/GPU-h", said, exact, found, p.tolerance)
    sides = (
        ("labs", "reserved", p.needed, p.needed_sd),
        ("users", "kept back", p.on_demand, p.on_demand_sd),
    )
    for name, what, mean, sd in sides:
        best = float(exceeded_with(np.array(found / rent), mean, sd))
        wanted = days_of(mean, sd, name, p)
        ratio, share = found / rent, float((wanted > best).mean())
        error = math.sqrt(ratio * (1.0 - ratio) / len(wanted))
        yield simulated(f"days on which {name} need more than is {what}", said, ratio, share, error, p.standard_errors)
        for scale in OTHERS:
            other = scale * best
            exact = (found * (other - best) + rent * (beyond(other, mean, sd) - beyond(best, mean, sd))) / best
            short = np.maximum(0.0, wanted - other) - np.maximum(0.0, wanted - best)
            costs = (found * (other - best) + rent * short) / best
            error = float(costs.std() / math.sqrt(len(costs)))
            quantity = f"cost of other than is {what}, USD/GPU-h"
            yield simulated(quantity, f"{said}, x {scale:g}", exact, float(costs.mean()), error, p.standard_errors)


def exceeded_with(chance: Floats, mean: float, sd: float) -> Floats:
    """What lognormal demand of this mean and sd of logs exceeds with this probability."""
    return np.asarray(mean * np.exp(-sd * ndtri(chance) - 0.5 * sd * sd), dtype=np.float64)


def beyond(level: float, mean: float, sd: float) -> float:
    """Mean of what lognormal demand has beyond a level: m N(d) - level N(d - sd), d = ln(m / level) / sd + sd / 2."""
    d = math.log(mean / level) / sd + 0.5 * sd
    return mean * float(ndtr(d)) - level * float(ndtr(d - sd))


def days_of(mean: float, sd: float, name: str, p: Parameters) -> Floats:
    """Demand of so many days: the simulator's noise of users with demand of their own, one user a day."""
    still = Process(sd_per_sqrt_year=0.0, half_life_days=1.0)
    own = Process(sd_per_sqrt_year=sd * math.sqrt(DAYS_PER_YEAR), half_life_days=1.0)
    ids = np.array([stable_id(f"{name}_{i}") for i in range(p.days)], dtype=np.int64)
    nature = Nature(
        Noise(slow=still, fast=still, lab=own, product=still, firm=still), ids, np.ones(p.days), NO_IDS, NO_IDS
    )
    nature.pass_day(0, Streams(p.seed), Environment(), 1.0, 0.0)
    return np.asarray(mean * np.exp(nature.users - 0.5 * sd * sd), dtype=np.float64)
