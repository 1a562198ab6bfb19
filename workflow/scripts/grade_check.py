"""Compare the rule graders with published labels of real answers and list every disagreement.

    python workflow/scripts/grade_check.py --answers DIR

DIR holds JSONL files of graded answers (``question, answer_text, gold, label``); the file's name tells the grader.
Prints one line per file and, below it, each answer on which grader and label differ. Beside the verdict's agreement
stand those of the strict and the lenient measure: IFEval's labels are strict, the others ask only what is right.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from scale_or_reason.common.errors import StudyError, run_script
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


class Agreement(NamedTuple):
    """The number of rows of a file, those on which verdict and label differ, and on how many each measure agrees."""

    answers: int
    different: list[tuple[dict[str, Any], Grade]]
    strict: int
    lenient: int

    def line(self, name: str, seconds: float) -> str:
        """The shares as one line."""
        shares = [
            number / max(self.answers, 1) for number in (self.answers - len(self.different), self.strict, self.lenient)
        ]
        return "{:20} {:5} answers   agreement {:7.2%}   strict {:7.2%}   lenient {:7.2%}   {:5.1f} s".format(
            name, self.answers, *shares, seconds
        )


def agreement(path: Path) -> Agreement:
    """How far the graders agree with a file's published labels."""
    graded = list(check_file(path))
    return Agreement(
        len(graded),
        [(row, grade) for row, grade in graded if (grade.verdict == "yes") != row["label"]],
        sum(grade.strict == row["label"] for row, grade in graded),
        sum(grade.lenient == row["label"] for row, grade in graded),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="See the top of this file for an example."
    )
    parser.add_argument("--answers", type=Path, required=True, metavar="DIR", help="folder of graded answers")
    options = parser.parse_args()
    files = sorted(options.answers.glob("*.jsonl"))
    if not files:
        raise StudyError(
            "there are no graded answers here",
            where=options.answers,
            found="a folder without them" if options.answers.is_dir() else "no such folder",
            expected=f"files that begin with {', '.join(GRADER_OF)} and end with .jsonl, with lines of the form "
            '{"question": ..., "answer_text": ..., "gold": ..., "label": true or false}',
            remedy="put published labels of real answers there, or name their folder: make grade-check ANSWERS=FOLDER",
        )
    for path in files:
        start = time.perf_counter()
        found = agreement(path)
        print(found.line(path.stem, time.perf_counter() - start))
        for row, grade in found.different:
            gold = json.dumps(row["gold"], ensure_ascii=False)[:160]
            print(f"    label {'yes' if row['label'] else 'no':3} graded {grade.verdict:3} gold {gold}")
            print(f"        {grade.how} {grade.extracted!r} {grade.note}  ({row.get('source', '')})")


if __name__ == "__main__":
    run_script(main)
