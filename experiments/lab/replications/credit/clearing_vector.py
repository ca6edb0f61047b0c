"""Eisenberg and Noe (2001): who pays what when debts in a network settle at once, as in the resolution of defaults."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.credit.clearing_vector import clearing_vector, equity_after
from sim.spec import Spec


class Network(Strict):
    """`debts_usd[i][j]`: what i owes j; `assets_usd[i]`: what i has from outside; `payments_usd` as published."""

    debts_usd: list[list[float]]
    assets_usd: list[float]
    payments_usd: list[float]

    @model_validator(mode="after")
    def _square(self) -> Network:
        n = len(self.assets_usd)
        if [len(row) for row in self.debts_usd] != [n] * n or len(self.payments_usd) != n:
            raise ValueError(f"debts_usd must be {n} x {n} and payments_usd {n} long, as assets_usd is")
        return self


class Parameters(Strict):
    """Networks by name, and how far payments may be from the published ones."""

    networks: dict[str, Network]
    tolerance: float


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Payments of every firm, and that what owners keep adds up to what came from outside."""
    for name, network in p.networks.items():
        debts, assets = np.array(network.debts_usd), np.array(network.assets_usd)
        paid, failed = clearing_vector(debts, assets)
        for firm, expected in enumerate(network.payments_usd):
            said = f"{name}, firm {firm + 1}{' (in default)' if failed[firm] else ''}"
            yield Check("payment, USD", said, expected, float(paid[firm]), p.tolerance)
        left = float(equity_after(debts, assets, paid).sum())
        yield Check("sum of equities, USD", name, float(assets.sum()), left, p.tolerance)
