"""The answer's sentences are always true: also of studies that name no endpoints, or compare nothing."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.analyse.effects import write_effects
from experiments.kinds.neutrality import Neutrality
from experiments.kinds.paired import DEFAULT_ENDPOINTS, Paired
from experiments.report import answer
from experiments.report.page import content
from experiments.results import Results


def written(out: Path, cells: list[tuple[str, str, int, str, float]], **study: object) -> Results:
    """A folder whose runs have one arm, shock, seed, status and value of all default endpoints each."""
    rows = [
        {"key": str(n), "status": status, "error": "", "arm": arm, "shock": shock, "seed": seed}
        | dict.fromkeys(DEFAULT_ENDPOINTS, value)
        for n, (arm, shock, seed, status, value) in enumerate(cells)
    ]
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    (out / "config.yaml").write_text(yaml.safe_dump({"study": {"arms": {"base": []}} | study, "days": 20}))
    write_effects(out)
    return Results(out)


def test_a_study_without_endpoints_answers_by_price_moves_use_and_capacity(tmp_path: Path) -> None:
    cells = [("base", shock, seed, "ok", seed + 9.0 * (shock == "cut")) for shock in ("none", "cut") for seed in (1, 2)]
    said = answer.sentences(written(tmp_path, cells, shocks={"cut": ["cut"]}))
    told = [sentence for sentence in said if "+9.00" in sentence or "+900" in sentence]
    assert len(told) == len(DEFAULT_ENDPOINTS)
    assert not any("with base" in sentence for sentence in told)  # there is no other arm
    assert not any("compares nothing" in sentence or "Nothing is" in sentence for sentence in said)


def test_own_metrics_come_before_ours_and_named_endpoints_stand_alone() -> None:
    assert Paired().endpoints([], ["mine"]) == ("mine", *DEFAULT_ENDPOINTS)
    assert Paired().endpoints(["rent_volatility"], ["mine"]) == ("rent_volatility",)
    assert Neutrality().endpoints([], []) == ()


@pytest.mark.parametrize(
    ("cells", "shocks", "words"),
    [
        ([("base", "none", 1, "ok", 2.0)], {}, "one arm, no shock and no swept parameter"),
        (
            [("base", "none", 1, "ok", 2.0), ("base", "cut", 2, "ok", 2.0)],
            {"cut": ["cut"]},
            "no two runs that finished",
        ),
        ([("base", "none", 1, "failed", float("nan"))], {}, "No run finished"),
    ],
)
def test_what_compares_nothing_says_why(tmp_path: Path, cells: list, shocks: dict, words: str) -> None:  # type: ignore[type-arg]
    said = answer.sentences(written(tmp_path, cells, shocks=shocks))
    assert words in said[0]


def test_a_swept_study_says_over_how_many_comparisons_of_all_points_holm_went(tmp_path: Path) -> None:
    rows = [
        {"key": f"{seed}{shock}{x}", "status": "ok", "error": "", "arm": "base", "shock": shock, "seed": seed, "x": x,
         "defaults": float((seed * 7 + x * 3 + 5 * (shock == "cut")) % 4)}
        for seed in range(3) for shock in ("none", "cut") for x in (1, 2)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "runs.parquet")
    study = {"arms": {"base": []}, "shocks": {"cut": ["cut"]}, "sweep": {"x": [1, 2]}, "endpoints": ["defaults"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"study": study, "days": 20}))
    write_effects(tmp_path)
    results = Results(tmp_path)
    sized = answer.with_family_sizes(results.effects)
    said = sized[(sized["family"] == "answer") & sized["p"].notna()]
    assert (said["among"] == len(said)).all()
    assert set(said["along"].isna()) == {True, False}  # the shock at the first point, and the values of x
    (elsewhere,) = sized.loc[sized["family"] == "shock", "among"]  # at the second point: in tables only
    assert elsewhere == 1


@pytest.mark.parametrize(
    ("moved", "words"), [(0.0, "are the same as with"), (3.0, "in one seed, without interval or p")]
)
def test_one_seed_is_told_as_one_seed(tmp_path: Path, moved: float, words: str) -> None:
    cells = [("base", "none", 1, "ok", 5.0), ("other", "none", 1, "ok", 5.0 + moved)]
    said = answer.sentences(written(tmp_path, cells, arms={"base": [], "other": []}))
    assert any(words in sentence for sentence in said)
    assert not any("among 0" in sentence or "told from" in sentence for sentence in said)


@pytest.mark.parametrize(("moved", "changed"), [(5e-9, False), (5e-6, True)])
def test_a_change_of_rounding_size_is_told_as_none_wherever_it_is_told(
    tmp_path: Path, moved: float, changed: bool
) -> None:
    cells = [
        (arm, shock, seed, "ok", 5.0 + 0.1 * seed + (moved + 1e-2 * moved * seed) * (arm == "other") * (shock == "cut"))
        for arm in ("base", "other") for shock in ("none", "cut") for seed in range(4)
    ]  # fmt: skip
    results = written(tmp_path, cells, arms={"base": [], "other": []}, shocks={"cut": ["cut"]})
    assert bool((results.effects["estimate"] != 0.0).any()) is changed
    assert bool(results.effects["p"].notna().any()) is changed
    said = " ".join(answer.sentences(results))
    assert ("other” instead of “base” changes" in said) is changed
    assert ("very arm's response to the shock “cut” is the same as with “base”" in said) is not changed
    table = content(results, drawn=[])["verdicts"][0]["blocks"][0]["rows"]
    assert all(cells[1]["exact"] is not changed for _, cells in table)


def test_a_null_is_held_to_the_last_bits_and_no_other_contrast_is(tmp_path: Path) -> None:
    cells = [(arm, "none", seed, "ok", 5.0 + 5e-9 * (arm == "b")) for arm in ("a", "b") for seed in range(3)]
    contrasts = {role: {"arms": {"b": 1, "a": -1}, "role": role} for role in ("null", "placebo")}
    table = written(tmp_path, cells, arms={"a": [], "b": []}, contrasts=contrasts).effects.set_index("arm")
    assert (table.loc["null", "estimate"] > 0.0).all()
    assert (table.loc["placebo", "estimate"] == 0.0).all()


def test_what_no_run_could_measure_is_said_and_names_no_family(tmp_path: Path) -> None:
    cells = [(arm, "none", seed, "ok", 1.0 + seed * (arm == "b")) for arm in ("a", "b") for seed in range(3)]
    results = written(tmp_path, cells, arms={"a": [], "b": []}, endpoints=["defaults", "rent_mean_over_path"])
    runs = pd.read_parquet(tmp_path / "runs.parquet").assign(defaults=float("nan"))
    runs.to_parquet(tmp_path / "runs.parquet")
    write_effects(tmp_path)
    said = answer.sentences(Results(results.out))
    assert any("Nothing is said of defaults, which no run could measure" in sentence for sentence in said)
    assert not any("among 0" in sentence for sentence in said)
