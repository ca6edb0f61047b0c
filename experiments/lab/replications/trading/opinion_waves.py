"""Volatility that comes in waves of opinion (Lux and Marchesi 1999), before the model's log-linear market maker.

Of N traders n_f are fundamentalists and n_c = n_+ + n_- chartists, optimists who buy and pessimists who sell. In one
unit of time an optimist or pessimist takes the other's opinion at the rate v_1 (n_c / N) exp(+-U_1), U_1 = alpha_1 x +
(alpha_2 / v_1) p' / p, with x = (n_+ - n_-) / n_c and p' the recent trend; chartist and fundamentalist change into each
other when they meet, at v_2 (n / N) exp(+-U), U = alpha_3 (what optimists, or pessimists, earn less s |p_f - p| / p).
Excess demand (n_+ - n_-) t_c + n_f gamma (p_f - p) + mu goes to a venue's market maker, who moves the log price by
beta / p_f times it a unit of time: near p_f the rate of the paper, whose price goes by single ticks with that chance.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.trading.moment_coverage import Maker, autocorrelation
from sim.metrics.series import tail_exponent
from sim.spec import Spec
from sim.streams import Purpose, Streams
from sim.vocabulary import Count, Floats, NonNegative, Positive, PositiveCount

FEWEST = 4  # of each kind: none dies out
TREND = 0.2  # units of time over which the trend is seen
LAG = 10
LEAST_USD = 0.05  # of the value: the maker's grid ends above nought


class Traders(Strict):
    """N, v_1, v_2, alpha_1 to alpha_3, N t_c, N gamma, r, R, s, the sd of mu."""

    number: Annotated[int, Field(ge=5 * FEWEST)]
    opinion_rate: NonNegative
    strategy_rate: NonNegative
    herding: NonNegative
    trend: NonNegative
    profit: NonNegative
    chartist_orders: NonNegative
    fundamentalist_orders: NonNegative
    dividend: NonNegative
    other_return: NonNegative
    discount: NonNegative
    noise_sd: NonNegative


class Parameters(Strict):
    """Traders, the market's response, paths; bands on record as middle and half width."""

    traders: Traders
    response: Positive  # beta
    value: Positive  # p_f
    units: Annotated[int, Field(ge=100)]
    steps_a_unit: PositiveCount
    paths: PositiveCount
    seed: Count
    tail: Positive  # Hill's exponent of the largest tenth of |r|
    tail_band: Positive
    clustering: Positive  # autocorrelation of |r| at lag 10
    clustering_band: Positive
    kurtosis_above: Positive


class Crowd(NamedTuple):
    """Optimists, pessimists, fundamentalists."""

    optimists: int
    pessimists: int
    fundamentalists: int


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The tail, the clustering and the fourth moment of returns over a unit of time, means over paths."""
    del spec
    found = np.array([moments(path(p, number)) for number in range(p.paths)]).mean(axis=0)
    said = f"{p.paths} paths of {p.units} units"
    yield Check("Hill's exponent of |r|, 10 %", said, p.tail, float(found[0]), p.tail_band)
    yield Check(f"autocorrelation of |r|, {LAG}", said, p.clustering, float(found[1]), p.clustering_band)
    yield Check(f"kurtosis above {p.kurtosis_above:g} (1: yes)", said, 1.0, float(found[2] > p.kurtosis_above), 0.0)


def moments(returns: Floats) -> tuple[float, float, float]:
    """Hill's exponent of the largest tenth, autocorrelation of |r| at `LAG`, kurtosis."""
    size, away = np.abs(returns), returns - returns.mean()
    kurtosis = float(np.mean(away**4) / np.mean(away * away) ** 2)
    return float(tail_exponent(size, len(size) // 10)), autocorrelation(size, LAG), kurtosis


def path(p: Parameters, number: int) -> Floats:
    """Log returns (units,) of a path."""
    t, streams, step = p.traders, Streams(p.seed + number), 1.0 / p.steps_a_unit
    who, market = np.arange(t.number, dtype=np.int64), Maker(p.response * step / p.value)
    noise = streams.normals(Purpose.POPULATION, 0, np.arange(p.units * p.steps_a_unit, dtype=np.int64)).tolist()
    chartists, log_price, ended = t.number // 20, math.log(p.value), list[float]()
    crowd, ahead = Crowd(chartists, chartists, t.number - 2 * chartists), max(2, round(TREND * p.steps_a_unit) + 1)
    seen = deque([p.value] * ahead, maxlen=ahead)
    for moment, news in enumerate(noise):
        price = math.exp(log_price)
        trend = (seen[-1] - seen[0]) / (step * (len(seen) - 1))
        draws = streams.uniforms(Purpose.POPULATION, 1 + moment, who)
        crowd = passed(crowd, chances(p, crowd, price, trend, step), draws)
        opinion = (crowd.optimists - crowd.pessimists) * t.chartist_orders / t.number
        worth = crowd.fundamentalists * t.fundamentalist_orders / t.number * (p.value - price)
        log_price = max(market.moved(log_price, opinion + t.noise_sd * news, worth), math.log(LEAST_USD * p.value))
        seen.append(math.exp(log_price))
        if (moment + 1) % p.steps_a_unit == 0:
            ended.append(log_price)
    return np.diff(np.array([math.log(p.value), *ended]))


def chances(p: Parameters, crowd: Crowd, price: float, trend: float, step: float) -> tuple[tuple[float, float], ...]:
    """Chances in a step: optimists turn pessimists or fundamentalists, pessimists optimists or fundamentalists,
    fundamentalists optimists or pessimists.
    """  # fmt: skip
    t, plus, minus, rest = p.traders, *crowd
    chartists, gap = plus + minus, t.discount * abs(p.value - price) / price
    trend_seen = trend / t.opinion_rate if t.opinion_rate > 0.0 else 0.0
    opinion = t.herding * (plus - minus) / chartists + t.trend * trend_seen / price
    earned = (t.dividend + (trend / t.strategy_rate if t.strategy_rate > 0.0 else 0.0)) / price
    buying, selling = t.profit * (earned - t.other_return - gap), t.profit * (t.other_return - earned - gap)
    talk, meet = step * t.opinion_rate * chartists / t.number, step * t.strategy_rate / t.number
    return (
        (talk * math.exp(-opinion), meet * rest * math.exp(-buying)),
        (talk * math.exp(opinion), meet * rest * math.exp(-selling)),
        (meet * plus * math.exp(buying), meet * minus * math.exp(selling)),
    )


def passed(crowd: Crowd, chance: tuple[tuple[float, float], ...], draws: Floats) -> Crowd:
    """The crowd after a step: of a trader's two changes the first comes where its draw (N,) is below that chance."""
    plus, minus, _ = crowd
    groups = draws[:plus], draws[plus : plus + minus], draws[plus + minus :]
    first = [int(np.count_nonzero(group < one)) for group, (one, _) in zip(groups, chance, strict=True)]
    either = [int(np.count_nonzero(group < one + other)) for group, (one, other) in zip(groups, chance, strict=True)]
    second = [both - one for both, one in zip(either, first, strict=True)]
    optimists = max(FEWEST, plus - either[0] + first[1] + first[2])
    pessimists = max(FEWEST, minus - either[1] + first[0] + second[2])
    over = max(0, optimists + pessimists + FEWEST - len(draws))
    if optimists > pessimists:
        optimists -= over
    else:
        pessimists -= over
    return Crowd(optimists, pessimists, len(draws) - optimists - pessimists)
