"""A saturating curve of accuracy against FLOPs (v1 section 4), fitted by its mean absolute error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

Floats = NDArray[np.float64]


FitStatus = Literal[
    "ok",
    "too few points",
    "no spread in cost",
    "no room below the ceiling",
    "points above the ceiling",
    "accuracy does not rise with cost",
]


#: The curve has four parameters; with fewer costs than that any data are met exactly and the curve says nothing.
MINIMUM_COSTS = 4


#: The constraints alpha, beta, gamma > 0 are strict.
_SMALLEST = 1e-9


_SMALLEST_EXPONENT = 1e-2


_RATE_LIMIT = 12.0


@dataclass(frozen=True)
class SaturatingFit:
    """f(x) = alpha + beta (1 - exp(-gamma (x / scale)^delta)), with why it is missing if ``status`` is not "ok".

    ``scale`` is the geometric mean of the costs: gamma for x in FLOPs is ``gamma / scale**delta``, which at 1e20
    FLOPs no longer fits a comfortable range.
    """

    status: FitStatus
    alpha: float = np.nan
    beta: float = np.nan
    gamma: float = np.nan
    delta: float = np.nan
    scale: float = np.nan
    mean_absolute_error: float = np.nan

    def __call__(self, costs: ArrayLike) -> Floats:
        """Accuracy at ``costs`` (FLOPs); NaN if there is no fit."""
        x = np.asarray(costs, float) / self.scale
        return self.alpha - self.beta * np.expm1(-self.gamma * x**self.delta)


def fit_saturating(costs: ArrayLike, accuracies: ArrayLike, *, ceiling: float = 1.0, seed: int) -> SaturatingFit:
    """Fit accuracy as a saturating function of cost by least mean absolute error (v1 appendix E).

    Constraints: alpha, beta, gamma > 0, alpha + beta <= ``ceiling`` (the teacher's accuracy), 0 < delta <= 1.
    Differential evolution searches globally; sequential quadratic programming polishes, in epigraph form, where the
    absolute errors are smooth. Points that are not finite or have no positive cost are left out. There is no fit if a
    point lies above ``ceiling``, since no allowed curve reaches it.
    """
    cost, accuracy = np.asarray(costs, float), np.asarray(accuracies, float)
    known = np.isfinite(cost) & np.isfinite(accuracy) & (cost > 0)
    cost, accuracy = cost[known], accuracy[known]
    distinct = len(np.unique(cost))
    if len(cost) >= MINIMUM_COSTS and distinct == 1:
        return SaturatingFit("no spread in cost")
    if distinct < MINIMUM_COSTS:
        return SaturatingFit("too few points")
    if ceiling <= 2 * _SMALLEST:
        return SaturatingFit("no room below the ceiling")
    if (accuracy > ceiling).any():
        return SaturatingFit("points above the ceiling")
    scale = float(np.exp(np.log(cost).mean()))
    x = cost / scale
    parameters = _polish(x, accuracy, _search(x, accuracy, ceiling, seed), ceiling)
    error = _mean_absolute_error(parameters, x, accuracy)
    flat = np.abs(accuracy - np.median(np.minimum(accuracy, ceiling))).mean()
    if flat - error < 1e-3 * max(flat, _SMALLEST):
        return SaturatingFit("accuracy does not rise with cost")
    return _rounded(parameters, scale, ceiling, error)


def _rounded(parameters: Floats, scale: float, ceiling: float, error: float) -> SaturatingFit:
    """Parameters to five digits, which is finer than any data: the last bits of a search differ between processors."""
    alpha, beta, log_gamma, delta = (float(value) for value in parameters)
    alpha = max(round(alpha, 5), _SMALLEST)
    beta = max(min(round(beta, 5), ceiling - alpha), _SMALLEST)
    gamma = float(f"{np.exp(log_gamma):.4e}")
    return SaturatingFit("ok", alpha, beta, gamma, min(round(delta, 5), 1.0), float(f"{scale:.8e}"), round(error, 6))


def _curve(parameters: Floats, x: Floats) -> Floats:
    alpha, beta, log_gamma, delta = parameters
    return alpha - beta * np.expm1(-np.exp(log_gamma) * x**delta)


def _mean_absolute_error(parameters: Floats, x: Floats, accuracy: Floats) -> float:
    return float(np.abs(_curve(parameters, x) - accuracy).mean())


def _search(x: Floats, accuracy: Floats, ceiling: float, seed: int) -> Floats:
    """Global search over (alpha + beta, alpha's share of it, log gamma, delta): a box, so that every try is allowed."""

    def loss(tries: Floats) -> Floats:  # (4, tries) -> (tries,)
        top, share, log_gamma, delta = tries
        parameters = np.stack([top * share, top * (1 - share), log_gamma, delta])
        return np.abs(_curve(parameters[:, :, None], x) - accuracy).mean(axis=1)

    box = [(2 * _SMALLEST, ceiling), (0.0, 1.0), (-_RATE_LIMIT, _RATE_LIMIT), (_SMALLEST_EXPONENT, 1.0)]
    found = optimize.differential_evolution(
        loss, box, rng=seed, vectorized=True, updating="deferred", popsize=20, maxiter=400, tol=1e-8, polish=False
    )
    top, share, log_gamma, delta = found.x
    return np.array([top * share, top * (1 - share), log_gamma, delta])


def _polish(x: Floats, accuracy: Floats, start: Floats, ceiling: float) -> Floats:
    """Minimise the mean of t under -t <= f(x) - y <= t; the start is kept where that finds nothing better."""
    count = len(x)

    def gap(z: Floats) -> Floats:
        error = _curve(z[:4], x) - accuracy
        return np.concatenate([z[4:] - error, z[4:] + error, [ceiling - z[0] - z[1]]])

    lowest = np.array([_SMALLEST, _SMALLEST, -_RATE_LIMIT, _SMALLEST_EXPONENT])
    highest = np.array([ceiling, ceiling, _RATE_LIMIT, 1.0])
    start = np.clip(start, lowest, highest)
    z = np.concatenate([start, np.abs(_curve(start, x) - accuracy)])
    found = optimize.minimize(
        lambda z: z[4:].mean(),
        z,
        jac=lambda z: np.concatenate([np.zeros(4), np.full(count, 1 / count)]),
        method="SLSQP",
        bounds=optimize.Bounds(np.append(lowest, np.zeros(count)), np.append(highest, np.full(count, np.inf))),
        constraints={"type": "ineq", "fun": gap},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    polished = np.clip(found.x[:4], lowest, highest)
    polished[1] = max(min(polished[1], ceiling - polished[0]), _SMALLEST)
    better = _mean_absolute_error(polished, x, accuracy) < _mean_absolute_error(start, x, accuracy)
    return polished if np.isfinite(polished).all() and better else start
