"""An event is where its shock strikes: by shock, checked before anything runs, followed by windows, forks, figures."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from experiments import run
from experiments.configuration.compose import composer
from experiments.configuration.settings import calm_beside
from experiments.errors import UsageError
from experiments.execute.batches import batches_of
from experiments.plots import series
from experiments.results import Results
from experiments.run import main
from experiments.study.expand import expand


def expanded(*overrides):
    with composer() as open_composer:
        return expand(open_composer, ["population=tiny", "seeds=2", *overrides])


EARLY, LATE = "shocks.pool_outage.start=10", "shocks.demand_slump.start=30"
BOTH = ["study.shocks={early: [pool_outage], late: [demand_slump]}", EARLY, LATE, "days=60"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["shocks=[fleet_outage]", "days=150"],
         "shocks.fleet_outage.start = 180: strikes on day 180, but the run ends on day 149; give days=182 or more"),
        (["shocks=[fleet_outage]", "days=300", "study.event={start_day: 60, end_day: 90}"],
         "study.event: says days 60 to 89, but fleet_outage strikes on days 180 to 209 by its own settings; "
         "leave study.event out, or change the shock: shocks.fleet_outage.start=60"),
        (["shocks=[fleet_outage]", "days=300", "study.event={start_day: 180, end_day: 200}"],
         "shocks.fleet_outage.length=20"),
        (["shocks=[hormuz_helium]", "days=100", "world.start_date=2025-01-01"], "strikes on day 424, but the run ends"),
        ([*BOTH, "study.event={start_day: 10, end_day: 40}"], "study.event: says days 10 to 39, but late strikes on"),
        ([*BOTH, "study.events={late: {start_day: 20, end_day: 210}}"], "study.events.late: says days 20 to 209"),
        ([*BOTH, "study.events={lat: {start_day: 30, end_day: 40}}"], "'lat' must be one of the shocks none, early"),
        (["days=1"], "days = 1: must be 2 or more: metrics take 2 days or more"),
        (["shocks=[fleet_outage]", "days=181"], "days = 181: must be 182 or more: .* from the day of fleet_outage on"),
        (["days=20", "study.window={start_day: 3, end_day: 4}"], "study.window = 'days 3 to 3': must hold 2 days"),
        ([*BOTH, "study.burn_in=11"], "study.burn_in = 11: must be at most 10, the day on which"),
        (["days=20", "study.fork={arm: base}"], "study.event = None: must be given for a study with forks"),
    ],
)  # fmt: skip
def test_an_event_that_is_not_or_cannot_be_where_its_shock_is_is_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        expanded(*asked)


def test_each_shock_has_its_own_event_window_and_calm_runs():
    study = expanded(*BOTH, "study.fork={arm: base}").settings.study
    assert {name: (event.start_day, event.end_day) for name, event in study.events.items()} == {
        "early": (10, 40), "late": (30, 210),
    }  # fmt: skip
    runs = {(run.arm, run.shock): run for run in expanded(*BOTH, "study.fork={arm: base}").runs if run.seed == 1}
    assert {shock: run.window for (arm, shock), run in runs.items() if arm == "base"} == {
        "none": (10, 60), "none@late": (30, 60), "early": (10, 60), "late": (30, 60),
    }  # fmt: skip
    assert {shock: run.parent.day for (arm, shock), run in runs.items() if arm == "base@fork"} == {
        "none": 10, "none@late": 30, "early": 10, "late": 30,
    }  # fmt: skip
    assert len({run.key for run in runs.values()}) == 8


def test_shocks_of_one_day_share_their_calm_runs():
    starts = {"a": 10, "b": 30, "c": 10, "d": 30}
    assert [calm_beside(starts, shock) for shock in starts] == ["none", "none@b", "none", "none@b"]
    assert calm_beside(starts, "unknown") == calm_beside({}, "a") == "none"
    (alone,) = {run.shock for run in expanded("shocks=[pool_outage]", "days=300").runs} - {"pool_outage"}
    assert alone == "none"


def test_one_world_measured_over_two_windows_is_lived_once(tmp_path):
    batches = batches_of(expanded(*BOTH).runs, tmp_path, "summary", workers=64)
    shocks = sorted(sorted(run.shock for run in batch.runs) for batch in batches)
    assert shocks == [["early"], ["early"], ["late"], ["late"], ["none", "none@late"], ["none", "none@late"]]


def test_a_shock_that_does_not_say_when_it_strikes_is_tried_day_by_day(tmp_path):
    (tmp_path / "summers_lab.py").write_text(OWN, encoding="utf-8")
    presets = tmp_path / "presets" / "shocks"
    presets.mkdir(parents=True)
    (presets / "heat.yaml").write_text("heat: {_target_: summers_lab.Heat, size: 0.1}\n", encoding="utf-8")
    import sys

    sys.path.insert(0, str(tmp_path))
    try:
        with composer(tmp_path / "presets") as open_composer:
            asked = ["population=tiny", "shocks=[heat]", "plugins=[summers_lab]", "days=40"]
            found = expand(open_composer, asked).settings.study.events["heat"]
            told = expand(open_composer, [*asked, "study.event={start_day: 5, end_day: 9}"]).settings.study.events[
                "heat"
            ]
    finally:
        sys.path.remove(str(tmp_path))
    assert (found.start_day, found.end_day) == (12, 20)
    assert (told.start_day, told.end_day) == (5, 9)


OWN = """
from dataclasses import replace

