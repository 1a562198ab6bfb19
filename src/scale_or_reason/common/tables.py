"""Read and write tables; every table is checked against its schema, and against the checksum that its writer recorded.

Of single columns and row counts only the recorded size is checked: hashing would read far more than they do.
A schema has only names and types, which polars compares; a package such as pandera would add nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from scale_or_reason.common.checksums import check_content, check_size
from scale_or_reason.common.errors import StudyError, remake
from scale_or_reason.common.files import atomic_path
from scale_or_reason.common.rounding import rounded
from scale_or_reason.common.table_schemas import SCHEMAS


def check_table(frame: pl.DataFrame, schema: str, where: object) -> None:
    """Raise :class:`StudyError` unless ``frame`` has exactly the columns and types of ``SCHEMAS[schema]``."""
    expected = SCHEMAS[schema]
    found = dict(frame.schema)
    if list(found) != list(expected):
        raise StudyError(
            f"the columns of a {schema} table differ from its schema",
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
    """Check ``frame`` against ``SCHEMAS[schema]`` and write it as Parquet, atomically."""
    check_table(frame, schema, path)
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary)


@contextmanager
def table_writer(path: str | Path, schema: str) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write a table in parts, atomically, for tables that do not fit into memory.

    Yields a function that checks a part like :func:`write_table` and appends it.
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
    """The number of rows of a table, from its metadata."""
    with _reading(path, schema):
        return pl.scan_parquet(path).select(pl.len()).collect().item()


def read_column(path: str | Path, schema: str, column: str) -> pl.Series:
    """One column of a table; the others are not read."""
    with _reading(path, schema):
        return pl.read_parquet(path, columns=[column])[column]


def read_parts(path: str | Path, schema: str, rows: int = 50_000) -> Iterator[pl.DataFrame]:
    """A table in parts of ``rows`` rows, for tables that do not fit into memory; an empty table has no parts."""
    import pyarrow.parquet

    with _reading(path, schema, check_content), pyarrow.parquet.ParquetFile(path) as file:
        check_table(pl.DataFrame(file.schema_arrow.empty_table()), schema, path)
        for batch in file.iter_batches(rows):
            yield pl.DataFrame(batch)


def read_table(path: str | Path, schema: str) -> pl.DataFrame:
    """Read a Parquet table and check it against ``SCHEMAS[schema]``."""
    with _reading(path, schema, check_content):
        frame = pl.read_parquet(path)
    check_table(frame, schema, path)
    return frame


def scan_table(path: str | Path, schema: str) -> pl.LazyFrame:
    """A lazy frame of a table, for tables that do not fit into memory; its columns are checked at once."""
    with _reading(path, schema, check_content):
        frame = pl.scan_parquet(path)
        columns = frame.collect_schema().to_frame()
    check_table(columns, schema, path)
    return frame


def read_csv_table(path: str | Path, schema: str) -> pl.DataFrame:
    """Like :func:`read_table`, from CSV."""
    with _reading(path, schema, check_content):
        header = pl.read_csv(path, n_rows=0).columns
        frame = pl.read_csv(path, schema=SCHEMAS[schema] if header == list(SCHEMAS[schema]) else None)
    check_table(frame, schema, path)
    return frame


@contextmanager
def _reading(path: str | Path, schema: str, check: Callable[[Path], None] = check_size) -> Iterator[None]:
    """Check a table against its checksum; raise :class:`StudyError` if it is missing, damaged or cannot be read."""
    if not Path(path).is_file():
        raise StudyError(f"the {schema} table is missing", where=path, remedy=remake(path))
    check(Path(path))
    try:
        yield
    # pyarrow's errors are subclasses of ValueError and OSError
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        if getattr(error, "errno", None):  # of the operating system: no permission, for instance
            raise
        raise StudyError(
            f"the {schema} table cannot be read: the file is damaged",
            where=path,
            found=str(error).partition("\n")[0],
            expected=f"a file as this workflow writes it, with the columns {', '.join(SCHEMAS[schema])}",
            remedy="delete the file and run the rule that writes it again",
        ) from None


def table_from_rows(rows: list[dict], schema: str) -> pl.DataFrame:
    """A frame of ``rows``, which may be empty, with the schema ``SCHEMAS[schema]``; missing values are null."""
    return pl.DataFrame(rows, schema=SCHEMAS[schema], strict=True)


def write_rounded_csv(frame: pl.DataFrame, path: str | Path) -> None:
    """Write ``frame`` as CSV for people, with numbers rounded to what they mean (:mod:`common.rounding`), atomically.

    No program of the workflow reads such a table.
    """
    write_csv(rounded(frame), path)


def write_csv(frame: pl.DataFrame, path: str | Path) -> None:
    """Write ``frame`` as CSV with exact numbers, atomically."""
    with atomic_path(path) as temporary:
        frame.write_csv(temporary)
