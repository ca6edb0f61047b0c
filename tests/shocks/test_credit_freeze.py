"""A freeze of credit stops new loans while it lasts, and nothing else of them."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from tests.worlds import moved, ran, series


def frozen(size: float, days: int = 95) -> Economy:
    shock = {"_target_": "sim.shocks.credit_freeze.CreditFreeze", "start": 20, "length": 50, "size": size,
             "recovery_days": 0}  # fmt: skip
    return ran(days, "venue=none", shocks={"freeze": shock})


def test_no_loans_are_made_while_it_lasts_and_some_after():
    draws, calm = frozen(1.0).record["loan_draws_usd"], ran(95, "venue=none").record["loan_draws_usd"]
    month_ends = np.flatnonzero(calm)
    assert month_ends.tolist() == [30, 58, 89]
    assert draws[30] == draws[58] == 0.0
    assert draws[89] > 0.0


@pytest.mark.parametrize("size", [0.25, 0.5])
def test_a_part_of_it_is_a_part_of_what_would_be_lent(size):
    economy, calm = frozen(size, 31), ran(31, "venue=none")
    assert 0.0 < economy.record["loan_draws_usd"][30] < calm.record["loan_draws_usd"][30]
    assert economy.record["orders_ve"][30] <= calm.record["orders_ve"][30]


def test_loans_that_stand_are_served_as_before():
    a, b = (e.books.ledger.flow("interest") for e in (frozen(1.0, 31), ran(31, "venue=none")))
    assert np.array_equal(a, b)


def test_of_size_zero_it_is_absent_to_the_last_bit():
    assert moved(series(frozen(0.0, 40)), series(ran(40, "venue=none"))) == []
