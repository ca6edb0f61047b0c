"""The answer's sentences are always true: also of studies that name no endpoints, or compare nothing."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.analyse.effects import write_effects
from experiments.kinds.neutrality import Neutrality
from experiments.kinds.paired import DEFAULT_ENDPOINTS, Paired
from experiments.report import answer
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
    shock = sized[(sized["family"] == "shock") & sized["p"].notna()]
    assert (shock["among"] == 2).all()
    assert len(shock) == 2


@pytest.mark.parametrize(("moved", "words"), [(0.0, "exactly those with"), (3.0, "in one seed, without interval or p")])
def test_one_seed_is_told_as_one_seed(tmp_path: Path, moved: float, words: str) -> None:
    cells = [("base", "none", 1, "ok", 5.0), ("other", "none", 1, "ok", 5.0 + moved)]
    said = answer.sentences(written(tmp_path, cells, arms={"base": [], "other": []}))
    assert any(words in sentence for sentence in said)
    assert not any("among 0" in sentence or "told from" in sentence for sentence in said)
