"""Lengths of right and wrong answers (v1 figure 8, v2 figure 4)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from scale_or_reason.common.table_schemas import CELL_COLUMNS, SCHEMAS
from scale_or_reason.study.cells import parse_model_id

_KEY = ["model_id", "benchmark", "right"]


def answer_lengths(outcomes: pl.LazyFrame, families: Mapping[str, str]) -> pl.DataFrame:
    """An ``answer_lengths`` table: mean tokens of each model's right answers on a benchmark, and of all others.

    ``outcomes`` is an ``outcomes`` table, which is streamed: the papers' study has millions of answers. ``families``
    maps each benchmark to its family. A model without wrong answers has no row for them.
    """
    means = outcomes.group_by(_KEY).agg(
        answers=pl.len().cast(pl.Int64), answer_tokens_mean=pl.col("answer_tokens").mean()
    )
    lengths = means.collect(engine="streaming").sort(_KEY, descending=[False, False, True])
    cells = [parse_model_id(model_id).columns() for model_id in lengths["model_id"].unique(maintain_order=True)]
    table = lengths.join(pl.DataFrame(cells, schema=CELL_COLUMNS), on="model_id", maintain_order="left")
    family = pl.col("benchmark").replace_strict(dict(families), return_dtype=pl.String())
    return table.with_columns(family=family).select(list(SCHEMAS["answer_lengths"]))
