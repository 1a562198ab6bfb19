"""The contracts between stages: one Parquet schema each, checked whenever a table is written or read.

A schema is names and types alone, which polars compares; a package such as pandera would add nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.table_schemas import SCHEMAS


def check_table(frame: pl.DataFrame, schema: str, where: object) -> None:
    """Raise :class:`StudyError` unless ``frame`` has exactly the columns and types of ``SCHEMAS[schema]``."""
    expected = SCHEMAS[schema]
    found = dict(frame.schema)
    if list(found) != list(expected):
        raise StudyError(
            f"the columns of a {schema} table are not those of its schema",
            where=where,
            found=", ".join(found),
            expected=", ".join(expected),
            remedy="delete the file and run the rule that writes it again",
        )
    wrong = [f"{name}: {found[name]}" for name in expected if found[name] != expected[name]]
    if wrong:
        raise StudyError(
            f"columns of a {schema} table have the wrong type",
            where=where,
            found="; ".join(wrong),
            expected="; ".join(f"{name}: {expected[name]}" for name in expected),
            remedy="delete the file and run the rule that writes it again",
        )


def write_table(frame: pl.DataFrame, path: str | Path, schema: str) -> None:
    """Check ``frame`` against ``SCHEMAS[schema]`` and write it as Parquet, whole or not at all."""
    check_table(frame, schema, path)
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary)


@contextmanager
def table_writer(path: str | Path, schema: str) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write a table part by part, for tables that do not fit into memory: whole in the end, or not at all.

    Yields a function that checks a part as :func:`write_table` does and appends it.
    """
    import pyarrow.parquet

    with atomic_path(path) as temporary:
        columns = pl.DataFrame(schema=SCHEMAS[schema]).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        with pyarrow.parquet.ParquetWriter(temporary, columns, compression="zstd") as stream:

            def append(part: pl.DataFrame) -> None:
                check_table(part, schema, path)
                if not part.is_empty():
                    stream.write_table(part.to_arrow(compat_level=pl.CompatLevel.oldest()))

            yield append


def table_height(path: str | Path, schema: str) -> int:
    """The number of rows of a table that is not read."""
    _must_exist(path, schema)
    return pl.scan_parquet(path).select(pl.len()).collect().item()


def read_column(path: str | Path, schema: str, column: str) -> pl.Series:
    """One column of a table; the others stay on disk."""
    _must_exist(path, schema)
    return pl.read_parquet(path, columns=[column])[column]


def read_parts(path: str | Path, schema: str, rows: int = 50_000) -> Iterator[pl.DataFrame]:
    """A table ``rows`` rows at a time, for tables that do not fit into memory; an empty table has no part."""
    import pyarrow.parquet

    _must_exist(path, schema)
    with pyarrow.parquet.ParquetFile(path) as file:
        check_table(pl.DataFrame(file.schema_arrow.empty_table()), schema, path)
        for batch in file.iter_batches(rows):
            yield pl.DataFrame(batch)


def read_table(path: str | Path, schema: str) -> pl.DataFrame:
    """Read a Parquet table and check it against ``SCHEMAS[schema]``."""
    _must_exist(path, schema)
    frame = pl.read_parquet(path)
    check_table(frame, schema, path)
    return frame


def scan_table(path: str | Path, schema: str) -> pl.LazyFrame:
    """A table that is read when it is needed, for tables that do not fit into memory; its columns are checked now."""
    _must_exist(path, schema)
    frame = pl.scan_parquet(path)
    check_table(frame.collect_schema().to_frame(), schema, path)
    return frame


def read_csv_table(path: str | Path, schema: str) -> pl.DataFrame:
    """As :func:`read_table`, from CSV."""
    _must_exist(path, schema)
    header = pl.read_csv(path, n_rows=0).columns
    frame = pl.read_csv(path, schema=SCHEMAS[schema] if header == list(SCHEMAS[schema]) else None)
    check_table(frame, schema, path)
    return frame


def _must_exist(path: str | Path, schema: str) -> None:
    if not Path(path).is_file():
        raise StudyError(
            f"a {schema} table is missing", where=path, remedy="run the rule that writes it: snakemake PATH"
        )


def table_from_rows(rows: list[dict], schema: str) -> pl.DataFrame:
    """A frame of ``rows`` with the columns and types of ``SCHEMAS[schema]``; also right for no rows.

    A column that the rows do not have is null.
    """
    return pl.DataFrame(rows, schema=SCHEMAS[schema], strict=True)


def write_csv(frame: pl.DataFrame, path: str | Path) -> None:
    """Write ``frame`` as CSV, whole or not at all."""
    with atomic_path(path) as temporary:
        frame.write_csv(temporary)
