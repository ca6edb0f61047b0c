"""The check of neutrality compares every spot-side series to the last bit."""

import numpy as np
import pandas as pd
import pytest

from experiments.configuration.settings import read_settings
from experiments.kinds.neutrality import write_neutrality

STUDY = {"name": "n", "kind": "neutrality", "arms": {"without": [], "with": []}}
SETTINGS = read_settings({"study": STUDY, "days": 5, "out": "x", "record": "paths"})


def write_paths(out, rent, held=-3.0):
    (out / "paths").mkdir()
    for arm, moved in (("without", 0.0), ("with", rent)):
        for seed in (1, 2):
            days = np.arange(5)
            frame = pd.DataFrame({"arm": arm, "shock": "none", "seed": seed, "day": days})
            frame["rent_usd_per_ve_hour"] = 2.0 + seed + days + moved
            frame["dscr_median"] = np.where(days < 2, np.nan, 1.5)
            frame["future_1_usd_per_gpu_hour"] = np.nan if arm == "without" else 2.2
            frame["hedge_landlords_contracts"] = 0.0 if arm == "without" else held
            frame.to_parquet(out / "paths" / f"{arm}-none-{seed}.parquet")


@pytest.mark.parametrize(("moved", "neutral"), [(0.0, True), (1e-15, False), (0.5, False)])
def test_one_bit_in_one_spot_series_breaks_neutrality_and_futures_do_not(tmp_path, capsys, moved, neutral):
    write_paths(tmp_path, moved)
    assert write_neutrality(tmp_path, SETTINGS) is neutral
    table = pd.read_parquet(tmp_path / "neutrality.parquet").set_index("column")
    assert list(table.index) == ["rent_usd_per_ve_hour", "dscr_median"]
    assert bool(table.loc["rent_usd_per_ve_hour", "identical"]) is neutral
    assert bool(table.loc["dscr_median", "identical"])
    assert ("NOT NEUTRAL" in capsys.readouterr().out) is not neutral


def test_a_market_in_which_nobody_hedges_proves_nothing(tmp_path, capsys):
    write_paths(tmp_path, 0.0, held=0.0)
    assert write_neutrality(tmp_path, SETTINGS) is False
    assert "NOT A TEST" in capsys.readouterr().out


def test_an_arm_whose_futures_are_those_of_the_reference_proves_nothing(tmp_path, capsys):
    write_paths(tmp_path, 0.0)
    for seed in (1, 2):
        frame = pd.read_parquet(tmp_path / "paths" / f"with-none-{seed}.parquet").assign(arm="without")
        frame.to_parquet(tmp_path / "paths" / f"without-none-{seed}.parquet")
    assert write_neutrality(tmp_path, SETTINGS) is False
    assert "NOT A TEST: futures prices with with" in capsys.readouterr().out
    assert pd.read_parquet(tmp_path / "futures_moved.parquet")["identical"].all()
