"""Hedge effectiveness from recorded days: all of one's own risk, nothing of noise, less with a foreign fleet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.kinds.standardisation import HORIZONS, Owner, by_month, schema, standardisation, write_standardisation
from experiments.plots.style import house_style
from experiments.report.figures.effects import standardisation as figures
from experiments.results import MissingDataError, Results

DAYS, SEEDS = 730, 6
WORLD = {
    "world": {"equal_months": True},
    "grades": {"h100": {"value": 1.0, "fleet_share": 0.6}, "b200": {"value": 2.0, "fleet_share": 0.4}},
    "regions": {"us": {"share": 1.0}},
    "tiers": {"marketplace": {"share": 1.0}, "managed": {"share": 0.0}},
    "indices": {
        "transaction": {"basket": {"reference": {"grade": "h100", "region": "us", "tier": "marketplace"}}},
        "half": {}, "noise": {},
    },
}  # fmt: skip


def walk(*key: int) -> np.ndarray:
    steps = np.random.Generator(np.random.Philox(key=list(key))).normal(0.0, 0.02, DAYS)
    return np.exp(steps.cumsum())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("standardisation")
    (out / "paths").mkdir()
    day = np.arange(DAYS)
    path = np.exp(-0.3 * day / 365)
    for seed in range(1, SEEDS + 1):
        common, own = walk(seed, 1), walk(seed, 2)
        h100, b200 = 3.0 * path * common, 6.0 * path * own
        frame = pd.DataFrame({
            "arm": "base", "shock": "none", "seed": seed, "day": day, "date": pd.date_range("2026-01-01", periods=DAYS),
            "rent_path_usd_per_ve_hour": 3.0 * path, "month_end": (day % 30 == 29).astype(float),
            "index_transaction_usd_per_gpu_hour": h100, "index_noise_usd_per_gpu_hour": path * walk(seed, 3),
            "index_half_usd_per_gpu_hour": 2.0 * h100,
            "rent_h100_us_marketplace_usd_per_gpu_hour": h100, "occupancy_h100_us_marketplace": 0.8,
            "rent_b200_us_marketplace_usd_per_gpu_hour": b200, "occupancy_b200_us_marketplace": 0.8,
            "rent_h100_us_managed_usd_per_gpu_hour": 9.0, "occupancy_h100_us_managed": np.nan,
            "rent_b200_us_managed_usd_per_gpu_hour": 18.0 * path, "occupancy_b200_us_managed": 0.8,
        })  # fmt: skip
        frame.to_parquet(out / "paths" / f"base-none-{seed:04d}.parquet")
    runs = {"arm": "base", "shock": "none", "seed": range(1, SEEDS + 1), "status": "ok"}
    pd.DataFrame(runs).to_parquet(out / "runs.parquet")
    study = {"name": "s", "kind": "standardisation", "arms": {"base": []}}
    (out / "config.yaml").write_text(yaml.safe_dump({"study": study, "days": DAYS, "world": WORLD}))
    return out


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(standardisation(Results(folder))).set_index(["owner", "index", "horizon_months"])


def test_an_owner_of_the_reference_is_hedged_whole_by_an_index_in_any_unit(table: pd.DataFrame) -> None:
    for horizon in HORIZONS:
        own, half = (table.loc["h100_us_marketplace", name, horizon] for name in ("transaction", "half"))
        assert own[["effectiveness", "low", "high"]].tolist() == pytest.approx([1.0] * 3)
        assert own["h_star"] == pytest.approx(0.8), "hours let per hour owned"
        assert half["effectiveness"] == pytest.approx(1.0)
        assert half["h_star"] == pytest.approx(0.4)
        assert own["basis_sd"] == pytest.approx(0.0, abs=1e-9)


def test_noise_and_foreign_fleets_are_not_hedged(table: pd.DataFrame) -> None:
    for owner, index in (("h100_us_marketplace", "noise"), ("b200_us_marketplace", "transaction")):
        assert abs(table.loc[owner, index, 1]["effectiveness"]) < 0.2
    assert table.loc["b200_us_marketplace", "transaction", 1]["basis_sd"] > 0.1


def test_the_more_of_the_reference_is_owned_the_better_it_hedges(table: pd.DataFrame) -> None:
    mixed = table.xs(("transaction", 1), level=("index", "horizon_months"))
    mixed = mixed[mixed["reference_share"].notna()].sort_values("reference_share")["effectiveness"].to_numpy()
    assert (np.diff(mixed) > 0.0).all()
    assert len(mixed) == 5


def test_fleets_cover_products_that_are_offered_grades_regions_tiers_and_the_mix(table: pd.DataFrame) -> None:
    owners = set(table.index.get_level_values("owner"))
    assert {"b200_us_managed", "all_h100", "all_us", "all_managed", "market_mix", "reference_50%"} <= owners
    assert "h100_us_managed" not in owners, "nobody offers it"
    flat = table.loc["b200_us_managed", "transaction", 1]
    assert np.isnan(flat["effectiveness"]) or flat["seeds"] == 0, "what does not vary has no risk to take away"


def test_the_market_mix_is_as_capacity_begins(table: pd.DataFrame) -> None:
    one, mix = (table.loc[name, "transaction", 1]["h_star"] for name in ("h100_us_marketplace", "market_mix"))
    assert mix == pytest.approx(0.6 * one, abs=0.1)


def test_the_table_and_both_figures_are_written(folder: Path) -> None:
    path = write_standardisation(folder)
    kept = pd.read_parquet(path)
    assert list(kept.columns) == schema().names
    with house_style():
        assert [plot.name for plot in figures.draw(Results(folder))] == ["hedge_effectiveness", "hedge_by_share"]
    path.unlink()


def test_days_without_rents_by_product_are_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "paths").mkdir()
    for name in ("runs.parquet", "config.yaml"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    days = pd.read_parquet(folder / "paths" / "base-none-0001.parquet")
    days.drop(columns=[name for name in days if "occupancy" in name]).to_parquet(tmp_path / "paths" / "a.parquet")
    with pytest.raises(MissingDataError, match="by product"):
        standardisation(Results(tmp_path))


def test_a_month_that_the_world_did_not_live_whole_is_no_month():
    dates = pd.date_range("2026-01-31", "2026-03-31")  # a Saturday: the month has no business day left
    days = pd.DataFrame({
        "date": dates, "rent_path_usd_per_ve_hour": 1.0, "month_end": dates.is_month_end.astype(float),
        "index_a_usd_per_gpu_hour": dates.month.astype(float), "rent_p_usd_per_gpu_hour": 2.0, "occupancy_p": 0.5,
    })  # fmt: skip
    owner = Owner("all", np.array([1.0]), 1.0)
    found = by_month(days, [owner], ["p"], ["a"], np.array([1.0]), False)
    assert found.settlement.ravel().tolist() == [2.0, 3.0]
    assert found.revenue.ravel().tolist() == [1.0, 1.0]
    assert len(by_month(days, [owner], ["p"], ["a"], np.array([1.0]), True).revenue) == 3
