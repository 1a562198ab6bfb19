"""Intervals for benchmarks of this kind, beside those for these benchmarks and other items.

A family's benchmarks are seen as drawn from many of their kind. With B of them the mean m has the standard error
s / sqrt(B), where s is the standard deviation between the benchmarks' accuracies, and (m - truth) / (s / sqrt(B)) is
t-distributed with B - 1 degrees of freedom. Replicates here follow this distribution for all models at once: every
benchmark gets a normal weight, the same for all models, and the weighted deviations are scaled by a common factor
sqrt((B - 1) / chi2). A difference between models then has the t interval of the benchmarks' differences. s contains
what items contribute, so items are not drawn again.

Drawing B benchmarks with replacement, then items within, is the obvious alternative. With three benchmarks its
intervals hold the truth in 75 to 85 % of cases instead of 95 % (``tests/unit/test_benchmark_sampling.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.scoring.evidence import Evidence

Floats = NDArray[np.float64]
Interval = tuple[float | None, float | None]


def over_benchmarks(evidence: Evidence, seed: int) -> Evidence:
    """The evidence with replicates of other benchmarks: of families' accuracies and inference FLOPs.

    All else is as in ``evidence``; families of one benchmark get NaN in their replicates. Accuracies may leave 0 to 1,
    since cutting them would narrow the intervals of differences. The replicates have a random stream of their own,
    which depends on ``seed`` and the family.
    """
    values = {name: grid.copy() for name, grid in evidence.values.items()}
    for task, (family, members) in enumerate(evidence.families.items()):
        columns = [evidence.tasks.index(name) for name in members]
        generator = np.random.default_rng(derive_seed(seed, "other benchmarks", family))
        drawn = weights(generator, evidence.replicates, len(members))
        for measure in ("accuracy", "inference_flops"):
            measured = evidence.values[measure][0]
            error = errors(drawn, measured[:, columns])
            mean = measured[:, task]
            if measure == "accuracy":
                values[measure][1:, :, task] = mean + error
            else:
                with np.errstate(divide="ignore", invalid="ignore"):
                    relative = error / mean
                # positive, and of the same size where the error is small
                values[measure][1:, :, task] = mean * np.exp(np.clip(relative, -20, 20))
    return replace(evidence, values=values)


def weights(generator: np.random.Generator, replicates: int, benchmarks: int) -> Floats:
    """The weights of benchmarks in each replicate, (replicates, benchmarks); NaN for a single benchmark."""
    normal = generator.standard_normal((replicates, benchmarks))
    if benchmarks < 2:
        return np.full_like(normal, np.nan)
    scale = np.sqrt((benchmarks - 1) / generator.chisquare(benchmarks - 1, replicates))
    return normal * scale[:, None] / np.sqrt(benchmarks * (benchmarks - 1))


def errors(drawn: Floats, values: Floats) -> Floats:
    """The error of the mean of each row of ``values`` (cells, benchmarks) in each replicate, (replicates, cells)."""
    return drawn @ (values - values.mean(axis=1, keepdims=True)).T


def widest(first: Interval, second: Interval) -> Interval:
    """The interval that contains both; the other where one is unknown."""
    lows, highs = ([bound for bound in bounds if bound is not None] for bounds in zip(first, second, strict=True))
    return min(lows, default=None), max(highs, default=None)


def widened(row: Mapping[str, Any], other: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float | None]:
    """The columns ``NAME_benchmarks_low`` and ``_high`` for each of ``names``.

    ``row`` has the interval over items, ``other`` that over benchmarks; the result contains both, since what holds for
    all benchmarks of a kind is no better known than what holds for these. Nothing where either is unknown.
    """
    found: dict[str, float | None] = {}
    for name in names:
        own, wider = ((part.get(f"{name}_low"), part.get(f"{name}_high")) for part in (row, other))
        if None not in own and None not in wider:
            low, high = widest(own, wider)
            if name == "accuracy" and low is not None and high is not None:
                low, high = max(0.0, low), min(1.0, high)
            found[f"{name}_benchmarks_low"], found[f"{name}_benchmarks_high"] = low, high
    return found
