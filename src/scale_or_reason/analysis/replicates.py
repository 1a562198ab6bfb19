"""Intervals and p-values from replicates, and false discovery rates of many comparisons.

Arrays have the measured value in row 0 and replicates below it, shape (1 + replicates, ...).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from scale_or_reason.common.intervals import LEVEL

Floats = NDArray[np.float64]

#: The false discovery rate up to which something is found.
RATE = 0.05


def interval(values: Floats, level: float = LEVEL) -> tuple[float | None, float | None]:
    """Quantiles of the replicates in which the value is defined; None without any. May be infinite.

    The interval contains the measured value, where that is defined.
    """
    defined = values[1:][~np.isnan(values[1:])]
    if not len(defined):
        return None, None
    # the nearest replicate: between two infinite ones there is no mean
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    measured = values[0]
    if np.isnan(measured):
        return float(low), float(high)
    return float(min(low, measured)), float(max(high, measured))


def p_value(values: Floats, null: float = 0.0) -> float | None:
    """How surprising the replicates would be if the value were ``null``: two-sided, None without replicates.

    Twice the smaller share of replicates on one side, with one replicate added, since no number of them makes it zero.
    """
    defined = values[1:][~np.isnan(values[1:])]
    if not len(defined):
        return None
    sides = (np.count_nonzero(defined <= null), np.count_nonzero(defined >= null))
    return min(1.0, 2 * (min(sides) + 1) / (len(defined) + 1))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """The smallest false discovery rate at which each is a discovery (Benjamini and Hochberg 1995); NaN stays NaN."""
    adjusted = np.array(p_values, float)
    known = ~np.isnan(adjusted)
    adjusted[known] = stats.false_discovery_control(adjusted[known])
    return adjusted
