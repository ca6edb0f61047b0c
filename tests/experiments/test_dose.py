"""The kind of a study of doses: what it pairs, and against which gain it shows it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.kinds.dose import Dose, effect, families, points

ARMS = ("on_0", "on_3", "learned_0", "learned_3", "on_control", "other")


def results() -> SimpleNamespace:
    rows = [
        {"arm": arm, "shock": shock, "seed": seed, "wealth": wealth, "fund_gain_stated": 0.3 if "_3" in arm else np.nan,
         "fund_gain_measured": 0.28 if "_3" in arm else np.nan,
         "x": seed + (0.1 * wealth + 0.001 * seed if "_3" in arm else 0.0) + (9.0 if shock != "none" else 0.0)}
        for arm in ARMS for shock in ("none", "outage") for seed in (1, 2, 3) for wealth in (1.0, 2.0)
    ]  # fmt: skip
    design = SimpleNamespace(whole_arms=ARMS, sweep={"wealth": [1.0, 2.0]})
    return SimpleNamespace(finished=pd.DataFrame(rows), design=design)


def test_a_dose_is_paired_by_seed_with_the_arm_without_one():
    found = results()
    assert families(found) == {"on": ["3"], "learned": ["3"]}
    by_point = points(found)
    assert len(by_point) == 2
    for wealth, rows in zip((1.0, 2.0), by_point.values(), strict=True):
        gain, low, middle, high = effect(rows, "on", "3", "x")
        assert gain == pytest.approx(0.28)
        assert middle == pytest.approx(0.1 * wealth + 0.002)
        assert low < middle < high
    assert effect(rows[rows["seed"] == 1], "on", "3", "x") is None


def test_it_says_what_is_stated_beside_what_was_measured():
    said = list(Dose().sentences(results()))
    assert len(said) == 2
    assert all("0.300 is stated, 0.280 was measured" in text for text in said)
