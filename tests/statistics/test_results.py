"""A result folder as one works with it: paths of chosen runs, the report's figures, comparisons."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from experiments.errors import UsageError
from experiments.results import MissingDataError, Results
from experiments.store import paths as stored

RENT = "rent_h100_usd_per_gpu_hour"


def test_paths_are_read_only_when_and_as_far_as_they_are_asked_for(folder, monkeypatch):
    read, really = [], stored.read_table
    monkeypatch.setattr(stored, "read_table", lambda file, *rest: read.append(file) or really(file, *rest))
    chosen = Results(folder).paths("rent_h100", arm="both", shock=["none", "pool_outage"], seed=[3, 4])
    assert (len(chosen), read) == (4, [])
    frame = chosen.frame()
    assert len(read) == 4
    assert list(frame.columns) == ["arm", "shock", "seed", "day", RENT]
    runs = [("both", shock, seed) for shock in ("none", "pool_outage") for seed in (3, 4)]
    assert frame.groupby(["arm", "shock", "seed"]).size().index.to_list() == runs
    assert len(next(iter(chosen))) == len(frame) // 4


def test_files_whose_names_tell_no_run_are_chosen_by_what_they_hold(folder, tmp_path):
    (tmp_path / "paths").mkdir()
    for name in ("config.yaml", "runs.parquet"):
        (tmp_path / name).symlink_to(folder / name)
    for number, file in enumerate(sorted((folder / "paths").glob("*-none-000[12]-*.parquet"))):
        (tmp_path / "paths" / f"{number}.parquet").symlink_to(file)
    frame = Results(tmp_path).paths(RENT, arm=["loans", "both"], seed=2).frame()
    assert set(zip(frame["arm"], frame["seed"], strict=True)) == {("loans", 2), ("both", 2)}


def test_a_folder_without_days_says_so_and_how_to_have_them(folder, tmp_path):
    for name in ("config.yaml", "runs.parquet"):
        (tmp_path / name).symlink_to(folder / name)
    results = Results(tmp_path)
    for asked in (results.paths, lambda: results.column("fleet"), lambda: results.plot.impulse("fleet")):
        with pytest.raises(MissingDataError, match="record=paths records them"):
            asked()


def test_figures_are_those_of_the_report_and_any_column_has_an_impulse(folder):
    results = Results(folder)
    assert results.plot.rent_paths().name == "rent_paths_pool_outage"
    rent, occupancy = results.plot.impulse("rent_h100"), results.plot.impulse("occupancy", shock="pool_outage")
    assert rent.name == "impulse_response_pool_outage"
    assert rent.figure.get_supylabel() == "Change in H100 rent, log × 100"
    assert occupancy.figure.get_supylabel() == "Change in occupancy, as it is"
    lines = [axes.lines[-1].get_ydata() for axes in occupancy.figure.axes[:1]]
    days = (
        results.paths("occupancy", arm="no_finance").frame().pivot(index="day", columns=["shock", "seed"])["occupancy"]
    )
    apart = (days["pool_outage"] - days["none"]).median(axis=1)
    assert lines[0][60:90] == pytest.approx(apart[100:130].to_numpy())
    assert "<svg" in occupancy._repr_html_()


def test_a_folder_is_compared_with_another_and_an_arm_with_an_arm(folder):
    results = Results(folder)
    itself = results.compare(folder, ["rent_volatility"])
    assert (itself.effects["estimate"] == 0.0).all()
    assert itself.keys == []
    apart = results.compare(results, ["rent_volatility"], arms=("no_finance", "loans"))
    loans = results.finished.query("arm == 'loans' and shock == 'none'").set_index("seed")["rent_volatility"]
    calm = results.finished.query("arm == 'no_finance' and shock == 'none'").set_index("seed")["rent_volatility"]
    [row] = apart.effects.query("shock == 'none'").to_dict("records")
    assert row["estimate"] == pytest.approx((loans - calm).dropna().mean())
    assert ("loan.on", False, True) in apart.keys
    assert f"second: {folder}:loans" in repr(apart)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda results: results.paths(arm="bth"), "arm = 'bth': no run has it.*did you mean both"),
        (lambda results: results.paths(seed=99), "seed = 99: no run has it; there are 1, 2, 3"),
        (lambda results: results.paths("rent_h10"), "no column rent_h10; did you mean rent_h100"),
        (lambda results: results.plot.rent_paths("outage"), "did you mean pool_outage"),
        (lambda results: Results(results.out.with_name("outag")), "is no folder; did you mean outage"),
        (lambda results: results.compare(results, arms=("loan", "both")), "has the arms both"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest(folder: Path, asked, said):
    with pytest.raises((UsageError, MissingDataError), match=said):
        asked(Results(folder))


def test_a_column_that_a_world_lacks_is_null_in_its_rows(folder):
    frame = Results(folder).paths("open_interest", shock="none", seed=1).frame()
    assert isinstance(frame, pd.DataFrame)
    assert set(frame.loc[frame["open_interest_contracts"].notna(), "arm"].str.removesuffix("@fork")) == {
        "futures",
        "both",
    }


def test_what_several_figures_show_is_read_once_and_each_may_change_its_own(folder, monkeypatch):
    read, really = [], stored.read_table
    monkeypatch.setattr(stored, "read_table", lambda file, *rest: read.append(file) or really(file, *rest))
    results = Results(folder)
    first = results.first_paths([RENT])
    once = len(read)
    first[RENT] = 0.0
    again = results.first_paths(["fleet_ve", RENT])
    assert len(read) == once > 0
    assert again.equals(Results(folder).paths(["fleet_ve", RENT]).frame())
    assert "defaults" in results.first_paths(["defaults"])
    assert len(read) > once
