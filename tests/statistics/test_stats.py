"""Intervals, p-values, Holm and equivalence of paired runs."""

import numpy as np
import pytest
from scipy.special import ndtri

from experiments.analyse import stats, studentised
from experiments.analyse.robust import carried_words


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def difference(treated: np.ndarray, control: np.ndarray) -> stats.Estimate:
    return stats.contrast([(1, treated), (-1, control)])


def test_differences_that_are_alike_but_for_rounding_are_tested_as_alike() -> None:
    alike, nearly = np.array([0.3, 0.3, 0.3]), np.array([0.1 + 0.2, 0.3, 0.3])
    assert np.ptp(nearly) > 0.0
    assert stats.p_value(nearly) == stats.p_value(alike) == 0.25  # two of eight sign patterns, and no t of 1e16


def judged(samples: np.ndarray) -> list[stats.Estimate]:
    return stats.estimates([stats.Pairs(sample, None) for sample in samples])


def mixture(generator: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Three seeds of sixteen are large: four standard deviations above the others."""
    return generator.normal(size=size) + 4.0 * (generator.uniform(size=size) < 3 / 16)


SHAPES = {  # differences, and their mean
    "normal": (lambda g, size: g.normal(size=size), 0.0),
    "exponential": (lambda g, size: g.exponential(size=size), 1.0),
    "lognormal": (lambda g, size: np.exp(0.75 * g.normal(size=size)), np.exp(0.75**2 / 2)),
    "of lognormals": (lambda g, size: np.exp(g.normal(size=size)) - np.exp(g.normal(size=size)), 0.0),
    "few large": (mixture, 0.75),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [8, 16, 24])
def test_intervals_cover_and_true_nulls_are_rejected_as_often_as_stated_whatever_the_skew(n: int, shape: str) -> None:
    # stated: 92 to 98 % of 95 % intervals, so that a true null is rejected in 2 to 8 %; 600 trials have a standard
    # error of .9 points, hence two points on either side. BCa covered 84 to 87 % of such skewed pairs, a t 87.
    draw, truth = SHAPES[shape]
    found = judged(draw(draws(7), (600, n)) - truth)
    covered = np.mean([one.low <= 0.0 <= one.high for one in found])
    assert 0.91 <= covered <= 0.99
    assert np.mean([one.p < 0.05 for one in found]) == pytest.approx(1.0 - covered, abs=0.005)


def test_sign_flips_reject_a_true_mean_of_zero_too_often_where_pairs_are_skewed() -> None:
    found = judged(np.exp(draws(7).normal(size=(300, 16))) - np.exp(0.5))
    assert np.mean([one.p_symmetry < 0.05 for one in found]) > 0.1  # why nothing is decided by them
    assert np.mean([one.p < 0.05 for one in found]) < 0.09


@pytest.mark.parametrize("n", [6, 12])
def test_the_test_of_no_difference_errs_at_its_stated_rate(n: int) -> None:
    rejected = np.mean([one.p < 0.05 for one in judged(draws(11).normal(size=(500, n)))])
    assert 0.02 <= rejected <= 0.08  # .05 and three standard errors of 500 trials


def test_rare_counts_have_intervals_that_end() -> None:
    (found,) = judged(np.array([[1.0] * 3 + [0.0] * 13]))
    assert found.low < 0.1875
    assert 0.456 < found.high < 1.5  # an exact binomial interval ends at .456


def test_no_effect_depends_on_what_is_judged_beside_it() -> None:
    samples = draws(10).exponential(size=(40, 16)) - 0.6
    assert judged(samples)[17] == judged(samples[17:18])[0]


def test_many_seeds_are_judged_by_a_formula_that_says_what_resamples_say() -> None:
    values = draws(3).exponential(size=studentised.MANY)
    resampled, formula = (kind(values[None] - 0.8) for kind in (studentised.Studentised.of, studentised.Expanded))
    for level in (0.9, 0.95, 0.99):
        assert np.array(formula.interval(level)) == pytest.approx(np.array(resampled.interval(level)), abs=0.02)
    assert formula.p_values() == pytest.approx(resampled.p_values(), rel=0.2)


def test_the_formula_for_many_seeds_covers_as_stated() -> None:
    found = judged(draws(6).lognormal(size=(600, 1_000)) - np.exp(0.5))
    assert 0.92 <= np.mean([one.low <= 0.0 <= one.high for one in found]) <= 0.98


def test_ten_thousand_seeds_without_skew_have_the_usual_interval() -> None:
    (found,) = judged(draws(3).normal(size=(1, 10_000)))
    assert found.high - found.low == pytest.approx(2 * 1.96 / 100.0, rel=0.03)


def test_what_stands_beside_a_mean_is_what_leaving_seeds_out_by_hand_gives() -> None:
    import itertools

    values = draws(4).exponential(size=9) - 0.7
    found = stats.contrast([(1, values)]).robust
    left = [np.delete(values, pair).mean() for pair in itertools.combinations(range(9), 2)]
    assert (found.leave_two_low, found.leave_two_high) == pytest.approx((min(left), max(left)))
    assert found.median == pytest.approx(np.median(values))
    assert found.same_sign == pytest.approx(np.mean(values > 0) if values.mean() > 0 else np.mean(values < 0))
    turned = [k for k in range(10) for out in itertools.combinations(range(9), k)
              if np.delete(values, out).sum() * np.sign(values.mean()) <= 0]  # fmt: skip
    assert found.rests_on == min(turned)


def test_a_mean_that_three_seeds_of_sixteen_make_is_said_to_rest_on_them() -> None:
    values = np.array([-0.1] * 6 + [0.1] * 7 + [5.0, 6.0, 7.0]) - 0.02
    found = stats.contrast([(1, values)])
    words = carried_words("rent_gap_95pct", 16, found.robust.rests_on, found.estimate, found.robust.median)
    assert words.startswith("it rests on 3 seeds of 16")
    even = stats.contrast([(1, np.linspace(0.9, 1.1, 16))])
    assert not carried_words("rent_gap_95pct", 16, even.robust.rests_on, even.estimate, even.robust.median)


def test_a_true_difference_is_found_and_the_estimate_is_the_mean_difference() -> None:
    control = draws(1).normal(size=24)
    treated = control + 0.5 + 0.1 * draws(2).normal(size=24)
    found = difference(treated, control)
    assert found.estimate == pytest.approx(np.mean(treated - control))
    assert 0.4 < found.low < found.estimate < found.high < 0.6
    assert found.p < 0.001
    assert found.variance_ratio > 50  # common noise of variance 1 against .01 of the difference


def test_unpaired_noise_gains_nothing_from_pairing() -> None:
    found = difference(draws(3).normal(size=400), draws(4).normal(size=400))
    assert found.variance_ratio == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("n", [4, 32])
def test_identical_runs_have_a_point_interval_and_no_p(n: int) -> None:
    values = draws(5).normal(size=n)
    assert difference(values, values.copy()) == stats.Estimate(
        n, 0.0, 0.0, 0.0, None, None, None, stats.robustness(np.zeros(n)), 0.0
    )


def test_rounding_between_contrasts_is_not_an_effect() -> None:
    base = draws(6).normal(size=32)
    effect = stats.contrast([(1, base + 0.1), (-1, base), (-1, base + 0.1), (1, base)])
    assert (effect.low, effect.high, effect.p) == (0.0, 0.0, None)


@pytest.mark.parametrize("n", [5, 12])
def test_a_constant_difference_has_a_point_interval_and_the_p_of_its_signs(n: int) -> None:
    found = difference(np.full(n, 3.0), np.full(n, 1.0))
    assert (found.estimate, found.low, found.high, found.variance_ratio) == (2.0, 2.0, 2.0, None)
    assert found.p == pytest.approx(2.0 / 2**n)


def test_seeds_that_are_not_finite_are_dropped_as_pairs() -> None:
    found = difference(np.array([1.0, np.nan, 3.0, 5.0]), np.array([0.0, 1.0, np.inf, 3.0]))
    assert (found.n, found.estimate) == (2, 1.5)
    assert difference(np.array([np.nan]), np.array([1.0])).n == 0


def test_one_seed_gives_an_estimate_without_an_interval() -> None:
    assert difference(np.array([2.0]), np.array([1.0])) == stats.Estimate(
        1, 1.0, None, None, None, None, None, stats.robustness(np.ones(1))
    )


def test_below_eight_seeds_the_interval_and_p_are_those_of_a_paired_t() -> None:
    from scipy.stats import ttest_rel

    treated, control = draws(8).normal(size=7), draws(9).normal(size=7)
    theirs = ttest_rel(treated, control)
    found = difference(treated, control)
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))


def test_the_same_numbers_give_the_same_interval_whatever_was_computed_before() -> None:
    values = draws(10).normal(size=20)
    first = stats.interval(values), stats.p_value(values)
    stats.interval(draws(12).normal(size=15))
    assert (stats.interval(values), stats.p_value(values)) == first


def test_sign_flips_enumerate_every_pattern_for_few_pairs() -> None:
    (found,) = judged(np.arange(1.0, 11.0)[None])
    assert found.p_symmetry == pytest.approx(2 / 1024)  # only all-plus and all-minus are as large


def test_holm_steps_down_and_leaves_missing_ones_out_of_the_family() -> None:
    assert stats.holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert stats.holm([None, None]) == [None, None]
    assert stats.holm([]) == []


def test_equivalence_needs_evidence_and_not_only_a_missing_difference() -> None:
    control = draws(13).normal(size=40)
    close = control + 0.01 * draws(14).normal(size=40)
    far = control + 3.0 * draws(15).normal(size=40)
    assert stats.equivalence([(1, close), (-1, control)], margin=0.1).equivalent
    assert not stats.equivalence([(1, far), (-1, control)], margin=0.1).equivalent
    assert not stats.equivalence([(1, close + 0.2), (-1, control)], margin=0.1).equivalent
    same = stats.equivalence([(1, control), (-1, control)], margin=0.1)
    assert (same.equivalent, same.p, same.low, same.high) == (True, None, 0.0, 0.0)
    assert not stats.equivalence([(1, control[:1]), (-1, control[:1])], margin=0.1).equivalent


@pytest.mark.parametrize(("seeds", "comparisons"), [(3, 1), (4, 24), (6, 12), (7, 8)])
def test_the_least_effect_is_where_holms_correction_begins_to_reject(seeds: int, comparisons: int) -> None:
    shape = np.linspace(-1.0, 1.0, seeds)
    shape /= shape.std(ddof=1)  # differences over seeds with standard deviation 1
    others = [1.0] * (comparisons - 1)
    least = stats.least_effect(seeds, comparisons)
    for size, rejected in ((0.99 * least, False), (1.01 * least, True)):
        adjusted = stats.holm([stats.p_value(shape + size), *others])[0]
        assert adjusted is not None
        assert (adjusted < 0.05) is rejected


def test_from_eight_seeds_on_the_least_effect_is_about_what_the_bootstrap_asks() -> None:
    shape = ndtri((np.arange(16) + 0.5) / 16)
    shape /= shape.std(ddof=1)
    least = stats.least_effect(16, 24)
    below, above = judged(np.array([shape + 0.9 * least, shape + 1.1 * least]))
    assert above.p < 0.05 / 24 < below.p
    enough = stats.seeds_for(24)
    assert stats.least_effect(enough, 24) <= 1.0 < stats.least_effect(enough - 1, 24)


def test_an_effect_of_the_detectable_size_is_found_four_times_in_five() -> None:
    size = stats.detectable(1.0, 16, 1)
    found = np.mean([one.p < 0.05 for one in judged(draws(5).normal(size=(400, 16)) + size)])
    assert 0.72 <= found <= 0.9
