"""Draws of assumptions are worlds like others, and the map says in which share of them a contrast has which sign."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError

from experiments.configuration.settings import Settings, read_settings
from experiments.errors import UsageError
from experiments.kinds.sign_map import SignMap, by_draw, rank_correlation, sign_map
from experiments.results import Results

KIND = {"_target_": "sign_map", "draws": 12, "ranges": {
    "share": {"low": 0.0, "high": 1.0, "keys": ["agents.a.share", "agents.b.share"]},
    "spot.convexity": {"low": 1.0, "high": 100.0, "scale": "log"},
}}  # fmt: skip
STUDY = {"name": "t", "arms": {"plain": ["loan=off"], "loans": []}, "endpoints": ["rent_gap_95pct"],
         "contrasts": {"credit": {"arms": {"loans": 1.0, "plain": -1.0}}}}  # fmt: skip


def kind(**changed: object) -> SignMap:
    return SignMap.model_validate({name: value for name, value in KIND.items() if name != "_target_"} | changed)


def test_all_arms_of_a_draw_share_its_values_and_contrasts_stay_within_it() -> None:
    study = kind().study(STUDY)
    assert len(study["arms"]) == 24
    plain, loans = study["arms"]["plain.d03"], study["arms"]["loans.d03"]
    assert plain == ["loan=off", *loans]
    assert [entry.partition("=")[0] for entry in loans] == ["agents.a.share", "agents.b.share", "spot.convexity"]
    assert loans[0].partition("=")[2] == loans[1].partition("=")[2]
    assert study["contrasts"]["credit.d03"]["arms"] == {"loans.d03": 1.0, "plain.d03": -1.0}


def test_a_draw_stays_as_it_is_whatever_else_is_drawn() -> None:
    alone = kind(draws=2, ranges={"share": KIND["ranges"]["share"]})  # type: ignore[index]
    assert alone.values(2)["share"] == kind().values(2)["share"]


def test_draws_fill_their_range_evenly_or_evenly_in_logs() -> None:
    many = [kind().values(draw) for draw in range(1, 401)]
    assert np.mean([one["share"] < 0.5 for one in many]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([one["spot.convexity"] < 10.0 for one in many]) == pytest.approx(0.5, abs=0.08)
    assert all(1.0 <= one["spot.convexity"] <= 100.0 for one in many)


def folder(out: Path) -> Results:
    """Credit raises the gap where the share is above a half and lowers it below, with a little of each seed's own."""
    drawn = kind().study(STUDY)
    noise = np.random.default_rng(2).normal(size=(12, 4)) * 0.02
    rows = [
        {"key": f"{arm}{draw}{seed}", "arm": f"{arm}.d{draw:02d}", "shock": "none", "seed": seed, "status": "ok",
         "error": None, "rent_gap_95pct": seed + (arm == "loans") * (kind().values(draw)["share"] - 0.5
                                                                     + noise[draw - 1, seed])}
        for arm in ("plain", "loans") for draw in range(1, 13) for seed in range(4)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    (out / "config.yaml").write_text(yaml.safe_dump({"study": {**drawn, "kind": KIND}, "days": 9}))
    return Results(out)


def test_the_map_counts_signs_and_names_the_assumption_that_goes_with_them(tmp_path: Path) -> None:
    results = folder(tmp_path)
    (row,) = sign_map(by_draw(results, kind()), kind())
    above = sum(kind().values(draw)["share"] > 0.5 for draw in range(1, 13))
    assert (row["contrast"], row["metric"], row["draws"]) == ("credit", "rent_gap_95pct", 12)
    assert row["higher"] == pytest.approx(above / 12, abs=1 / 12)
    assert row["higher"] + row["lower"] == 1.0
    assert row["clear_higher"] + row["clear_lower"] >= 8
    assert row["goes_with"] == "share"
    assert row["rank_correlation"] > 0.9
    assert row["p"] < 0.01


def test_the_answer_tells_the_shares_and_the_figure_is_drawn(tmp_path: Path) -> None:
    results = folder(tmp_path)
    plan = results.design.plan
    assert isinstance(plan, SignMap)
    plan.read(tmp_path, read_settings({"study": results.config["study"], "days": 9, "out": str(tmp_path)}))
    opening, said = plan.sentences(results)
    assert "12 draws of share and spot.convexity" in opening
    assert said.startswith("Credit: rent gap 95 % quantile higher in ")
    assert "going with share (rank correlation +" in said
    (figure,) = plan.draw(results)
    assert figure.name == "sign_map"
    assert {"share", "spot.convexity", "estimate"} <= set(pd.read_parquet(tmp_path / "sign_map_draws.parquet"))


def test_few_draws_have_no_rank_correlation() -> None:
    rows = [{"share": 0.1 * n} for n in range(4)]
    assert rank_correlation(rows, np.arange(4.0), "share") is None


@pytest.mark.parametrize(
    ("span", "says"),
    [({"low": 1.0, "high": 1.0}, "must be greater than low = 1"),
     ({"low": 0.0, "high": 1.0, "scale": "log"}, "must be greater than 0 on a log scale"),
     ({"low": float("nan"), "high": 1.0}, "finite")],
)  # fmt: skip
def test_a_range_that_spans_nothing_is_refused(span: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        kind(ranges={"share": span})


@pytest.mark.parametrize(
    ("change", "key"),
    [({"contrasts": {}}, "study.contrasts"), ({"endpoints": []}, "study.endpoints"),
     ({"shocks": {"cut": ["pool_outage"]}}, "study.shocks"), ({"sweep": {"a": [1, 2]}}, "study.sweep")],
)  # fmt: skip
def test_a_map_without_contrasts_or_with_shocks_is_refused(change: dict[str, object], key: str) -> None:
    settings: Settings = read_settings({"study": STUDY | change, "days": 9, "out": "x"})
    with pytest.raises(UsageError) as error:
        kind().checked(settings)
    assert [problem.key for problem in error.value.problems] == [key]


def test_a_map_that_draws_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"study\.kind\.ranges"):
        kind(ranges={}).checked(read_settings({"study": STUDY, "days": 9, "out": "x"}))
