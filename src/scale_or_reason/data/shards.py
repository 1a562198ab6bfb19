"""Shards: even slices of a table, for jobs that each do a part of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import check_table, table_height


def bounds_of(rows: int, shard: int, shards: int) -> tuple[int, int]:
    """First row of slice ``shard`` of ``shards``, and the row behind its last; sizes differ by one at most."""
    if not 0 <= shard < shards:
        raise StudyError("there is no such shard", where="--shard", found=shard, expected=f"0 to {shards - 1}")
    start, end = (part * rows // shards for part in (shard, shard + 1))
    return start, end


def read_slice(path: Path, schema: str, shard: int, shards: int) -> pl.DataFrame:
    """Slice ``shard`` of ``shards`` of a table; the rest of the file is not kept in memory.

    Raises :class:`StudyError` if the table is missing, of another schema or empty.
    """
    rows = table_height(path, schema)
    if not rows:
        raise StudyError(
            f"the {schema} table is empty", where=path, remedy="check the corpus and its size in the config"
        )
    start, end = bounds_of(rows, shard, shards)
    part = pl.scan_parquet(path).slice(start, end - start).collect()
    check_table(part, schema, path)
    return part
