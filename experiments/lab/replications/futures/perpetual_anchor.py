"""What ties a perpetual to its index (Ackerer, Hugonnier and Jermann): its price is that of a random time.

A long pays n times a year the share r (V / S - 1) of the index. What the contract is worth is then the index expected,
under the pricing measure, at a random time of the intensity kappa = n r, and f / S = 1 + drift / kappa to first order:
nothing is stored, and no arbitrage with the index is needed. Rents revert to a mean as in `schwartz`; the value is that
of the rule by which this model's traders price a perpetual, and the price that of the closing auction they meet in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.lab.replications.check import Check, simulated
from experiments.lab.replications.futures.schwartz import Rents, factors, future, resting_log
from experiments.lab.replications.market import price_of_schedules
from sim.environment import Environment
from sim.rules.perpetual import perpetual_value
from sim.spec import Spec
from sim.streams import Streams
from sim.vocabulary import Count, NonNegative, Positive, PositiveCount

TRADERS, DEPTH = 10, 1000.0  # contracts a USD of each trader, who all think alike
TICK_USD = 0.01


class Parameters(Rents):
    """Funding, how far ahead traders look, and what is on record."""

    intensity: Positive  # kappa_f = n r, per year
    payments_a_year: PositiveCount  # n
    band: NonNegative  # of the premium in which nothing is paid; 0 in theory
    cap: Positive  # of a payment; none in theory
    horizon_years: Positive
    value_over_index: Positive
    tolerance: Positive
    exact_tolerance: Positive
    batches: Annotated[int, Field(ge=2)]
    paths_a_batch: PositiveCount
    seed: Count
    standard_errors: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Value over index by the rule, in the auction, by quadrature and by simulated rents."""
    del spec
    said = f"kappa = {p.intensity:g} a year, {p.payments_a_year} payments"
    times = (np.arange(round(p.horizon_years * p.payments_a_year)) + 1.0) / p.payments_a_year
    value = worth(p, [future(p, s) for s in times.tolist()])
    yield Check("value over index, rule", said, p.value_over_index, value / p.spot_usd, p.tolerance)
    traders = np.ones(TRADERS)
    price = price_of_schedules(0.0 * traders, DEPTH * traders, value, TICK_USD, 10)
    yield Check("closing price over index", said, p.value_over_index, price / p.spot_usd, p.tolerance)
    exact = at_random_time(p)
    yield Check("price at a random time over index, quadrature", said, p.value_over_index, exact, p.tolerance)
    yield Check("rule against quadrature", said, exact, value / p.spot_usd, p.exact_tolerance)
    found = np.array([worth(p, rents(p, len(times), batch)) for batch in range(p.batches)]) / p.spot_usd
    error = float(found.std(ddof=1) / math.sqrt(p.batches))
    yield simulated("value over index, simulated rents", said, exact, float(found.mean()), error, p.standard_errors)


def worth(p: Parameters, index: list[float]) -> float:
    """What the rule says of a perpetual on which the index is expected so at each payment."""
    return perpetual_value(index, p.intensity / p.payments_a_year, p.band, p.cap)


def at_random_time(p: Parameters) -> float:
    """E S(T) / S with T exponential, by quadrature."""
    from scipy.integrate import quad

    def part(s: float) -> float:
        return p.intensity * math.exp(-p.intensity * s) * future(p, s)

    return float(quad(part, 0.0, 40.0 / p.intensity, epsabs=1e-12)[0]) / p.spot_usd


def rents(p: Parameters, payments: int, batch: int) -> list[float]:
    """Mean rent over a batch of paths at each payment, by the simulator's own noise under the pricing measure."""
    nature, streams, found = factors(p, 1.0 / p.payments_a_year, p.paths_a_batch), Streams(p.seed + batch), []
    for step in range(payments):
        nature.pass_day(step, streams, Environment(), 1.0, 0.0)
        found.append(float(np.exp(resting_log(p) + nature.users).mean()))
    return found
