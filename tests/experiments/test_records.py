"""Events on record: dated presets move their worlds, run by name, and are put beside what was recorded."""

from __future__ import annotations

import pandas as pd
import pytest

from experiments.build import build
from experiments.configuration.compose import composer
from experiments.configuration.dates import LEAD_DAYS, moved_start
from experiments.kinds.records import RECORDS, Record, fastest, inside
from experiments.run import main
from experiments.study.expand import expand
from sim.problems import SpecError


def expanded(*overrides):
    with composer() as open_composer:
        return expand(open_composer, ["population=tiny", "seeds=1", *overrides])


def test_every_event_on_record_has_a_world_of_its_own_and_falls_on_the_same_day_of_it():
    expansion = expanded("experiment=records")
    places = [(run.arm, run.shock) for run in expansion.runs]
    events = list(expansion.settings.study.arms)
    assert sorted(places) == sorted([(event, shock) for event in events for shock in ("none", event)])
    assert {record.event for record in RECORDS} == set(events)
    assert set(expansion.settings.study.starts.values()) == {LEAD_DAYS}
    for run in expansion.runs:
        if run.shock != "none":
            assert run.world["shocks"][run.shock]["start"] == LEAD_DAYS, "the day of its date"


def test_one_event_may_be_asked_for():
    expansion = expanded("experiment=records", "shocks=[vera_rubin,deepseek]")
    assert {run.arm for run in expansion.runs} == {"vera_rubin", "deepseek"}


def test_a_dated_preset_runs_by_name_in_a_world_that_is_moved_to_it(capsys):
    expansion = expanded("shocks=[hualien_earthquake]", "days=60")
    assert {run.world["world"]["start_date"] for run in expansion.runs} == {"2024-03-19"}, "all arms alike"
    assert "all worlds move" in capsys.readouterr().out
    still = expanded("shocks=[chip_tariff]", "days=60")
    assert {run.world["world"]["start_date"] for run in still.runs} == {"2026-01-01"}


def test_a_first_day_that_was_asked_for_is_kept():
    dated = {"world": {"start_date": "2026-01-01"}, "shocks": {"old": {"start": "2024-04-03"}}}
    assert moved_start([dated], 365, ["world.start_date=2026-01-01"]) is None
    assert moved_start([dated], 365, []) == "world.start_date='2024-01-03'"
    assert moved_start([{"world": {"start_date": "2026-01-01"}, "shocks": {"new": {"start": 3}}}], 365, []) is None
    with pytest.raises(SpecError, match=r"638 days before the world's first day 2026-01-01"):
        build("shocks=[hualien_earthquake]", days=10)


def test_a_record_is_met_within_its_bounds_of_which_one_may_be_open():
    def record(low, high):
        return Record("e", "q", "c", (0, 1), low, high, "")

    assert inside(record(-1.0, 1.0), 0.5) is True
    assert inside(record(-1.0, 1.0), 1.5) is False
    assert inside(record(70.0, None), 90.0) is True
    assert inside(record(None, 0.0), 1.0) is False
    assert inside(record(None, None), 1.0) is None
    assert inside(record(0.0, 1.0), None) is None
    days = pd.Series([0.0] * 28 + [10.0] * 28).to_numpy()
    assert fastest(days) == pytest.approx(10.0)


@pytest.mark.slow
def test_a_study_of_records_leaves_its_table_figure_and_page(tmp_path):
    out = tmp_path / "out"
    asked = ["experiment=records", "shocks=[hualien_earthquake,vera_rubin]", "population=tiny", "seeds=2"]
    assert main([*asked, "days=190", "executor=in_process", f"out={out}"]) == 0
    table = pd.read_parquet(out / "records.parquet").set_index("event")
    assert table.loc["hualien_earthquake", "date"] == "2024-04-03"
    assert table.loc["hualien_earthquake", "inside"]
    assert set(table.loc["vera_rubin", "recorded_low"]) == {-3.0}, "a null control too"
    assert (out / "figures" / "records.png").exists()
    page = (out / "report.html").read_text()
    assert "back in three weeks" in page
    assert "inside what is on record" in page
