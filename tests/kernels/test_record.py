"""What a day's record is made of has the bits that the same leaves in arrays."""

from __future__ import annotations

import numpy as np
import pytest

from sim.kernels import record
from sim.kernels.sums import mean_sd


@pytest.mark.parametrize("grades", [1, 3, 9])
def test_fleets_by_owner_and_in_all(grades: int) -> None:
    rng = np.random.default_rng(grades)
    working, ordered = rng.uniform(size=(2, 26, grades))
    landlords, gpu_ve = np.array([0, 3, 4, 9, 11, 20, 25]), rng.uniform(1.0, 3.0, grades)
    gpus, let, working_ve, let_ordered, ordered_ve = record.fleets(working, ordered, landlords, gpu_ve)
    assert np.array_equal(gpus, (working / gpu_ve).sum(axis=1))
    assert (let, working_ve) == (working[landlords].sum(), working.sum())
    assert (let_ordered, ordered_ve) == (ordered[landlords].sum(), ordered.sum())


def market() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is offered and sold (products, owners), and who is a landlord."""
    rng = np.random.default_rng(5)
    offered, sold = (np.where(rng.random((24, 114)) < 0.5, rng.uniform(size=(24, 114)), 0.0) for _ in range(2))
    offered[3] = 0.0
    return offered, sold, np.arange(0, 60, 3)


def test_hours_of_a_day() -> None:
    rng = np.random.default_rng(6)
    offered, sold, landlords = market()
    on_demand, value = np.repeat([1.0, 0.0], 12), rng.uniform(1.0, 3.0, 24)
    price, traded = rng.uniform(size=(2, 24, 24))
    fleet, gpu_ve, delivered = rng.uniform(size=(20, 3)), np.array([1.0, 1.9, 3.1]), rng.uniform(size=20)
    had, let, hours, paid, occupancy, left, gpus_per_ve = record.hours(
        offered, sold, landlords, on_demand, price, traded, value, fleet, gpu_ve, delivered
    )
    assert had == offered.T[landlords].sum()
    assert let == (sold.T[landlords] * on_demand).sum()
    assert hours == (traded.sum(axis=0) / value).sum()
    assert paid == (price * traded).sum()
    most = np.asfortranarray(offered.T).sum(axis=0) * 24
    let_of = np.asfortranarray(sold.T).sum(axis=0)
    shares = np.where(most > 0.0, let_of / np.maximum(most, 1e-300), np.nan)
    assert np.array_equal(occupancy, shares, equal_nan=True)
    assert np.isnan(occupancy[3])
    assert left == fleet.sum() - delivered.sum()
    assert gpus_per_ve == (fleet / gpu_ve).sum() / fleet.sum()
    none = record.hours(offered, sold, landlords, on_demand, price, traded, value, 0.0 * fleet, gpu_ve, 0.0 * delivered)
    assert none[5:] == (0.0, 1.0)


def test_list_prices_of_a_day() -> None:
    offered, _, _ = market()
    asks, rng = np.ascontiguousarray(offered.T), np.random.default_rng(7)
    posted, compared, region = np.arange(24) < 12, rng.random(24) < 0.5, np.arange(24) % 3
    stock_outs, sellers, order = rng.uniform(size=24), np.arange(0, 60, 3), np.array([3, 7, 1])
    region[posted & (region == 2)] = 1
    out, standing, first = record.listed(offered, posted, stock_outs, region, 3, asks, compared, sellers, order)
    count = ((offered.T > 0.0) & posted).sum(axis=0)
    assert record.shelves(offered, posted).tolist() == count.tolist()
    of = np.bincount(region, count, 3)
    with np.errstate(invalid="ignore"):
        assert np.array_equal(out, np.bincount(region, count * stock_outs, 3) / of, equal_nan=True)
    assert np.isnan(out[2]), "nobody posts a price there"
    assert standing.tolist() == np.sort(asks[:, compared][asks[:, compared] > 0.0]).tolist()
    shown = [next((float(asks[s, j]) for j in order if asks[s, j] > 0.0), np.nan) for s in sellers]
    assert np.array_equal(first, shown, equal_nan=True)


def test_positions_of_crowds_and_others() -> None:
    positions, rows = np.random.default_rng(8).normal(size=(40, 114)), np.array([3, 4, 9, 30, 31, 39])
    table, crowds, owners = positions[rows], np.array([7, 100]), np.arange(1, 113, 4)
    kept = table.copy()
    kept[:, crowds] = 0.0
    assert record.long_positions(positions, rows, crowds).tolist() == kept[kept > 0.0].tolist()
    assert record.held(positions, rows, owners) == table[:, owners].sum()
    for crowd in (np.random.default_rng(9).normal(size=(6, 1000)), np.zeros((1, 0)), np.full((2, 2), np.nan)):
        assert record.positive(crowd) == pytest.approx(np.maximum(0.0, crowd).sum(), rel=0.0, nan_ok=True)


def test_spreads_are_of_those_who_borrow() -> None:
    own, change, advance = np.random.default_rng(10).uniform(size=(3, 26))
    advance[[0, 5, 7]] = 0.0
    found = (own + 0.01 + change + 0.002)[advance > 0.0]
    assert record.spreads(own, 0.01, change, 0.002, advance) == (found.mean(), found.max())
    assert np.isnan(record.spreads(own, 0.01, change, 0.002, 0.0 * advance)).all()


@pytest.mark.parametrize("n", [1, 6, 9, 300])
def test_a_mean_and_a_standard_deviation(n: int) -> None:
    values = np.random.default_rng(n).normal(3.0, size=n)
    assert mean_sd(values) == (values.mean(), values.std())
