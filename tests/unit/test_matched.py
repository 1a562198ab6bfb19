"""Equal compute: against numpy's interpolation, against each other, and at the ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.analysis.matched import accuracy_at, cost_at

COSTS = np.array([[1e9, 1e10, 1e12]])
RISING = np.array([[0.2, 0.5, 0.6]])


def one(values):
    return np.array([float(values)])


@given(st.floats(9, 12))
def test_accuracy_is_numpys_interpolation_over_log_costs(power):
    expected = np.interp(power, [9, 10, 12], RISING[0])
    assert accuracy_at(COSTS, RISING, one(10**power)) == pytest.approx(expected, abs=1e-9, nan_ok=False)


@given(st.floats(0.2001, 0.6))
def test_cost_is_the_inverse_of_accuracy(target):
    assert accuracy_at(COSTS, RISING, cost_at(COSTS, RISING, one(target)) * (1 - 1e-12)) == pytest.approx(target)


def test_order_of_students_does_not_matter():
    order = [2, 0, 1]
    assert accuracy_at(COSTS[:, order], RISING[:, order], one(1e11)) == pytest.approx(0.55)
    assert cost_at(COSTS[:, order], RISING[:, order], one(0.55)) == pytest.approx(1e11)


def test_beyond_the_ends():
    assert np.isnan(accuracy_at(COSTS, RISING, one(9e8)))
    assert np.isnan(accuracy_at(COSTS, RISING, one(2e12)))
    assert accuracy_at(COSTS, RISING, one(1e12)) == pytest.approx(0.6)
    assert cost_at(COSTS, RISING, one(0.1)) == 0
    assert cost_at(COSTS, RISING, one(0.61)) == np.inf


def test_the_first_crossing_counts_where_the_curve_falls_in_between():
    up_and_down = np.array([[0.2, 0.5, 0.3, 0.6]])
    costs = np.array([[1e8, 1e9, 1e10, 1e11]])
    assert cost_at(costs, up_and_down, one(0.35)) == pytest.approx(10**8.5)
    assert cost_at(costs, up_and_down, one(0.6)) == pytest.approx(1e11)


def test_the_better_of_two_students_at_equal_cost():
    costs, accuracies = np.array([[1e9, 1e9, 1e10]]), np.array([[0.4, 0.2, 0.5]])
    assert accuracy_at(costs, accuracies, one(1e9)) == pytest.approx(0.4)
    assert accuracy_at(costs[:, :2], accuracies[:, :2], one(1e9)) == pytest.approx(0.4)
    assert cost_at(costs, accuracies, one(0.45)) == pytest.approx(10**9.5)


def test_replicates_have_curves_of_their_own_and_unknown_values_stay_unknown():
    costs = np.vstack([COSTS, COSTS * 10, COSTS])
    accuracies = np.vstack([RISING, RISING, [[0.2, np.nan, 0.6]]])
    found = cost_at(costs, accuracies, np.array([0.5, 0.5, 0.5]))
    assert found[:2] == pytest.approx([1e10, 1e11])
    assert np.isnan(found[2])
    assert np.isnan(cost_at(COSTS, RISING, one(np.nan)))
