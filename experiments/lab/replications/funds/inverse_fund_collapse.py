"""The fifth of February 2018 (XIV): an inverse fund whose futures double overnight loses all and must buy into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.funds.fund_laboratory import HOURS, Laboratory, Terms, assets_for
from sim.funds.window import ENDING
from sim.spec import Spec
from sim.vocabulary import Positive


class Parameters(Strict):
    """A fund of leverage -1 with this loop gain, and the move of its future."""

    price_usd: Positive
    depth_contracts_per_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    future_return: Annotated[float, Field(gt=0.0, lt=1.0)]
    loop_gain: Annotated[float, Field(gt=0.0, lt=1.0)]
    termination_fall: Annotated[float, Field(gt=0.0, le=1.0)]
    published_bought: Positive  # contracts over assets / first price
    published_worth: Positive  # USD at the close over assets
    published_nav_change: float
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Loss of the fund, what it buys and what that is worth, how much of the move is its own doing, and its end."""
    del spec
    depth, price = p.depth_contracts_per_usd, p.price_usd
    assets = assets_for(p.loop_gain, -1.0, price, depth)
    lab = Laboratory([price], [depth], [Terms(-1.0, assets, termination_fall=p.termination_fall)], p.daily_limit)
    fund = lab.funds[0]
    nav, held, value = fund.nav_usd, lab.held(fund), float(lab.value[0])
    close = lab.move_to(price * (1.0 + p.future_return))
    at = float(close.price_usd[0])
    bought = (lab.held(fund) - held) * HOURS
    said = f"future {p.future_return:+.0%}"
    yield Check("return of the future", said, p.future_return, at / price - 1.0, p.tolerance)
    yield Check("change of net asset value", said, p.published_nav_change, fund.nav_usd / nav - 1.0, p.tolerance)
    yield Check("GPU-hours bought over assets / price", said, p.published_bought, bought * price / assets, 5e-4)
    yield Check("bought at the close over assets", said, p.published_worth, bought * at / assets, 5e-3)
    worth = 2.0 * p.future_return
    yield Check("bought at the close, (L^2 - L) r", said, worth, bought * at / assets, p.tolerance)
    news = float(lab.value[0]) - value
    own = bought / HOURS / depth
    yield Check("news and own buying over the move", said, 1.0, (news + own) / (at - price), p.tolerance)
    yield Check("fund is being ended", f"fall of {p.termination_fall:.0%}", 1.0, float(fund.status == ENDING), 0.0)
    lab.close([float(lab.value[0])])
    yield Check("GPU-hours held at the next close", said, 0.0, lab.held(fund) * HOURS * price / assets, p.tolerance)
