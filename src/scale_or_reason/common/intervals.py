"""Intervals for shares and for averages and differences of shares.

Our own, since scipy's Wilson interval takes whole numbers of trials, one share at a time, and no library here has the
intervals of averages and differences.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95

Floats = NDArray[np.float64]


def wilson_interval(share: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Score interval of a binomial ``share`` seen in ``n`` trials (Wilson 1927); vectorised.

    ``n`` need not be whole (an effective number of trials). Without trials the interval is [0, 1].
    """
    p, n = np.broadcast_arrays(np.asarray(share, float), np.asarray(n, float))
    z2 = NormalDist().inv_cdf(0.5 + level / 2) ** 2
    trials = np.where(n > 0, n, 1.0)
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    half = np.sqrt(z2 * (p * (1 - p) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = np.where(n > 0, np.clip(centre - half, 0, p), 0.0)
    high = np.where(n > 0, np.clip(centre + half, p, 1), 1.0)
    return low, high


def effective_trials(successes: ArrayLike, samples: ArrayLike) -> float:
    """How many independent trials the answers are worth when items were asked several times.

    ``successes`` and ``samples`` have one entry per item. Answers to one item are alike, so the number lies between
    the number of items (all answers to an item agree) and the number of answers (they vary as if independent); it is
    n divided by Kish's design effect, estimated from the variance between items.
    """
    right, asked = np.asarray(successes, float), np.asarray(samples, float)
    items, answers = len(asked), asked.sum()
    if items == answers or items < 2:
        return float(items)
    share = right.sum() / answers
    if share in (0.0, 1.0):
        return float(items)
    # Variance of a ratio estimate over items drawn at random (linearised).
    variance = items / (items - 1) * ((right - share * asked) ** 2).sum() / answers**2
    if variance == 0:
        return float(answers)
    return float(np.clip(share * (1 - share) / variance, items, answers))


def mean_interval(means: ArrayLike, lows: ArrayLike, highs: ArrayLike) -> tuple[float, float, float]:
    """Unweighted mean of independent estimates, with an interval recovered from theirs.

    Distances to the bounds add up in squares (Zou and Donner 2008, "MOVER"), which keeps the skew of the parts and
    never leaves [0, 1] if they do not.
    """
    mean, low, high = (np.asarray(values, float) for values in (means, lows, highs))
    count = len(mean)
    centre = mean.mean()
    below = np.sqrt(((mean - low) ** 2).sum()) / count
    above = np.sqrt(((high - mean) ** 2).sum()) / count
    return float(centre), float(centre - below), float(centre + above)


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """``second`` minus ``first``, each (estimate, low, high), as if independent (Newcombe 1998, method 10).

    Two students answer the same items, so their results go together and the true interval is narrower.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    below = np.hypot(b - b_low, a_high - a)
    above = np.hypot(b_high - b, a - a_low)
    return b - a, float(b - a - below), float(b - a + above)
