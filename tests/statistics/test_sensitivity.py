"""Indices of functions whose sensitivity is known, by the path that a study takes; incomplete designs are refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.configuration.settings import read_settings
from experiments.kinds.designed.sensitivity import INCOMPLETE, Sensitivity, kept_keys
from experiments.results import Results
from experiments.run import main
from experiments.store.design import write_design
from experiments.study.designs import drawn, layout_of

pytest.importorskip("SALib")
SEEDS = 4


def ishigami(x1, x2, x3):
    return np.sin(x1) + 7.0 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)


def linear(x1, x2, x3):
    return 4.0 * x1 + 2.0 * x2 + 0.0 * x3


def folder(out: Path, design: str, points: int, function, lost: int = 0, low: float = -np.pi, high: float = np.pi):
    """A study of three keys whose output is a function of them and of the seed; some of its runs may be lost."""
    sweep = {f"a.x{k}": {"low": low, "high": high} for k in (1, 2, 3)}
    study = {"name": "known", "design": design, "points": points, "sweep": sweep, "endpoints": ["rent_level"],
             "kind": {"_target_": "sensitivity", "sobol_points": 64}}  # fmt: skip
    settings = read_settings({"study": study, "days": 9, "out": str(out), "seeds": SEEDS})
    layout = layout_of(settings.study, {})
    write_design(out, layout)
    rows = [
        {"key": f"{seed}-{number}", "arm": "base", "shock": "none", "seed": seed, "status": "ok", "error": "",
         **dict(point), "rent_level": function(*dict(point).values()) + seed}
        for seed in settings.seed_list for number, point in enumerate(layout.points)
    ]  # fmt: skip
    pd.DataFrame(rows[lost:]).to_parquet(out / "runs.parquet")
    written = {"study": settings.study.model_dump(), "seeds": settings.seed_list, "days": 9}
    (out / "config.yaml").write_text(yaml.safe_dump(written))
    return settings


def test_sobols_indices_of_ishigamis_function_are_those_known(tmp_path: Path, capsys) -> None:
    settings = folder(tmp_path, "sobol", 512, ishigami)
    assert Sensitivity(resamples=100).read(tmp_path, settings) == 0
    found = pd.read_parquet(tmp_path / "sensitivity.parquet").set_index("key")
    for name, known in (("first", (0.3139, 0.4424, 0.0)), ("total", (0.5576, 0.4424, 0.2437))):
        assert found[name].to_numpy() == pytest.approx(np.array(known), abs=0.05)
        assert (np.abs(found[name] - np.array(known)) <= 2.0 * found[f"{name}_half"]).all()
    assert (found["total_half"] > 0.0).all()
    said = list(Sensitivity().sentences(Results(tmp_path)))
    assert said[0].startswith("Of the variance of rent level (base), Sobol' total indices give a.x1 0.5")
    assert {plot.name for plot in Sensitivity().draw(Results(tmp_path))} == {"sensitivity_sobol"}


def test_the_screening_ranks_by_slope_and_keeps_what_moves(tmp_path: Path) -> None:
    settings = folder(tmp_path, "morris", 8, linear, low=0.0, high=1.0)
    kind, results = Sensitivity(), Results(tmp_path)
    assert kind.read(tmp_path, settings) == 0
    rows = pd.read_parquet(tmp_path / "sensitivity.parquet")
    assert rows["mu_star"].to_numpy() == pytest.approx([4.0, 2.0, 0.0], abs=1e-6)
    assert rows["sigma"].to_numpy() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    assert kept_keys(rows.to_dict("records"), 0.1) == ["a.x1", "a.x2"]
    layout = kind.further(results)
    assert (layout.keys, len(layout.rows)) == (("a.x1", "a.x2"), 64 * 4)


def test_one_run_that_is_missing_is_told_and_no_index_is_given(tmp_path: Path, capsys) -> None:
    settings = folder(tmp_path, "sobol", 8, ishigami, lost=1)
    assert Sensitivity().read(tmp_path, settings) == INCOMPLETE
    assert pd.read_parquet(tmp_path / "sensitivity.parquet").empty
    assert "1 of its 40 points lack a value in some of 4 seeds" in capsys.readouterr().out
    assert any("No sobol index is given" in text for text in Sensitivity().sentences(Results(tmp_path)))


def test_an_output_that_does_not_move_has_no_indices_but_zero(tmp_path: Path) -> None:
    settings = folder(tmp_path, "sobol", 8, lambda *x: 3.0)
    assert Sensitivity().read(tmp_path, settings) == 0
    assert (pd.read_parquet(tmp_path / "sensitivity.parquet")[["first", "total"]] == 0.0).all(axis=None)


def test_seeds_widen_the_intervals_where_they_disagree(tmp_path: Path) -> None:
    def noisy(x1, x2, x3):
        return x1 + 0.0 * x2

    settings = folder(tmp_path, "morris", 6, noisy, low=0.0, high=1.0)
    Sensitivity().read(tmp_path, settings)
    calm = pd.read_parquet(tmp_path / "sensitivity.parquet")["mu_star_half"][0]
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    runs["rent_level"] *= runs["seed"]
    runs.to_parquet(tmp_path / "runs.parquet")
    Sensitivity().read(tmp_path, settings)
    assert pd.read_parquet(tmp_path / "sensitivity.parquet")["mu_star_half"][0] > calm + 0.1


def test_a_study_screens_and_goes_on_to_sobol_from_the_command_line(tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    words = ["experiment=sensitivity", "population=tiny", "days=6", "seeds=2", "study.burn_in=null", f"out={out}",
             "study.sweep=null", "spot.occupancy=interval(0.7,0.9)", "agents.renter.count=interval(2,5)",
             "study.points=2", "study.kind.sobol_points=2", "study.kind.keep=0.9", "study.endpoints=[rent_level]",
             "executor=in_process"]  # fmt: skip
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "keys go on to Sobol' indices: " in said
    results = Results(out)
    assert set(results.table_if_any("sensitivity.parquet")["design"]) == {"morris", "sobol"}
    design = results.table_if_any("design.parquet")
    assert set(design.dropna(subset="matrix")["sample"]) == {0, 1}
    assert (out / "figures" / "sensitivity_sobol.png").exists()
    runs = len(results.runs)
    assert main(words) == 0
    assert len(Results(out).runs) == runs
    assert f"{runs} of them stored already" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "said"), [
    (["study.kind=sensitivity", "spot.occupancy=0.7,0.8", "study.endpoints=[rent_level]"],
     "study.design = 'grid': must be morris or sobol"),
    (["experiment=sensitivity", "study.endpoints=[]"], "study.endpoints: must name the outputs"),
    (["experiment=sensitivity", "study.kind.sobol_points=6"], "study.kind.sobol_points = 6: must be a power of two"),
    (["experiment=sensitivity", "study.kind.kep=0.2"], "did you mean"),
])  # fmt: skip
def test_a_study_of_sensitivity_that_cannot_be_is_told(words, said, capsys) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_further_keys_that_hold_whole_numbers_stay_whole() -> None:
    given = {"name": "x", "design": "sobol", "points": 4, "sweep": {"a.n": {"low": 1, "high": 3}}}
    study = read_settings({"study": given, "days": 9, "out": "x"}).study
    assert {type(value) for point in drawn(study, {"a.n": True}).rows for _, value in point} == {int}
