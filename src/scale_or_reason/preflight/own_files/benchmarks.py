"""The first rows of a person's own benchmarks, and their graders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.base import Benchmark
from scale_or_reason.benchmarks.own import read_own
from scale_or_reason.common.dataset_rows import read_jsonl_leniently
from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.own_files.graders import grader_faults
from scale_or_reason.preflight.own_files.rows import FIRST_ROWS, problem_of_row
from scale_or_reason.study.local_files import made_by_study
from scale_or_reason.study.problems import KeyPath, Problem


def benchmark_files(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Benchmarks with a first row that is no item, and graders that cannot work."""
    selected = [name for family in config["study"]["families"] for name in family["benchmarks"]]
    own = config["benchmarks"]["own"]
    for name in (name for name in selected if name in own):
        benchmark, key = read_own(name, Path(own[name]["path"])), ("benchmarks", "own", name, "path")
        if isinstance(benchmark.own_rows, Path) and made_by_study(benchmark.own_rows, config["study"]["name"]):
            continue
        for rows in (benchmark.own_rows, benchmark.own_pool):
            yield from _unreadable_rows(benchmark, rows, key)
        if benchmark.grader is not None and benchmark.grader.endswith(".py"):
            yield from grader_faults(Path(benchmark.grader), key)


def _unreadable_rows(benchmark: Benchmark, rows: Path | tuple[Any, ...] | None, key: KeyPath) -> Iterator[Problem]:
    """The first row that is no item of the benchmark."""
    where, number = rows if isinstance(rows, Path) else benchmark.declared_in, 0
    try:
        numbered = read_jsonl_leniently(rows) if isinstance(rows, Path) else enumerate(rows or (), start=1)
        for number, row in islice(numbered, FIRST_ROWS):  # noqa: B007, errors below name the row
            if isinstance(row, StudyError):
                raise row
            missing = [column for column in benchmark.columns if column not in row]
            if missing:
                found, expected = f"the columns {', '.join(row)}", ", ".join(benchmark.columns)
                remedy = f"correct the columns that {benchmark.declared_in} names, or those of the rows"
                problem = "a row of a benchmark lacks a column"
                raise StudyError(problem, key=", ".join(missing), found=found, expected=expected, remedy=remedy)
            benchmark.read(row)
        if rows is not None and not number:
            raise StudyError("a benchmark has no rows", found="an empty file", expected="one JSON object per line")
    except StudyError as error:
        yield problem_of_row(key, where, number or None, error)
