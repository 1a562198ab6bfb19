"""Curves through a study's students: how accuracy saturates with FLOPs, and how inference FLOPs grow with size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from scale_or_reason.analysis.power_laws import EXTENSION, fit_power_law
from scale_or_reason.analysis.saturating_fit import fit_saturating
from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.scoring import model_points
from scale_or_reason.scoring.families import family_points
from scale_or_reason.study.cells import FORMATS

COSTS = ("training", "inference")
_CURVE = {"corpus": pl.String(), "family": pl.String(), "format": pl.String(), "status": pl.String()}
_FIT_SCHEMA = {
    "cost": pl.String(),  # training | inference
    **_CURVE,
    "points": pl.Int64(),
    "ceiling": pl.Float64(),  # the teacher's accuracy
    **{name: pl.Float64() for name in ("alpha", "beta", "gamma", "delta", "scale", "mean_absolute_error")},
}
_BOUNDS = ("", "_low", "_high")
_LAW_SCHEMA = {
    **_CURVE,
    "points": pl.Int64(),
    **{f"{name}{bound}": pl.Float64() for name in ("coefficient", "exponent") for bound in _BOUNDS},
    "r_squared": pl.Float64(),
    "extended_to_b": pl.Float64(),
    **{f"extended_flops{bound}": pl.Float64() for bound in _BOUNDS},
}


def saturating_fits(
    scores: pl.DataFrame, costs: pl.DataFrame, *, sizes: Mapping[str, float], seed: int
) -> pl.DataFrame:
    """A row per kind of cost, corpus, family and format: f(x) = alpha + beta (1 - exp(-gamma (x / scale)^delta)).

    Students of one format; replicas count as their mean. ``status`` says why parameters are missing.
    """
    points = family_points(scores, costs)
    rows = []
    for key, students in _curves(points, sizes):
        teacher = model_points.teacher_accuracy(points, key["family"])
        ceiling = teacher["accuracy"].item() if teacher.height else 1.0
        for cost in COSTS:
            flops = students[f"{cost}_flops"]
            own_seed = derive_seed(seed, "saturating fit", key["family"], key["format"])
            fit = fit_saturating(flops.fill_null(float("nan")), students["accuracy"], ceiling=ceiling, seed=own_seed)
            rows.append({"cost": cost, **key, "points": len(flops.drop_nulls()), "ceiling": ceiling} | vars(fit))
    return pl.DataFrame(rows, schema=_FIT_SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def power_laws(scores: pl.DataFrame, costs: pl.DataFrame, *, sizes: Mapping[str, float]) -> pl.DataFrame:
    """A row per corpus, family and format: inference FLOPs per answer = coefficient * size^exponent.

    Sizes are in billions of parameters. Coefficient and exponent have 95 % intervals. ``extended_flops`` is what one
    more student would cost that is ``EXTENSION`` times as large as the largest, with the interval for a single student.
    """
    rows = []
    for key, students in _curves(family_points(scores, costs), sizes):
        law = fit_power_law(students["size_b"], students["inference_flops"].fill_null(float("nan")))
        beyond = EXTENSION * max(sizes.values())
        estimates = {
            "coefficient": (law.coefficient, *law.coefficient_interval()),
            "exponent": (law.exponent, *law.exponent_interval()),
            "extended_flops": (float(law(beyond)), *map(float, law.prediction(beyond))),
        }
        named = {
            f"{name}{bound}": value
            for name, values in estimates.items()
            for bound, value in zip(_BOUNDS, values, strict=True)
        }
        count = {"points": students["inference_flops"].drop_nulls().len(), "extended_to_b": float(beyond)}
        rows.append(key | {"status": law.status, "r_squared": law.r_squared} | count | named)
    return pl.DataFrame(rows, schema=_LAW_SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def _curves(points: pl.DataFrame, sizes: Mapping[str, float]) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """The students of each corpus, family and format, trained on whole mixtures, from small to large; perhaps none."""
    whole = model_points.of_whole_data(points)
    formats = model_points.with_format(model_points.with_sizes(whole, sizes))
    values = ("accuracy", "ci_low", "ci_high", "training_flops", "inference_flops")
    students = model_points.mean_over_seeds(
        formats.filter((pl.col("kind") == "distilled") & pl.col("format").is_not_null()), values
    )
    for (corpus, family), of_family in students.group_by("corpus", "family", maintain_order=True):
        for name in FORMATS:
            own = of_family.filter(pl.col("format") == name).sort("size_b")
            yield {"corpus": corpus, "family": family, "format": name}, own
