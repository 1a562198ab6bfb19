"""Compare the rule graders with published labels of real answers and list every disagreement.

    python workflow/scripts/grade_check.py --answers DIR

DIR holds JSONL files of graded answers (``question, answer_text, gold, label``); the file's name tells the grader.
Prints one line per file and, below it, each answer on which grader and label differ.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_or_reason.errors import StudyError, run_script
from scale_or_reason.grading import Grade, get_grader

#: The start of a file's name -> the grader of its answers.
GRADER_OF = {"gsm8k": "math", "math": "math", "equivalence": "math", "mmlu": "choice", "ifeval": "ifeval"}
_OPTION = re.compile(r"^([A-Z])\. ", re.MULTILINE)


def item_of(row: dict[str, Any], grader: str) -> dict[str, Any]:
    """A row of the ``items`` schema, as far as ``grader`` reads it."""
    item = {"benchmark": "published", "item_id": row.get("source", ""), "gold": [], "choices": [], "extra": "{}"}
    if grader == "ifeval":
        return item | {"extra": json.dumps(row["gold"])}
    golds = [row["gold"]] + ([row["gold_text"]] if row.get("gold_text") else [])
    return item | {"gold": golds, "choices": _options(row["question"]) if grader == "choice" else []}


def _options(question: str) -> list[str]:
    """The texts of the lettered options at a question's end."""
    starts = list(_OPTION.finditer(question))
    while starts and starts[0].group(1) != "A":
        starts.pop(0)
    ends = [start.start() for start in starts[1:]] + [len(question)]
    return [question[start.end() : end].strip() for start, end in zip(starts, ends, strict=True)]


def check_file(path: Path) -> Iterator[tuple[dict[str, Any], Grade]]:
    """Each row of a file with its grade."""
    name = next((grader for prefix, grader in GRADER_OF.items() if path.stem.startswith(prefix)), None)
    if name is None:
        raise StudyError("no grader is known for this file", where=path, expected=", ".join(GRADER_OF))
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row, get_grader(name)(item_of(row, name), row["answer_text"])


def agreement(path: Path) -> tuple[int, list[tuple[dict[str, Any], Grade]]]:
    """The number of rows of a file and those on which grader and published label differ."""
    graded = list(check_file(path))
    return len(graded), [(row, grade) for row, grade in graded if (grade.verdict == "yes") != row["label"]]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="See the top of this file for an example."
    )
    parser.add_argument("--answers", type=Path, required=True, metavar="DIR", help="folder of graded answers")
    options = parser.parse_args()
    files = sorted(options.answers.glob("*.jsonl"))
    if not files:
        raise StudyError("there are no graded answers here", where=options.answers, expected="*.jsonl")
    for path in files:
        start = time.perf_counter()
        count, different = agreement(path)
        seconds = time.perf_counter() - start
        share = 1 - len(different) / max(count, 1)
        print(f"{path.stem:20} {count:5} answers   agreement {share:7.2%}   {seconds:5.1f} s")
        for row, grade in different:
            gold = json.dumps(row["gold"], ensure_ascii=False)[:160]
            print(f"    label {'yes' if row['label'] else 'no':3} graded {grade.verdict:3} gold {gold}")
            print(f"        {grade.as_json()}  ({row.get('source', '')})")


if __name__ == "__main__":
    run_script(main)
