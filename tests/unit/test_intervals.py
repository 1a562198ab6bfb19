"""Intervals against scipy, closed cases and their coverage on simulated data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scale_or_reason.common.intervals import difference_interval, effective_trials, mean_interval, wilson_interval


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts):
    successes, n = counts
    expected = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    low, high = wilson_interval(successes / n, n)
    assert low == pytest.approx(expected.low, abs=1e-9)
    assert high == pytest.approx(expected.high, abs=1e-9)


def test_wilson_without_trials_knows_nothing():
    assert tuple(map(float, wilson_interval(0.0, 0))) == (0.0, 1.0)


def test_wilson_is_vectorised():
    low, high = wilson_interval([0.1, 0.9], [50, 500])
    assert low.shape == high.shape == (2,)
    assert high[1] - low[1] < high[0] - low[0]


def test_effective_trials_of_single_answers_is_their_number():
    assert effective_trials([1, 0, 1, 1], [1, 1, 1, 1]) == 4


def test_effective_trials_when_answers_to_an_item_agree_is_the_number_of_items():
    assert effective_trials([8, 0, 8, 0], [8, 8, 8, 8]) == 4


def test_effective_trials_when_items_are_alike_is_the_number_of_answers():
    assert effective_trials([4, 4, 4, 4], [8, 8, 8, 8]) == 32


def test_effective_trials_by_hand():
    # Three items asked twice: 2, 1, 0 right; p = 1/2. Variance of the mean: 3/2 * (1 + 0 + 1) / 36 = 1/12.
    # p(1 - p) / (1/12) = 3: no better than three independent answers.
    assert effective_trials([2, 1, 0], [2, 2, 2]) == pytest.approx(3)


def test_mean_interval_of_one_is_its_own():
    assert mean_interval([0.4], [0.3], [0.6]) == pytest.approx((0.4, 0.3, 0.6))


def test_mean_interval_by_hand():
    # Below: sqrt(.03^2 + .04^2) / 2 = .025; above: sqrt(.06^2 + .08^2) / 2 = .05.
    assert mean_interval([0.5, 0.7], [0.47, 0.66], [0.56, 0.78]) == pytest.approx((0.6, 0.575, 0.65))


def test_difference_by_hand():
    # .7 - .4; below: hypot(.03, .04) = .05; above: hypot(.06, .08) = .1.
    assert difference_interval((0.4, 0.32, 0.44), (0.7, 0.67, 0.76)) == pytest.approx((0.3, 0.25, 0.4))


def test_coverage_of_family_means_and_their_differences():
    generator = np.random.default_rng(7)
    truth, n = np.array([[0.1, 0.35, 0.6], [0.3, 0.5, 0.9]]), np.array([30, 250, 500])
    covered_mean = covered_shift = 0
    repeats = 2000
    for shares in generator.binomial(n, truth, size=(repeats, 2, 3)) / n:
        families = [mean_interval(row, *wilson_interval(row, n)) for row in shares]
        covered_mean += families[0][1] <= truth[0].mean() <= families[0][2]
        _, low, high = difference_interval(*families)
        covered_shift += low <= truth[1].mean() - truth[0].mean() <= high
    assert 0.93 < covered_mean / repeats < 0.97
    assert 0.93 < covered_shift / repeats < 0.97
