"""One table of all models from the tables of single models."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.table_schemas import CELL_COLUMNS

#: What may stand in a table once only.
_KEYS = {"scores": ["model_id", "benchmark"], "costs": ["model_id", "stage", "format", "benchmark"]}


def collect_tables(tables: Sequence[pl.DataFrame], schema: str) -> pl.DataFrame:
    """All rows of ``tables``, each a ``schema`` of ``tables.SCHEMAS``, sorted by model; benchmarks keep their order.

    Trainings that two curricula share have rows under ``seq`` only. Raises :class:`StudyError` if a row is there twice.
    """
    table = pl.concat(tables)
    key = _KEYS[schema]
    twice = table.filter(table.select(key).is_duplicated()).select(key).unique(maintain_order=True)
    if twice.height:
        raise StudyError(
            f"rows of the {schema} table are there twice",
            found=f"{twice.height}; the first: {twice.row(0)}",
            expected=f"one row for each {', '.join(key)}",
            remedy="name each model once",
        )
    order = [name for name in CELL_COLUMNS if name != "model_id"]
    return table.sort(order, nulls_last=True, maintain_order=True)
