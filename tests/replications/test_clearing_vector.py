"""The clearing vector against a linear program, plain iteration and the properties of Eisenberg and Noe (2001)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from sim.credit.clearing_vector import clearing_vector, equity_after, fire_sale_vector


@st.composite
def networks(draw, most=6):
    n = draw(st.integers(1, most))
    amount = st.one_of(st.just(0.0), st.floats(0.01, 100.0))
    debts = np.array([[draw(amount) if i != j else 0.0 for j in range(n)] for i in range(n)])
    return debts, np.array([draw(amount) for _ in range(n)])


def by_iteration(debts, assets, rounds=20_000):
    owed = debts.sum(axis=1)
    shares = debts / np.where(owed > 0, owed, 1.0)[:, None]
    p = owed.copy()
    for _ in range(rounds):
        p, before = np.minimum(owed, assets + p @ shares), p
        if np.abs(p - before).max() <= 1e-14 * max(1.0, owed.max()):
            break
    return p


def by_linear_program(debts, assets):
    owed = debts.sum(axis=1)
    shares = debts / np.where(owed > 0, owed, 1.0)[:, None]
    found = linprog(-np.ones(len(owed)), np.eye(len(owed)) - shares.T, assets, bounds=[(0, x) for x in owed])
    return found.x


@given(networks())
def test_the_clearing_vector_is_what_plain_iteration_from_above_finds(network):
    debts, assets = network
    payments, _ = clearing_vector(debts, assets)
    slow = by_iteration(debts, assets)
    assert np.all(payments <= slow + 1e-9 * (1.0 + debts.sum()))  # iteration comes from above and may be slow
    owed = debts.sum(axis=1)
    shares = debts / np.where(owed > 0, owed, 1.0)[:, None]
    np.testing.assert_allclose(payments, np.minimum(owed, assets + payments @ shares), atol=1e-8)


def test_the_clearing_vector_is_the_greatest_by_linear_program():
    for seed in range(60):
        draws = np.random.default_rng(seed)
        n = int(draws.integers(2, 9))
        debts = draws.exponential(5.0, (n, n)) * (draws.random((n, n)) < 0.5)
        np.fill_diagonal(debts, 0.0)
        assets = draws.exponential(3.0, n) * (draws.random(n) < 0.7)
        payments, _ = clearing_vector(debts, assets)
        np.testing.assert_allclose(payments, by_linear_program(debts, assets), atol=1e-7)


@given(networks(), st.floats(0.0, 10.0))
def test_firms_that_have_more_never_pay_less(network, more):
    debts, assets = network
    before, _ = clearing_vector(debts, assets)
    after, _ = clearing_vector(debts, assets + more)
    assert np.all(after >= before - 1e-9 * (1.0 + debts.sum()))


@given(networks())
def test_payments_lose_nothing_and_leave_no_owner_with_less_than_nothing(network):
    debts, assets = network
    payments, failed = clearing_vector(debts, assets)
    equity = equity_after(debts, assets, payments)
    np.testing.assert_allclose(equity.sum(), assets.sum(), rtol=1e-9, atol=1e-9)
    assert np.all(equity >= -1e-8)
    assert np.all(np.abs(equity[failed]) < 1e-8)  # owners of those in default get nothing
    np.testing.assert_array_equal(payments[~failed], debts.sum(axis=1)[~failed])


def test_without_debts_between_firms_the_clearing_vector_is_nothing():
    payments, failed = clearing_vector(np.zeros((3, 3)), np.array([1.0, 0.0, 2.0]))
    assert not payments.any()
    assert not failed.any()


def test_a_ring_of_firms_that_have_nothing_but_each_other_settles_in_full():
    ring = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 5.0], [5.0, 0.0, 0.0]])
    payments, failed = clearing_vector(ring, np.zeros(3))
    np.testing.assert_array_equal(payments, [5.0, 5.0, 5.0])
    assert not failed.any()


@pytest.mark.parametrize(
    ("debts", "assets", "said"),
    [
        (np.zeros((2, 3)), np.zeros(2), "do not fit"),
        (np.array([[0.0, -1.0], [0.0, 0.0]]), np.zeros(2), "debts must be"),
        (np.array([[0.0, 1.0], [np.inf, 0.0]]), np.zeros(2), "debts must be"),
        (np.zeros((2, 2)), np.array([1.0, np.nan]), "outside assets must be"),
        (np.eye(2), np.ones(2), "cannot owe itself"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(debts, assets, said):
    with pytest.raises(ValueError, match=said):
        clearing_vector(debts, assets)


@given(networks(), st.lists(st.floats(0.0, 20.0), min_size=6, max_size=6), st.floats(0.0, 0.2))
def test_with_the_price_of_hardware_inside_it_is_a_fixed_point_and_none_reached_from_above_is_greater(
    network, gpus, fall
):
    debts, cash = network
    gpus = np.array(gpus[: len(cash)])

    def price_of(sold: float) -> float:
        return float(np.exp(-fall * sold))

    paid, failed, price = fire_sale_vector(debts, cash, gpus, price_of)
    assert price == price_of(float(gpus[failed].sum()))
    again, short = clearing_vector(debts, cash + price * gpus)
    assert again == pytest.approx(paid)
    assert not (short & ~failed).any()
    p, sold = 1.0, 0.0  # plain iteration from above: the greatest fixed point of a falling map
    for _ in range(len(cash) + 1):
        _, down = clearing_vector(debts, cash + p * gpus)
        sold = max(sold, float(gpus[down].sum()))
        p = price_of(sold)
    assert price == pytest.approx(p)


def test_a_price_that_does_not_fall_is_the_clearing_vector_of_that_price():
    debts, cash, gpus = np.array([[0.0, 10.0], [0.0, 0.0]]), np.array([2.0, 0.0]), np.array([3.0, 1.0])
    paid, failed, price = fire_sale_vector(debts, cash, gpus, lambda sold: 2.0)
    assert (paid[0], failed.tolist(), price) == (8.0, [True, False], 2.0)
    cheap = fire_sale_vector(debts, cash, gpus, lambda sold: 2.0 - 0.5 * sold)
    assert (cheap[0][0], cheap[2]) == (3.5, 0.5)


def test_a_price_that_rises_with_sales_is_refused():
    with pytest.raises(ValueError, match="rises"):
        fire_sale_vector(np.array([[0.0, 10.0], [0.0, 0.0]]), np.zeros(2), np.ones(2), lambda sold: 1.0 + sold)
