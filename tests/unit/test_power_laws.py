"""Power laws against scipy's regression, exact laws and the coverage of their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scale_or_reason.analysis.power_laws import fit_power_law

SIZES = np.array([0.5, 1.5, 3, 7, 14])


@given(st.floats(1e9, 1e14), st.floats(-0.5, 1.5))
def test_an_exact_law_is_found(coefficient, exponent):
    law = fit_power_law(SIZES, coefficient * SIZES**exponent)
    assert law.status == "ok"
    assert law.coefficient == pytest.approx(coefficient)
    assert law.exponent == pytest.approx(exponent, abs=1e-9)
    assert law(70) == pytest.approx(coefficient * 70**exponent)
    low, high = law.prediction(70)
    assert low == pytest.approx(high)


@given(st.lists(st.floats(1e10, 1e13), min_size=5, max_size=5, unique=True))
def test_line_and_interval_of_the_exponent_are_scipys(costs):
    law, expected = fit_power_law(SIZES, costs), stats.linregress(np.log(SIZES), np.log(costs))
    assert law.exponent == pytest.approx(expected.slope, abs=1e-9)
    assert np.log(law.coefficient) == pytest.approx(expected.intercept)
    assert law.r_squared == pytest.approx(expected.rvalue**2, abs=1e-9)
    t = stats.t.ppf(0.975, 3)
    low, high = law.exponent_interval()
    assert (low, high) == pytest.approx(
        (expected.slope - t * expected.stderr, expected.slope + t * expected.stderr), abs=1e-9
    )
    bounds = np.exp(expected.intercept + np.array([-t, t]) * expected.intercept_stderr)
    assert law.coefficient_interval() == pytest.approx(tuple(bounds))


@pytest.mark.slow
def test_intervals_cover():
    """Law, and one more model of 70B, with scatter of 20 %: 95 % each."""
    generator, repeats = np.random.default_rng(5), 3000
    covered = np.zeros(3)
    for _ in range(repeats):
        law = fit_power_law(SIZES, 1e12 * SIZES**0.8 * np.exp(generator.normal(0, 0.2, 5)))
        low, high = law.exponent_interval()
        line, model = law.interval(70), law.prediction(70)
        truth = 1e12 * 70**0.8
        one_more = truth * np.exp(generator.normal(0, 0.2))
        covered += [low <= 0.8 <= high, line[0] <= truth <= line[1], model[0] <= one_more <= model[1]]
    assert np.all(np.abs(covered / repeats - 0.95) < 0.012)


@pytest.mark.parametrize(
    ("sizes", "costs", "status"),
    [
        ([], [], "too few points"),
        ([1, 2], [1e9, 2e9], "too few points"),
        ([1, 1, 2], [1e9, 1e9, 2e9], "too few points"),
        ([1, 2, 3], [1e9, np.nan, 2e9], "too few points"),
        ([1, 2, 3], [1e9, 0, 2e9], "too few points"),
        ([3, 3, 3], [1e9, 2e9, 3e9], "no spread in size"),
    ],
)
def test_too_little_to_go_on_has_a_status(sizes, costs, status):
    law = fit_power_law(sizes, costs)
    assert law.status == status
    assert np.isnan(law(2.0))
    assert np.isnan(law.exponent_interval()).all()


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="same length"):
        fit_power_law([1, 2, 3], [1e9])
