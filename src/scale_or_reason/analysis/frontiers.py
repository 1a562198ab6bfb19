"""Which models are worth their cost (Pareto frontier).

scipy fits the curves; the frontier is our own, since neither scipy nor another locked package has one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pareto_frontier(costs: ArrayLike, accuracies: ArrayLike) -> NDArray[np.bool_]:
    """True where no other point is at least as accurate at no more cost, and better in one of the two.

    Of points with equal cost only the most accurate stay, of equal accuracy only the cheapest; exact duplicates stay
    together. Points with a cost or an accuracy that is not finite are never on the frontier. Shapes: (n,), (n,).
    """
    cost, accuracy = np.asarray(costs, float), np.asarray(accuracies, float)
    if cost.shape != accuracy.shape or cost.ndim != 1:
        raise ValueError("costs and accuracies must be two lists of the same length")
    known = np.isfinite(cost) & np.isfinite(accuracy)
    on_frontier = np.zeros(len(cost), dtype=bool)
    best_cheaper = -np.inf
    for value in np.unique(cost[known]):
        here = known & (cost == value)
        best_here = accuracy[here].max()
        if best_here > best_cheaper:
            on_frontier |= here & (accuracy == best_here)
            best_cheaper = best_here
    return on_frontier


def frontier_membership(costs: ArrayLike, accuracies: ArrayLike) -> NDArray[np.bool_]:
    """:func:`pareto_frontier` of many replicates at once. Shapes: (..., n), (..., n); costs may be one row for all."""
    cost, accuracy = np.broadcast_arrays(np.asarray(costs, float), np.asarray(accuracies, float))
    known = np.isfinite(cost) & np.isfinite(accuracy)
    on_frontier = known.copy()
    for other in range(cost.shape[-1]):
        # NaN compares as false: an unknown point beats nothing
        other_cost, other_accuracy = cost[..., [other]], accuracy[..., [other]]
        no_worse = (other_cost <= cost) & (other_accuracy >= accuracy)
        better = (other_cost < cost) | (other_accuracy > accuracy)
        on_frontier &= ~(no_worse & better & known[..., [other]])
    return on_frontier


def below_frontier(costs: ArrayLike, accuracies: ArrayLike) -> NDArray[np.float64]:
    """How far each point is below the most accurate one of no higher cost, itself included; 0 on the frontier.

    NaN for points with a cost or an accuracy that is not finite. Shapes as in :func:`frontier_membership`.
    """
    cost, accuracy = np.broadcast_arrays(np.asarray(costs, float), np.asarray(accuracies, float))
    known = np.isfinite(cost) & np.isfinite(accuracy)
    best = np.where(known, accuracy, -np.inf)
    for other in range(cost.shape[-1]):
        as_cheap = known[..., [other]] & (cost[..., [other]] <= cost)
        best = np.where(as_cheap, np.maximum(best, accuracy[..., [other]]), best)
    return np.where(known, best - np.where(known, accuracy, 0.0), np.nan)
