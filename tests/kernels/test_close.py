"""The close of all months at once is the closes of each, one after the other, and the sums of its orders."""

from __future__ import annotations

import numpy as np
import pytest

from sim.kernels.call_auction import (
    Cleared,
    call_auction,
    linear_schedules_on_ticks,
    schedule_fills,
    tick_grid,
)
from sim.kernels.close import close_months, gross

MONTHS, OWNERS, TRADERS = 4, 6, 50
LIMIT, TICK = 0.15, 0.01


def evening(seed: int) -> tuple:
    """Schedules by month, resting orders of which most are of size zero, last prices."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, MONTHS)
    ends = np.concatenate([[0], np.cumsum(counts)])
    n = int(ends[-1])
    low = -rng.uniform(0.0, 20.0, n)
    schedules = np.stack([rng.normal(0.0, 10.0, n), rng.uniform(0.0, 80.0, n), low, low + rng.uniform(0.0, 40.0, n)])
    last = rng.uniform(1.5, 3.0, MONTHS)
    quantity = np.where(rng.random((MONTHS, TRADERS)) < 0.2, rng.normal(0.0, 3.0, (MONTHS, TRADERS)), 0.0)
    tick = np.rint(last[:, None] / TICK + rng.normal(0.0, 10.0, quantity.shape)).astype(np.int64)
    return ends, rng.integers(0, OWNERS, n), schedules, quantity, tick, last


@pytest.mark.parametrize("joint", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_months_close_as_each_does_alone(seed: int, joint: int) -> None:
    """Orders of size zero are passed over; months cleared before are taken as they are."""
    ends, owners, schedules, quantity, tick, last = evening(seed)
    cleared, fills = np.empty((MONTHS, 7)), np.zeros_like(quantity)
    trades, wanted = np.zeros((2, MONTHS, OWNERS))
    expected = np.zeros_like(trades), np.zeros_like(trades), np.zeros_like(fills)
    outcomes = []
    for m in range(MONTHS):
        some = slice(ends[m], ends[m + 1])
        terms = tuple(schedules[:, some])
        tick0, n = tick_grid(last[m], LIMIT, TICK)
        curve = np.zeros((2, n))
        linear_schedules_on_ticks(*terms, last[m], tick0, TICK, curve)
        found = call_auction(quantity[m], tick[m], curve, tick0, TICK, last[m], False, expected[2][m])
        outcomes.append(found)
        filled = np.zeros(len(owners[some]))
        for into, outcome in (
            (expected[0], found),
            (expected[1], found._replace(curve_buy_filled=1.0, curve_sell_filled=-1.0)),
        ):
            schedule_fills(*terms, last[m], tick0, TICK, outcome, filled)
            np.add.at(into[m], owners[some], filled)
        if m < joint:
            cleared[m], fills[m] = found, expected[2][m]
    close_months(
        joint, ends, owners, schedules, quantity, tick, last, LIMIT, TICK, False, cleared, fills, trades, wanted
    )
    assert [Cleared(*row) for row in cleared.tolist()] == outcomes
    for ours, theirs in zip((trades, wanted, fills), expected, strict=True):
        assert np.array_equal(ours, theirs)
    assert np.abs(trades).max() > 0.0
    assert np.abs(fills).max() > 0.0


def test_gross_is_the_size_of_positions_and_orders() -> None:
    """Whatever is left over from whole lanes counts too."""
    rng = np.random.default_rng(1)
    for traders in (0, 1, 7, 8, 19):
        position, quantity = rng.normal(size=(2, 3, traders))
        found = np.abs(position).sum(axis=1) + np.abs(quantity).sum(axis=1)
        assert gross(position, quantity) == pytest.approx(found, rel=1e-14, abs=1e-300)
