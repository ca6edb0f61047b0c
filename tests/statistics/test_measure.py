"""What metrics share: sums, means and extremes with numpy's bits, and what is worked out once for a window."""

import datetime
import math
import warnings

import numpy as np
import pytest

from sim.metrics.measure import Window, highest, lowest, mean, once, total
from sim.record import Column, Record

DAYS = 700


@pytest.fixture
def window() -> Window:
    chance = np.random.default_rng(3)
    names = ("whole", "holes", "empty", "infinite", "endless")
    record = Record([Column(name, "1", name) for name in names], datetime.date(2026, 1, 1), DAYS)
    record.rows[:] = chance.lognormal(1.0, 3.0, (DAYS, len(names)))
    record.rows[chance.random(DAYS) < 0.4, 1] = np.nan
    record.rows[:, 2] = np.nan
    record.rows[5, 3] = np.inf
    record.rows[:, 4] = np.inf
    record.days = DAYS
    return Window(record, 3, DAYS - 2)


@pytest.mark.parametrize("column", ["whole", "holes", "infinite"])
def test_what_is_taken_over_the_days_that_have_a_value_has_numpys_bits(window: Window, column: str) -> None:
    values = window.series(column)
    assert mean(window, column) == float(np.nanmean(values))
    assert highest(window, column) == float(np.nanmax(values))
    assert lowest(window, column) == float(np.nanmin(values))
    assert np.array(total(window, column)).tobytes() == np.array(float(values.sum())).tobytes()


@pytest.mark.parametrize("column", ["empty", "absent", "endless"])
def test_nothing_is_nan_without_a_warning(window: Window, column: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(math.isnan(figure(window, column)) for figure in (mean, highest, lowest))
        assert column == "endless" or math.isnan(total(window, column))


def test_a_series_that_a_world_does_not_have_is_nan_and_cannot_be_written_to(window: Window) -> None:
    assert np.isnan(window.series("absent")).all()
    with pytest.raises(ValueError, match="read-only"):
        window.series("absent")[0] = 1.0


def test_what_several_metrics_ask_is_worked_out_once_for_each_window_and_question(window: Window) -> None:
    asked = []

    @once
    def counted(window: Window, what: str) -> str:
        asked.append(what)
        return f"{what} from {window.start}"

    other = Window(window.record, 10, 20)
    assert [counted(one, what) for one in (window, other) for what in ("a", "b", "a")] == [
        f"{what} from {start}" for start in (3, 10) for what in ("a", "b", "a")
    ]
    assert asked == ["a", "b", "a", "b"]
