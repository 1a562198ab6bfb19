"""Intervals and p-values of replicates against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scale_or_reason.analysis.replicates import benjamini_hochberg, interval, p_value


def values(*replicates):
    return np.array([0.5, *replicates], float)


def test_interval_is_the_middle_of_the_replicates_without_the_measured_value():
    drawn = np.random.default_rng(0).permutation(np.arange(1000.0))
    assert interval(np.array([-5.0, *drawn])) == (pytest.approx(25, abs=1), pytest.approx(974, abs=1))
    assert interval(np.array([-5.0, *drawn]), level=0.5) == (pytest.approx(250, abs=1), pytest.approx(749, abs=1))


def test_undefined_replicates_are_left_out_and_infinite_ones_are_not():
    assert interval(values(*[1.0] * 50, *[np.nan] * 50)) == (1.0, 1.0)
    assert interval(values(*[1.0] * 90, *[np.inf] * 10)) == (1.0, np.inf)
    assert interval(values(np.nan)) == interval(values()) == (None, None)


def test_p_value_is_twice_the_smaller_side():
    assert p_value(values(*[1.0] * 95, *[-1.0] * 4)) == pytest.approx(2 * 5 / 100)
    assert p_value(values(*[1.0] * 99)) == pytest.approx(2 / 100)
    assert p_value(values(*[-1.0] * 50, *[1.0] * 50)) == 1.0
    assert p_value(values(*[0.0] * 50)) == 1.0
    assert p_value(values(*[3.0] * 99), null=5.0) == pytest.approx(2 / 100)
    assert p_value(values(np.nan)) is None


def test_p_values_are_uniform_where_there_is_nothing():
    """Replicates around a measured mean whose true value is the null."""
    generator = np.random.default_rng(1)
    measured = generator.normal(size=2000)
    p = [p_value(np.array([m, *(m + generator.normal(size=400))])) for m in measured]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_benjamini_hochberg_is_scipys(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_unknown_p_values_stay_unknown_and_count_for_nothing():
    adjusted = benjamini_hochberg([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])
