"""Planted parameters are found within their intervals by the path of a study; records are read, and bootstrapped."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.analyse.fits import calibration as smm
from experiments.analyse.fits.record import read_record
from experiments.configuration.settings import read_settings
from experiments.errors import UsageError
from experiments.kinds import moments
from experiments.kinds.designed.calibration import SERIES, Calibration, Fit
from experiments.results import Results
from experiments.run import main
from experiments.store.design import write_design
from experiments.study.designs import layout_of
from sim.metrics.series import figure_of

MOMENTS = ["occupancy_mean", "occupancy_sd", "transaction_sd_daily"]
PLANTED = {"a.x": 0.3, "a.y": 5.0}


def world(point, seed):
    """Moments of two parameters, each seed's noise the same at all points but for its size."""
    x, y = point["a.x"], np.log(point["a.y"])
    noise = np.random.default_rng(seed).normal(size=3) * (0.02 + 0.01 * x)
    return np.array([x + 0.2 * y, x * y, y - 0.5 * x**2]) + noise


def calibrated(out: Path, seeds: int = 8, **kind) -> Results:
    """A study whose runs are made up by `world` as they are asked for, until none is."""
    sweep = {"a.x": {"low": 0.0, "high": 1.0}, "a.y": {"low": 1.0, "high": 20.0, "scale": "log"}}
    given = {"_target_": "calibration", "moments": MOMENTS, **kind}
    study = {"name": "known", "design": "latin_hypercube", "points": 12, "sweep": sweep, "kind": given}
    settings = read_settings({"study": study, "days": 9, "out": str(out), "seeds": seeds})
    asked = Calibration(moments=MOMENTS, **kind)
    names = list(asked.series())
    (out / "config.yaml").write_text(
        yaml.safe_dump({"study": settings.study.model_dump(), "seeds": settings.seed_list, "days": 9})
    )
    layout, rounds = layout_of(settings.study, {}), 0
    while True:
        write_design(out, layout)
        rows = [
            {"key": f"{seed}{point}", "arm": "base", "shock": "none", "seed": seed, "status": "ok", "error": "",
             **dict(point), **dict(zip(names, world(dict(point), seed), strict=True))}
            for point in layout.points for seed in settings.seed_list
        ]  # fmt: skip
        pd.DataFrame(rows).to_parquet(out / "runs.parquet")
        further, rounds = asked.further(Results(out)), rounds + 1
        if further is None or rounds > 40:
            assert rounds <= 40
            return Results(out)
        layout = layout.and_then(further)


def test_planted_parameters_are_found_within_their_intervals(tmp_path: Path, capsys) -> None:
    results = calibrated(tmp_path, planted=PLANTED, generations=3, refinements=2)
    kind = results.design.plan
    assert kind.read(tmp_path, None) == 0
    found = pd.read_parquet(tmp_path / "calibration.parquet").set_index("key")
    for key, value in PLANTED.items():
        assert found.loc[key, "low"] <= value <= found.loc[key, "high"]
    assert (found["high"] - found["low"] < [0.3, 2.0]).all()
    said = list(kind.sentences(results))
    assert said[0].startswith("Nearest to planted values: a.x ")
    assert "the moments can be met together" in said[1]
    assert [plot.name for plot in kind.draw(results)] == ["calibration"]


def test_targets_that_no_parameters_meet_fail_the_j_test(tmp_path: Path) -> None:
    results = calibrated(tmp_path, generations=2, refinements=1)  # bands of the real market, far from this world
    said = list(results.design.plan.sentences(results))
    assert "the moments cannot all be met" in said[1]


def test_the_search_goes_the_same_way_again_and_asks_for_nothing_that_has_run(tmp_path: Path) -> None:
    results = calibrated(tmp_path, generations=2, refinements=1)
    assert results.design.plan.further(Results(tmp_path)) is None
    assert len(Fit(results.design.plan, results).points) == len(set(Fit(results.design.plan, results).points))


def test_a_point_without_a_moment_is_far_and_never_the_best(tmp_path: Path) -> None:
    results = calibrated(tmp_path, generations=1, refinements=0)
    best = Fit(results.design.plan, results).points[Fit(results.design.plan, results).best]
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    runs.loc[(runs["a.x"] == best[0]) & (runs["seed"] == 3), "moment_occupancy_mean"] = np.nan
    runs.to_parquet(tmp_path / "runs.parquet")
    again = Fit(results.design.plan, Results(tmp_path))
    assert again.points[again.best] != best
    assert any("1 of " in text for text in results.design.plan.sentences(Results(tmp_path)))


def series(days: int, seed: int, keep: float = 0.9) -> np.ndarray:
    noise, level = np.random.default_rng(seed).normal(size=days) * 0.03, np.zeros(days)
    for day in range(1, days):
        level[day] = keep * level[day - 1] + noise[day]
    return 2.5 * np.exp(level)


