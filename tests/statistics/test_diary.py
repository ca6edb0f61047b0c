"""What the diary finds of a few values is what numpy finds; a day is written by name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.credit.audit import median
from sim.quantiles import quantiles
from sim.record import ORDER, Column, Record, in_order
from tests.worlds import world

SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)


@given(st.integers(0, 10_000), st.integers(1, 120))
def test_quantiles_and_medians_are_those_of_numpy_to_the_last_bit(seed, count):
    values = np.random.default_rng(seed).lognormal(size=count)
    assert quantiles(values, SHARES) == np.quantile(values, SHARES).tolist()
    assert median(values) == np.median(values)


def test_of_nothing_they_are_empty():
    assert math.isnan(median(np.zeros(0)))
    assert [math.isnan(x) for x in quantiles(np.zeros(0), SHARES)] == [True] * 5


def test_a_day_has_every_series_by_name_and_no_other():
    record = Record([Column("a", "", ""), Column("b", "", "")], None, 2)
    record.write({"b": 2.0, "a": 1.0})
    record.write({"b": 4.0, "a": 3.0})
    record.write({"a": 5.0}, {"b": 6.0})
    record.write({"b": 8.0}, {"a": 7.0})
    assert record["a"].tolist() == [1.0, 3.0, 5.0, 7.0]
    assert record["b"].tolist() == [2.0, 4.0, 6.0, 8.0]
    for day in (
        [{"a": 1.0}],
        [{"a": 1.0, "b": 2.0, "c": 3.0}],
        [{"a": 1.0, "b": 2.0}, {"a": 1.0}],
        [{"a": 1.0, "c": 2.0}],
    ):
        with pytest.raises(ValueError, match=r"missing \[.*\], unknown \[.*\], twice \[.*\]"):
            record.write(*day)
    assert record.days == 4


def test_series_stand_in_one_order_whoever_records_them():
    again = {"share": 1.0, "amortisation": None, "schedule": {"months": 36, "balloon": 0.3}, "refinance": True}
    economy = world(
        "notes=term", "funds=leveraged", "resale=default", "mechanism=intraday_calls", "clearing=members",
        "venues.main.reports=true", "loan.reports=true", "venue=architect",
        loan__facilities={"term": again}, futures__open_interest_share=0.1, venues__architect__reports=True,
        venues__architect__mechanism="limit_order_book", venues__architect__intraday_calls=True,
    )  # fmt: skip
    families = [column.family or column.name for column in economy.record.columns.values()]
    assert list(dict.fromkeys(families)) == list(ORDER)
    with pytest.raises(ValueError, match=r"without a place in sim.record.ORDER: \['mine'\]"):
        in_order([Column("mine", "", "")])
