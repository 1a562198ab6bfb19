"""Hostile answers for every grader through the program that grades: ``make bench-hostile``.

    python tests/benchmarks/hostile_answers.py --answers 100000 --seed 0

The answers are those of tests/unit/hostile_texts.py, one in a hundred a megabyte long. Half of them go to the grader of
mathematics. Printed are the program's own line for each grader, with its slowest answer and how often algebra was given
up, the time in all and the largest memory of a process. Status 1 if the program fails, or a grader on an answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from scale_or_reason.common.tables import table_from_rows, table_writer, write_table

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit"))

from grading_speed import grade  # noqa: E402
from hostile_texts import hostile_answer, hostile_items  # noqa: E402

#: Grader -> a benchmark of its, and its share of the answers.
BENCHMARKS = {
    "math": ("math_500", 0.5),
    "choice": ("mmlu_pro_math", 0.1),
    "ifeval": ("ifeval", 0.1),
    "number": ("scibench", 0.1),
    "span": ("squad", 0.1),
    "text": ("c_code_summarization", 0.05),
    "yes_no": ("consumer_qa", 0.05),
}
PART = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=100_000, help="in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the texts (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="of the program (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for grader, (benchmark, share) in BENCHMARKS.items():
            write_inputs(Path(folder), grader, benchmark, int(share * arguments.answers), arguments.seed)
        sys.exit(measure(Path(folder), arguments.processes))


def write_inputs(folder: Path, grader: str, benchmark: str, count: int, seed: int) -> None:
    """Items and answers of one benchmark."""
    rng = Random(f"{seed} {grader}")
    items = [
        {"benchmark": benchmark, "item_id": str(number), "prompt": "made up", "question": "made up", **item}
        for number, item in enumerate(hostile_items(grader))
    ]
    write_table(table_from_rows(items, "items"), folder / "items" / f"{benchmark}.parquet", "items")
    with table_writer(folder / "answers" / f"{benchmark}.parquet", "answers") as append:
        for start in range(0, count, PART):
            rows = [answer_row(items[n % len(items)], n, rng) for n in range(start, min(start + PART, count))]
            append(table_from_rows(rows, "answers"))


def answer_row(item: dict[str, Any], number: int, rng: Random) -> dict[str, Any]:
    key = {"model_id": "base/made-up/shots-0", "benchmark": item["benchmark"], "item_id": item["item_id"]}
    counts = {"sample": number, "prompt_tokens": 1, "answer_tokens": 1}
    return {**key, **counts, "answer": hostile_answer(rng), "finish_reason": "stop"}


def measure(folder: Path, processes: int) -> int:
    """Run the program and print what it took; 1 if it or a grader failed."""
    status, seconds, text, usage = grade(folder, (benchmark for benchmark, _ in BENCHMARKS.values()), processes)
    print(f"{text}status {status}, {seconds:.0f} s, memory of the largest process {usage.ru_maxrss / 1e6:.2f} GB")
    return int(status != 0 or "failed" in text)


if __name__ == "__main__":
    main()