def test_the_bootstrap_of_a_record_spreads_as_other_records_do() -> None:
    figures = ["change_sd", "autocorrelation_7d", "excess_kurtosis"]
    drawn = smm.bootstrapped(series(184, 0), figures, 14, 200, seed=1)
    others = np.array([[figure_of(name, series(184, seed)) for name in figures] for seed in range(1, 201)])
    assert drawn.std(axis=0) == pytest.approx(others.std(axis=0), rel=0.6)
    assert drawn[:, 0].mean() == pytest.approx(others[:, 0].mean(), rel=0.15)


@pytest.mark.parametrize(("text", "said"), [
    ("day,price\n2026-01-01,2\n", "must begin with the columns date,value; it has day, price"),
    ("date,value\n2026-01-01,2\n2026-01-02,-1\n", "line 3 holds 2026-01-02, -1: a date as"),
    ("date,value\n2026-01-01,2\n2026-01-01,3\n", "line 3 holds 2026-01-01 again"),
    ("date,value\n2026-01-01,2\n2026-01-02,3\n", "holds 2 days; moments take 60 or more"),
    ("date,value\n2026-01-01,2\n2026-06-01,3\n", "has no value on 150 of 152 days"), ("", "is no table"),
])  # fmt: skip
def test_a_record_that_cannot_be_used_is_told_by_line(text, said, tmp_path: Path, capsys) -> None:
    file = tmp_path / "index.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_record(file)


@pytest.mark.parametrize(("words", "said"), [
    (["study.kind.moments=[occupancy_men]"], "study.kind.moments = occupancy_men: is no moment that .* occupancy_mean"),
    (["study.kind.moments=[occupancy_mean]"], "1 of them cannot tell 2 parameters apart"),
    (["study.kind.planted={spot.convexty: 4.0}"], "study.kind.planted.spot.convexty = 4.0: is not swept; did you mean"),
    (["study.kind.data=no.csv", "study.kind.moments=[change_sd,mean]"], "no.csv': cannot be read: No such file"),
    (["study.points=4"], "study.points = 4: must be at least 5"),
])  # fmt: skip
def test_a_calibration_that_cannot_be_is_told(words, said, capsys) -> None:
    assert main(["experiment=calibration", *words]) == 2
    assert re.search(said, capsys.readouterr().err)


def test_an_index_of_ones_own_is_fitted_from_the_command_line(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=120)
    pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "value": series(120, 4)}).to_csv(tmp_path / "i.csv", index=False)
    out = tmp_path / "out"
    words = ["experiment=calibration", "population=tiny", "days=24", "seeds=2", "study.burn_in=null", "study.points=6",
             f"out={out}", f"study.kind.data={tmp_path / 'i.csv'}", "study.kind.moments=[change_sd,mean]",
             "study.kind.generations=0", "study.kind.refinements=1", "executor=in_process", "study.sweep=null",
             "spot.convexity=interval(3,8)"]  # fmt: skip
    assert main(words) == 0
    found = Results(out)
    assert list(found.table_if_any("calibration.parquet")["key"]) == ["spot.convexity"]
    assert (found.table_if_any("calibration_moments.parquet")["target_se"] > 0.0).all()
    assert (out / "figures" / "calibration.png").exists()


@pytest.mark.parametrize("days", [80, 300])
def test_figures_of_a_series_are_those_that_pandas_takes(days: int) -> None:
    values = np.exp(np.cumsum(0.03 * np.random.default_rng(1).standard_t(4, size=days)))
    logs = np.log(pd.Series(values))
    spans = [logs.iloc[k * 92 : (k + 1) * 92] for k in range(max(1, days // 92))] if days >= 184 else [logs]
    away = [span - span.mean() for span in spans]
    expected = {
        "mean": values.mean(), "sd": pd.Series(values).std(), "change_sd": logs.diff().std(),
        "fortnightly_volatility": logs.diff(14).std() * np.sqrt(365.0 / 14), "excess_kurtosis": logs.diff().kurt(),
        "autocorrelation_7d": np.mean([(x * x.shift(7)).sum() / (x**2).sum() for x in away]),
        "unchanged": ((pd.Series(values) / 0.01).round().diff().iloc[1:] == 0.0).mean(),
    }  # fmt: skip
    assert {name: figure_of(name, values) for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("days", [80, 300])
def test_a_moment_that_is_fitted_is_the_moment_whose_band_it_is_to_meet(days: int) -> None:
    bands = {moment.name: moment for moment in moments.MOMENTS}
    generator = np.random.default_rng(1)
    for name, (_, figure) in SERIES.items():
        values = np.exp(np.cumsum(0.03 * generator.standard_t(4, size=days)))
        frame = pd.DataFrame(dict.fromkeys(bands[name].needs, values))
        assert figure_of(figure, values) == pytest.approx(bands[name].of(frame)), name
