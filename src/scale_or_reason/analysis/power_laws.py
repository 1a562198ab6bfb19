"""Power laws of cost against size: a straight line in log-log (v1 appendix F.3, v1 figure 11, v2 figure 14).

scipy's ``linregress`` has the standard errors of the line's parameters, but no bands around the line: hence our own
formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from scale_or_reason.common.intervals import LEVEL

Floats = NDArray[np.float64]
PowerLawStatus = Literal["ok", "too few points", "no spread in size"]

#: Two points make a line; a third one says how well it holds.
MINIMUM_SIZES = 3
#: How far beyond the largest student the law is drawn, as a multiple of its size: 14B to 70B in the figure.
EXTENSION = 5


@dataclass(frozen=True)
class PowerLaw:
    """y = coefficient * x**exponent, with why it is missing if ``status`` is not "ok".

    ``centre``, ``spread`` (mean and sum of squared deviations of log x) and ``residual`` (standard deviation around the
    line in log y, n - 2 degrees of freedom) are what intervals follow from.
    """

    status: PowerLawStatus
    coefficient: float = np.nan
    exponent: float = np.nan
    points: int = 0
    centre: float = np.nan
    spread: float = np.nan
    residual: float = np.nan
    r_squared: float = np.nan

    def __call__(self, sizes: ArrayLike) -> Floats:
        """The law at ``sizes``; NaN if there is none."""
        return self.coefficient * np.asarray(sizes, float) ** self.exponent

    def exponent_interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Interval of the exponent, by Student's t."""
        half = self._quantile(level) * self.residual / np.sqrt(self.spread)
        return float(self.exponent - half), float(self.exponent + half)

    def coefficient_interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Interval of the coefficient, which is the law at size 1."""
        low, high = self.interval(1.0, level)
        return float(low), float(high)

    def interval(self, sizes: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
        """Where the law itself lies at ``sizes``."""
        return self._band(sizes, level, of_one_more=0.0)

    def prediction(self, sizes: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
        """Where one more model of each of ``sizes`` would lie: wider by the scatter of single models."""
        return self._band(sizes, level, of_one_more=1.0)

    def _band(self, sizes: ArrayLike, level: float, of_one_more: float) -> tuple[Floats, Floats]:
        away = np.log(np.asarray(sizes, float)) - self.centre
        error = self.residual * np.sqrt(of_one_more + 1 / max(self.points, 1) + away**2 / self.spread)
        factor = np.exp(self._quantile(level) * error)
        return self(sizes) / factor, self(sizes) * factor

    def _quantile(self, level: float) -> float:
        return float(stats.t.ppf(0.5 + level / 2, max(self.points - 2, 1)))


def fit_power_law(sizes: ArrayLike, costs: ArrayLike) -> PowerLaw:
    """Least squares of log cost on log size. Points that are not finite and positive are left out. Shapes: (n,)."""
    size, cost = np.asarray(sizes, float), np.asarray(costs, float)
    if size.shape != cost.shape or size.ndim != 1:
        raise ValueError("sizes and costs must be two lists of the same length")
    known = np.isfinite(size) & np.isfinite(cost) & (size > 0) & (cost > 0)
    x, y = np.log(size[known]), np.log(cost[known])
    if len(x) >= MINIMUM_SIZES and np.ptp(x) == 0:
        return PowerLaw("no spread in size")
    if len(np.unique(x)) < MINIMUM_SIZES:
        return PowerLaw("too few points")
    centre, count = x.mean(), len(x)
    spread = ((x - centre) ** 2).sum()
    exponent = ((x - centre) * (y - y.mean())).sum() / spread
    squares = ((y - y.mean() - exponent * (x - centre)) ** 2).sum()
    total = ((y - y.mean()) ** 2).sum()
    return PowerLaw(
        "ok",
        coefficient=float(np.exp(y.mean() - exponent * centre)),
        exponent=float(exponent),
        points=count,
        centre=float(centre),
        spread=float(spread),
        residual=float(np.sqrt(squares / (count - 2))),
        r_squared=float(1 - squares / total) if total > 0 else 1.0,
    )
