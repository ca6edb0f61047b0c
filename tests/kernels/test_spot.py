"""The hourly auction against bisection, a day against a plain loop, and who is served when capacity runs out."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.spot import clear_day, clear_hour, demand_at, serve, supply_at
from sim.rules import spot as rules

LOW, CAP = math.log(0.4), math.log(12.0)


class Rows:
    """Random users (U), supply rows (R) and products (J) of a market of about a thousand VE."""

    def __init__(self, seed: int, users: int = 12, rows: int = 6, products: int = 2, tightness: float = 1.0) -> None:
        rng = np.random.default_rng(seed)
        self.quantity = rng.uniform(0.0, 200.0, users) * tightness
        self.log_reference = np.log(rng.choice([2.0, 2.5, 3.1], users))
        self.elasticity = rng.choice([0.1, 0.4, 1.5], users)
        self.service = rng.integers(0, 3, users)
        self.season_row = rng.integers(0, 2, users)
        self.work = rng.integers(0, 2, users)
        self.kind = np.sort(rng.integers(0, 2, rows))
        self.kind[0] = 0
        swing = self.kind == 1
        self.a = np.where(swing, np.log(rng.uniform(2.0, 4.0, rows)), 0.4)
        self.b = np.where(swing, self.a + rng.uniform(0.3, 1.0, rows), rng.uniform(2.0, 8.0, rows))
        self.c = np.where(swing, 0.0, rng.uniform(3.0, 8.0, rows))
        self.capacity = rng.uniform(0.0, 400.0, (rows, products))

    def demand(self) -> tuple[Any, ...]:
        return self.quantity, self.log_reference, self.elasticity

    def supply(self) -> tuple[Any, ...]:
        return self.kind, self.capacity, self.a, self.b, self.c


def offered(row: Rows, r: int, x: float) -> float:
    """The share of one row's capacity that is offered, by the uncompiled rules."""
    if row.kind[r] == 1:
        return rules.swing_share(x, row.a[r], row.b[r])
    return rules.offer_share(math.exp(x), row.a[r], row.b[r], row.c[r])


def excess(row: Rows, product: int, base: Any, x: float) -> float:
    wanted = (base[i] * rules.demand_share(x, row.log_reference[i], row.elasticity[i]) for i in range(len(base)))
    supply = (row.capacity[r, product] * offered(row, r, x) for r in range(len(row.kind)))
    return math.fsum(wanted) - math.fsum(supply)


def bisect(row: Rows, product: int, base: Any) -> float:
    low, high = LOW, CAP
    if excess(row, product, base, high) >= 0.0:
        return high
    if excess(row, product, base, low) <= 0.0:
        return low
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(row, product, base, middle) > 0.0 else (low, middle)
    return low


seeds = st.integers(0, 2**32 - 1)
tight = st.sampled_from([0.0, 0.02, 0.5, 1.0, 2.0, 10.0])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=seeds, tightness=tight, start=st.floats(LOW - 1.0, CAP + 1.0), product=st.integers(0, 1))
def test_the_hour_clears_where_bisection_does_wherever_the_search_starts(
    seed: int, tightness: float, start: float, product: int
) -> None:
    row = Rows(seed, tightness=tightness)
    x, demand, supply = clear_hour(start, LOW, CAP, product, *row.demand(), *row.supply())
    assert x == pytest.approx(bisect(row, product, row.quantity), abs=1e-10)
    assert demand - supply == pytest.approx(excess(row, product, row.quantity, x), abs=1e-9)
    if LOW < x < CAP:
        assert demand == pytest.approx(supply, rel=1e-9)


def test_the_hour_clears_at_the_ends_when_nothing_is_wanted_or_too_little_is_there() -> None:
    idle, short = Rows(1, tightness=0.0), Rows(1, tightness=1000.0)
    assert clear_hour(1.0, LOW, CAP, 0, *idle.demand(), *idle.supply())[0] <= 1.0
    x, demand, supply = clear_hour(1.0, LOW, CAP, 0, *short.demand(), *short.supply())
    assert x == CAP
    assert demand > supply > 0.0


def test_equal_neighbours_and_rows_in_any_order_give_the_same_sums() -> None:
    row = Rows(3, users=40, rows=20)
    order = np.random.default_rng(0).permutation(40)
    sorted_ = np.lexsort((row.elasticity, row.log_reference))
    sums = [demand_at(0.9, *(field[o] for field in row.demand())) for o in (order, sorted_)]
    assert sums[0] == pytest.approx(sums[1], rel=1e-13)
    turned = [field[::-1].copy() for field in row.supply()]
    assert supply_at(0.9, 1, *row.supply()) == pytest.approx(supply_at(0.9, 1, *turned), rel=1e-13)


