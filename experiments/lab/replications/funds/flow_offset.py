"""Flows that undo a fund's leverage (Ivanov and Lenkey 2018): with f = -(L - 1) r A nothing is left to rebalance.

The fund then holds the same contracts whatever happens: a passive holder, who moves the level of the price once and
never amplifies its changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.funds.fund_laboratory import Laboratory, Terms, assets_for
from sim.spec import Spec
from sim.vocabulary import Finite, Positive, Share


class Parameters(Strict):
    """Funds, each alone in its market and as large as `loop_gain` says it would be without the flows."""

    price_usd: Positive
    depth_contracts_per_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    loop_gain: Positive
    offset: Share  # b3: of the rebalancing that flows undo; 1 in theory
    leverage: list[Finite]
    news: Annotated[list[Finite], Field(min_length=1)]  # changes of the value traders believe in, as shares of it
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Contracts held, flows and the answer of the price to news, day by day."""
    del spec
    for L in p.leverage:
        assets = assets_for(p.loop_gain, L, p.price_usd, p.depth_contracts_per_usd)
        lab = Laboratory(
            [p.price_usd], [p.depth_contracts_per_usd], [Terms(L, assets, same_day=p.offset)], p.daily_limit
        )
        fund = lab.funds[0]
        start = lab.held(fund)
        for day, change in enumerate(p.news):
            before = lab.assets_usd(fund)
            news = float(lab.value[0]) * change
            close = lab.close([float(lab.value[0]) + news])
            moved = float(close.price_usd[0] - close.last_usd[0])
            r = moved / float(close.last_usd[0])
            said = f"L = {L:g}, day {day + 1}, r = {r:+.2%}"
            yield Check("contracts held over those at first", said, 1.0, lab.held(fund) / start, p.tolerance)
            yield Check("flow over assets, -(L - 1) r", said, -(L - 1.0) * r, fund.flow_usd / before, p.tolerance)
            yield Check("move of the price over the news", said, 1.0, moved / news, p.tolerance)
