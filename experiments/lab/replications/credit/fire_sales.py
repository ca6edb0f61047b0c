"""Aggregate vulnerability (Greenwood, Landier and Thesmar 2015): what sales of banks that hold their leverage cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import model_validator

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from sim.metrics.network import fire_sales
from sim.spec import Spec


class Parameters(Strict):
    """Banks' assets, debt over equity and portfolios; impact and first fall of assets; what follows, as worked out."""

    assets_usd: list[float]
    debt_over_equity: list[float]
    shares: list[list[float]]
    impact: list[float]
    fall: list[float]
    sold_usd: list[float]
    change: list[float]
    vulnerability: float
    tolerance: float

    @model_validator(mode="after")
    def _fits(self) -> Parameters:
        banks, assets = len(self.assets_usd), len(self.impact)
        if [len(row) for row in self.shares] != [assets] * banks:
            raise ValueError(f"shares must be {banks} rows of {assets}, as assets_usd and impact are")
        return self


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Sales by bank, what they do to prices, and the share of equity that this costs."""
    del spec
    tables = (p.assets_usd, p.debt_over_equity, p.shares, p.impact, p.fall)
    sold, change, ratio = fire_sales(*(np.array(part) for part in tables))
    for k, expected in enumerate(p.sold_usd):
        yield Check("assets sold, USD", f"bank {k + 1}", expected, float(sold[k]), p.tolerance)
    for k, expected in enumerate(p.change):
        yield Check("further change of the price", f"asset {k + 1}", expected, float(change[k]), p.tolerance)
    yield Check("aggregate vulnerability", "all banks", p.vulnerability, ratio, p.tolerance)
