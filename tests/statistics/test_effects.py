"""Which comparisons a design offers, and what the table of effects says of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analyse.effects import COLUMNS, RESPONSE, comparisons_in, effects, equivalences, write_effects
from experiments.analyse.stats import holm
from experiments.configuration.settings import read_settings
from experiments.results import Contrast, Design, Results
from experiments.study.events import most_comparisons

DESIGN = Design(arms=("plain", "loans"), shocks=("none", "outage"), baseline="plain", endpoints=("rent",))


def table(**cells: list[float]) -> pd.DataFrame:
    """Build runs from `arm__shock=[rent by seed]`."""
    rows = [
        {"key": f"{cell}{seed}", "arm": cell.split("__")[0], "shock": cell.split("__")[1], "seed": seed, "status": "ok",
         "error": None, "rent": value}
        for cell, values in cells.items() for seed, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def row(found: pd.DataFrame, metric: str, arm: str, baseline: str, shock: str) -> pd.Series:
    match = found[(found.metric == metric) & (found.arm == arm) & (found.baseline == baseline) & (found.shock == shock)]
    assert len(match) == 1
    return match.iloc[0]


FOUR_CELLS = {
    "plain__none": [1.0, 2.0, 3.0], "plain__outage": [2.0, 3.1, 4.2],
    "loans__none": [1.5, 2.5, 3.7], "loans__outage": [3.0, 4.0, 5.5],
}  # fmt: skip


def test_the_columns_are_exactly_those_promised() -> None:
    assert tuple(effects(table(**FOUR_CELLS), DESIGN).columns) == COLUMNS


def test_each_comparison_is_the_mean_of_the_differences_it_names() -> None:
    found = effects(table(**FOUR_CELLS), DESIGN)
    assert len(found) == 5
    assert row(found, "rent", "plain", "plain", "outage").estimate == pytest.approx(1.1)
    assert row(found, "rent", "loans", "loans", "outage").estimate == pytest.approx(1.6)
    assert row(found, "rent", "loans", "plain", "none").estimate == pytest.approx(np.mean([0.5, 0.5, 0.7]))
    assert row(found, "rent", "loans", "plain", "outage").estimate == pytest.approx(np.mean([1.0, 0.9, 1.3]))
    assert row(found, RESPONSE + "rent", "loans", "plain", "outage").estimate == pytest.approx(0.5)


def test_seeds_are_paired_by_their_number_and_not_by_their_row() -> None:
    runs = table(**FOUR_CELLS)
    shuffled = runs.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(effects(shuffled, DESIGN), effects(runs, DESIGN))


def test_a_seed_missing_on_one_side_is_left_out_as_a_pair() -> None:
    runs = table(**FOUR_CELLS)
    runs = runs[~((runs.arm == "loans") & (runs.shock == "none") & (runs.seed == 0))]
    runs.loc[(runs.arm == "plain") & (runs.shock == "outage") & (runs.seed == 2), "rent"] = np.inf
    found = effects(runs, DESIGN)
    assert row(found, "rent", "loans", "plain", "none").n == 2
    assert row(found, "rent", "plain", "plain", "outage").n == 2
    assert row(found, RESPONSE + "rent", "loans", "plain", "outage").n == 1


def test_forked_arms_are_compared_with_the_forked_baseline_only() -> None:
    cells = FOUR_CELLS | {f"{c.replace('__', '@fork__')}": [v + 9 for v in values] for c, values in FOUR_CELLS.items()}
    design = Design(
        arms=("plain", "loans", "plain@fork", "loans@fork"), shocks=("none", "outage"), baseline="plain", endpoints=()
    )
    found = effects(table(**cells), design)
    pairs = set(zip(found.arm, found.baseline, strict=True))
    assert ("loans@fork", "plain@fork") in pairs
    assert all(arm.endswith("@fork") == base.endswith("@fork") for arm, base in pairs)
    assert len(found) == 10


def test_holm_goes_over_all_that_the_answer_says_and_leaves_the_rest_exploratory() -> None:
    runs = table(**FOUR_CELLS)
    runs["other"] = runs["rent"] ** 2
    found = effects(runs, DESIGN)
    assert found[found.metric == "other"].p_holm.isna().all()
    said = found[found.family == "answer"]
    assert len(said) == 4  # the shock in both arms, the arm without it, the response
    assert sorted(said.p_holm.dropna()) == pytest.approx(sorted(p for p in holm(said.p.tolist()) if p is not None))
    under = row(found, "rent", "loans", "plain", "outage")  # in no sentence: alone in a family of its kind
    assert (under.family, under.p_holm) == ("arm", under.p)


def test_swept_values_are_further_columns_and_never_mixed() -> None:
    low, high = table(**FOUR_CELLS), table(**FOUR_CELLS)
    high["rent"] *= 10
    runs = pd.concat([low.assign(**{"spot.convexity": 3.0}), high.assign(**{"spot.convexity": 8.0})])
    design = Design(arms=DESIGN.arms, shocks=DESIGN.shocks, baseline="plain", sweep=("spot.convexity",))
    found = effects(runs, design)
    assert list(found.columns) == [*COLUMNS, "spot.convexity"]
    plain = found[(found.arm == "plain") & (found.metric == "rent") & found.along.isna()]
    shock = plain.set_index("spot.convexity").estimate
    assert shock[3.0] == pytest.approx(1.1)
    assert shock[8.0] == pytest.approx(11.0)
    assert set(found.metric) == {"rent", RESPONSE + "rent"}  # the swept number is no metric


SWEPT = "shocks.outage.size"


def swept_runs() -> pd.DataFrame:
    """Four seeds: `none` once, the outage at three sizes listed out of order, two arms."""
    parts = []
    for size in (0.3, 0.1, 0.2):
        outage = {f"{arm}__outage": [s + 10 * size + (arm == "loans") * size for s in (1.0, 2.0, 4.0, 7.0)]
                  for arm in ("plain", "loans")}  # fmt: skip
        parts.append(table(**outage).assign(**{SWEPT: size}))
    calm = table(plain__none=[0.0, 1.0, 3.0, 6.5], loans__none=[0.5, 1.0, 3.0, 6.0])
    return pd.concat([calm.assign(**{SWEPT: np.nan}), *parts], ignore_index=True)


def test_each_swept_value_is_compared_with_the_first_listed_in_the_same_arm_and_shock() -> None:
    design = Design(**{**vars(DESIGN), "sweep": (SWEPT,), "swept": {SWEPT: (0.3, 0.1, 0.2)}})
    found = effects(swept_runs(), design)
    along = found[found.along == SWEPT].set_index(["arm", SWEPT])
    assert set(along.shock) == {"outage"}  # nothing else depends on it
    assert set(along.against) == {"0.3"}
    assert along.estimate["plain", 0.1] == pytest.approx(-2.0)
    assert along.estimate["loans", 0.2] == pytest.approx(-1.1)
    assert len(along) == 4


def test_a_run_that_does_not_depend_on_a_swept_key_is_paired_with_all_its_values_and_counts_once() -> None:
    design = Design(**{**vars(DESIGN), "sweep": (SWEPT,), "swept": {SWEPT: (0.3, 0.1, 0.2)}})
    found = effects(swept_runs(), design)
    shock = found[(found.arm == "plain") & (found.baseline == "plain") & found.along.isna()].set_index(SWEPT)
    assert shock.estimate[0.1] == pytest.approx(1.0 + 1.0 - 0.125)
    assert shock.n.tolist() == [4, 4, 4]
    calm = found[(found.arm == "loans") & (found.baseline == "plain") & (found.shock == "none")]
    assert len(calm) == 1
    assert calm[SWEPT].isna().all()


def test_the_answers_family_holds_swept_values_and_what_is_said_of_the_first_point() -> None:
    runs = pd.concat([table(**FOUR_CELLS).assign(a=a, b=b) for a in (1, 2, 3) for b in (5, 6)], ignore_index=True)
    runs["rent"] += np.random.default_rng(1).normal(size=len(runs)) * 0.3 + runs["a"]
    swept = {"a": (1, 2, 3), "b": (5, 6)}
    found = effects(runs, Design(**{**vars(DESIGN), "sweep": ("a", "b"), "swept": swept}))
    said = found[found.family == "answer"]
    levels = found[found.along.notna() & ~found.metric.str.startswith(RESPONSE)]
    assert set(levels.family) == {"answer"}
    assert len(said) == len(levels) + 4
    assert (said[said.along.isna()][["a", "b"]] == [1, 5]).all(axis=None)
    assert said.p_holm.min() == pytest.approx(min(1.0, len(said) * said.p.min()))


def test_the_written_table_skips_failed_runs_and_is_the_same_bytes_every_time(folder: Path) -> None:
    first = write_effects(folder).read_bytes()
    assert write_effects(folder).read_bytes() == first
    found = Results(folder).effects
    assert tuple(found.columns) == COLUMNS
    assert row(found, "rent_peak_share", "no_finance", "no_finance", "pool_outage").n == 11  # one run failed
    assert row(found, "rent_peak_share", "loans", "loans", "pool_outage").n == 12
    assert row(found, "unserved_gpu_hours", "loans", "loans", "pool_outage").low > 0
    never = row(found, "recovery_days", "loans", "loans", "pool_outage")
    assert never.n == 0
    assert np.isnan(never.estimate)


def test_runs_that_are_the_same_have_null_p_and_ratio_in_the_file(folder: Path) -> None:
    write_effects(folder)
    same = row(Results(folder).effects, "unserved_gpu_hours", "futures", "no_finance", "none")
    assert (same.estimate, same.low, same.high) == (0.0, 0.0, 0.0)
    assert np.isnan([same.p, same.p_holm, same.variance_ratio]).all()


def test_margins_set_in_advance_give_a_table_of_equivalence(folder: Path) -> None:
    write_effects(folder)
    tests = pd.read_parquet(folder / "equivalence.parquet")
    assert set(tests.metric) == {"rent_mean_usd_per_gpu_hour", RESPONSE + "rent_mean_usd_per_gpu_hour"}
    assert tests[tests.shock == "none"].equivalent.all()


def test_no_margin_means_no_equivalence_claims() -> None:
    assert equivalences(table(**FOUR_CELLS), DESIGN).empty


CONTRASTS = {"credit": Contrast({"loans": 1.0, "plain": -1.0}), "half": Contrast({"loans": 0.5, "plain": -0.5}, "part")}


def test_a_contrast_is_named_in_arm_and_spelt_out_in_baseline() -> None:
    design = Design(**{**vars(DESIGN), "contrasts": CONTRASTS})
    found = effects(table(**FOUR_CELLS), design)
    assert tuple(found.columns) == COLUMNS
    credit = row(found, "rent", "credit", "loans - plain", "none")
    assert credit.estimate == pytest.approx(np.mean([0.5, 0.5, 0.7]))
    assert row(found, "rent", "half", "0.5 loans - 0.5 plain", "none").estimate == pytest.approx(credit.estimate / 2)
    assert row(found, RESPONSE + "rent", "credit", "loans - plain", "outage").estimate == pytest.approx(0.5)


def test_holm_covers_contrasts_of_all_roles_together_apart_from_pairs_of_arms() -> None:
    found = effects(table(**FOUR_CELLS), Design(**{**vars(DESIGN), "contrasts": CONTRASTS}))
    said = found[found.family == "answer"]
    assert set(said.arm) == {"credit", "half"}
    assert len(said) == 4  # calm and in the response
    assert said.p_holm.max() == pytest.approx(max(p for p in holm(said.p.tolist()) if p is not None))


def test_a_contrast_of_four_arms_cancels_what_pairs_share_and_forks_are_contrasted_apart() -> None:
    cells = {"a": 1.0, "b": 3.0, "c": 10.0, "d": 12.5}
    runs = {
        f"{arm}{fork}__none": [v + s * v for s in (0.0, 0.1, 0.3)] for arm, v in cells.items() for fork in ("", "@fork")
    }
    arms = (*cells, *(f"{arm}@fork" for arm in cells))
    mixed = {"both": Contrast({"d": 1.0, "c": -1.0, "b": -1.0, "a": 1.0})}
    found = effects(table(**runs), Design(arms=arms, baseline="a", contrasts=mixed, endpoints=("rent",)))
    expected = pytest.approx(0.5 * (1.0 + 0.4 / 3.0))
    assert row(found, "rent", "both", "d - c - b + a", "none").estimate == expected
    assert row(found, "rent", "both@fork", "d - c - b + a", "none").estimate == expected


@pytest.mark.parametrize(
    ("study", "sweep"),
    [({}, {}), ({"contrasts": {"c": {"arms": {"loans": 1.0, "plain": -1.0}}}}, {}), ({}, {"a": [1, 2]})],
)
def test_before_anything_runs_the_family_is_counted_as_large_as_it_comes_out(study, sweep) -> None:
    told = {"name": "t", "arms": {"plain": [], "loans": []}, "shocks": {"outage": []}, "endpoints": ["rent"]}
    settings = read_settings({"study": told | study | {"sweep": sweep}, "days": 9, "out": "x"})
    runs = table(**FOUR_CELLS)
    if sweep:
        runs = pd.concat([runs.assign(a=a) for a in sweep["a"]], ignore_index=True)
        runs["rent"] += np.random.default_rng(1).normal(size=len(runs)) * 0.3
    contrasts = {name: Contrast(given["arms"]) for name, given in study.get("contrasts", {}).items()}
    swept = {"sweep": tuple(sweep), "swept": {key: tuple(values) for key, values in sweep.items()}}
    found = effects(runs, Design(**{**vars(DESIGN), "contrasts": contrasts, **swept}))
    assert most_comparisons(settings) == comparisons_in(found, "answer")
