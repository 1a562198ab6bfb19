"""One table of all models from the tables of single models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from scale_or_reason.errors import StudyError
from scale_or_reason.tables import CELL_COLUMNS, read_table

#: What may stand in a table once only.
_KEYS = {"scores": ["model_id", "benchmark"], "costs": ["model_id", "stage", "format", "benchmark"]}


def collect_tables(paths: Sequence[str | Path], schema: str) -> pl.DataFrame:
    """All rows of the tables ``paths``, sorted by model; benchmarks keep their order.

    Trainings that two schedules share have rows under ``seq`` only. Raises :class:`StudyError` if a row is there twice.
    """
    table = pl.concat([read_table(path, schema) for path in paths])
    key = _KEYS[schema]
    twice = table.filter(table.select(key).is_duplicated()).select(key).unique(maintain_order=True)
    if twice.height:
        raise StudyError(
            f"rows of the {schema} tables are there twice",
            found=f"{twice.height}; the first: {twice.row(0)}",
            expected=f"one row for each {', '.join(key)}",
            remedy="pass each model's table once",
        )
    order = [name for name in CELL_COLUMNS if name != "model_id"]
    return table.sort(order, nulls_last=True, maintain_order=True)
