"""Cheng and Madhavan (2009): leveraged and inverse funds trade A (L^2 - L) r at the close, in the direction of r."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.funds.fund_laboratory import HOURS, Laboratory, Terms
from sim.spec import Spec
from sim.vocabulary import Finite, Positive


class Parameters(Strict):
    """Funds that live through the same days; `nav_changes` is as published, to `published_tolerance`."""

    price_usd: Positive
    depth_contracts_per_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    returns: Annotated[list[Finite], Field(min_length=1)]  # of the future, day by day
    assets_usd: Positive
    leverage: list[Finite]
    nav_changes: list[Finite]  # over all days
    published_tolerance: Positive
    tolerance: Positive  # of what a fund trades, as a share of its assets


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """What each fund trades each day, its net asset value in the end, and that its ledger agrees."""
    del spec
    lab = Laboratory(
        [p.price_usd], [p.depth_contracts_per_usd], [Terms(L, p.assets_usd) for L in p.leverage], p.daily_limit
    )
    first = [fund.nav_usd for fund in lab.funds]
    for day, change in enumerate(p.returns):
        assets = [lab.assets_usd(fund) for fund in lab.funds]
        held = [lab.held(fund) for fund in lab.funds]
        close = lab.move_to(float(lab.venue.price_usd[0]) * (1.0 + change))
        price = float(close.price_usd[0])
        r = price / float(close.last_usd[0]) - 1.0
        for fund, before, contracts, L in zip(lab.funds, assets, held, p.leverage, strict=True):
            traded = (lab.held(fund) - contracts) * HOURS * price / before
            said = f"L = {L:g}, day {day + 1}, r = {r:+.2%}"
            yield Check("rebalancing over assets, (L^2 - L) r", said, (L * L - L) * r, traded, p.tolerance)
    for fund, nav, L, published in zip(lab.funds, first, p.leverage, p.nav_changes, strict=True):
        changed = fund.nav_usd / nav - 1.0
        yield Check("change of net asset value", f"L = {L:g}", published, changed, p.published_tolerance)
        owned = lab.owned_usd(fund) / lab.assets_usd(fund)
        yield Check("cash and margin over shares x NAV", f"L = {L:g}", 1.0, owned, p.tolerance)