def day(row: Rows, steps: int = 6) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The arguments of a day of this market, with two kinds of work, a flat and a wavy season."""
    products = row.capacity.shape[1]
    wave = [rules.season(h + 0.5, 0.3, 15.0) for h in range(steps)]
    taste = np.array([[0.6, 0.4], [0.3, 0.7]])[:, :products]
    state = {"log_price": np.full(products, 0.9), "share": np.array([[0.55, 0.45], [0.2, 0.8]])[:, :products]}
    rest = (
        2.0, 0.1, taste, 6.0, LOW, CAP, row.work, row.service, row.season_row, np.array([[1.0] * steps, wave]),
        *row.demand(), *row.supply(),
    )  # fmt: skip
    return state, rest


def naive_day(row: Rows, state: dict[str, Any], rest: tuple[Any, ...]) -> list[Any]:
    """The same day hour by hour, row by row, with the uncompiled rules."""
    hours, adjustment, taste, substitution, season = *rest[:4], rest[9]
    users, rows, products = len(row.quantity), len(row.kind), row.capacity.shape[1]
    log_price, share = state["log_price"].copy(), state["share"].copy()
    price, traded = np.zeros((season.shape[1], products)), np.zeros((season.shape[1], products))
    sold, revenue = np.zeros((rows, products)), np.zeros(rows)
    wanted, bought, spent = np.zeros(users), np.zeros(users), np.zeros(users)
    for t in range(season.shape[1]):
        for j in range(products):
            base = row.quantity * season[row.season_row, t] * share[row.work, j]
            x = log_price[j] = bisect(row, j, base)
            p = price[t, j] = math.exp(x)
            want = base * [rules.demand_share(x, *row_) for row_ in zip(row.log_reference, row.elasticity, strict=True)]
            offer = row.capacity[:, j] * [offered(row, r, x) for r in range(rows)]
            got = want.copy()
            if want.sum() > offer.sum() * (1 + 1e-9):
                left = offer.sum()
                for level in range(3):
                    mine = row.service == level
                    got[mine] *= min(1.0, left / want[mine].sum()) if want[mine].sum() > 0 else 1.0
                    left = max(0.0, left - want[mine].sum())
            used = got.sum() / offer.sum() if offer.sum() > 0.0 else 0.0
            wanted, bought, spent = wanted + hours * want, bought + hours * got, spent + hours * p * got
            sold[:, j] += hours * offer * used
            revenue += hours * p * offer * used
            traded[t, j] = hours * got.sum()
        pull = taste * [[rules.preference(x, log_price[0], substitution) for x in log_price]]
        share += adjustment * (pull / pull.sum(axis=1, keepdims=True) - share)
    return [price, traded, sold, revenue, wanted, bought, spent, log_price, share]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=seeds, tightness=tight)
def test_a_day_equals_the_plain_loop_over_hours_and_rows(seed: int, tightness: float) -> None:
    row = Rows(seed, tightness=tightness)
    state, rest = day(row)
    expected = naive_day(row, state, rest)
    obtained = [*clear_day(state["log_price"], state["share"], *rest), state["log_price"], state["share"]]
    for ours, theirs in zip(obtained, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-7)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=seeds, tightness=tight)
def test_hours_sold_are_hours_bought_and_money_spent_is_money_earned(seed: int, tightness: float) -> None:
    row = Rows(seed, tightness=tightness)
    state, rest = day(row)
    _, traded, sold, revenue, wanted, bought, spent = clear_day(state["log_price"], state["share"], *rest)
    assert sold.sum() == pytest.approx(traded.sum(), rel=1e-12, abs=1e-12)
    assert bought.sum() == pytest.approx(traded.sum(), rel=1e-12, abs=1e-12)
    assert spent.sum() == pytest.approx(revenue.sum(), rel=1e-12, abs=1e-12)
    assert (bought <= wanted * (1 + 1e-12)).all()
    assert (sold <= row.capacity * 12.0 * (1 + 1e-12)).all()


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
    row = Rows(5, tightness=40.0)
    for field in (row.quantity, row.log_reference, row.elasticity, row.service, row.season_row, row.work):
        field[9] = field[2]
    row.capacity[4] = row.capacity[1] = 300.0
    for field in (row.kind, row.a, row.b, row.c):
        field[4] = field[1]
    state, rest = day(row)
    price, _, sold, revenue, wanted, bought, _ = clear_day(state["log_price"], state["share"], *rest)
    assert price.max() == pytest.approx(math.exp(CAP))
    assert (bought[2], wanted[2], revenue[1]) == (bought[9], wanted[9], revenue[4])
    assert sold[1].tolist() == sold[4].tolist()
