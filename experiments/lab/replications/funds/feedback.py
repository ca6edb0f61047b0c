"""Leveraged funds in their own market: news moves the price by 1 / (1 - G) of itself, G = phi A (L^2 - L) / F^2.

Where G reaches one no price near the last is stable. The gain falls as the price rises (phi is a constant here, so G
goes as 1 / F^2): good news ends at the next stable price G F, or at the limit; bad news always at the limit. The close
must never end at a root that a solver happened to find.
A fund in two months joins them: small news moves both by (I - M)^-1, M being the funds' answers over the traders'.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.funds.fund_laboratory import HOURS, Laboratory, Terms, assets_for
from sim.rows.exchange import Close
from sim.spec import Spec
from sim.vocabulary import Finite, Floats, Positive, Share

LOCK = "limit lock"


class Parameters(Strict):
    """One market a leverage and gain; then one fund in two months with `front_share` of its exposure in the first."""

    price_usd: Positive
    depth_contracts_per_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    news_usd: Positive
    leverage: list[Finite]
    loop_gains: list[Annotated[float, Field(gt=0.0, lt=1.0)]]
    unstable_gains: list[Annotated[float, Field(ge=1.0)]]
    two_months_usd: Annotated[list[Positive], Field(min_length=2, max_length=2)]
    two_depths: Annotated[list[Positive], Field(min_length=2, max_length=2)]
    front_share: Share
    tolerance: Positive  # as a share of what is expected


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Amplification below one, no root that is not stable from one on, and two months joined by a fund."""
    del spec
    for L in p.leverage:
        for gain in p.loop_gains:
            said, theory = f"L = {L:g}, G = {gain:g}", 1.0 / (1.0 - gain)
            close = answer(p, L, gain, p.news_usd)
            moved = float(close.price_usd[0] - close.last_usd[0]) / p.news_usd
            yield Check("move of the price over the news", said, theory, moved, p.tolerance * theory)
            logged = float(close.funds.gain[0]) if close.funds is not None else 0.0
            yield Check("loop gain as logged", said, gain, logged, p.tolerance * gain)
        for gain, sign in itertools.product(p.unstable_gains, (1, -1)):
            said = f"L = {L:g}, G = {gain:g}, {'good' if sign > 0 else 'bad'} news"
            close = answer(p, L, gain, sign * p.news_usd)
            moved = float(close.price_usd[0] / close.last_usd[0]) - 1.0
            stable = gain - 1.0 if sign > 0 else math.inf
            locks = sum(kind == LOCK for kind, _ in close.events)
            yield Check("limit locks", said, float(stable > p.daily_limit), locks, 0.0)
            yield Check("move of the price", said, sign * min(stable, p.daily_limit), moved, p.tolerance)
    for L in p.leverage:
        yield from joined(p, L)


def answer(p: Parameters, L: float, gain: float, news_usd: float) -> Close:
    """The close after news in a market with one fund of this loop gain."""
    depth, price = p.depth_contracts_per_usd, p.price_usd
    lab = Laboratory([price], [depth], [Terms(L, assets_for(gain, L, price, depth))], p.daily_limit)
    return lab.close([price + news_usd])


def joined(p: Parameters, L: float) -> Iterator[Check]:
    """Two months and one fund: news in either moves both as the linear system says."""
    prices, depths = np.array(p.two_months_usd), np.array(p.two_depths)
    shares = (p.front_share, 1.0 - p.front_share)
    gain = p.loop_gains[len(p.loop_gains) // 2]
    assets = assets_for(gain, L, float(prices.mean()), float(depths.mean()))
    answers = linear_answers(prices, depths, L, shares, assets)
    for month in range(2):
        lab = Laboratory(p.two_months_usd, p.two_depths, [Terms(L, assets, shares)], p.daily_limit)
        news = np.zeros(2)
        news[month] = p.news_usd
        close = lab.close((prices + news).tolist())
        for m in range(2):
            said = f"L = {L:g}, news in month {month + 1}, move of month {m + 1}"
            theory, moved = float(answers[m, month]), float(close.price_usd[m] - prices[m]) / p.news_usd
            yield Check("move of the price over the news", said, theory, moved, p.tolerance * abs(theory))
    joint = close.funds.spectral_radius if close.funds is not None else 0.0
    theory = float(np.linalg.eigvals(np.eye(2) - np.linalg.inv(answers)).real.max())
    yield Check("joint loop gain as logged", f"L = {L:g}", theory, joint, p.tolerance * theory)


def linear_answers(prices: Floats, depths: Floats, L: float, shares: tuple[float, float], assets: float) -> Floats:
    """(I - M)^-1 (2, 2): M_mj = (d N_m / d F_j) / depth_m with N_m = w_m L A / (F_m h), dA / dF_j = N_j h."""
    contracts = np.array(shares) * L * assets / (prices * HOURS)
    slopes = np.outer(np.array(shares) * L / (prices * HOURS), contracts * HOURS) - np.diag(contracts / prices)
    return np.asarray(np.linalg.inv(np.eye(2) - slopes / depths[:, None]))
