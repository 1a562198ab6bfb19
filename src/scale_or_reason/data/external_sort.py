"""Prompts put into a random but fixed order without holding them in memory: a bucket sort on disk.

Each prompt has a rank, sixteen hexadecimal digits. It goes into the bucket of the rank's first digit, a Parquet file;
the buckets one after the other, each sorted when it is read, are all prompts in order of rank.

Our own, since polars sorts in memory, also when it streams, and a database would be one more dependency.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

_COLUMNS = ("rank", "prompt_id", "prompt")
_DIGITS = "0123456789abcdef"
#: Characters that wait in memory before they go to their bucket files.
_WAITING = 64_000_000


class ExternalSort:
    """The buckets, in a folder of their own that is removed in the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: dict[str, list[tuple[str, str, str]]] = {digit: [] for digit in _DIGITS}
        self._characters = 0
        self._files: dict[str, Any] = {}

    @classmethod
    def beside(cls, output: Path) -> ExternalSort:
        """Buckets in a hidden folder beside ``output``, on a disk that has room for the output too."""
        return cls(output.with_name(f".{output.name}.sort"))

    def __enter__(self) -> ExternalSort:
        shutil.rmtree(self._folder, ignore_errors=True)  # of a run that was killed
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, prompt_id: str, prompt: str, rank: str) -> None:
        """Put a prompt into its bucket."""
        self._waiting[rank[0]].append((rank, prompt_id, prompt))
        self._characters += len(prompt)
        if self._characters > _WAITING:
            self._put_away()

    def frames(self) -> Iterator[pl.DataFrame]:
        """All prompts (columns rank, prompt_id, prompt) in order of rank, bucket by bucket; nothing is added after."""
        self._put_away()
        self._close()
        for digit in _DIGITS:
            if (bucket := self._bucket_file(digit)).is_file():
                yield pl.read_parquet(bucket).sort("rank")

    def _bucket_file(self, digit: str) -> Path:
        return self._folder / f"{digit}.parquet"

    def _put_away(self) -> None:
        import pyarrow.parquet

        for digit, rows in self._waiting.items():
            if rows:
                part = pl.DataFrame(rows, schema=dict.fromkeys(_COLUMNS, pl.String), orient="row")
                table = part.to_arrow(compat_level=pl.CompatLevel.oldest())
                if digit not in self._files:
                    self._files[digit] = pyarrow.parquet.ParquetWriter(self._bucket_file(digit), table.schema)
                self._files[digit].write_table(table)
                rows.clear()
        self._characters = 0

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
