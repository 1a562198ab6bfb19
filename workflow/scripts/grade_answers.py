"""Grade answers by rules and write one verdicts table per benchmark, under the judge's name ``rules``.

    python workflow/scripts/grade_answers.py \\
        --items results/micro/benchmarks/gsm8k.parquet \\
        --answers results/micro/answers/base/micro-1m/shots-0/gsm8k.parquet \\
        --output-dir results/micro/verdicts/rules/base/micro-1m/shots-0

Items and answers are matched by their columns, not by the order of the files. A verdict's ``reply`` is JSON: what was
extracted, and how. No answer can hold the job up: algebra runs in a child process with limits on time and memory.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl

from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.grading import Grade, get_grader
from scale_or_reason.tables import read_table, table_from_rows, write_table

JUDGE = "rules"
#: Answers that a process is handed at a time.
CHUNK = 500
Work = tuple[str, dict[str, Any], str]


def read_items(paths: list[Path]) -> dict[tuple[str, str], dict[str, Any]]:
    """Items by (benchmark, item_id)."""
    items: dict[tuple[str, str], dict[str, Any]] = {}
    for path in paths:
        for item in read_table(path, "items").iter_rows(named=True):
            items[item["benchmark"], item["item_id"]] = item
    return items


def match_items(answers: pl.DataFrame, items: dict[tuple[str, str], dict[str, Any]], path: Path) -> list[Work]:
    """For each answer: its grader's name, its item and its text."""
    work = []
    for row in answers.iter_rows(named=True):
        item = items.get((row["benchmark"], row["item_id"]))
        if item is None:
            raise StudyError(
                "an answer belongs to no item",
                where=path,
                key=f"{row['benchmark']} / {row['item_id']}",
                remedy="give the items that were answered with --items, or answer the benchmark again",
            )
        work.append((get_benchmark(row["benchmark"]).grader, item, row["answer"]))
    return work


def grade_one(work: Work) -> Grade:
    """Grade one answer (a function of the module, so that a worker process can be sent it)."""
    name, item, answer = work
    return get_grader(name)(item, answer)


def grade_all(work: list[Work], processes: int) -> list[Grade]:
    """Grades in the order of ``work``."""
    if processes == 1 or len(work) <= CHUNK:
        return [grade_one(one) for one in work]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(grade_one, work, chunksize=CHUNK))


def verdict_rows(answers: pl.DataFrame, grades: list[Grade]) -> list[dict[str, Any]]:
    """Rows of the verdicts schema."""
    keys = answers.select("model_id", "benchmark", "item_id", "sample").iter_rows(named=True)
    rules = {"judge_prompt_tokens": 0, "judge_tokens": 0}
    return [
        {**key, "judge": JUDGE, "verdict": grade.verdict, "reply": grade.as_json(), **rules}
        for key, grade in zip(keys, grades, strict=True)
    ]


def report(path: Path, grades: list[Grade], seconds: float) -> str:
    """One line: how many, how many right, and where the graded texts came from."""
    right = sum(grade.verdict == "yes" for grade in grades)
    origins = Counter(grade.how for grade in grades).most_common()
    shares = ", ".join(f"{how} {count}" for how, count in origins)
    return f"{path.stem:20} {right}/{len(grades)} right in {seconds:.1f} s ({shares})"


def parse_arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="See the top of this file for an example."
    )
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="items tables")
    parser.add_argument("--answers", type=Path, nargs="+", required=True, help="answers tables, one per benchmark")
    parser.add_argument("--output-dir", type=Path, required=True, help="where a table of each answers file's name goes")
    parser.add_argument("--processes", type=int, default=1, help="grading processes (default: 1)")
    options = parser.parse_args()
    names = [path.name for path in options.answers]
    if len(set(names)) < len(names):
        raise StudyError("two answers tables have the same name", key="--answers", found=", ".join(sorted(names)))
    if options.processes < 1:
        raise StudyError(
            "there must be a process to grade", key="--processes", found=options.processes, expected=">= 1"
        )
    return options


def main() -> None:
    """Grade each answers file and write its verdicts."""
    options = parse_arguments()
    items = read_items(options.items)
    for path in options.answers:
        answers = read_table(path, "answers")
        start = time.perf_counter()
        grades = grade_all(match_items(answers, items, path), options.processes)
        write_table(
            table_from_rows(verdict_rows(answers, grades), "verdicts"), options.output_dir / path.name, "verdicts"
        )
        print(report(path, grades, time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    run_script(main)
