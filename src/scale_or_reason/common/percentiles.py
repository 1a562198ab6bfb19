"""Percentiles of lengths in tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def length_at(lengths: ArrayLike, percentile: float) -> int:
    """The length at a percentile (0 to 100) of one or more lengths, shape (lengths,).

    It is one of them: where the percentile lies between two, the longer one (numpy's method "higher"). So at least
    ``percentile`` % of the texts are no longer than it.
    """
    return int(np.percentile(np.asarray(lengths), percentile, method="higher"))
