"""What is not found counts as none only beside a positive control that was found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.analyse import controls, verdicts
from experiments.analyse.effects import write_effects
from experiments.configuration.settings import Study, read_settings
from experiments.errors import UsageError
from experiments.report.page import write_report
from experiments.results import Results

SEEDS = 12
ARMS = {"plain": [], "notes": [], "buyer": []}


def study(out: Path, moved: float | None, **control: object) -> Results:
    """Notes do next to nothing to rents; a buyer, the control, raises fleets by so much, or there is none."""
    draws = np.random.default_rng(4).normal(size=(SEEDS, 2))
    rows = [
        {"key": f"{arm}{seed}", "arm": arm, "shock": "none", "seed": seed, "status": "ok", "error": None,
         "rent_gap_95pct": 1.0 + seed + 1e-4 * draws[seed, 0] * (arm != "plain"),
         "fleet_end_over_path": 1.0 + (draws[seed, 1] * 0.01 + (moved or 0.0)) * (arm == "buyer")}
        for arm in ARMS for seed in range(SEEDS)
    ]  # fmt: skip
    if shock := control.get("shock"):  # under which alone the control acts
        for row in list(rows):
            rows.append(row | {"key": row["key"] + "s", "shock": shock})
            row["fleet_end_over_path"] -= (moved or 0.0) * (row["arm"] == "buyer")
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    contrasts: dict[str, object] = {"notes_on_loans": {"arms": {"notes": 1, "plain": -1}, "dose": "half of all loans"}}
    if moved is not None:
        contrasts["lasting_buyer"] = {"arms": {"buyer": 1, "plain": -1}, "role": "control"} | control
    told = {"arms": ARMS, "endpoints": ["rent_gap_95pct", "fleet_end_over_path"], "contrasts": contrasts,
            "shocks": {str(shock): []} if shock else {}, "equivalence": {"rent_gap_95pct": 0.01}}  # fmt: skip
    (out / "config.yaml").write_text(yaml.safe_dump({"study": told, "days": 9}))
    write_effects(out)
    return Results(out)


def said(results: Results) -> tuple[str, str]:
    """What the table says of notes on rents, and all sentences."""
    (row,) = [row for table in verdicts.verdict_tables(results) for row in table["rows"]
              if row["contrast"].startswith("Notes on loans") and row["metric"].startswith("Rent gap")]  # fmt: skip
    return row["words"], " ".join(verdicts.sentences(results))


def test_beside_a_control_that_is_found_an_effect_within_its_margin_is_called_small(tmp_path: Path) -> None:
    row, text = said(study(tmp_path, moved=0.1))
    assert row.startswith("shown to be smaller than ±1.00")
    assert "The positive control lasting buyer was found in fleet end over path, +" in text
    assert "not in rent gap" in text
    assert "shown to be smaller than their margins" in text
    assert "Notes on loans (half of all loans): no effect distinguishable" in text


@pytest.mark.parametrize(("moved", "says"), [(None, "No positive control shows"), (0.0, "was not found: what this")])
def test_without_a_control_that_is_found_no_effect_is_called_none(
    tmp_path: Path, moved: float | None, says: str
) -> None:
    row, text = said(study(tmp_path, moved))
    assert row.startswith("within ±1.00")
    assert "smaller than" not in row + text
    assert says in text


def test_a_control_that_names_endpoints_must_be_found_in_all_of_them(tmp_path: Path) -> None:
    results = study(tmp_path, 0.1, endpoints=["fleet_end_over_path", "rent_gap_95pct"])
    assert controls.standing(results) == controls.MISSED
    assert "was only found in fleet end over path" in said(results)[1]


def test_a_control_that_acts_under_a_shock_is_looked_for_there(tmp_path: Path) -> None:
    results = study(tmp_path, 0.1, shock="slump")
    assert controls.standing(results) == controls.FOUND
    text = " ".join(controls.sentences(results))
    assert "lasting buyer under the shock “slump” was found in fleet end over path, +" in text
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    del config["study"]["contrasts"]["lasting_buyer"]["shock"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    assert controls.standing(Results(tmp_path)) == controls.MISSED, "nothing of it is there without the shock"


def test_a_control_names_a_shock_of_its_study() -> None:
    told = {
        "name": "t",
        "arms": {"a": [], "b": []},
        "shocks": {"slump": ["demand_slump"]},
        "contrasts": {"c": {"arms": {"a": 1.0, "b": -1.0}, "role": "control", "shock": "slumps"}},
    }
    with pytest.raises(UsageError) as error:
        read_settings({"study": told, "days": 3, "out": "x"})
    (problem,) = error.value.problems
    assert (problem.key, problem.nearest) == ("study.contrasts.c.shock", "slump")
    told["contrasts"]["c"]["role"] = "part"  # type: ignore[index]
    with pytest.raises(ValueError, match="role: control"):
        Study.model_validate(told)


def test_beside_every_effect_that_is_not_found_stands_what_would_be(tmp_path: Path) -> None:
    results = study(tmp_path, 0.1)
    mine = results.effects.set_index(["arm", "metric"]).loc[("notes_on_loans", "rent_gap_95pct")]
    words = controls.visible("rent_gap_95pct", mine["detectable"])
    assert f"the smallest that would be found four times in five: {words} in rent gap" in said(results)[1]


def test_a_contrast_that_is_no_control_cannot_name_endpoints() -> None:
    told = {"name": "t", "arms": {"a": [], "b": []}, "endpoints": ["defaults"],
            "contrasts": {"c": {"arms": {"a": 1.0, "b": -1.0}, "endpoints": ["defaults"]}}}  # fmt: skip
    with pytest.raises(ValueError, match="role: control"):
        Study.model_validate(told)


def test_a_control_is_found_in_what_the_study_measures_and_the_nearest_is_named() -> None:
    told = {
        "name": "t",
        "arms": {"a": [], "b": []},
        "endpoints": ["defaults"],
        "contrasts": {"c": {"arms": {"a": 1.0, "b": -1.0}, "role": "control", "endpoints": ["default"]}},
    }
    with pytest.raises(UsageError) as error:
        read_settings({"study": told, "days": 3, "out": "x"})
    (problem,) = error.value.problems
    assert problem.key == "study.contrasts.c.endpoints"
    assert problem.nearest == "defaults"


def test_a_page_says_what_its_study_cannot_test_and_why_an_endpoint_is_empty(tmp_path: Path) -> None:
    study(tmp_path, 0.1)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    config["study"] |= {"untested": {"runs on notes": "notes run to their term"}}
    config["study"]["endpoints"].append("rent_cycle_180d_3y")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    page = write_report(tmp_path).read_text()
    assert "Runs on notes: notes run to their term." in page
    assert "is empty for windows below 3285 days" in page


def test_a_control_that_is_found_in_all_that_it_names_is_said_to_be(tmp_path: Path) -> None:
    text = said(study(tmp_path, 0.1, endpoints=["fleet_end_over_path"]))[1]
    assert "lasting buyer was found in fleet end over path, +" in text
    assert "; not in" not in text
