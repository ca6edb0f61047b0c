"""Intervals, p-values, Holm and equivalence of paired runs."""

import numpy as np
import pytest

from experiments.analyse import stats


def draws(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def difference(treated: np.ndarray, control: np.ndarray) -> stats.Estimate:
    return stats.contrast([(1, treated), (-1, control)])


def test_differences_that_are_alike_but_for_rounding_are_tested_as_alike() -> None:
    alike, nearly = np.array([0.3, 0.3, 0.3]), np.array([0.1 + 0.2, 0.3, 0.3])
    assert np.ptp(nearly) > 0.0
    assert stats.p_value(nearly) == stats.p_value(alike) == 0.25  # two of eight sign patterns, and no t of 1e16


@pytest.mark.parametrize(("n", "draw"), [(6, "normal"), (24, "normal"), (32, "exponential")])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(n: int, draw: str) -> None:
    # 400 trials at a stated 95 %: three standard errors are 3.3 points. BCa is short of its level with few skewed
    # seeds, known to second order; more than six points would be a mistake.
    samples = getattr(draws(7), draw)(size=(400, n))
    truth = 0.0 if draw == "normal" else 1.0
    covered = np.mean([low <= truth <= high for low, high in (stats.interval(sample) for sample in samples)])
    assert 0.89 <= covered <= 0.985


@pytest.mark.parametrize("n", [6, 12, 30])
def test_the_test_of_no_difference_errs_at_its_stated_rate(n: int) -> None:
    samples = draws(11).normal(size=(500, n))
    rejected = np.mean([stats.p_value(sample) < 0.05 for sample in samples])
    assert 0.02 <= rejected <= 0.08  # .05 and three standard errors of 500 trials


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
    assert difference(values, values.copy()) == stats.Estimate(n, 0.0, 0.0, 0.0, None, None)


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
    assert difference(np.array([2.0]), np.array([1.0])) == stats.Estimate(1, 1.0, None, None, None, None)


def test_below_ten_seeds_the_interval_and_p_are_those_of_a_paired_t() -> None:
    from scipy.stats import ttest_rel

    treated, control = draws(8).normal(size=9), draws(9).normal(size=9)
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
    assert stats.p_value(np.arange(1.0, 11.0)) == pytest.approx(2 / 1024)  # only all-plus and all-minus are as large


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


@pytest.mark.parametrize(("seeds", "comparisons"), [(3, 1), (4, 24), (6, 12), (9, 8)])
def test_the_least_effect_is_where_holms_correction_begins_to_reject(seeds: int, comparisons: int) -> None:
    shape = np.linspace(-1.0, 1.0, seeds)
    shape /= shape.std(ddof=1)  # differences over seeds with standard deviation 1
    others = [1.0] * (comparisons - 1)
    least = stats.least_effect(seeds, comparisons)
    for size, rejected in ((0.99 * least, False), (1.01 * least, True)):
        adjusted = stats.holm([stats.p_value(shape + size), *others])[0]
        assert adjusted is not None
        assert (adjusted < 0.05) is rejected


def test_sign_flips_of_few_seeds_cannot_reject_in_a_large_family_and_more_seeds_can() -> None:
    assert stats.least_effect(10, 20) < np.inf
    assert stats.least_effect(10, 26) == np.inf  # 2 of 1,024 patterns times 26 is above .05
    enough = stats.seeds_for(24)
    assert stats.least_effect(enough, 24) <= 1.0 < stats.least_effect(enough - 1, 24)
