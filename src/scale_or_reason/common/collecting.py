"""Concatenate the tables of single models into one table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import CELL_COLUMNS

#: The unique key of each table.
_KEYS = {"scores": ["model_id", "benchmark"], "costs": ["model_id", "stage", "format", "benchmark"]}


def collect_tables(tables: Sequence[pl.DataFrame], schema: str) -> pl.DataFrame:
    """All rows of ``tables`` (schema ``SCHEMAS[schema]``), sorted by model; benchmarks keep their order.

    A training that several curricula share has rows under ``seq`` only. Raises :class:`StudyError` for duplicate rows.
    """
    table = pl.concat(tables)
    key = _KEYS[schema]
    duplicates = table.filter(table.select(key).is_duplicated()).select(key).unique(maintain_order=True)
    if duplicates.height:
        raise StudyError(
            f"the {schema} table has duplicate rows",
            found=f"{duplicates.height}; the first: {duplicates.row(0)}",
            expected=f"one row for each {', '.join(key)}",
            remedy="pass the tables of each model once",
        )
    order = [name for name in CELL_COLUMNS if name != "model_id"]
    return table.sort(order, nulls_last=True, maintain_order=True)
