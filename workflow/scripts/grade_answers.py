"""Grade answers by rules and write one verdicts table per benchmark, under the judge's name ``rule_graders``.

    python workflow/scripts/grade_answers.py \\
        --items results/micro/benchmarks/gsm8k.parquet \\
        --answers results/micro/answers/base/micro-1m/shots-0/gsm8k.parquet \\
        --output-dir results/micro/verdicts/rule_graders/base/micro-1m/shots-0

Items and answers are matched by their columns, not by the order of the files. Answers are read, graded and written part
by part, so that memory does not grow with their number. No answer can block the job: algebra runs in a child process
with limits on time and memory, and an answer on which a grader fails gets a no with ``error=`` in its ``reply``.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.common.columns import read_columns
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.tables import read_parts, table_from_rows, table_writer
from scale_or_reason.grading import get_grader
from scale_or_reason.grading.grade import Grade, make_grade
from scale_or_reason.grading.isolation import AlgebraUse, algebra_use
from scale_or_reason.study import shared_options

JUDGE = "rule_graders"
#: Answers per task of a process, and verdicts per write.
CHUNK, WRITTEN_AT_ONCE = 250, 20_000
ITEM_COLUMNS = ["benchmark", "item_id", "gold", "choices", "extra"]
KEY = ["model_id", "benchmark", "item_id", "sample"]
Items = dict[tuple[str, str], dict[str, Any]]

#: The items of this process, sent once.
_items: Items = {}


@dataclass(frozen=True)
class GradedChunk:
    """Rows of the verdicts schema, the algebra that they took, and the seconds of the slowest answer."""

    verdicts: pl.DataFrame
    algebra: AlgebraUse
    slowest: float


def read_items(paths: list[Path]) -> Items:
    """The graders' fields of the items, by (benchmark, item_id)."""
    rows = read_columns(paths, "items", ITEM_COLUMNS).iter_rows(named=True)
    return {(row["benchmark"], row["item_id"]): row for row in rows}


def check_answers(paths: list[Path], items: Items) -> None:
    """Raise :class:`StudyError` for an answer to an unknown item."""
    for path in paths:
        for key in read_columns([path], "answers", ["benchmark", "item_id"]).unique(maintain_order=True).iter_rows():
            if key not in items:
                raise StudyError(
                    "an answer belongs to no item",
                    where=path,
                    key="item_id",
                    found=" / ".join(key),
                    expected="an item of the tables given with --items",
                    remedy="pass the evaluated items with --items, or rerun the evaluation",
                )


def use_items(items: Items) -> None:
    """Give this process its items."""
    global _items
    _items = items


def grade_chunk(answers: pl.DataFrame) -> GradedChunk:
    """Grade these answers."""
    before, slowest = algebra_use(), 0.0
    rules = {"judge": JUDGE, "judge_prompt_tokens": 0, "judge_tokens": 0}
    rows = []
    for key, text in zip(answers.select(KEY).iter_rows(named=True), answers["answer"], strict=True):
        start = time.perf_counter()
        grade = grade_one(_items[key["benchmark"], key["item_id"]], text)
        slowest = max(slowest, time.perf_counter() - start)
        rows.append({**key, **rules, **grade.columns()})
    return GradedChunk(table_from_rows(rows, "verdicts"), algebra_use() - before, slowest)


def grade_one(item: dict[str, Any], answer: str) -> Grade:
    """The grade of an answer; no if the grader fails."""
    grader = get_grader(get_benchmark(item["benchmark"]).grader)
    try:
        return grader(item, answer)
    except StudyError:
        raise  # the item is wrong, not the answer
    except Exception as error:  # answers are untrusted, and none may stop the job
        return make_grade(False, None, "none", f"error={type(error).__name__}")


@contextmanager
def graders(processes: int, items: Items) -> Iterator[Callable[[Iterator[pl.DataFrame]], Iterator[GradedChunk]]]:
    """Yield a function that grades chunks of answers and yields their verdicts in the same order."""
    if processes == 1:
        use_items(items)
        yield lambda chunks: map(grade_chunk, chunks)
        return
    context = get_context("spawn")  # spawn, since a fork would break polars' threads
    with ProcessPoolExecutor(processes, mp_context=context, initializer=use_items, initargs=(items,)) as pool:
        yield lambda chunks: _in_order(pool, chunks, ahead=2 * processes)


def _in_order(pool: ProcessPoolExecutor, chunks: Iterator[pl.DataFrame], ahead: int) -> Iterator[GradedChunk]:
    """Like ``pool.map``, but with few chunks in memory at a time."""
    waiting: deque[Future[GradedChunk]] = deque()
    for chunk in chunks:
        waiting.append(pool.submit(grade_chunk, chunk))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@dataclass
class Account:
    """Counts of a graded file."""

    answers: int = 0
    right: int = 0
    origins: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    algebra: AlgebraUse = field(default_factory=AlgebraUse)
    slowest: float = 0.0

    def add(self, chunk: GradedChunk) -> None:
        """Count one chunk."""
        verdicts = chunk.verdicts
        self.answers += verdicts.height
        self.right += int((verdicts["verdict"] == "yes").sum())
        self.origins.update(verdicts["how"])
        self.failed += int(verdicts["reply"].str.starts_with("error=").sum())
        self.algebra += chunk.algebra
        self.slowest = max(self.slowest, chunk.slowest)

    def line(self, name: str, seconds: float) -> str:
        """A line with counts, right answers, sources of the graded texts, and the time of algebra."""
        shares = ", ".join(f"{how} {count}" for how, count in self.origins.most_common())
        failed = f"; a grader failed on {self.failed}" if self.failed else ""
        return (
            f"{name:20} {self.right}/{self.answers} right in {seconds:.1f} s ({shares}); "
            f"{self.algebra}; slowest answer {self.slowest:.1f} s{failed}"
        )


def grade_file(path: Path, output: Path, grade: Callable[[Iterator[pl.DataFrame]], Iterator[GradedChunk]]) -> Account:
    """Grade one table of answers and write its verdicts."""
    account = Account()
    with table_writer(output, "verdicts") as append:
        graded: list[pl.DataFrame] = []
        for chunk in grade(part.select(*KEY, "answer") for part in read_parts(path, "answers", CHUNK)):
            account.add(chunk)
            graded.append(chunk.verdicts)
            if len(graded) * CHUNK >= WRITTEN_AT_ONCE:
                append(pl.concat(graded))
                graded.clear()
        if graded:
            append(pl.concat(graded))
    return account


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="See the top of this file for an example.",
        parents=[shared_options.items()],
    )
    parser.add_argument("--answers", type=Path, nargs="+", required=True, help="answers tables, one per benchmark")
    parser.add_argument(
        "--output-dir", type=Path, required=True, help="folder of the verdict tables, named like the answers tables"
    )
    parser.add_argument("--processes", type=int, default=1, help="grading processes (default: 1)")
    options = parser.parse_args()
    names = [path.name for path in options.answers]
    if len(set(names)) < len(names):
        raise StudyError("two answers tables have the same name", key="--answers", found=", ".join(sorted(names)))
    if options.processes < 1:
        raise StudyError(
            "the number of processes is below 1", key="--processes", found=options.processes, expected=">= 1"
        )
    return options


def main() -> None:
    """Grade each answers file and write its verdicts."""
    options = parse_arguments()
    items = read_items(options.items)
    check_answers(options.answers, items)
    with graders(options.processes, items) as grade:
        for path in options.answers:
            start = time.perf_counter()
            account = grade_file(path, options.output_dir / path.name, grade)
            print(account.line(path.stem, time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    run_script(main)
