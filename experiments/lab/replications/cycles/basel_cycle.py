"""The Basel leverage cycle (Aymanns, Caccioli, Farmer and Tan 2016): a bank whose leverage follows volatility.

A bank keeps leverage at alpha (s^2 + s_0^2)^b, with s^2 the remembered variance of the asset it holds: less of it when
prices have moved. A fund holds the rest and more as the price falls below its value. Both want a share of their wealth
in the asset, and bring what that is at each price to the model's closing auction. With b = -1/2 (value at risk) prices
go round for ever, without noise, once alpha is large enough; with b = 0 they come to rest. A step is tau years:

    s'^2 = (1 - tau d) s^2 + tau d (ln(p / p_before) t_VaR / tau)^2,  borrowed: tau theta (leverage E - A),
    w_F' = w_F + (w_F / p) tau rho (mu - p),  dividends and new shares bring the bank's equity E back to its target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_demands
from sim.spec import Spec
from sim.vocabulary import Finite, Floats, Positive, Share

REACH, TICKS = 0.5, 400  # of the grid of prices around the last
SHORT_YEARS = 200.0  # enough for prices to come to rest


class Record(Strict):
    """What follows from the parameters, by an independent computation; and how near it must be met."""

    period_years: Positive
    lowest: Positive
    highest: Positive
    period_tolerance: Positive
    price_tolerance: Positive
    resting_scale: Positive  # alpha at which prices come to rest with b as it is
    cycling_scale: Positive  # and at which they do not
    constant_leverage: Positive  # with b = 0


class Parameters(Strict):
    """Bank, fund and memory as in the paper (from memory), and what is on record for them."""

    step_years: Positive  # tau
    leverage_scale: Positive  # alpha
    exponent: Finite  # b
    memory: Positive  # delta, per year
    horizon_years: Positive  # t_VaR
    floor_variance: Positive  # s_0^2
    adjustment: Positive  # theta, per year
    equity_adjustment: Positive  # eta, per year
    equity_target: Positive
    bank_weight: Share  # w_B
    fund_reversion: Positive  # rho, per year
    value: Positive  # mu
    start_leverage: Positive
    years: Positive
    record: Record


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """Period and range of the cycle, and what stops it."""
    del spec
    known, prices = p.record, path(p, p.leverage_scale, p.exponent, p.years)
    half = prices[len(prices) // 2 :]
    said = f"alpha = {p.leverage_scale:g}, b = {p.exponent:g}"
    yield Check("period, years", said, known.period_years, period(half) * p.step_years, known.period_tolerance)
    yield Check("lowest price", said, known.lowest, float(half.min()), known.price_tolerance)
    yield Check("highest price", said, known.highest, float(half.max()), known.price_tolerance)
    for scale, exponent, moves in (
        (known.constant_leverage, 0.0, False),
        (known.resting_scale, p.exponent, False),
        (known.cycling_scale, p.exponent, True),
    ):
        late = path(p, scale, exponent, SHORT_YEARS)[-int(30.0 / p.step_years) :]
        said = f"alpha = {scale:g}, b = {exponent:g}"
        yield Check("still moving in the end", said, float(moves), float(np.ptp(late) > 0.01 * p.value), 0.0)
        if exponent == 0.0:
            yield Check("price at rest", said, p.value, float(late[-1]), known.price_tolerance)


@dataclass
class State:
    """Price and the last one, the bank's share of the asset and debt, remembered variance, the fund's weight."""

    price: float
    before: float
    share: float
    debt: float
    variance: float
    fund_weight: float


def path(p: Parameters, scale: float, exponent: float, years: float) -> Floats:
    """Prices step by step, the bank beginning with its target of equity and this leverage."""
    assets = p.start_leverage * p.equity_target
    share = p.bank_weight * assets / p.value
    state = State(p.value, 0.99 * p.value, share, assets - p.equity_target, variance=1e-4, fund_weight=0.5)
    found = []
    for _ in range(round(years / p.step_years)):
        pass_step(p, state, scale, exponent)
        found.append(state.price)
    return np.array(found)


def pass_step(p: Parameters, s: State, scale: float, exponent: float) -> None:
    """A step: the bank learns, borrows towards its target, both trade in the auction."""
    tau, w = p.step_years, p.bank_weight
    moved = math.log(s.price / s.before) * p.horizon_years / tau
    assets = s.share * s.price / w
    equity = assets - s.debt
    leverage = scale * (s.variance + p.floor_variance) ** exponent  # today's move is known tomorrow
    s.variance = (1.0 - tau * p.memory) * s.variance + tau * p.memory * moved * moved
    borrowed = tau * p.adjustment * (leverage * equity - assets)
    issued = tau * p.equity_adjustment * (p.equity_target - equity)
    bank_cash = (1.0 - w) * s.share * s.price / w + issued + borrowed
    fund_cash = (1.0 - s.fund_weight) * (1.0 - s.share) * s.price / s.fund_weight - issued
    weight = s.fund_weight + s.fund_weight / s.price * tau * p.fund_reversion * (p.value - s.price)
    share = s.share

    def bank(prices: Floats) -> Floats:
        return w * (share * prices + bank_cash) / prices - share

    def fund(prices: Floats) -> Floats:
        return weight * ((1.0 - share) * prices + fund_cash) / prices - (1.0 - share)

    low, high = s.price * (1.0 - REACH), s.price * (1.0 + REACH)
    price = price_of_demands((bank, fund), low, high, TICKS, s.price)
    s.share = w * (share * price + bank_cash) / price
    s.before, s.price, s.debt, s.fund_weight = s.price, price, s.debt + borrowed, weight


def period(prices: Floats) -> float:
    """Mean steps between crossings of the mean from below."""
    above = prices > prices.mean()
    ups = np.flatnonzero(above[1:] & ~above[:-1])
    return float(np.diff(ups).mean()) if len(ups) > 1 else math.nan
