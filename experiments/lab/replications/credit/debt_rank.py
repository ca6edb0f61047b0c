"""Linear DebtRank (Bardoscia and others 2015): how far losses of one firm's equity reach through what firms owe."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.metrics.network import debt_rank
from sim.spec import Spec


class Network(Strict):
    """`claims_usd[i][j]`: what i has lent j; equity; shares of it lost at first, and in the end as published."""

    claims_usd: list[list[float]]
    equity_usd: list[float]
    lost_share: list[float]
    in_the_end: list[float]

    @model_validator(mode="after")
    def _square(self) -> Network:
        n = len(self.equity_usd)
        if [len(row) for row in self.claims_usd] != [n] * n or not len(self.lost_share) == len(self.in_the_end) == n:
            raise ValueError(f"claims_usd must be {n} x {n} and the shares {n} long, as equity_usd is")
        return self


class Parameters(Strict):
    """Networks by name, and how far losses may be from the published ones."""

    networks: dict[str, Network]
    tolerance: float


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The share of its equity that every firm has lost."""
    for name, network in p.networks.items():
        found = debt_rank(*(np.array(part) for part in (network.claims_usd, network.equity_usd, network.lost_share)))
        for firm, expected in enumerate(network.in_the_end):
            yield Check("share of equity lost", f"{name}, firm {firm + 1}", expected, float(found[firm]), p.tolerance)
