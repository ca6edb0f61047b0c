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
from sim.vocabulary import HOURS_PER_DAY, Floats, Parameters, PositiveCount

DAYS_OF_MEMORY = 30


class TransactionIndex(Parameters):
    """Trades of the `window_hours` before `struck_hour` of the day, all of whose products are in the `basket`.

    A trade is a product's hour. `winsor` of the trades is pulled in at each end; without trades the last value is
    carried forward, and put on record after `carry_days`.
    """

    basket: Basket
    winsor: Annotated[float, Field(ge=0.0, le=0.5)]
    window_hours: Annotated[int, Field(ge=1, le=DAYS_OF_MEMORY * HOURS_PER_DAY)]
    struck_hour: Annotated[int, Field(ge=1, le=HOURS_PER_DAY)]
    carry_days: PositiveCount
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
        return published(level, memory)

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
