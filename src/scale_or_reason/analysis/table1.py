"""v2 table 1: accuracy by family, corpus, size and format, and what reasoning adds to IFT at equal size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from scale_or_reason.common.intervals import difference_interval
from scale_or_reason.scoring import model_points
from scale_or_reason.scoring.families import family_scores
from scale_or_reason.study.cells import FORMATS

_VALUES = ("accuracy", "ci_low", "ci_high")
_SCHEMA = {
    "corpus": pl.String(),
    "family": pl.String(),
    "student": pl.String(),
    "size_b": pl.Float64(),
    **{f"{name}{bound}": pl.Float64() for name in (*FORMATS, "shift") for bound in ("", "_low", "_high")},
    "teacher": pl.Float64(),
}


def table1(
    scores: pl.DataFrame,
    *,
    sizes: Mapping[str, float],
    corpora: Sequence[str],
    families: Sequence[str] | None = None,
) -> pl.DataFrame:
    """One row per corpus, family and student, all accuracies in per cent and shifts in points, to one decimal.

    ``shift`` is reasoning minus IFT, with an interval as if the two were independent; empty cells were not run.
    Every student of ``sizes`` has its rows, so that a gap shows.
    """
    points = model_points.with_format(model_points.with_sizes(family_scores(scores), sizes))
    trained = model_points.of_whole_data(points)
    trained = trained.filter((pl.col("kind") == "distilled") & pl.col("format").is_not_null())
    found = {
        (row["corpus"], row["family"], row["student"], row["format"]): tuple(100 * row[name] for name in _VALUES)
        for row in model_points.mean_over_seeds(trained, _VALUES).to_dicts()
    }
    rows = []
    for corpus in corpora:
        for family in model_points.main_families(scores, families):
            teacher = model_points.teacher_accuracy(points, family)["accuracy"].to_list()
            for student in sorted(sizes, key=lambda name: sizes[name]):
                row: dict[str, Any] = {"corpus": corpus, "family": family, "student": student, "size_b": sizes[student]}
                estimates = {name: found.get((corpus, family, student, name)) for name in FORMATS}
                rows.append(row | _numbers(estimates) | {"teacher": 100 * teacher[0] if teacher else None})
    table = pl.DataFrame([{name: row.get(name) for name in _SCHEMA} for row in rows], schema=_SCHEMA)
    return table.with_columns(pl.col(list(_SCHEMA)[4:]).round(1))


def _numbers(estimates: dict[str, tuple[float, ...] | None]) -> dict[str, float]:
    ift, reasoning = (estimates[name] for name in FORMATS)
    if ift and reasoning:
        estimates = estimates | {"shift": difference_interval(ift, reasoning)}  # type: ignore[arg-type]
    return {
        f"{name}{bound}": value
        for name, values in estimates.items()
        if values
        for bound, value in zip(("", "_low", "_high"), values, strict=True)
    }
