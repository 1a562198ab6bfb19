"""What several statements share: tolerances, ratios and means.

A statement is a function of a study: a value, and margins that are above zero where the statement holds. Where a
statement is vague ("about the same", "closely approach") the number that we take for it stands in its function, and in
the statement's text. Accuracies are in per cent, differences in points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.claims.findings import Result
from scale_or_reason.claims.study_view import (
    IFT,
    REASONING,
    StudyView,
)

Floats = NDArray[np.float64]
Measure = Callable[[StudyView], Result]

#: Points within which two accuracies are a tie, and within which they are comparable.
TIE, COMPARABLE = 1.0, 2.0
#: As accurate as what is cheaper is not on the frontier either.
NOTHING = 1e-9
MIXTURES = (0.25, 0.5, 0.75)
RATIOS = (IFT, *MIXTURES, REASONING)


def mean(values: Iterable[Floats]) -> Floats:
    """The mean of arrays with one value per replicate, in each replicate."""
    return np.mean(list(values), axis=0)


def smallest(values: Sequence[Floats]) -> Floats:
    """The smallest of arrays with one value per replicate, in each replicate."""
    return np.min(values, axis=0)


def geometric_mean(values: Iterable[Floats]) -> Floats:
    """The geometric mean of arrays with one value per replicate, in each replicate."""
    return np.exp(mean(np.log(list(values))))
