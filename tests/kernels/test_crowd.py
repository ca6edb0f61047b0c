"""The crowd's kernels against a loop over hours and speculators with the uncompiled rules, and what must hold."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sim.kernels.call_auction import MARKET
from sim.kernels.crowd import Crowd, awake, crowd_expire, crowd_orders, crowd_settle
from sim.rules import speculation as rules
from sim.streams import Purpose, Streams

HERE = Path(__file__).parent
SEED, DAY, CONTRACT, MARGIN, TICK, THETA = 7, 11, 730.0, 0.15, 0.001, 0.2


def load_world() -> ModuleType:
    spec = importlib.util.spec_from_file_location("futures_world", HERE / "futures_world.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


world = load_world()


def market(maturities: int, hours: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    price = rng.uniform(2, 3, maturities)
    return {
        "price": price,
        "expected": price * np.exp(rng.normal(0, 0.1, maturities)),
        "trend": rng.normal(0, 0.003, maturities),
        "persistence": rng.uniform(0, 1, maturities),
        "news": rng.normal(0, 0.05, hours),
        "lift": rng.uniform(0, 0.5, maturities),
    }


def signals(crowd: Crowd) -> np.ndarray:
    return Streams(SEED).normals(Purpose.SPECULATOR_SIGNAL, 0, crowd.id) * 0.1


def orders(crowd: Crowd, activity: float, hours: int = 24, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    quantity, tick = np.zeros(crowd.position.shape), np.zeros(crowd.position.shape, np.int64)
    crowd_orders(
        crowd, seed, DAY, activity, *market(len(quantity), hours).values(), signals(crowd), THETA,
        np.full(len(quantity), CONTRACT), MARGIN, TICK, quantity, tick,
    )  # fmt: skip
    return quantity, tick


def naive_orders(crowd: Crowd, activity: float, hours: int) -> list[dict[int, tuple[float, int]]]:
    """Hour by hour, whoever wakes replaces its order of the day."""
    day, streams, size = market(len(crowd.position), hours), Streams(SEED), len(crowd.position)
    book: list[dict[int, tuple[float, int]]] = [{} for _ in crowd.id]
    for h, i in ((h, i) for h in range(hours) for i in range(len(crowd.id))):
        who, now = int(crowd.id[i]), DAY * hours + h
        if crowd.standing[i] != rules.ACTIVE or not awake(SEED, DAY, h, who, activity):
            continue
        m = int(streams.uniform(Purpose.SPECULATOR_MATURITY, now, who) * size)
        price, noise = day["price"][m], streams.normal(Purpose.SPECULATOR_NOISE, now, who)
        off = rules.mispricing(day["expected"][m], price, day["persistence"][m], day["news"][h])
        off = rules.informed(off, day["lift"][m], signals(crowd)[i], THETA)
        tastes = [field[i] for field in (*crowd[4:7], *crowd[8:])]
        view = rules.expected_return(off, day["trend"][m], noise, *tastes)
        free = crowd.cash_usd[i]
        for other in range(size):
            free -= MARGIN * (abs(crowd.position[other, i]) * day["price"][other] * CONTRACT) if other != m else 0.0
        target = rules.target_position(view, price, crowd.cash_usd[i], free, crowd.boldness[i], MARGIN, CONTRACT)
        quantity = target - crowd.position[m, i]
        book[i] = {m: (quantity, rules.limit_tick(view, price, quantity, TICK))}
    for i in np.flatnonzero(crowd.standing == rules.CLOSING):
        book[i] = {m: (-q, MARKET if q < 0 else -MARKET) for m, q in enumerate(crowd.position[:, i])}
    return book


@pytest.mark.parametrize(("activity", "hours"), [(0.05, 24), (0.4, 24), (1.0, 1), (0.3, 7), (0.0, 24)])
def test_orders_equal_the_hour_by_hour_loop_bit_for_bit(activity: float, hours: int) -> None:
    crowd = world.make_crowd(150)
    rng = np.random.default_rng(1)
    crowd.position[:] = np.round(rng.normal(0, 4, crowd.position.shape)) * (rng.random(crowd.position.shape) < 0.5)
    crowd.standing[:] = rng.choice(3, len(crowd.id), p=[0.8, 0.1, 0.1])
    quantity, tick = orders(crowd, activity, hours)
    for i, naive in enumerate(naive_orders(crowd, activity, hours)):
        kernel = {m: (quantity[m, i], tick[m, i]) for m in range(len(quantity)) if quantity[m, i] != 0.0}
        assert kernel == {m: order for m, order in naive.items() if order[0] != 0.0}


def test_the_share_awake_in_an_hour_is_the_activity() -> None:
    ids = world.make_crowd(1000).id
    woken = [awake(SEED, day, h, int(i), 0.2) for day in range(3) for h in range(5) for i in ids]
    assert abs(np.mean(woken) - 0.2) < 4 * (0.16 / len(woken)) ** 0.5
    assert awake(SEED, 1, 1, int(ids[0]), 1.0)


def test_one_more_speculator_leaves_the_orders_of_the_others_alone() -> None:
    few, many = orders(world.make_crowd(50), 0.2), orders(world.make_crowd(51), 0.2)
    assert np.array_equal(few[0], many[0][:, :50])
    assert np.array_equal(few[1][few[0] != 0], many[1][:, :50][few[0] != 0])
    assert many[0][:, 50].any() or not np.array_equal(few[0], orders(world.make_crowd(50), 0.2, seed=8)[0])


def test_nobody_orders_beyond_its_margin() -> None:
    crowd = world.make_crowd(400)
    quantity, _ = orders(crowd, 1.0)
    needed = MARGIN * CONTRACT * np.abs(quantity + crowd.position) * market(3, 24)["price"][:, None]
    assert (needed.sum(axis=0) <= crowd.cash_usd * (1 + 1e-12)).all()
    assert (needed.sum(axis=0) > 0.99 * crowd.cash_usd).any()


def test_settlement_equals_its_naive_twin_and_conserves_cash() -> None:
    rng = np.random.default_rng(3)
    crowd = world.make_crowd(200)
    crowd.position[:] = rng.normal(0, 20, crowd.position.shape)
    crowd.standing[:20] = rules.CLOSING
    fills = rng.normal(0, 10, crowd.position.shape)
    fills[:, 10:25] = -crowd.position[:, 10:25]
    last, price = rng.uniform(2, 3, 3), rng.uniform(1.8, 3.2, 3)
    before = world.copy_of(crowd)
    margin, defaults, bankruptcies = crowd_settle(crowd, fills, price, last, np.full(len(price), CONTRACT), 0.1, 3e4)
    fell = gone = 0
    for i in range(200):
        gain = 0.0
        for m in range(3):
            gain += before.position[m, i] * ((price[m] - last[m]) * CONTRACT)
        held = [before.position[m, i] + fills[m, i] for m in range(3)]
        notional = sum(abs(q) * (p * CONTRACT) for q, p in zip(held, price, strict=True))
        cash, was = before.cash_usd[i] + gain, before.standing[i]
        becomes = rules.standing_at_close(was, cash, notional, max(map(abs, held)), 0.1, 3e4)
        assert (crowd.cash_usd[i], crowd.standing[i], crowd.position[:, i].tolist()) == (cash, becomes, held)
        fell += was == rules.ACTIVE and becomes == rules.CLOSING
        gone += was != rules.BANKRUPT and becomes == rules.BANKRUPT
    assert (defaults, bankruptcies) == (fell, gone)
    assert min(fell, gone) > 0
    assert margin == pytest.approx(crowd.cash_usd.sum() - before.cash_usd.sum(), rel=1e-9)


def test_a_margin_default_is_closed_out_until_flat_and_then_trades_again_or_leaves() -> None:
    standing = rules.standing_at_close
    assert standing(rules.ACTIVE, 900.0, 10_000.0, 5.0, 0.1, 100.0) == rules.CLOSING
    assert standing(rules.CLOSING, 5_000.0, 10_000.0, 5.0, 0.1, 100.0) == rules.CLOSING
    assert standing(rules.CLOSING, 5_000.0, 0.0, 0.0, 0.1, 100.0) == rules.ACTIVE
    assert standing(rules.CLOSING, -50.0, 0.0, 0.0, 0.1, 100.0) == rules.BANKRUPT
    assert standing(rules.BANKRUPT, 5_000.0, 0.0, 0.0, 0.1, 100.0) == rules.BANKRUPT


def test_expiry_pays_the_front_and_moves_the_others_up() -> None:
    crowd = world.make_crowd(30)
    crowd.position[:] = np.random.default_rng(4).normal(0, 3, crowd.position.shape)
    before = world.copy_of(crowd)
    paid = crowd_expire(crowd, 2.5, 2.4, CONTRACT)
    np.testing.assert_array_equal(crowd.position, np.vstack([before.position[1:], np.zeros((1, 30))]))
    np.testing.assert_allclose(crowd.cash_usd, before.cash_usd + before.position[0] * 0.1 * CONTRACT, rtol=1e-12)
    assert paid == pytest.approx(crowd.cash_usd.sum() - before.cash_usd.sum())


def test_the_market_trades_and_every_contract_has_two_sides() -> None:
    crowd = world.make_crowd(300)
    prices, hedgers, gap, _ = world.trade(crowd, 60)
    assert gap < 1e-9
    assert np.abs(crowd.position).sum() > 10
    np.testing.assert_allclose(crowd.position.sum(axis=1), -hedgers, atol=1e-8)
    assert len(np.unique(prices[:, 1])) > 30


def test_a_traded_month_has_the_same_bits_without_compilation() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-W", "error", str(HERE / "futures_world.py")],
            env=os.environ | {"NUMBA_DISABLE_JIT": off, "PYTHONPATH": str(HERE.parent.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for off in ("0", "1")
    ]
    assert runs[0] == runs[1]
    assert re.search(r" [1-9]\d* True$", runs[0]), "somebody defaulted and somebody holds contracts"
