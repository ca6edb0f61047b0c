"""The close with funds on a market of linear schedules, where amplification and joint prices are known."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from sim.calendar import Calendar
from sim.exchange.joint_close import FundOrders
from sim.exchange.terms import Margin, VenueTerms
from sim.exchange.venue import Venue
from sim.kernels.fund_auction import FundCurves
from sim.rows.exchange import Close, FutureRow

PRICE, HOURS, TICK, DEPTH = 2.8, 730.0, 0.01, 1e6
TRADERS, FUND = 0, 1


def market(months: int = 2, limit: float = 0.2) -> Venue:
    terms = VenueTerms(
        listed=True, index="value", maturities=months, contract_gpu_hours=HOURS, tick_usd=TICK, daily_limit=limit,
        round_to_tick=False, margin=Margin(initial=0.1, maintenance=0.1),
    )  # fmt: skip
    found = Venue("main", terms, Calendar(datetime.date(2026, 1, 1)))
    found.price_usd = np.full(months, PRICE)
    return found


def fund(leverage: float, assets_usd: float, weights: tuple[float, float] = (1.0, 0.0)) -> FundOrders:
    exposure = leverage * np.array(weights)
    held = exposure * assets_usd / (PRICE * HOURS)
    one = FundCurves(
        np.array([assets_usd]), (held * HOURS)[None], exposure[None], held[None], np.full(2, PRICE), np.full(2, HOURS)
    )
    return FundOrders(np.array([FUND]), one)


def assets_of_gain(gain: float, leverage: float) -> float:
    return gain * DEPTH * HOURS * PRICE**2 / (leverage**2 - leverage)


def closed(shocks: list[float], funds: FundOrders | None, depth: float = DEPTH, limit: float = 0.2) -> Close:
    rows = [(TRADERS, FutureRow(m, shock, depth, -1e12, 1e12)) for m, shock in enumerate(shocks)]
    return market(len(shocks), limit).clear(rows, 2, funds)


def kinds(close: Close) -> list[str]:
    return [kind for kind, _ in close.events]


@pytest.mark.parametrize("gain", [0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("leverage", [2.0, 3.0, -1.0, -2.0])
@pytest.mark.parametrize("months", [1, 2])
def test_a_small_shock_is_amplified_by_one_over_one_minus_the_gain(gain, leverage, months):
    funds = fund(leverage, assets_of_gain(gain, leverage))
    for shock in (10.0, -10.0):
        alone = closed([shock] * months, None).price_usd[0] - PRICE
        with_fund = closed([shock] * months, funds)
        assert (with_fund.price_usd[0] - PRICE) / alone == pytest.approx(1.0 / (1.0 - gain), rel=0.01)
        assert with_fund.funds.gain[0] == pytest.approx(gain, rel=0.01)
        assert with_fund.funds.spectral_radius == pytest.approx(gain, rel=0.01)
        near = gain > 1.0 - 0.2  # demand grows as r / (1 + r), so that a second price clears at r = gain - 1
        assert kinds(with_fund) == ["multiplicity"] * near


@pytest.mark.parametrize("leverage", [2.0, -1.0, 3.0, 1.0])
@pytest.mark.parametrize("weight", [0.25, 0.5, 0.8])
def test_two_months_joined_by_a_fund_move_as_the_joint_linear_system_says(leverage, weight):
    weights = np.array([weight, 1.0 - weight])
    assets = 0.6 * DEPTH * HOURS * PRICE**2 / max(2.0, leverage**2 - leverage)
    shocks = np.array([30.0, -10.0])
    unit = assets / (HOURS * PRICE**2)
    rise = unit * (leverage**2 * np.outer(weights, weights) - leverage * np.diag(weights))
    expected = np.linalg.solve(DEPTH * np.eye(2) - rise, shocks)
    close = closed(shocks.tolist(), fund(leverage, assets, (weight, 1.0 - weight)))
    assert close.price_usd - PRICE == pytest.approx(expected, rel=1e-3)
    assert close.funds.spectral_radius == pytest.approx(np.linalg.eigvals(rise / DEPTH).real.max(), rel=1e-3, abs=1e-9)


def test_gains_below_one_in_each_month_may_hide_a_joint_loop_that_has_no_stable_price():
    funds = fund(3.0, 1.5 * DEPTH * HOURS * PRICE**2 / 6.0, (0.5, 0.5))
    close = closed([10.0, 10.0], funds)
    assert (close.funds.gain < 0.6).all()
    funds = fund(3.0, 2.6 * DEPTH * HOURS * PRICE**2 / 6.0, (0.5, 0.5))
    close = closed([10.0, 10.0], funds)
    assert kinds(close) == ["limit lock", "limit lock"]
    assert close.price_usd == pytest.approx(1.2 * PRICE, abs=TICK)


@pytest.mark.parametrize("leverage", [2.0, 3.0, -2.0])
@pytest.mark.parametrize("shock", [5e4, -5e4])
def test_a_gain_above_one_locks_the_limit_and_takes_no_root_on_the_wrong_side(leverage, shock):
    close = closed([shock, 0.0], fund(leverage, assets_of_gain(1.5, leverage)))
    assert kinds(close) == ["limit lock"]
    assert np.sign(close.price_usd[0] - PRICE) == np.sign(shock)
    assert abs(close.price_usd[0] - PRICE) == pytest.approx(0.2 * PRICE, abs=TICK)
    assert close.price_usd[1] == PRICE
    assert abs(close.trades.sum()) < 1e-6


def test_unfilled_rebalancing_is_carried_to_the_next_close():
    orders = fund(2.0, assets_of_gain(1.5, 2.0))
    close = closed([5e4, 0.0], orders)
    wanted = 2.0 * (orders.curves.assets_usd[0] + orders.curves.gain[0, 0] * (close.price_usd[0] - PRICE))
    short = wanted / (close.price_usd[0] * HOURS) - orders.curves.held[0, 0] - close.trades[0, FUND]
    assert short > 1.0
    again = market()
    again.price_usd[:] = close.price_usd
    held = orders.curves.held + close.trades[:, FUND]
    assets = wanted / 2.0
    curves = FundCurves(
        np.array([assets]), held * HOURS, orders.curves.exposure, held, close.price_usd.copy(), np.full(2, HOURS)
    )
    rows = [(TRADERS, FutureRow(0, 0.0, 1e9, -1e12, 1e12)), (TRADERS, FutureRow(1, 0.0, 1e9, -1e12, 1e12))]
    assert again.clear(rows, 2, FundOrders(np.array([FUND]), curves)).trades[0, FUND] == pytest.approx(short, rel=0.01)


@pytest.mark.parametrize("months", [1, 2])
@pytest.mark.parametrize("gain", [0.6, 1.6, 2.5])
def test_several_prices_that_clear_are_recorded_and_the_one_in_the_direction_of_demand_is_taken(gain, months):
    rows = [(TRADERS, FutureRow(m, 0.0, DEPTH, -1e12, 1e12)) for m in range(months)]
    rows.append((TRADERS, FutureRow(0, 1e4, 8 * DEPTH, -3e5, 3e5)))  # deep near the last price, then used up
    funds = fund(3.0, assets_of_gain(gain, 3.0))
    close = market(months, limit=0.5).clear(rows, 2, funds)
    assert 0.0 < close.price_usd[0] - PRICE < 0.01
    price = PRICE + np.linspace(-0.5, 0.5, 100_001) * PRICE
    after = np.maximum(0.0, funds.curves.assets_usd[0] + funds.curves.gain[0, 0] * (price - PRICE))
    bought = 3.0 * after / (price * HOURS) - funds.curves.held[0, 0]
    others = -DEPTH * (price - PRICE) + np.clip(1e4 - 8 * DEPTH * (price - PRICE), -3e5, 3e5)
    roots = int((np.diff(np.sign(others + bought)) != 0.0).sum())
    assert roots == (1 if gain < 1.0 else 3 if gain > 2.0 else 2)
    assert kinds(close) == ["multiplicity"] * (roots > 1)
    assert all(f": {roots} prices clear" in text for _, text in close.events)


@pytest.mark.parametrize("seed", range(25))
def test_in_random_books_every_price_found_meets_all_excess_demand_or_is_locked(seed):
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(3):
        for _ in range(5):
            reach = rng.uniform(1e3, 2e5)
            rows.append((TRADERS, FutureRow(m, rng.normal(0, 2e4), rng.uniform(0, 3e5), -reach, reach)))
    leverage = rng.choice([-2.0, -1.0, 1.0, 2.0, 3.0], 3)
    assets, weight = rng.uniform(1e7, 1.5e8, 3), rng.uniform(0, 1)
    exposure = leverage[:, None] * np.array([weight, 1.0 - weight])
    held = exposure * assets[:, None] / (PRICE * HOURS) * rng.uniform(0.8, 1.2, (3, 1))
    curves = FundCurves(assets, held * HOURS, exposure, held, np.full(2, PRICE), np.full(2, HOURS))
    close = market(3).clear(rows, 4, FundOrders(np.array([1, 2, 3]), curves))
    prices = close.price_usd[:2]
    after = np.maximum(0.0, assets + (held * HOURS) @ (prices - PRICE))
    wanted = exposure * after[:, None] / (prices * HOURS) - held
    locked = {text[:14] for kind, text in close.events if kind == "limit lock"}
    for m, name in enumerate(market(3).names[:2]):
        terms = [row for _, row in rows if row.maturity == m]
        others = sum(np.clip(r.trade_at_last - r.slope_per_usd * (prices[m] - PRICE), r.low, r.high) for r in terms)
        assert abs(close.trades[m].sum()) < 1e-6
        if name in locked:
            assert np.sign(others + wanted[:, m].sum()) == np.sign(prices[m] - PRICE)
        else:
            assert others + wanted[:, m].sum() == pytest.approx(0.0, abs=50.0)  # kinks of schedules inside a tick
            assert close.trades[m, 1:] == pytest.approx(wanted[:, m], rel=1e-2, abs=50.0)
    assert close.price_usd[2] == market(3).clear([r for r in rows if r[1].maturity == 2], 4).price_usd[2]
