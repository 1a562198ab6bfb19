"""Read selected columns of tables. Counting does not need the long texts of answers and judge replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError, remake
from scale_or_reason.common.table_schemas import SCHEMAS
from scale_or_reason.common.tables import check_table


def read_columns(
    paths: Sequence[str | Path], schema: str, columns: Sequence[str], model_id: str | None = None
) -> pl.DataFrame:
    """``columns`` of several Parquet files, concatenated; no files give no rows.

    The whole schema of each file is checked. Raises :class:`StudyError` if a file is missing, lacks the columns of
    ``SCHEMAS[schema]``, or contains rows of a model other than ``model_id``.
    """
    for path in paths:
        if not Path(path).is_file():
            raise StudyError(f"the {schema} table is missing", where=path, remedy=remake(path))
        # the footer alone; reading all files in one scan afterwards takes a fifth of the time of reading them one by
        # one
        check_table(pl.scan_parquet(path, glob=False).collect_schema().to_frame(), schema, path)
    if not paths:
        return pl.DataFrame(schema={name: SCHEMAS[schema][name] for name in columns})
    tables = pl.scan_parquet([Path(path) for path in paths], glob=False)
    if model_id is not None:
        _check_model(tables, paths, model_id)
    return tables.select(columns).collect()


def _check_model(tables: pl.LazyFrame, paths: Sequence[str | Path], model_id: str) -> None:
    others = tables.select(pl.col("model_id").filter(pl.col("model_id") != model_id).unique()).collect()
    if others.height:
        where = next(
            path
            for path in paths
            if (pl.read_parquet(path, columns=["model_id"], glob=False) != model_id).to_series().any()
        )
        raise StudyError(
            "a file contains rows of another model",
            where=where,
            key="model_id",
            found=", ".join(others["model_id"].sort()),
            expected=model_id,
            remedy="pass the files from this model's folder",
        )
