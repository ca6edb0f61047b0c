"""Indices: what providers fix in the evening from the day's trades and list asks, and what they remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from sim.board import Today
from sim.department import Common
from sim.indices.audit import check_fixings, column_of, columns_of
from sim.indices.evidence import Evidence
from sim.record import Column
from sim.roles import PostsAsks
from sim.rows.rental import Products, Trades
from sim.streams import stable_id
from sim.vocabulary import Floats


class Provider(Protocol):
    """What an index must be able to do; `memory` is plain data of its own, so that a copy of it goes on alike."""

    def strike(self, evidence: Evidence, last_usd: float, memory: dict[str, Any]) -> float:
        """Today's fixing from the day's evidence and the last fixing, USD per GPU-hour of its reference."""
        ...


class Indices:
    """All indices by name: `usd` their last fixings (USD per GPU-hour), `memory` what each provider remembers.

    Before the first day an index stands where it says that it does on the growth path (`start_usd`), else at the mean
    rent `rent_usd` per VE-hour. `reference_ve` is VE per GPU of the first grade.
    """

    def __init__(
        self,
        common: Common,
        products: Products,
        providers: Mapping[str, Provider],
        rent_usd: float,
        reference_ve: float,
    ) -> None:
        self.common = common
        self.products = products
        self.reference_ve = reference_ve
        self.providers = dict(providers)
        self.usd = {name: self._first_usd(provider, rent_usd) for name, provider in providers.items()}
        self.memory: dict[str, dict[str, Any]] = {name: {} for name in providers}

    def _first_usd(self, provider: Provider, rent_usd: float) -> float:
        start = getattr(provider, "start_usd", None)
        return float(start(self.products, rent_usd)) if start else rent_usd

    def adopt(self, providers: Mapping[str, Provider]) -> None:
        """Take other providers of the same names: they go on from the last fixings and memories."""
        self.providers = dict(providers)

    def gpu_ve(self, name: str) -> float:
        """VE per GPU of the grade an index speaks of; one that does not say speaks of the first."""
        basket = getattr(self.providers[name], "basket", None)
        return float(basket.select(self.products).value if basket else self.reference_ve)

    def fix(self, today: Today, trades: Trades, rent_usd: Floats, asks_usd: Floats) -> dict[str, float]:
        """Every index from the same evidence; returns the day's fixings by name, USD per GPU-hour.

        `rent_usd` (products,) are mean rents of the day in USD per GPU-hour, `asks_usd` (owners, products) list asks
        in USD per VE-hour.
        """
        common, products = self.common, self.products
        sellers = [owner for owner, _ in common.register.of(PostsAsks)]
        price = trades.price_usd * products.value
        volume = trades.traded_ve_hours / products.value
        hours = volume.sum(axis=0)
        shown = products.factors(today.environment.list_price_hits)
        asks = asks_usd[sellers] * (products.value * shown)
        names = tuple(common.register.name(owner) for owner in sellers)

        def fleet_ve() -> Floats:
            return np.array([common.board.hardware.total_ve[owner] for owner in sellers])

        for name, provider in self.providers.items():
            evidence = Evidence(
                today.day, products, price, volume, rent_usd, hours, asks, names, fleet_ve, common.streams,
                stable_id(f"index/{name}"),
            )  # fmt: skip
            self.usd[name] = provider.strike(evidence, self.usd[name], self.memory[name])
            common.log.note_all(today.day, [(kind, f"{name}: {text}") for kind, text in evidence.events])
        check_fixings(today.day, self.usd)  # before anybody trades on them
        return dict(self.usd)

    def laws(self, day: int) -> None:
        """A14; raises BrokenLaw."""
        check_fixings(day, self.usd)

    def columns(self) -> list[Column]:
        """A series for each index."""
        return columns_of(self.providers)

    def day(self) -> dict[str, float]:
        """The day's fixings."""
        return {column_of(name): value for name, value in self.usd.items()}
