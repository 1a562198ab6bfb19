"""Intervals and p-values of replicates, by hand and against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from scale_or_reason.analysis.replicates import benjamini_hochberg, interval, p_value


def values(*replicates):
    return np.array([0.5, *replicates], float)


def test_interval_is_the_middle_of_the_replicates():
    drawn = np.random.default_rng(0).permutation(np.arange(1000.0))
    assert interval(np.array([500, *drawn])) == (pytest.approx(25, abs=1), pytest.approx(974, abs=1))
    assert interval(np.array([500, *drawn]), level=0.5) == (pytest.approx(250, abs=1), pytest.approx(749, abs=1))


def test_an_interval_contains_the_measured_value():
    drawn = np.arange(1000.0)
    assert interval(np.array([-5.0, *drawn])) == (-5.0, pytest.approx(974, abs=1))
    assert interval(np.array([2000.0, *drawn])) == (pytest.approx(25, abs=1), 2000.0)
    assert interval(np.array([np.inf, *drawn])) == (pytest.approx(25, abs=1), np.inf)
    # the replicates have an interval where the measured value is not defined
    assert interval(np.array([np.nan, *drawn])) == (pytest.approx(25, abs=1), pytest.approx(974, abs=1))


def test_undefined_replicates_are_left_out_and_infinite_ones_are_not():
    assert interval(np.array([1.0] * 51 + [np.nan] * 50)) == (1.0, 1.0)
    assert interval(np.array([1.0] * 91 + [np.inf] * 10)) == (1.0, np.inf)
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


def test_benjamini_hochberg_finds_what_its_authors_found():
    """The example of Benjamini and Hochberg (1995), section 3.2: 4 of 15 hypotheses are rejected at 5 per cent."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    shuffled = np.random.default_rng(0).permutation(len(p))
    adjusted = benjamini_hochberg(np.array(p)[shuffled])
    assert sorted(shuffled[adjusted <= 0.05]) == [0, 1, 2, 3]
    assert sorted(adjusted)[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert max(adjusted) == 1.0


def test_unknown_p_values_stay_unknown_and_count_for_nothing():
    adjusted = benjamini_hochberg([0.01, np.nan, 0.04])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(adjusted[1])
    assert np.isnan(benjamini_hochberg([np.nan])).all()
    assert not len(benjamini_hochberg([]))
