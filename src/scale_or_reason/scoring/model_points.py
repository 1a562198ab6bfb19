"""Points of a plot from scores: add sizes and formats, average seeds, select the teacher's row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.cells import FORMATS
from scale_or_reason.study.families import MAIN_FAMILIES


def main_families(scores: pl.DataFrame, wanted: Sequence[str] | None) -> list[str]:
    """The families with a panel: ``wanted``, else the paper's main families in the data, else all in the data."""
    if wanted:
        return list(wanted)
    found = scores["family"].unique(maintain_order=True).to_list()
    return [family for family in MAIN_FAMILIES if family in found] or found


def with_sizes(points: pl.DataFrame, sizes: Mapping[str, float]) -> pl.DataFrame:
    """Add ``size_b`` by student; teachers have none, and adopted models have one if it is given.

    Raises :class:`StudyError` for a student whose size is not given.
    """
    students = points.filter(~pl.col("kind").is_in(["adopted", "teacher"]))["student"].unique().sort()
    unknown = [name for name in students if name not in sizes]
    if unknown:
        raise StudyError(
            "the size of a student is unknown",
            where="--sizes",
            found=", ".join(unknown),
            expected=", ".join(sizes),
            remedy="add every student's size in billions of parameters",
        )
    schema = {"student": pl.String(), "size_b": pl.Float64()}
    lookup = pl.DataFrame({"student": list(sizes), "size_b": list(map(float, sizes.values()))}, schema=schema)
    return points.join(lookup, on="student", how="left", maintain_order="left")


def with_format(points: pl.DataFrame) -> pl.DataFrame:
    """Add ``format``: ``ift`` at ratio 0, ``reasoning`` at ratio 1, else null."""
    ratio = pl.col("ratio")
    ift, reasoning = (pl.lit(name) for name in FORMATS)
    return points.with_columns(format=pl.when(ratio == 0).then(ift).when(ratio == 1).then(reasoning))


def of_whole_data(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of models that were not trained on a part of a mixture; all rows of a table without that column."""
    return table.filter(pl.col("data_fraction") == 1) if "data_fraction" in table.columns else table


def mean_over_seeds(points: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """One row for all replicas of a model: means of ``values``.

    Interval bounds are averaged too: replicas answer the same items, so more seeds do not narrow the interval.
    """
    return points.group_by(_apart_from_seeds(points, values), maintain_order=True).agg(pl.col(*values).mean())


def single_runs(points: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """The rows of models with several seeds, which show the spread around the mean."""
    return points.filter(pl.len().over(_apart_from_seeds(points, values)) > 1)


def _apart_from_seeds(points: pl.DataFrame, values: Sequence[str]) -> list[str]:
    return [name for name in points.columns if name not in {*values, "seed", "model_id"}]


def teacher_accuracy(points: pl.DataFrame, family: str) -> pl.DataFrame:
    """The teacher's row for ``family``: in reasoning mode if evaluated, else in IFT mode; empty if missing."""
    rows = points.filter((pl.col("kind") == "teacher") & (pl.col("family") == family))
    return rows.sort("ratio", descending=True).head(1)
