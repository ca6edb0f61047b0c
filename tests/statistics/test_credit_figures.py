"""Figures of credit: drawn where it reports, of what it reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.plots import style
from experiments.report.figures.credit import coverage, network, tranches, waterfall
from experiments.results import MissingDataError, Results
from tests.statistics.conftest import START, write_folder

HELD = {"senior": 70.0, "mezzanine": 12.0, "junior": 8.0, "residual": 10.0}
NODES = {"borrower_1": 40.0, "borrower_2": -2.0, "bank_1": 8.0, "fund_1": 90.0}
OWED = {
    ("borrower_1", "bank_1"): 30.0, ("borrower_2", "bank_1"): 10.0, ("borrower_1", "vehicle_1"): 20.0,
    ("borrower_2", "vehicle_1"): 0.0, ("vehicle_1", "bank_1"): 5.0, ("vehicle_1", "fund_1"): 15.0,
}  # fmt: skip


def with_reports(frame: pd.DataFrame) -> pd.DataFrame:
    struck = (frame["shock"] != "none") & (frame["day"] >= START + 50)
    for what, middle in (("dscr", 1.3), ("base_cover", 1.5), ("ltv", 0.6)):
        for q in coverage.QUANTILES:
            frame[f"{what}_q{q}"] = middle + (q - 50) / 500
    frame["dscr_lock_up"], frame["dscr_covenant"], frame["ltv_call"] = 1.15, 1.05, 0.75
    frame["month_end"] = (frame["day"] % 30 == 29).astype(float)
    for use, usd in zip((*waterfall.BORROWERS, "received", "hedges"), (30, 0, 10, 20, 0, 5, 80, -5), strict=True):
        frame[f"cash_{use}_usd"] = 1e6 * usd * frame["month_end"]
    for use, usd in zip((*waterfall.VEHICLE, "collected"), (1, 2, 1, 1, 5, 0, -3, 2, 9), strict=True):
        frame[f"deal_{use}_usd"] = 1e6 * usd * frame["month_end"]
    for name, usd in HELD.items():
        frame[f"notes_{name}_usd"] = usd
        loss = {"residual": 10.0, "junior": 4.0}.get(name, 0.0)
        frame[f"note_writedowns_{name}_usd"] = np.where(struck & (frame["day"] == START + 50), loss, 0.0)
    frame["debt_rank"], frame["deal_stage"] = 0.1, 0.0
    for owner, usd in NODES.items():
        frame[f"equity_{owner}_usd"] = 1e9 * usd
    for pair, usd in OWED.items():
        frame["owed_{}_to_{}_usd".format(*pair)] = 1e9 * usd
    return frame


@pytest.fixture
def reported(tmp_path: Path) -> Results:
    out = write_folder(tmp_path / "outage", seeds=2, failed=0)
    for file in sorted((out / "paths").glob("*.parquet")):
        frame = pd.read_parquet(file)
        if frame["arm"].iloc[0] == "loans@fork":
            with_reports(frame).to_parquet(file, index=False)
    return Results(out)


def drawn(theme: object, results: Results) -> list[style.Plot]:
    with style.house_style():
        return list(theme.draw(results))


def test_a_fan_has_its_levels_where_they_are_near(reported):
    [plot] = drawn(coverage, reported)
    dscr, base, ltv = plot.figure.axes
    assert {line.get_label(): line.get_ydata()[0] for line in dscr.lines} == {
        "median borrower": pytest.approx(1.3), "lock-up": 1.15, "covenant": 1.05,
    }  # fmt: skip
    assert [line.get_label() for line in ltv.lines][1:] == ["margin call"]
    assert base.lines[1].get_ydata()[0] == 1.0
    assert "“loans”" in plot.caption


def test_a_waterfall_stacks_uses_up_to_what_was_received(reported):
    [plot] = drawn(waterfall, reported)
    landlords, vehicle = plot.figure.axes
    tops = {bar.get_y() + bar.get_height() for bars in landlords.containers for bar in bars}
    assert max(tops) == pytest.approx(75.0)  # received 80 less 5 that hedges cost
    assert landlords.get_ylim()[1] > 75.0
    assert landlords.lines[0].get_ydata() == pytest.approx(75.0)
    assert [bars.get_label() for bars in vehicle.containers][-1] == "to the residual"
    assert "reserve" not in " ".join(bars.get_label() for bars in vehicle.containers)  # drawn upon: nothing is put in


def test_tranches_lose_from_the_residual_up(reported):
    [plot] = drawn(tranches, reported)
    pool, classes = plot.figure.axes
    assert pool.lines[0].get_ydata()[-1] == pytest.approx(14.0)
    assert [round(bars[0].get_height()) for bars in classes.containers] == [100, 50, 0, 0]
    assert [tick.get_text().split("\n")[1] for tick in classes.get_xticklabels()] == [
        "0 to 10 %", "10 to 18 %", "18 to 30 %", "30 to 100 %",
    ]  # fmt: skip


def test_a_network_tells_kinds_apart_and_names_everybody_once(reported):
    kinds = network.kinds_of(OWED)
    assert kinds == {
        "borrower_1": "borrowers", "borrower_2": "borrowers", "vehicle_1": "vehicle", "bank_1": "lenders",
        "fund_1": "noteholders",
    }  # fmt: skip
    [plot] = drawn(network, reported)
    for panel in plot.figure.axes:
        names = sorted(text.get_text() for text in panel.texts)
        assert names == ["bank 1", "borrower 1", "borrower 2", "fund 1", "vehicle"]
    places = network.places(kinds, NODES)
    assert len(set(places.values())) == len(places)


@pytest.mark.parametrize("theme", [coverage, waterfall, tranches, network])
def test_nothing_is_drawn_where_credit_reports_nothing(theme, folder):
    with pytest.raises(MissingDataError, match="reports"):
        drawn(theme, Results(folder))
