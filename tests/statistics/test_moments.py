"""Moments of recorded days, and the table that is kept of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.kinds.moments import (
    CENT,
    MOMENTS,
    autocorrelation,
    half_life,
    log_of,
    moments,
    repriced,
    stood_still,
    unchanged,
    write_moments,
)
from experiments.results import MissingDataError, Results
from sim.metrics.series import SPAN_DAYS, in_spans

COLUMNS = ["moment", "unit", "low", "high", "obtained", "low_ci", "high_ci", "inside", "source"]


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    path = write_moments(folder)
    kept = pd.read_parquet(path).set_index("moment", drop=False)
    path.unlink()  # the folder is shared
    return kept


def test_the_columns_are_exactly_those_promised_and_every_moment_has_a_row(table: pd.DataFrame) -> None:
    assert list(table.columns) == COLUMNS
    assert list(table["moment"]) == [moment.name for moment in MOMENTS]


def test_moments_are_those_of_the_calm_baseline_arm(folder: Path, table: pd.DataFrame) -> None:
    calm = [pd.read_parquet(path) for path in sorted((folder / "paths").glob("no_finance-none-*.parquet"))]
    volatility = [np.diff(np.log(days["index_transaction_usd_per_gpu_hour"])).std(ddof=1) for days in calm]
    assert table.loc["transaction_sd_daily", "obtained"] == pytest.approx(np.mean(volatility))
    ratio = [(days["rent_h100_usd_per_gpu_hour"] / days["rent_path_usd_per_ve_hour"]).quantile(0.95) for days in calm]
    assert table.loc["rent_over_path_p95", "obtained"] == pytest.approx(np.mean(ratio))
    assert table.loc["discount_36m", ["obtained", "low_ci", "high_ci"]].tolist() == pytest.approx([-0.37] * 3)
    assert table.loc["fleet_growth", "obtained"] == pytest.approx(0.56, abs=0.05)


def test_inside_says_whether_the_mean_lies_in_the_band(table: pd.DataFrame) -> None:
    judged = table[table["obtained"].notna()]
    expected = (judged["low"] <= judged["obtained"]) & (judged["obtained"] <= judged["high"])
    assert (judged["inside"].astype(bool) == expected).all()
    assert {True, False} == set(judged["inside"].astype(bool))
    assert (judged["low_ci"] <= judged["obtained"] + 1e-12).all()


def test_a_column_that_is_not_recorded_leaves_a_row_without_a_figure(tmp_path: Path) -> None:
    (tmp_path / "paths").mkdir()
    day = np.arange(40)
    days = pd.DataFrame({"arm": "base", "shock": "none", "seed": 1, "day": day, "occupancy": 0.8})
    days.to_parquet(tmp_path / "paths" / "base-none-0001.parquet")
    pd.DataFrame({"arm": ["base"], "shock": ["none"], "seed": [1], "status": ["ok"]}).to_parquet(
        tmp_path / "runs.parquet"
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"study": {"arms": {"base": []}}, "days": 40}))
    rows = {row["moment"]: row for row in moments(Results(tmp_path))}
    assert rows["occupancy_mean"]["obtained"] == pytest.approx(0.8)
    assert rows["occupancy_mean"]["low_ci"] is None  # one seed has no interval
    assert rows["q_mean"] == rows["q_mean"] | {"obtained": None, "inside": None}


def test_a_folder_without_recorded_days_is_an_error(summary_folder: Path) -> None:
    with pytest.raises(MissingDataError, match="record"):
        moments(Results(summary_folder))


def test_noise_that_halves_in_five_days_is_found_to_and_a_trend_beside_it_hardly_counts() -> None:
    decay = 0.5 ** (1.0 / 5.0)
    noise = np.zeros(20 * SPAN_DAYS)
    for day, draw in enumerate(np.random.default_rng(1).normal(0.0, 0.04, len(noise) - 1)):
        noise[day + 1] = decay * noise[day] + draw
    wave = np.sin(2.0 * np.pi * np.arange(len(noise)) / 1500.0)
    for level in (noise, noise + 0.3 * wave):
        days = pd.DataFrame({"x": np.exp(level)})
        assert 2.5 < half_life(log_of("x"))(days) < 5.0, "short records understate it, the market's as the model's"
        assert 0.1 < autocorrelation(log_of("x"), 7)(days) < 0.5
    assert pd.Series(noise + 0.3 * wave).autocorr(60) > 0.5, "seen whole, it does"


def test_a_figure_in_records_is_the_mean_over_spans_or_of_what_there_is() -> None:
    days = np.repeat([1.0, 3.0], SPAN_DAYS)
    assert in_spans(days, np.std) == 0.0
    assert in_spans(days[:10], np.mean) == 1.0
    assert in_spans(days, lambda span: 2.0 if span[0] == 1.0 else np.nan) == 2.0
    assert np.isnan(in_spans(days, lambda span: np.nan))
    assert np.isnan(in_spans(days[:0], np.mean))


def test_list_prices_that_move_are_counted_by_seller() -> None:
    steps = {"a": np.ones(2 * SPAN_DAYS), "b": np.r_[np.ones(10), np.full(2 * SPAN_DAYS - 10, 1.1)]}
    days = pd.DataFrame(steps | {"c": np.exp(0.02 * np.arange(2 * SPAN_DAYS))})
    assert repriced(["a", "b"])(days) == pytest.approx(0.5 / (2 * SPAN_DAYS - 1))
    assert stood_still(["a", "b", "c"])(days) == pytest.approx((1.0 / 3.0 + 2.0 / 3.0) / 2.0)


def test_a_price_stands_still_where_it_rounds_to_the_same_cent() -> None:
    days = pd.DataFrame({"x": [2.500, 2.501, 2.51, 2.51]})
    assert unchanged("x", CENT)(days) == pytest.approx(2.0 / 3.0)
    assert unchanged("x")(days) == pytest.approx(1.0 / 3.0)
