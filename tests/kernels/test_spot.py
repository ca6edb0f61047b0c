"""The hourly market against plain loops: auctions, list prices, interruptible capacity; who is served when."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.spot import (
    INTERRUPTIBLE,
    PAY_AS_BID,
    POSTED,
    UNIFORM,
    add_up,
    clear_day,
    clear_hour,
    demand_at,
    kinds_of_elasticity,
    runs_of_equals,
    serve,
    supply_at,
)
from sim.rules import spot as rules

LOW, CAP = math.log(0.4), math.log(12.0)
NAMES = ("price", "traded", "let", "revenue", "bought", "spent", "unserved", "interrupted", "asked", "stock_outs")
STATE = ("log_price", "share", "waiting", "hidden", "last_let", "last_running", "fill")
ALL_KINDS = (POSTED, UNIFORM, INTERRUPTIBLE, PAY_AS_BID)


class Market:
    """A random market of about a thousand VE; two kinds of work, six hours of the day."""

    def __init__(
        self, seed: int, tightness: float = 1.0, mechanism: tuple[int, ...] = ALL_KINDS, groups: int = 9, rows: int = 6
    ) -> None:
        rng = np.random.default_rng(seed)
        self.mechanism = np.array(mechanism)
        count = len(mechanism)
        self.partner = np.full(count, -1)
        for j, kind in enumerate(mechanism):
            if kind == INTERRUPTIBLE:
                self.partner[j] = mechanism.index(POSTED)
            elif kind == POSTED and UNIFORM in mechanism and rng.random() < 0.7:
                self.partner[j] = mechanism.index(UNIFORM)
        self.rate = np.where(self.mechanism == UNIFORM, 1.0, rng.uniform(0.2, 0.9, count))
        self.level = rng.uniform(0.7, 4.0, count)
        rank = {POSTED: 0, INTERRUPTIBLE: 2}
        self.sequence = np.argsort([rank.get(kind, 1) for kind in mechanism], kind="stable")
        self.quantity = rng.uniform(0.0, 400.0, groups) * tightness
        self.form = rng.integers(0, 2, groups)
        self.log_reference = np.log(rng.choice([2.0, 2.5, 3.1], groups))
        self.elasticity = rng.choice([0.1, 0.4, 1.5], groups)
        self.service = rng.integers(0, 3, groups)
        self.season_row = rng.integers(0, 2, groups)
        self.work = rng.integers(0, 2, groups)
        self.kind = np.sort(rng.integers(0, 2, rows))
        self.kind[0] = 0
        swing = self.kind == 1
        self.a = np.where(swing, np.log(rng.uniform(2.0, 4.0, rows)), 0.4)
        self.b = np.where(swing, self.a + rng.uniform(0.3, 1.0, rows), rng.uniform(2.0, 8.0, rows))
        self.c = np.where(swing, 0.0, rng.uniform(3.0, 8.0, rows))
        self.capacity = rng.uniform(0.0, 400.0, (rows, count))
        self.capacity[np.ix_(swing, self.mechanism != UNIFORM)] = 0.0
        self.capacity[:, self.mechanism == INTERRUPTIBLE] = 0.0
        self.owner = rng.permutation(rows)
        self.log_ask = np.log(rng.uniform(1.5, 5.0, (rows, count)))
        self.pull = rng.uniform(0.1, 1.0, (2, count))
        self.shift = rng.normal(0.0, 0.1, (2, count))
        share = rng.uniform(0.1, 1.0, (2, count))
        wave = [rules.season(h + 0.5, 0.3, 15.0) for h in range(6)]
        self.season = np.array([[1.0] * 6, wave])
        self.state: dict[str, Any] = {
            "log_price": np.full(count, 0.9), "share": share / share.sum(axis=1, keepdims=True),
            "waiting": rng.uniform(0.0, 20.0, groups), "hidden": rng.uniform(0.0, 30.0, (rows, count)),
            "last_let": rng.uniform(0.0, 200.0, (rows, count)), "last_running": rng.uniform(0.0, 300.0, count),
            "fill": np.ones(count),
        }  # fmt: skip
        self.hours, self.adjustment, self.substitution, self.retry = 2.0, 0.1, 6.0, 0.5

    def clear(self) -> dict[str, Any]:
        """A day by the kernel, on a copy of the state; results and the state after it by name."""
        state = {name: value.copy() for name, value in self.state.items()}
        results = clear_day(
            *state.values(), self.hours, self.adjustment, self.pull, self.shift, self.substitution, LOW, CAP,
            self.retry, self.sequence, self.mechanism, self.partner, self.rate, self.level, self.work, self.service,
            self.season_row, self.season, self.quantity, self.form, self.log_reference, self.elasticity, self.owner,
            self.kind, self.capacity, self.a, self.b, self.c, self.log_ask,
        )  # fmt: skip
        return dict(zip(NAMES, results, strict=True)) | state


def wanted_at(m: Market, base: Any, j: int, x: float) -> Any:
    """What each group wants of a product at log price x (G,), by the uncompiled rules."""
    at = [m.log_reference[i] + m.shift[m.work[i], j] for i in range(len(base))]
    rule = (rules.demand_share, rules.bid_share)
    return np.array([base[i] * rule[m.form[i]](x, at[i], m.elasticity[i]) for i in range(len(base))])


def offered_at(m: Market, room: Any, x: float) -> Any:
    """What each row offers at log price x (R,)."""
    share = [
        rules.swing_share(x, a, b) if k == 1 else rules.offer_share(math.exp(x), a, b, c)
        for k, a, b, c in zip(m.kind, m.a, m.b, m.c, strict=True)
    ]
    return room * np.array(share)


def bisect(m: Market, base: Any, room: Any, j: int, low: float, high: float) -> float:
    def excess(x: float) -> float:
        return float(wanted_at(m, base, j, x).sum() - offered_at(m, room, x).sum())

    if excess(high) >= 0.0:
        return high
    if excess(low) <= 0.0:
        return low
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0.0 else (low, middle)
    return low


def naive_list_prices(m: Market, s: dict[str, Any], now: Any, base: Any, j: int, out: dict[str, Any]) -> Any:
    """Sell at list prices; returns what each group got, and fills `now[:, j]`."""
    own = m.kind == 0
    weight = m.capacity[:, j] * own
    s["log_price"][j] = (weight @ m.log_ask[:, j]) / weight.sum()
    split = weight * np.exp(-m.substitution * (m.log_ask[:, j] - s["log_price"][j]))
    want = wanted_at(m, base, j, s["log_price"][j])
    asked = want.sum() * split / split.sum()
    shelf = np.maximum(0.0, weight - s["hidden"][m.owner, j]) * own
    now[:, j] = np.minimum(asked, shelf)
    room, left = (shelf - now[:, j]).sum(), (asked - now[:, j]).sum()
    now[:, j] += (shelf - now[:, j]) * (min(1.0, left / room) if room > 0.0 else 0.0)
    served = min(1.0, now[:, j].sum() / want.sum()) if want.sum() > 0.0 else 1.0
    s["fill"][j] = served
    out["asked"][:, j] += asked
    out["stock_outs"][j] += (now[:, j] >= shelf * (1 - 1e-13))[own & (weight > 0.0)].sum()
    gone = np.maximum(0.0, s["last_let"][m.owner, j] - now[:, j])
    s["hidden"][m.owner[own], j] = ((s["hidden"][m.owner, j] + gone) * (1 - m.rate[j]))[own]
    s["last_let"][m.owner[own], j] = now[own, j]
    return want, want * served, now[:, j] * np.exp(m.log_ask[:, j]) * m.level[j]


def naive_auction(m: Market, s: dict[str, Any], now: Any, base: Any, j: int, out: dict[str, Any]) -> Any:
    """Clear an auction; returns what each group wanted and got, and what each row earns."""
    room, high, back = m.capacity[:, j], CAP, m.mechanism[j] == INTERRUPTIBLE
    if back:
        both = zip(m.capacity[:, m.partner[j]], now[:, m.partner[j]], strict=True)
        idle = np.array([rules.idle_capacity(*pair) for pair in both])
        room, high = m.rate[j] * idle * (m.kind == 0), min(CAP, s["log_price"][m.partner[j]])
    x = bisect(m, base, room, j, min(LOW, high), high)
    want, offer = wanted_at(m, base, j, x), offered_at(m, room, x)
    got = want.copy()
    short = x >= high and want.sum() > offer.sum() * (1 + 1e-12)
    if short:
        left = offer.sum()
        for level in range(3):
            mine = m.service == level
            got[mine] *= min(1.0, left / want[mine].sum()) if want[mine].sum() > 0 else 1.0
            left = max(0.0, left - want[mine].sum())
    now[:, j] = offer * (got.sum() / offer.sum() if offer.sum() > 0.0 else 0.0)
    p = math.exp(x)
    own = np.full(len(room), p)
    if m.mechanism[j] == PAY_AS_BID:
        mean = [rules.mean_offer(p, a, b, c) if k == 0 else rules.mean_swing_offer(x, a, b)
                for k, a, b, c in zip(m.kind, m.a, m.b, m.c, strict=True)]  # fmt: skip
        own = m.rate[j] * p + (1 - m.rate[j]) * np.array(mean)
    if back:
        cut = max(0.0, s["last_running"][j] - room.sum())
        out["interrupted"] += cut * want / want.sum() if want.sum() > 0.0 else 0.0
        s["last_running"][j] = got.sum()
    s["fill"][j] = got.sum() / want.sum() if short else 1.0
    s["log_price"][j] = x
    return want, got, now[:, j] * own * m.level[j]


def naive_day(m: Market) -> dict[str, Any]:
    """The same day hour by hour, by plain arrays and the uncompiled rules."""
    s = {name: value.copy() for name, value in m.state.items()}
    steps, (rows, count), groups = m.season.shape[1], m.capacity.shape, len(m.quantity)
    out = {"price": np.zeros((steps, count)), "traded": np.zeros((steps, count)), "let": np.zeros((rows, count)),
           "revenue": np.zeros(rows), "bought": np.zeros(groups), "spent": np.zeros(groups),
           "unserved": np.zeros(groups), "interrupted": np.zeros(groups), "asked": np.zeros((rows, count)),
           "stock_outs": np.zeros(count)}  # fmt: skip
    now = np.zeros((rows, count))
    for t in range(steps):
        again, spilled = np.zeros(groups), np.zeros((count, groups))
        for j in m.sequence:
            base = (m.quantity * m.season[m.season_row, t] + s["waiting"]) * s["share"][m.work, j] + spilled[j]
            posted = m.mechanism[j] == POSTED
            want, got, earned = (naive_list_prices if posted else naive_auction)(m, s, now, base, j, out)
            missed = base * np.where(
                want > 0.0, 1.0 - got / np.maximum(want, 1e-300), 1.0 - s["fill"][j] if posted else 0.0
            )
            if s["fill"][j] < 1.0 - 1e-13:
                keen = 1.0 if m.mechanism[j] == INTERRUPTIBLE else m.retry
                if posted and m.partner[j] >= 0:
                    spilled[m.partner[j]] += missed
                else:
                    again += keen * missed
                    out["unserved"] += (1 - keen) * (want - got) * m.hours
            volume = got.sum()
            price = earned.sum() / volume if volume > 0.0 else math.exp(s["log_price"][j]) * m.level[j]
            out["price"][t, j], out["traded"][t, j] = price, volume * m.hours
            out["bought"] += got * m.hours
            out["spent"] += got * m.hours * price
            out["let"][:, j] += now[:, j] * m.hours
            out["revenue"] += earned * m.hours
        s["waiting"] = again
        liked = m.pull * s["fill"] * np.exp(-m.substitution * (s["log_price"] - m.shift))
        s["share"] += m.adjustment * (liked / liked.sum(axis=1, keepdims=True) - s["share"])
    return out | s


seeds = st.integers(0, 2**32 - 1)
tight = st.sampled_from([0.0, 0.02, 0.5, 1.0, 2.0, 10.0])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=seeds, tightness=st.sampled_from([0.5, 1.0, 2.0, 10.0]))  # at the floor supply is steep
def test_a_day_equals_the_plain_loop_over_hours_products_and_rows(seed: int, tightness: float) -> None:
    market = Market(seed, tightness)
    ours, theirs = market.clear(), naive_day(market)
    for name in (*NAMES, *STATE):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-7, atol=1e-6, err_msg=name)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=seeds, tightness=tight)
def test_hours_let_are_hours_bought_and_money_spent_is_money_earned(seed: int, tightness: float) -> None:
    market = Market(seed, tightness)
    day = market.clear()
    assert day["let"].sum() == pytest.approx(day["traded"].sum(), rel=1e-12, abs=1e-12)
    assert day["bought"].sum() == pytest.approx(day["traded"].sum(), rel=1e-12, abs=1e-12)
    assert day["spent"].sum() == pytest.approx(day["revenue"].sum(), rel=1e-12, abs=1e-12)
    owns = market.mechanism != INTERRUPTIBLE
    hours = market.hours * market.season.shape[1]
    assert (day["let"] <= market.capacity * hours * (1 + 1e-12))[:, owns].all()
    assert (day["let"].sum(axis=1) <= market.capacity[:, owns].sum(axis=1) * hours * (1 + 1e-12)).all(), (
        "idle hours are let once"
    )


def demand_side(m: Market) -> tuple[Any, ...]:
    """Demand as the auction adds it up."""
    sort, elasticities = kinds_of_elasticity(m.form, m.elasticity)
    at_zero = np.exp(m.elasticity * m.log_reference)
    total = np.zeros(len(elasticities))
    add_up(m.quantity, sort, at_zero, total)
    return total, elasticities, m.quantity, sort, m.log_reference, m.elasticity


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=seeds, tightness=tight, start=st.floats(LOW - 1.0, CAP + 1.0))
def test_the_hour_clears_where_bisection_does_wherever_the_search_starts(
    seed: int, tightness: float, start: float
) -> None:
    m = Market(seed, tightness, mechanism=(UNIFORM,))
    m.shift[:] = 0.0
    begin = runs_of_equals(m.kind, m.a, m.b, m.c)
    x, demand, supply = clear_hour(
        start, LOW, CAP, *demand_side(m), begin, m.kind, m.capacity[:, 0].copy(), m.a, m.b, m.c
    )
    assert demand == pytest.approx(wanted_at(m, m.quantity, 0, x).sum(), rel=1e-12)
    assert supply == pytest.approx(offered_at(m, m.capacity[:, 0], x).sum(), rel=1e-12)
    if LOW < x < CAP:
        assert demand == pytest.approx(supply, rel=1e-6)  # at the floor supply is steep
    elif demand > 0.0:
        assert (demand - supply > 0.0) == (x == CAP) or demand == pytest.approx(supply, rel=1e-9)


def test_demand_added_up_by_elasticity_and_equal_neighbours_of_supply_give_the_same_sums() -> None:
    m = Market(3, groups=40, rows=20, mechanism=(UNIFORM,))
    m.shift[:] = 0.0
    assert demand_at(0.9, *demand_side(m)) == pytest.approx(wanted_at(m, m.quantity, 0, 0.9).sum(), rel=1e-13)
    supply = m.kind, m.capacity[:, 0].copy(), m.a, m.b, m.c
    turned = [field[::-1].copy() for field in supply]
    both = [supply_at(0.9, runs_of_equals(x[0], *x[2:]), *x) for x in (supply, turned)]
    assert both[0] == pytest.approx(both[1], rel=1e-13)
    assert both[0] == pytest.approx(offered_at(m, m.capacity[:, 0], 0.9).sum(), rel=1e-13)


def test_pay_as_bid_with_full_shading_is_a_uniform_auction_to_the_last_bit() -> None:
    bid, uniform = Market(7, mechanism=(PAY_AS_BID, POSTED)), Market(7, mechanism=(UNIFORM, POSTED))
    for m in (bid, uniform):
        m.partner[:] = -1
        m.capacity[m.kind == 1] = 0.0
    uniform.capacity, uniform.level = bid.capacity, bid.level
    same = (
        "quantity form log_reference elasticity service season_row work kind a b c owner log_ask pull shift state rate"
    )
    for name in same.split():
        setattr(uniform, name, getattr(bid, name))
    bid.rate = np.array([1.0, bid.rate[1]])
    ours, theirs = bid.clear(), uniform.clear()
    assert all(np.array_equal(ours[name], theirs[name]) for name in (*NAMES, *STATE))
    bid.rate[0] = 0.0
    paid = bid.clear()
    assert paid["revenue"].sum() < ours["revenue"].sum(), "unshaded offers are paid less than the clearing price"
    assert np.array_equal(paid["let"], ours["let"]), "and the same hours are let"


def test_what_list_prices_turn_away_is_bid_for_in_the_same_hour() -> None:
    alone, joined = (Market(11, tightness=2.0, mechanism=(POSTED, UNIFORM)) for _ in range(2))
    alone.partner[0], joined.partner[0] = -1, 1
    a, b = alone.clear(), joined.clear()
    assert a["fill"][0] < 1.0, "the market is tight enough to sell out"
    assert (b["price"][:, 1] >= a["price"][:, 1]).all()
    assert b["price"][-1, 1] > a["price"][-1, 1]


def test_released_capacity_is_ready_only_in_part_an_hour_later() -> None:
    slow, fast = (Market(13, tightness=1.5, mechanism=(POSTED, UNIFORM)) for _ in range(2))
    for m, rate in ((slow, 0.1), (fast, 1.0)):
        m.partner[0], m.rate[0] = -1, rate
    a, b = slow.clear(), fast.clear()
    sellers = fast.owner[fast.kind == 0]
    assert (b["hidden"][sellers, 0] == 0.0).all()
    assert a["hidden"][sellers, 0].sum() > 0.0
    assert a["traded"][:, 0].sum() < b["traded"][:, 0].sum()


def test_interruptible_work_is_cut_off_when_its_hosts_fill_up() -> None:
    m = Market(17, mechanism=(POSTED, UNIFORM, INTERRUPTIBLE))
    m.state["last_running"][2] = 1e6
    assert m.clear()["interrupted"].sum() > 0.0
    m.rate[2], m.state["last_running"][2] = 0.0, 0.0
    none = m.clear()
    assert none["traded"][:, 2].sum() == 0.0
    assert none["interrupted"].sum() == 0.0


def test_at_the_cap_the_first_class_is_served_first_and_equals_share_pro_rata() -> None:
    wanted, service, got = np.array([30.0, 40.0, 60.0, 20.0]), np.array([1, 0, 1, 2]), np.zeros(4)
    serve(150.0, 85.0, True, service, 3, wanted, got)
    np.testing.assert_allclose(got, [15.0, 40.0, 30.0, 0.0], rtol=1e-15)
    serve(150.0, 145.0, True, service, 3, wanted, got)
    np.testing.assert_allclose(got, [30.0, 40.0, 60.0, 15.0], rtol=1e-15)
    serve(150.0, 150.0, True, service, 3, wanted, got)
    assert got.tolist() == wanted.tolist()


def test_below_the_cap_rounding_is_shared_by_all() -> None:
    wanted, got = np.array([30.0, 40.0, 80.0]), np.zeros(3)
    serve(150.0, 150.0 * (1 - 1e-13), False, np.array([0, 1, 2]), 3, wanted, got)
    assert (got < wanted).all()
    np.testing.assert_allclose(got / wanted, 1 - 1e-13, rtol=1e-15)


def test_equal_rows_get_the_same_to_the_last_bit_wherever_they_stand() -> None:
    m = Market(5, tightness=10.0, groups=12)
    for field in (
        m.quantity,
        m.log_reference,
        m.elasticity,
        m.service,
        m.season_row,
        m.work,
        m.form,
        m.state["waiting"],
    ):
        field[9] = field[2]
    m.kind[:] = 0
    m.a[:], m.b[:], m.c[:] = 0.4, 3.0, 4.0
    m.capacity[4], m.log_ask[4] = m.capacity[1], m.log_ask[1]
    for name in ("hidden", "last_let"):
        m.state[name][m.owner[4]] = m.state[name][m.owner[1]]
    day = m.clear()
    assert day["unserved"].sum() > 0.0
    assert (day["bought"][2], day["unserved"][2], day["revenue"][1]) == (
        day["bought"][9], day["unserved"][9], day["revenue"][4],
    )  # fmt: skip
    assert day["let"][1].tolist() == day["let"][4].tolist()
