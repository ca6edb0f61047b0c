"""What readers learn of the curve: the slope of surprises on gaps, and that noise dies out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.links import Links
from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.reading import Reading
from sim.rules.learning import kept_after_a_month, learned_weight
from tests.worlds import moved, ran, series, spot_side, world

MONTHS, EVENINGS = 4, 5
PRIOR = {"curve_to_capex": 1.0, "curve_to_collateral": 0.0, "curve_to_reserved": 0.0, "hedge_cash": 0.0}


def links(**terms: float) -> Links:
    return Links(**PRIOR, normal_premium=[0.0] * MONTHS, learning=True, **terms)  # type: ignore[arg-type]


def told(gap_of: str, passed: int = 48, seed: int = 1) -> tuple[Reading, list[list[tuple[float, float]]]]:
    """A reading of a market in which the gap is what the belief lacks, or noise, or that of another month."""
    rng, reading = np.random.default_rng(seed), Reading()
    truth = rng.normal(0.0, 0.2, passed + MONTHS)  # surprise of each contract, apart from what no one knows
    months: dict[int, list[tuple[list[float], list[float]]]] = {}
    for month in range(passed):
        for _ in range(EVENINGS):
            own = truth[month : month + MONTHS]
            other = rng.permutation(truth[:passed])[:MONTHS] if gap_of == "another month" else own
            gaps = 0.5 * other + rng.normal(0.0, 0.02, MONTHS) if gap_of != "noise" else rng.normal(0.0, 0.1, MONTHS)
            expected = rng.normal(1.0, 0.02, MONTHS)
            reading.note(month, gaps.tolist(), expected.tolist(), [0.0, *[30.0] * (MONTHS - 1)])
            months.setdefault(month, []).append((gaps.tolist(), expected.tolist()))
        reading.pass_month(month, 1.0 + float(truth[month]), 1.0)
    pairs = [
        [
            (np.mean([g[month - then] for g, _ in months[then]]),
             1.0 + truth[month] - np.mean([e[month - then] for _, e in months[then]]))
            for then in range(max(0, month - MONTHS + 1), month)
        ]
        for month in range(passed)
    ]  # fmt: skip
    return reading, pairs


@pytest.mark.parametrize("gap_of", ["what is to come", "noise"])
def test_the_weight_is_that_of_discounted_least_squares_over_all_months(gap_of):
    reading, pairs = told(gap_of)
    kept = kept_after_a_month(1.0)
    weight, x, y = (
        np.concatenate(parts)
        for parts in zip(
            *[
                (np.full(len(mine), kept ** (len(pairs) - 1 - month) / len(mine)), *np.array(mine).T)
                for month, mine in enumerate(pairs)
                if mine
            ],
            strict=True,
        )
    )
    n = weight.sum()
    dx, dy = x - weight @ x / n, y - weight @ y / n
    cov, gap, surprise = weight @ (dx * dy), weight @ dx**2, weight @ dy**2 / n
    prior = 3.0 * kept ** len(pairs)
    expected = (prior * 0.5 * surprise + cov) / ((prior + 1.0) * surprise + gap)
    assert reading.weight(links()) == pytest.approx(min(max(expected, 0.0), 1.0), abs=1e-9)


def test_a_curve_that_knows_is_believed_and_noise_or_another_months_curve_dies_out():
    found = {
        gap_of: np.mean([told(gap_of, seed=seed)[0].weight(links()) for seed in range(8)])
        for gap_of in ("what is to come", "noise", "another month")
    }
    assert found["what is to come"] > 0.9
    assert found["noise"] < 0.15
    assert found["another month"] < 0.15


def test_before_anything_is_learned_the_prior_stands_less_the_doubt():
    assert Reading().weight(links()) == pytest.approx(0.5 * 3.0 / 4.0)
    assert Reading().weight(links(doubt_months=0.0)) == 0.5
    assert Reading().weight(links(doubt_months=0.0, prior_months=0.0)) == 0.5
    assert learned_weight(0.5, 0.0, 0.0, 10.0, 0.0, 0.0, 1.0) == 0.0


@pytest.mark.parametrize(("slope", "weight"), [(-1.0, 0.0), (0.4, 0.4), (3.0, 1.0)])
def test_much_evidence_gives_the_slope_within_zero_and_one(slope, weight):
    assert learned_weight(0.5, 1.0, 1.0, 1e9, slope * 0.01, 0.01, 0.02) == pytest.approx(weight, abs=1e-6)


def test_the_gap_is_the_mean_of_a_month_of_evenings_over_the_months_that_are_to_come():
    reading = Reading()
    assert reading.gap is None
    for evening in range(40):
        reading.note(0, [9.0, 0.1 * evening, 0.2 * evening], [0.0] * 3, [0.0, 30.0, 30.0])
    assert reading.gap == pytest.approx(0.15 * np.mean(range(10, 40)))


def test_nothing_is_learned_of_a_curve_of_one_month():
    reading = Reading()
    for month in range(5):
        reading.note(month, [0.1], [0.0], [0.0])
        reading.pass_month(month, 0.1, 1.0)
    assert math.isnan(reading.misses[0])
    assert 0.0 < reading.weight(links()) < 0.375, "the prior is forgotten all the same"


@pytest.mark.parametrize("seed", [1, 2])
def test_learning_without_links_changes_no_bit(seed):
    assert moved(series(ran(70, seed=seed, links__learning=True)), series(ran(70, seed=seed))) == []


def test_learned_links_act_and_a_copy_goes_on_alike():
    economy = world("links=learned", "information=private", days=110)
    economy.run(60)
    twin = economy.fork()
    for half in (economy, twin):
        half.run(50)
    assert moved(series(economy), series(twin)) == []
    assert "orders_ve" in moved(spot_side(economy), spot_side(ran(110, "links=on", "information=private")))
    assert "orders_ve" in moved(spot_side(economy), spot_side(ran(110)))


def test_a_prior_of_nothing_with_nothing_learned_is_no_link_at_all():
    none = {"links__prior_weight": 0.0, "links__hedge_cash": 0.0}
    deaf = ran(40, "links=learned", **none)  # before the second month settles nothing can be learned
    assert moved(spot_side(deaf), spot_side(ran(40))) == []


def test_what_is_recorded_of_the_curves_worth():
    economy = ran(130, "information=private")
    record, month_end = economy.record, economy.record["month_end"] > 0
    missed = np.isfinite(record["curve_miss"])
    assert (missed <= month_end).all()
    assert missed.sum() == month_end.sum() - 1, "nobody forecast the month in which the world begins"
    window = Window(record, 0, 130)
    curve, rents = np.nanmean(record["curve_miss"]), np.nanmean(record["curve_miss_of_rents"])
    assert METRICS["curve_r2_over_spot"].of(window) == pytest.approx(1.0 - curve / rents)
    assert METRICS["curve_weight_end"].of(window) == record["curve_weight"][-1] > 0.0
    assert 0.0 < METRICS["curve_commonality"].of(window) < 1.0
    nothing = Window(ran(40, "venue=none").record, 0, 40)
    assert all(
        math.isnan(METRICS[f"curve_{name}"].of(nothing)) for name in ("r2_over_spot", "weight_end", "commonality")
    )
