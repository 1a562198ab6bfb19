"""Write rows of the small world as JSON lines, in the schema of the real dataset.

    python workflow/scripts/write_small_world.py --kind benchmark --name gsm8k --rows 60 --seed 0 --output gsm8k.jsonl

``--kind benchmark`` writes a benchmark's rows, ``pool`` the rows its few-shot examples come from (none of which is a
row of the benchmark), ``prompts`` the training prompts of a corpus.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.common.files import write_text
from scale_or_reason.small_world.corpora import TOPICS, corpus_rows
from scale_or_reason.small_world.generate import GENERATORS, distinct_problems


def rows(kind: str, name: str, count: int, held_out: int, seed: int) -> Iterable[dict[str, Any]]:
    """The requested rows. Benchmark and pool are disjoint parts of one list of distinct problems."""
    known = TOPICS if kind == "prompts" else GENERATORS
    if name not in known:
        raise StudyError(f"the small world has no {kind} with this name", found=name, expected=", ".join(known))
    if kind == "prompts":
        return corpus_rows(name, count, seed)
    problems = distinct_problems(name, count + held_out, seed)
    chosen = problems[:count] if kind == "benchmark" else problems[-count:]
    return [problem.row for problem in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("benchmark", "pool", "prompts"), required=True)
    parser.add_argument("--name", required=True, help="a benchmark, or a corpus for --kind prompts")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument(
        "--other-rows", type=int, default=0, help="for a benchmark: rows in its pool; for a pool: rows in its benchmark"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    found = rows(arguments.kind, arguments.name, arguments.rows, arguments.other_rows, arguments.seed)
    write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), arguments.output)


if __name__ == "__main__":
    run_script(main)
