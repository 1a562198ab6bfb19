"""The sources of the benchmarks' rows: a folder of JSONL files, or the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scale_or_reason.benchmarks.base import Benchmark, HubRows
from scale_or_reason.benchmarks.row_files import rows_file
from scale_or_reason.common.dataset_rows import NumberedRow, read_hub, read_jsonl, resolve_commit
from scale_or_reason.common.errors import StudyError

#: The name of the source, for errors, and its rows.
Rows = tuple[str, Iterator[NumberedRow]]


@dataclass(frozen=True)
class JsonlFolder:
    """``path``/NAME.jsonl in the hub's schema, and optionally ``path``/NAME.pool.jsonl for few-shot examples."""

    path: Path

    def evaluation_rows(self, benchmark: Benchmark) -> Rows:
        file = rows_file(self.path, benchmark.name)
        if isinstance(benchmark.own_rows, tuple):
            return str(file), enumerate(map(dict, benchmark.own_rows), start=1)
        columns = ", ".join(benchmark.columns)
        source = f"as in {benchmark.hub}" if benchmark.hub else benchmark.remedy
        remedy = f"write {file.name} with one JSON object per line and the columns {columns}: {source}"
        return str(file), read_jsonl(file, remedy=remedy)

    def pool_rows(self, benchmark: Benchmark) -> Rows | None:
        file = rows_file(self.path, benchmark.name, ".pool")
        if isinstance(benchmark.own_pool, tuple):
            return str(file), enumerate(map(dict, benchmark.own_pool), start=1)
        return (str(file), read_jsonl(file)) if file.is_file() else None


@dataclass(frozen=True)
class Hub:
    """The hub, or ``mirror``, a folder with copies of its datasets as OWNER/NAME."""

    mirror: Path | None = None

    def evaluation_rows(self, benchmark: Benchmark) -> Rows:
        """Raises :class:`StudyError` for a benchmark that is not on the hub."""
        if benchmark.hub is None:
            raise StudyError("this benchmark is not on the hub", key=benchmark.name, remedy=benchmark.remedy)
        return str(benchmark.hub), self._rows(benchmark.hub)

    def pool_rows(self, benchmark: Benchmark) -> Rows | None:
        return (str(benchmark.pool), self._rows(benchmark.pool)) if benchmark.pool else None

    def _rows(self, source: HubRows) -> Iterator[NumberedRow]:
        number = 0
        for config in source.configs or (None,):
            for _, row in read_hub(
                source.path,
                source.split,
                config=config,
                data_files=source.data_files,
                revision=source.revision,
                mirror=self.mirror,
            ):
                number += 1
                yield number, row


RowSource = JsonlFolder | Hub


def at_commits(benchmark: Benchmark, locked: Mapping[str, str] | None = None) -> Benchmark:
    """The benchmark at the ``locked`` commits of its data sets; otherwise at their current ones, if the hub answers."""
    commits = locked or {}

    def pinned(rows: HubRows | None) -> HubRows | None:
        commit = (commits.get(rows.path) or resolve_commit(rows.path, rows.revision)) if rows else None
        return replace(rows, revision=commit) if rows and commit else rows

    return replace(benchmark, hub=pinned(benchmark.hub), pool=pinned(benchmark.pool))