from sim.environment import Environment
from sim.vocabulary import Parameters, Share


class Heat(Parameters):
    size: Share

    def __call__(self, day: int, environment: Environment) -> Environment:
        return replace(environment, fleet_availability=1.0 - self.size) if 12 <= day < 20 else environment
"""


@pytest.mark.slow
def test_effects_and_figures_of_a_later_shock_begin_on_its_own_day(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    out = tmp_path / "out"
    asked = ["population=tiny", "seeds=2", "executor=in_process", "record=paths", f"out={out}"]
    assert main([*asked, *BOTH, "study.fork={arm: base}"]) == 0
    results = Results(out)
    design = results.design
    assert design.shocks == ("none", "early", "late")
    paths = results.paths(["rent_h100_usd_per_gpu_hour", "occupancy"]).frame()
    for shock, day in (("early", 10), ("late", 30)):
        for arm in ("base", "base@fork"):
            change = series.response(paths, arm, shock, "occupancy", design.calm(shock))
            moved = change.index[(change != 0.0).any(axis=1)]
            assert moved.min() == day
            days, _ = series.since_shock(change, design, shock)
            assert days.min() == -day
    from experiments.analyse.effects import effects

    table = effects(results.finished, design)
    late = table[(table["shock"] == "late") & (table["arm"] == "base") & (table["metric"] == "occupancy_mean")]
    mean = paths[paths["day"] >= 30].groupby(["arm", "shock", "seed"])["occupancy"].mean()
    assert late["estimate"].item() == pytest.approx((mean["base", "late"] - mean["base", "none"]).mean())
    assert np.isfinite(late["estimate"].item())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["study.arms={one: [], two: ['spot.convexity=5.0'], three: []}"], "the arms one, three are one world"),
        (["shocks=[pool_outage]", "shocks.pool_outage.start=3", "shocks.pool_outage.size=0.0"],
         "the shock pool_outage changes nothing on any day of the run in base, pool_outage"),
        (["seeds=1", "study.arms={one: [], two: ['spot.convexity=5.0']}"], "one seed: .* neither interval nor p"),
        (["study.arms={one: [], two: ['spot.convexity=5.0']}"], None),
    ],
)  # fmt: skip
def test_what_a_user_may_not_mean_is_said_before_anything_runs(asked, said, capsys):
    expanded("days=20", *asked)
    told = capsys.readouterr().out
    assert re.search(said, told) if said else told == ""


def test_the_report_names_the_day_of_each_shock(tmp_path):
    out = tmp_path / "out"
    asked = ["population=tiny", "seeds=2", "executor=in_process", f"out={out}"]
    assert main([*asked, *BOTH, "study.endpoints=[occupancy_mean]"]) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "early strikes on day 10, late strikes on day 30" in page
    assert "none, from the day of the late on" in page
    rows = pd.read_parquet(out / "runs.parquet").set_index(["shock", "seed"])
    assert len(rows) == 8
