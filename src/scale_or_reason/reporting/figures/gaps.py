"""Differences of accuracy to a baseline model, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scale_or_reason.common.intervals import difference_interval, mean_interval

_ESTIMATE = ("accuracy", "ci_low", "ci_high")
Gap = dict[str, float]


def gap(baseline: Mapping[str, Any], model: Mapping[str, Any]) -> Gap:
    """``model`` minus ``baseline``, as shares: ``gap, ci_low, ci_high``; the interval assumes independence.

    The gap of a model to itself is zero, without an interval.
    """
    if baseline is model:
        return dict.fromkeys(("gap", "ci_low", "ci_high"), 0.0)
    first, second = (tuple(row[name] for name in _ESTIMATE) for row in (baseline, model))
    difference, low, high = difference_interval(first, second)
    return {"gap": difference, "ci_low": low, "ci_high": high}


def mean_gap(gaps: Iterable[Gap]) -> Gap:
    """The unweighted mean of gaps of different students."""
    columns = zip(*([each[name] for name in ("gap", "ci_low", "ci_high")] for each in gaps), strict=True)
    mean, low, high = mean_interval(*columns)
    return {"gap": mean, "ci_low": low, "ci_high": high}
