"""An index of executed trades: the volume-weighted, winsorised mean of a window (as transaction indices publish)."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import Field, PrivateAttr

from sim.indices.basket import Basket, Standing
from sim.indices.evidence import Evidence
from sim.indices.publication import carry_forward, published, tell_factors
from sim.kernels.winsor import winsorised_mean
from sim.rows.rental import Products
from sim.streams import Purpose
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Floats, Parameters, Positive, PositiveCount

DAYS_OF_MEMORY = 30


class TransactionIndex(Parameters):
    """Trades of the `window_hours` before `struck_hour` of the day, all of whose products are in the `basket`.

    A trade is a product's hour. `winsor` of the trades is pulled in at each end; without trades the last value is
    carried forward, and put on record after `carry_days`.

    A provider sees some of the market's trades, and hours differ in more than grade, region and tier (nodes, networks,
    terms): what happened to trade moves its index by a factor of its own, log OU of `mix_sd_per_sqrt_year` and
    `mix_half_life_days`, exactly absent at zero. Two indices of one grade move apart from day to day (correlation
    .06), and transaction noise dies in five days.
    """

    basket: Basket
    winsor: Annotated[float, Field(ge=0.0, le=0.5)]
    window_hours: Annotated[int, Field(ge=1, le=DAYS_OF_MEMORY * HOURS_PER_DAY)]
    struck_hour: Annotated[int, Field(ge=1, le=HOURS_PER_DAY)]
    carry_days: PositiveCount
    mix_sd_per_sqrt_year: Annotated[float, Field(ge=0.0, le=20.0, allow_inf_nan=False)] = 0.0
    mix_half_life_days: Positive = 5.0
    _standing: Standing | None = PrivateAttr(None)

    def start_usd(self, products: Products, rent_usd: float) -> float:
        """The index on the growth path, where landlords' mean rent per VE-hour is this."""
        return rent_usd * self.basket.select(products).start_usd

    def strike(self, evidence: Evidence, last_usd: float, memory: dict[str, Any]) -> float:
        """The index of the day, USD per GPU-hour; `memory` holds factors and the days they are estimated from."""
        standing = self._standing
        if standing is None:
            self._standing = standing = Standing(self.basket, evidence.products, memory)
        price, volume = self._window(evidence, memory)
        if standing.is_due(evidence.day, memory):
            before = winsorised_mean(price, volume, standing.columns, standing.factors, self.winsor)
            standing.re_estimate(memory)
            after = winsorised_mean(price, volume, standing.columns, standing.factors, self.winsor)
            tell_factors(evidence, standing.threshold, before, after)
        standing.remember(memory, (evidence.rent_usd, evidence.hours))
        level = winsorised_mean(price, volume, standing.columns, standing.factors, self.winsor)
        if math.isnan(level):
            return carry_forward(evidence, last_usd, memory, self.carry_days)
        return published(level * self._mix(evidence, memory), memory)

    def _mix(self, evidence: Evidence, memory: dict[str, Any]) -> float:
        """Factor of what happened to trade today."""
        if self.mix_sd_per_sqrt_year == 0.0:
            return 1.0
        shock = evidence.streams.normal(Purpose.TRANSACTION_MIX, evidence.day, evidence.identity)
        left = math.exp(-math.log(2.0) / self.mix_half_life_days) * memory.get("log_mix", 0.0)
        memory["log_mix"] = left + self.mix_sd_per_sqrt_year / math.sqrt(DAYS_PER_YEAR) * shock
        return math.exp(memory["log_mix"])

    def _window(self, evidence: Evidence, memory: dict[str, Any]) -> tuple[Floats, Floats]:
        """Prices and volumes (steps, J) of the window, which may reach back into earlier days."""
        steps = len(evidence.price_usd)
        end = max(1, round(self.struck_hour * steps / HOURS_PER_DAY))
        take = max(1, round(self.window_hours * steps / HOURS_PER_DAY))
        today = evidence.price_usd[max(0, end - take) : end], evidence.volume[max(0, end - take) : end]
        if take <= end:
            return today
        earlier = memory.setdefault("hours", [])
        price, volume = (np.concatenate([*(day[k] for day in earlier), today[k]])[-take:] for k in (0, 1))
        earlier.append((evidence.price_usd, evidence.volume))
        del earlier[: -math.ceil((take - end) / steps)]
        return price, volume
