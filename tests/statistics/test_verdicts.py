"""What the verdicts on contrasts say, and that they claim no more than was shown."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.analyse import verdicts
from experiments.analyse.effects import write_effects
from experiments.report.page import write_report
from experiments.results import Results

SPREAD = [0.00, 0.01, -0.01, 0.02, -0.02, 0.015, -0.015, 0.005, -0.005, 0.012, -0.012, 0.001]
SHIFTS = {"plain": 0.0, "same": 0.0, "notes": 0.3, "nearly": 0.00001, "unsure": 0.004}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Results:
    out = tmp_path_factory.mktemp("verdicts")
    contrasts = {
        "big": {"arms": {"notes": 1.0, "plain": -1.0}, "higher": "less stable", "lower": "more stable"},
        "back": {"arms": {"plain": 1.0, "notes": -1.0}, "higher": "less stable", "lower": "more stable"},
        "small": {"arms": {"nearly": 1.0, "plain": -1.0}},
        "dim": {"arms": {"unsure": 1.0, "plain": -1.0}},
        "zero": {"arms": {"same": 1.0, "plain": -1.0}, "role": "null"},
        "broken": {"arms": {"nearly": 1.0, "plain": -1.0}, "role": "null"},
    }
    study = {"name": "t", "arms": {arm: [] for arm in SHIFTS}, "baseline": "plain", "endpoints": ["rent_gap_95pct"],
             "secondary": ["front_volatility"], "contrasts": contrasts,
             "equivalence": {"rent_gap_95pct": 0.01}}  # fmt: skip
    (out / "config.yaml").write_text(yaml.safe_dump({"study": study, "seeds": [1], "days": 9}))
    own = {"notes": 1.0, "nearly": 0.01, "unsure": 2.0}  # how much of the spread over seeds is the arm's own
    rows = [
        {"key": f"{arm}{seed}", "arm": arm, "shock": "none", "seed": seed, "status": "ok", "error": None,
         "rent_gap_95pct": 1.0 + seed + shift + own.get(arm, 0.0) * SPREAD[seed],
         "front_volatility": 0.3 + 0.01 * seed - (0.1 + SPREAD[seed]) * (arm == "notes")}
        for arm, shift in SHIFTS.items() for seed in range(len(SPREAD))
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    write_effects(out)
    return Results(out)


def words(results: Results, title: str = "Verdicts") -> dict[str, str]:
    tables = [table for table in verdicts.verdict_tables(results) if table["title"].startswith((title, "Nulls"))]
    return {row["contrast"]: row["words"] for table in tables for row in table["rows"]}


def test_a_sign_is_claimed_where_it_is_distinguishable_and_in_its_own_direction(told):
    assert words(told)["Big"] == "less stable"
    assert words(told)["Back"] == "more stable"


def test_an_effect_is_called_small_only_inside_the_margin_set_in_advance(told):
    assert words(told)["Small"].startswith("within ±1.00")  # and no more, without a positive control
    assert words(told)["Dim"] == "not distinguishable from none, nor shown to be small"


def test_a_null_must_be_exactly_zero(told):
    assert words(told)["Zero"] == "exactly none, as it must be"
    assert words(told)["Broken"] == "not exactly zero: a fault"


def test_what_else_moved_has_its_interval_and_an_unadjusted_p(told):
    said = words(told, "What else moved")
    assert (said["Big"], said["Back"], said["Small"]) == ("lower", "higher", "unchanged")
    effects = told.effects.set_index(["arm", "metric"])
    assert effects.loc[("big", "front_volatility"), "high"] < 0.0
    assert pd.isna(effects.loc[("big", "front_volatility"), "p_holm"])


def test_the_report_opens_with_the_verdicts_and_their_sentences(told):
    page = write_report(told.out).read_text()
    assert page.index("Big: less stable by rent gap 95 % quantile, +30.0") < page.index("<h2>Verdicts")
    assert page.index("<h2>Verdicts") < page.index("<h2>Levels without a shock")
    assert "notes − plain" in page
    assert "Dim: no effect distinguishable from none. Of 1 figures 1 neither" in page


def without_contrasts(out: Path, arms: dict[str, float], **study: object) -> list[dict[str, object]]:
    """The tables of a study of arms under a shock, whose secondary metric rises by so much in each arm."""
    rows = [
        {"key": f"{arm}{shock}{seed}", "arm": arm, "shock": shock, "seed": seed, "status": "ok", "error": None,
         "rent_gap_95pct": 1.0 + seed, "front_volatility": seed + shift + SPREAD[seed] / 10 * (arm != "base")}
        for arm, shift in arms.items() for shock in ("none", "cut") for seed in range(len(SPREAD))
    ]  # fmt: skip
    for row in rows:
        row["front_volatility"] += 3.0 * (row["shock"] == "cut") * (1.0 + arms[row["arm"]])
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    design = {"arms": {arm: [] for arm in arms}, "shocks": {"cut": ["cut"]}, "endpoints": ["rent_gap_95pct"]}
    (out / "config.yaml").write_text(yaml.safe_dump({"study": design | study, "seeds": [1], "days": 9}))
    write_effects(out)
    return verdicts.verdict_tables(Results(out))


def test_secondary_metrics_of_arms_are_tabled_without_contrasts(tmp_path):
    calm, shocked = without_contrasts(tmp_path, {"base": 0.0, "loans": 2.0}, secondary=["front_volatility"])
    assert calm["title"] == "What else moved, without a shock (exploratory: p is not adjusted)"
    assert shocked["title"].startswith("What else moved, in the response to the shock “cut”")
    (row,) = calm["rows"]
    assert (row["contrast"], row["formula"], row["words"]) == ("Loans", "against “base”", "higher")
    (row,) = shocked["rows"]
    assert row["estimate"] == "+600"  # 3 (1 + 2) - 3, in per cent


def test_secondary_metrics_of_one_arm_are_tabled_by_shock(tmp_path):
    (table,) = without_contrasts(tmp_path, {"base": 0.0}, secondary=["front_volatility"])
    assert table["title"].startswith("What else moved under the shock “cut”")
    (row,) = table["rows"]
    assert (row["contrast"], row["formula"]) == ("Base", "against no shock")
