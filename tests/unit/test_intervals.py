"""Intervals against published numbers, their definition, closed cases, and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scale_or_reason.common.intervals import difference_interval, effective_trials, mean_interval, mid_p_interval


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2544, 0.3658), (15, 148, 0.0601, 0.1581), (0, 20, 0, 0.1391), (1, 29, 0.0017, 0.1585)],
)
def test_mid_p_is_the_published_one(right, n, low, high):
    """The examples of Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 6."""
    assert [float(bound) for bound in mid_p_interval(right / n, n)] == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_mid_p_contains_the_share_and_has_its_tails(counts):
    right, n = counts
    low, high = (float(bound) for bound in mid_p_interval(right / n, n))
    assert 0 <= low <= right / n <= high <= 1
    exact = stats.binomtest(right, n).proportion_ci(0.95, method="exact")
    assert exact.low <= low + 1e-9
    assert high <= exact.high + 1e-9
    # by the definition, over the binomial distribution
    if right > 0:
        assert stats.binom.sf(right, n, low) + stats.binom.pmf(right, n, low) / 2 == pytest.approx(0.025, abs=1e-6)
    if right < n:
        assert stats.binom.cdf(right - 1, n, high) + stats.binom.pmf(right, n, high) / 2 == pytest.approx(
            0.025, abs=1e-6
        )


def test_without_trials_nothing_is_known():
    assert tuple(map(float, mid_p_interval(0.0, 0))) == (0.0, 1.0)


def test_shares_and_trials_broadcast():
    low, high = mid_p_interval([0.1, 0.9], [[50], [500]])
    assert low.shape == high.shape == (2, 2)
    assert (high[1] - low[1] < high[0] - low[0]).all()


def exact_coverage(shares, n):
    """For each of ``shares``, the sum of the binomial probabilities of the counts whose interval holds it."""
    counts = np.arange(n + 1)
    low, high = mid_p_interval(counts / n, n)
    p = np.asarray(shares, float)[:, None]
    return (stats.binom.pmf(counts, n, p) * ((low <= p) & (p <= high))).sum(axis=1)


@pytest.mark.parametrize("n", [30, 100, 500])
def test_coverage_of_single_shares(n):
    """At one p coverage jumps with the counts whose intervals hold it; over neighbouring values it is near 95 %."""
    near_zero, everywhere = np.geomspace(0.5, 8, 60) / n, np.linspace(0.005, 0.995, 199)
    assert 0.94 < exact_coverage(near_zero, n).mean() < 0.98
    covered = exact_coverage(everywhere, n)
    assert 0.945 < np.mean(covered) < 0.965
    assert min(covered) > 0.91


def test_coverage_near_zero_of_thirty_items():
    """At p = 0.005 no interval comes closer to 95 %: P(0 right) is 86 %, P(at most 1 right) is 99 %."""
    assert stats.binom.cdf(0, 30, 0.005) == pytest.approx(0.8604, abs=1e-4)
    assert (
        exact_coverage([0.005], 30)[0] == pytest.approx(stats.binom.cdf(1, 30, 0.005)) == pytest.approx(0.990, abs=1e-3)
    )


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


@pytest.mark.slow
@pytest.mark.parametrize("truth", [[0.1, 0.35, 0.6], [0.005, 0.3, 0.5], [0.005, 0.02, 0.05], [0.03, 0.4, 0.95]])
def test_coverage_of_family_means_and_their_differences(truth):
    """The first benchmark is as small as AIME, and as hard."""
    generator = np.random.default_rng(7)
    truth, n = np.array([truth, [0.3, 0.5, 0.9]]), np.array([30, 250, 500])
    covered_mean = covered_shift = 0
    repeats = 1000
    for shares in generator.binomial(n, truth, size=(repeats, 2, 3)) / n:
        families = [mean_interval(row, *mid_p_interval(row, n)) for row in shares]
        covered_mean += families[0][1] <= truth[0].mean() <= families[0][2]
        _, low, high = difference_interval(*families)
        covered_shift += low <= truth[1].mean() - truth[0].mean() <= high
    assert 0.93 < covered_mean / repeats < 0.975
    assert 0.93 < covered_shift / repeats < 0.975
