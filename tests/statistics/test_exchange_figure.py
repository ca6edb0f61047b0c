"""The figure of the exchange: drawn where a venue reports, of what it reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.plots import style
from experiments.report.figures.paths import exchange
from experiments.results import MissingDataError, Results
from tests.statistics.conftest import write_folder


@pytest.fixture
def reported(tmp_path: Path) -> Path:
    out = write_folder(tmp_path / "outage", seeds=2, failed=0)
    for file in sorted((out / "paths").glob("*.parquet")):
        frame = pd.read_parquet(file)
        listed = "future_1_usd_per_gpu_hour" in frame
        for m in range(1, 7):
            if not listed:
                frame[f"future_{m}_usd_per_gpu_hour"] = np.nan
            for who in exchange.CLASSES:
                for side in ("long", "short"):
                    held = 7.0 if (who, side) in {("landlords", "short"), ("users", "long")} else 0.0
                    frame[f"future_{m}_{who}_{side}_contracts"] = held if listed else np.nan
        frame["month_end"] = (frame["day"] % 30 == 29).astype(float)
        frame[exchange.DEPTH] = 100.0 if listed else np.nan
        frame[exchange.MARGIN] = 0.12 if listed else np.nan
        frame["future_ice_1_usd_per_gpu_hour"] = frame["future_1_usd_per_gpu_hour"] * np.exp(0.05)
        frame.to_parquet(file, index=False)
    return out


def test_it_draws_what_the_venue_reported(reported):
    with style.house_style():
        [plot] = exchange.draw(Results(reported))
    fan, positions, basis, margin, depth = plot.figure.axes
    curves = [line for line in fan.lines if line.get_marker() == "o"]
    assert len(curves) == 7
    assert {line.get_label(): line.get_ydata()[0] for line in positions.lines} == {"landlords": -42.0, "users": 42.0}
    assert basis.lines[1].get_label() == "other venue"
    assert basis.lines[1].get_ydata() == pytest.approx(5.0)
    assert margin.lines[0].get_ydata() == pytest.approx(12.0)
    assert depth.lines[0].get_ydata() == pytest.approx(100.0)
    assert "“futures”" in plot.caption


def test_nothing_is_drawn_where_no_venue_reported(folder):
    with pytest.raises(MissingDataError, match="reports"):
        list(exchange.draw(Results(folder)))
