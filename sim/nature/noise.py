"""Noise in demand and in firms' revenue: independent mean-reverting processes, each draw at its own address."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from sim.environment import Environment
from sim.rows.exchange import Foresight
from sim.streams import Purpose, Streams
from sim.vocabulary import DAYS_PER_YEAR, Floats, Ints, Parameters


class Process(Parameters):
    """A mean-reverting log factor: sd of innovations per square root of a year, half-life in days."""

    sd_per_sqrt_year: Annotated[float, Field(ge=0.0, le=20.0, allow_inf_nan=False)]
    half_life_days: Annotated[float, Field(gt=0.0, le=1e9, allow_inf_nan=False)]

    @property
    def decay(self) -> float:
        """What is left of a deviation after a day."""
        return math.exp(-math.log(2.0) / self.half_life_days)

    @property
    def daily_sd(self) -> float:
        """Standard deviation of a day's innovation."""
        return self.sd_per_sqrt_year / math.sqrt(DAYS_PER_YEAR)

    @property
    def variance(self) -> float:
        """Variance of the stationary distribution."""
        return self.daily_sd**2 / (1.0 - self.decay**2)


STILL = Process(sd_per_sqrt_year=0.0, half_life_days=5.0)


class Noise(Parameters):
    """The processes: common slow and fast demand, each lab's, each product's, each firm's revenue.

    A product's appeal has a part of its own, one of its grade, the same in all regions and tiers, and one of its
    region.
    """

    slow: Process
    fast: Process
    lab: Process
    product: Process
    firm: Process
    grade: Process = STILL
    region: Process = STILL


class Kinds(NamedTuple):
    """Stable ids of grades (G,) and regions (R,), and which of them each product (J,) is of."""

    grades: Ints
    regions: Ints
    grade: Ints
    region: Ints


class News:
    """What of the slow factor in `horizon` days is not known today: N = sum over k of decay^(horizon - k) u_(t+k).

    Kept from day to day by N' = decay N - decay^horizon u_(t+1) + u_(t+1+horizon); summed anew on any other day, and
    for another process.
    """

    def __init__(self) -> None:
        self.value = 0.0
        self._kept: tuple[int, Process, int] | None = None

    def on(self, day: int, process: Process, horizon: int, streams: Streams) -> float:
        """The news on a day, log."""
        if self._kept == (day - 1, process, horizon):
            old, new = innovation(process, day, streams), innovation(process, day + horizon, streams)
            self.value = process.decay * self.value - process.decay**horizon * old + new
        elif self._kept != (day, process, horizon):
            self.value = news_summed(day, process, horizon, streams)
        self._kept = (day, process, horizon)
        return self.value


def innovation(process: Process, day: int, streams: Streams) -> float:
    """The slow factor's innovation of a day."""
    return process.daily_sd * streams.normal(Purpose.DEMAND_SLOW, day, 0)


def news_summed(day: int, process: Process, horizon: int, streams: Streams) -> float:
    """The news on a day, term by term."""
    ahead = range(1, horizon + 1)
    return math.fsum(process.decay ** (horizon - k) * innovation(process, day + k, streams) for k in ahead)


class Nature:
    """States of the noise; log factors that start at zero.

    `common` is the log factor of all spot demand, `users` (users,) that of each user with demand of its own,
    `products` (products,), `grades` and `regions` (G,), (R,) of appeal, `firms` (landlords,); `contracted` is the
    lagged log factor of contracted demand.
    """

    def __init__(
        self, noise: Noise, users: Ints, noisy: Floats, products: Ints, firms: Ints, kinds: Kinds | None = None
    ) -> None:
        self.noise = noise
        self._ids = users, products, firms
        self._noisy = noisy
        self.slow = 0.0
        self.fast = 0.0
        self.news = News()
        self.contracted = 0.0
        self.users: Floats = np.zeros(len(users))
        self.products: Floats = np.zeros(len(products))
        self.firms: Floats = np.zeros(len(firms))
        none = np.zeros(0, dtype=np.int64)
        self.kinds = kinds or Kinds(none, none, none, none)
        self.grades: Floats = np.zeros(len(self.kinds.grades))
        self.regions: Floats = np.zeros(len(self.kinds.regions))

    def pass_day(
        self, day: int, streams: Streams, environment: Environment, lag_days: float, slow_share: float
    ) -> None:
        """Draw the day's innovations; contracted demand follows `slow_share` of the slow factor with a lag."""
        n = self.noise
        users, products, firms = self._ids
        self.slow = self.slow * n.slow.decay + innovation(n.slow, day, streams)
        self.fast = self.fast * n.fast.decay + n.fast.daily_sd * streams.normal(Purpose.DEMAND_FAST, day, 0)
        self.users = self.users * n.lab.decay + n.lab.daily_sd * streams.normals(Purpose.DEMAND_LAB, day, users)
        self.products = self.products * n.product.decay + n.product.daily_sd * streams.normals(
            Purpose.DEMAND_PRODUCT, day, products
        )
        self.grades = _passed(self.grades, n.grade, Purpose.DEMAND_GRADE, day, self.kinds.grades, streams)
        self.regions = _passed(self.regions, n.region, Purpose.DEMAND_REGION, day, self.kinds.regions, streams)
        self.firms = self.firms * n.firm.decay + n.firm.daily_sd * streams.normals(Purpose.FIRM_REVENUE, day, firms)
        target = slow_share * self.slow + math.log(environment.contracted_demand_scale)
        self.contracted += (target - self.contracted) / lag_days

    def foresight(self, day: int, streams: Streams, horizon_days: int) -> Foresight:
        """Innovations of the slow factor are keyed by their day, so those of the coming days can be told."""
        slow = self.noise.slow
        news = self.news.on(day, slow, horizon_days, streams)
        return Foresight(news, slow.daily_sd, slow.decay, horizon_days)

    @property
    def common_factor(self) -> float:
        """Factor of all spot demand."""
        return math.exp(self.slow + self.fast)

    @property
    def appeal(self) -> Floats:
        """Log factor of what users find in each product (products,)."""
        if not (self.grades.any() or self.regions.any()):
            return self.products
        return np.asarray(self.products + self.grades[self.kinds.grade] + self.regions[self.kinds.region])

    @property
    def user_factors(self) -> list[float]:
        """Each user's own factor, mean one (one for users without noise of their own)."""
        correction = 0.5 * self.noise.lab.variance
        return [
            math.exp(x - correction) if own else 1.0 for x, own in zip(self.users.tolist(), self._noisy, strict=True)
        ]


def _passed(state: Floats, process: Process, purpose: Purpose, day: int, ids: Ints, streams: Streams) -> Floats:
    """The states of a process a day later; what is still draws nothing."""
    if process.sd_per_sqrt_year == 0.0:
        return state * process.decay
    return np.asarray(state * process.decay + process.daily_sd * streams.normals(purpose, day, ids))
