"""Two kinds of students at equal cost: accuracy at equal FLOPs, and FLOPs at equal accuracy.

One kind is a curve: its students in the order of their costs, joined by straight lines over the logarithm of cost.
Nothing is said beyond its cheapest and its most expensive student.

Our own interpolation, since ``numpy.interp`` takes one curve at a time, and every replicate has its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def accuracy_at(costs: Floats, accuracies: Floats, target: Floats) -> Floats:
    """The curve's accuracy at the cost ``target``; NaN where that lies beyond its ends.

    Shapes: (replicates, students), (replicates, students), (replicates,). Of students at equal cost the best counts.
    """
    x, y = _sorted(costs, accuracies)
    goal = np.log(target)[:, None]
    last = x.shape[1] - 1
    left = np.clip((x <= goal).sum(axis=1, keepdims=True) - 1, 0, last)
    right = np.minimum(left + 1, last)
    x0, x1, y0, y1 = (
        np.take_along_axis(grid, at, 1)[:, 0] for grid, at in ((x, left), (x, right), (y, left), (y, right))
    )
    width = np.where(x1 > x0, x1 - x0, 1.0)
    found = y0 + (y1 - y0) * (goal[:, 0] - x0) / width
    inside = (goal[:, 0] >= x[:, 0]) & (goal[:, 0] <= x[:, -1])
    return np.where(inside, found, np.nan)


def cost_at(costs: Floats, accuracies: Floats, target: Floats) -> Floats:
    """The lowest cost at which the curve has the accuracy ``target``.

    0 where its cheapest student has it already, so that the true cost is lower than any in the data; infinite where no
    student has it. NaN where a value is unknown. Shapes as in :func:`accuracy_at`.
    """
    x, y = _sorted(costs, accuracies)
    found = np.where(y[:, 0] >= target, -np.inf, np.inf)
    for segment in range(x.shape[1] - 1):
        x0, x1, y0, y1 = x[:, segment], x[:, segment + 1], y[:, segment], y[:, segment + 1]
        rise = np.where(y1 > y0, y1 - y0, 1.0)
        crossing = (y0 < target) & (y1 >= target) & np.isposinf(found)
        found = np.where(crossing, x0 + (x1 - x0) * (target - y0) / rise, found)
    known = ~np.isnan(x + y).any(axis=1) & ~np.isnan(target)
    return np.where(known, np.exp(found), np.nan)


def best_up_to(costs: Floats, accuracies: Floats) -> tuple[Floats, Floats]:
    """The curve of the most accurate student of no higher cost: ascending costs, and accuracies that never fall.

    A maximum of measured accuracies is too high by as much as chance favours one of the students. Shapes:
    (replicates, students), twice.
    """
    order = np.lexsort((accuracies, costs), axis=1)
    return np.take_along_axis(costs, order, 1), np.maximum.accumulate(np.take_along_axis(accuracies, order, 1), axis=1)


def _sorted(costs: Floats, accuracies: Floats) -> tuple[Floats, Floats]:
    """Log costs in ascending order and their accuracies; of equal costs the best comes last."""
    order = np.lexsort((accuracies, costs), axis=1)
    return np.log(np.take_along_axis(costs, order, 1)), np.take_along_axis(accuracies, order, 1)
