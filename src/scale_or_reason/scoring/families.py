"""Means over the benchmarks of a family, for scores and inference costs."""

from __future__ import annotations

import polars as pl

from scale_or_reason.common.intervals import mean_interval
from scale_or_reason.common.table_schemas import CELL_COLUMNS

CELL = list(CELL_COLUMNS)


def family_scores(scores: pl.DataFrame) -> pl.DataFrame:
    """One row per model and family: ``CELL_COLUMNS, family, benchmarks, accuracy, ci_low, ci_high``.

    Accuracy is the unweighted mean over the family's benchmarks; its interval is derived from theirs
    (:func:`~scale_or_reason.common.intervals.mean_interval`).
    """
    rows = []
    for key, group in scores.group_by([*CELL, "family"], maintain_order=True):
        accuracy, low, high = mean_interval(group["accuracy"], group["ci_low"], group["ci_high"])
        rows.append([*key, group.height, accuracy, low, high])
    schema = CELL_COLUMNS | {
        "family": pl.String(),
        "benchmarks": pl.Int64(),
        "accuracy": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def inference_costs(costs: pl.DataFrame) -> pl.DataFrame:
    """One row per model and family: ``model_id, family, inference_flops`` per answer.

    The mean over a benchmark's answers, then the unweighted mean over the family's benchmarks, as for accuracy.
    """
    per_answer = costs.filter(pl.col("stage") == "evaluation").with_columns(each=pl.col("flops") / pl.col("sequences"))
    return per_answer.group_by(["model_id", "family"], maintain_order=True).agg(inference_flops=pl.col("each").mean())


def training_costs(costs: pl.DataFrame) -> pl.DataFrame:
    """One row per trained model: ``model_id, training_flops``, summed over its trainings."""
    training = costs.filter(pl.col("stage") == "training")
    return training.group_by("model_id", maintain_order=True).agg(training_flops=pl.col("flops").sum())


def family_points(scores: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """:func:`family_scores` with ``inference_flops`` and ``training_flops``; null if not counted."""
    points = family_scores(scores)
    points = points.join(inference_costs(costs), on=["model_id", "family"], how="left", maintain_order="left")
    return points.join(training_costs(costs), on="model_id", how="left", maintain_order="left")
