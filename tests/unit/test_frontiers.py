"""The Pareto frontier against its definition, the saturating fit against known curves and a brute search."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scale_or_reason.analysis.frontiers import below_frontier, frontier_membership, pareto_frontier
from scale_or_reason.analysis.saturating_fit import fit_saturating

COSTS = np.array([1e18, 3e18, 1e19, 4e19, 9e19, 3e20])


def dominated(point, others):
    return any(
        cost <= point[0]
        and accuracy >= point[1]
        and (cost, accuracy) != point
        and (cost < point[0] or accuracy > point[1])
        for cost, accuracy in others
    )


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=12))
def test_frontier_is_what_nothing_dominates(points):
    costs, accuracies = zip(*points, strict=True)
    assert pareto_frontier(costs, accuracies).tolist() == [not dominated(point, points) for point in points]


@pytest.mark.parametrize(
    ("costs", "accuracies", "expected"),
    [
        ([1, 1, 2], [0.3, 0.5, 0.4], [False, True, False]),  # equal cost: only the better
        ([1, 2, 3], [0.5, 0.5, 0.6], [True, False, True]),  # equal accuracy: only the cheaper
        ([1, 1, 2], [0.5, 0.5, 0.6], [True, True, True]),  # duplicates stay together
        ([1, np.nan, 2], [np.nan, 0.9, 0.1], [False, False, True]),  # unknown values are never on it
        ([], [], []),
    ],
)
def test_frontier_with_ties(costs, accuracies, expected):
    assert pareto_frontier(costs, accuracies).tolist() == expected


POINTS = st.tuples(st.one_of(st.integers(1, 5), st.just(np.nan)), st.one_of(st.integers(0, 5), st.just(np.nan)))


@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.lists(POINTS, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_replicates_are_frontiers_of_their_own(replicates):
    values = np.array(replicates, float)
    expected = [pareto_frontier(*points.T).tolist() for points in values]
    assert frontier_membership(values[..., 0], values[..., 1]).tolist() == expected


def test_replicates_may_share_their_costs():
    membership = frontier_membership([1, 2, 3], [[0.1, 0.2, 0.3], [0.3, 0.2, 0.3]])
    assert membership.tolist() == [[True, True, True], [True, False, False]]


def test_frontier_refuses_lists_of_different_length():
    with pytest.raises(ValueError, match="same length"):
        pareto_frontier([1, 2], [1])


def curve(x, alpha, beta, gamma, delta):
    return alpha + beta * (1 - np.exp(-gamma * (x / 2e19) ** delta))


@pytest.mark.slow
@pytest.mark.parametrize("truth", [(0.1, 0.7, 1.2, 0.6), (0.3, 0.4, 0.4, 1.0), (0.01, 0.6, 3.0, 0.4)])
def test_fit_meets_a_curve_that_is_there(truth):
    accuracies = curve(COSTS, *truth)
    fit = fit_saturating(COSTS, accuracies, ceiling=0.95, seed=1)
    assert fit.status == "ok"
    assert fit.mean_absolute_error < 1e-4
    assert fit(COSTS) == pytest.approx(accuracies, abs=2e-3)


@pytest.mark.slow
@settings(max_examples=8)
@given(st.lists(st.floats(0.05, 0.95), min_size=5, max_size=6), st.integers(0, 5))
def test_fit_keeps_the_constraints(accuracies, seed):
    ceiling = 0.8
    fit = fit_saturating(COSTS[: len(accuracies)], accuracies, ceiling=ceiling, seed=seed)
    if max(accuracies) > ceiling:
        assert fit.status == "points above the ceiling"
    if fit.status == "ok":
        assert min(fit.alpha, fit.beta, fit.gamma) > 0
        assert fit.alpha + fit.beta <= ceiling + 1e-9
        assert 0 < fit.delta <= 1
        assert np.all(np.diff(fit(np.geomspace(1e17, 1e22, 50))) >= 0)


@pytest.mark.slow
def test_fit_is_no_worse_than_a_brute_search():
    accuracies = np.array([0.2, 0.31, 0.52, 0.5, 0.66, 0.71])
    fit = fit_saturating(COSTS, accuracies, ceiling=0.9, seed=3)
    x = COSTS / np.exp(np.log(COSTS).mean())
    best = np.inf
    grids = np.linspace(0, 0.5, 11), np.linspace(0.3, 0.9, 13), np.geomspace(0.05, 10, 25), np.linspace(0.1, 1, 10)
    for alpha, top, gamma, delta in itertools.product(*grids):
        if top > alpha:
            error = np.abs(alpha + (top - alpha) * (1 - np.exp(-gamma * x**delta)) - accuracies).mean()
            best = min(best, error)
    assert fit.mean_absolute_error <= best


@pytest.mark.slow
def test_fit_hardly_minds_its_seed():
    accuracies = [0.2, 0.31, 0.52, 0.5, 0.66, 0.71]
    errors = [fit_saturating(COSTS, accuracies, ceiling=0.9, seed=seed).mean_absolute_error for seed in range(4)]
    assert np.ptp(errors) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("costs", "accuracies", "status"),
    [
        ([1e18, 1e19, 1e20], [0.1, 0.2, 0.3], "too few points"),
        ([1e18, 1e18, 1e19, 1e20], [0.1, 0.1, 0.2, 0.3], "too few points"),
        ([1e18, 1e19, 1e20, np.nan], [0.1, 0.2, 0.3, 0.4], "too few points"),
        ([1e18] * 5, [0.1, 0.2, 0.3, 0.4, 0.5], "no spread in cost"),
        ([1e18, 1e19, 1e20, 1e21], [0.1, 0.3, 0.5, 0.91], "points above the ceiling"),
        ([1e18, 1e19, 1e20, 1e21], [0.4, 0.4, 0.4, 0.4], "accuracy does not rise with cost"),
        ([1e18, 1e19, 1e20, 1e21], [0.6, 0.5, 0.3, 0.1], "accuracy does not rise with cost"),
    ],
)
def test_degenerate_data_have_a_clear_status(costs, accuracies, status):
    fit = fit_saturating(costs, accuracies, ceiling=0.9, seed=0)
    assert fit.status == status
    assert np.isnan(fit(1e19))


def test_a_teacher_without_success_leaves_no_room():
    assert fit_saturating(COSTS, [0.0] * 6, ceiling=0.0, seed=0).status == "no room below the ceiling"


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=7))
def test_distance_below_the_frontier_is_that_of_every_pair(points):
    costs, accuracies = np.array(points, float).T
    expected = [max(a for c, a in points if c <= cost) - accuracy for cost, accuracy in points]
    found = below_frontier(costs, accuracies)
    assert found.tolist() == expected
    assert (found[frontier_membership(costs, accuracies)] == 0).all()
    # many at once, and what is not known takes no part
    unknown = np.append(accuracies, np.nan)
    both = below_frontier(np.append(costs, 0.5), np.stack([unknown, unknown]))
    assert both[:, :-1].tolist() == [expected, expected]
    assert np.isnan(both[:, -1]).all()
