"""What a swept parameter does, said in words and in the report's table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from experiments.analyse import along
from experiments.analyse.effects import write_effects
from experiments.report import answer
from experiments.results import Results

KEY = "shocks.cut.size"


def swept_folder(out: Path, slope: float) -> Path:
    """Twelve seeds; defaults grow by `slope` per unit of the cut's size, listed from the middle; `none` ran once."""
    noise = np.random.default_rng(5).normal(size=(12, 4))
    rows = []
    for seed in range(12):
        for place, (shock, size) in enumerate([("none", None), ("cut", 20.0), ("cut", 10.0), ("cut", 40.0)]):
            value = 5.0 + slope * (size or 0.0) + 0.1 * noise[seed, place] if shock == "cut" or slope else 5.0
            row = {"arm": "base", "shock": shock, "seed": seed, KEY: size, "defaults": value}
            rows.append({"key": f"{seed}{place}", "status": "ok", "error": "", **row})
    pd.DataFrame(rows).to_parquet(out / "runs.parquet")
    study = {"arms": {"base": []}, "shocks": {"cut": ["cut"]}, "sweep": {KEY: [20, 10, 40]}, "endpoints": ["defaults"]}
    (out / "config.yaml").write_text(yaml.safe_dump({"study": study, "days": 20}))
    write_effects(out)
    return out


def test_a_swept_key_that_matters_is_said_with_its_values_and_the_size_of_holms_family(tmp_path: Path) -> None:
    said = answer.sentences(Results(swept_folder(tmp_path, slope=1.0)))
    (sentence,) = (text for text in said if text.startswith(f"Along {KEY}, against 20: "))
    assert " firms at 10, base, cut" in sentence
    assert " firms at 40, base, cut" in sentence
    assert sentence.endswith("(2 of 2 comparisons, after Holm over the answer's 3).")


def test_a_swept_key_that_does_nothing_is_not_called_the_same(tmp_path: Path) -> None:
    said = answer.sentences(Results(swept_folder(tmp_path, slope=0.0)))
    (sentence,) = (text for text in said if text.startswith(f"Along {KEY}"))
    assert "no endpoint at 10 and 40 is distinguishable from that at 20" in sentence
    assert "(2 comparisons, after Holm over the answer's 3); that is no proof of equality" in sentence


def test_the_table_has_a_column_for_each_value_but_the_first(tmp_path: Path) -> None:
    (table,) = along.tables(Results(swept_folder(tmp_path, slope=1.0)))
    assert (table["first"], table["values"], table["family"]) == ("20", (10, 40), 3)
    ((_, where, rows),) = table["lines"]
    assert where == "base, cut"
    assert rows[40].estimate == pytest.approx(20.0, abs=0.2)


def test_what_one_key_does_only_at_another_ones_second_value_is_said(tmp_path: Path) -> None:
    noise = np.random.default_rng(6).normal(size=(12, 4))
    rows = [
        {"key": f"{seed}{a}{b}", "status": "ok", "error": "", "arm": "base", "shock": "none", "seed": seed, "a": a,
         "b": b == "on", "defaults": 9.0 * (a == 3 and b == "on") + noise[seed, 2 * (a == 3) + (b == "on")]}
        for seed in range(12) for a in (2, 3) for b in ("off", "on")
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "runs.parquet")
    study = {"arms": {"base": []}, "sweep": {"a": [2, 3], "b": [False, True]}, "endpoints": ["defaults"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"study": study, "days": 20}))
    write_effects(tmp_path)
    said = list(along.sentences(Results(tmp_path)))
    assert "at 3, b true, base, no shock (1 of 2 comparisons" in said[0]
    assert "at true, a 3, base, no shock (1 of 2 comparisons" in said[1]
