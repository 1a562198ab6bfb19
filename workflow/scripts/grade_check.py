"""Compare the rule graders with published labels of real answers, and with right and wrong answers made from items.

    python workflow/scripts/grade_check.py --answers DIR --rows DIR

``--answers``: JSONL files of graded answers (``question, answer_text, gold, label``), named after their benchmark.
Prints one line per file and, below it, each answer on which grader and label differ. Beside the verdict's agreement
stand those of the strict and the lenient measure: IFEval's labels are strict, the others ask only what is right.

``--rows``: JSONL files of benchmark rows, in the schema and under the names that the benchmarks have. Of every item
right answers are made in about ten natural spellings, and wrong ones by changing a sign, digit, point, operator, unit
prefix or letter. Prints by benchmark and style how many of the right ones are missed and how many of the wrong ones are
called right, and each of these answers.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.benchmarks.row_files import rows_file
from scale_or_reason.common.errors import StudyError, run_script
from scale_or_reason.grading import Grade, get_grader
from scale_or_reason.grading.mutants import wrong_answers
from scale_or_reason.grading.spellings import right_answers

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


@dataclass
class Tally:
    """Made answers of one benchmark by style, and those that were graded wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, style: str, graded_wrong: bool, example: str) -> None:
        """Count one answer."""
        self.answers[style] += 1
        if graded_wrong:
            self.wrong[style] += 1
            self.examples.append(example)

    def line(self, name: str) -> str:
        """The sums, and the styles one after the other."""
        styles = ", ".join(f"{style} {self.wrong[style]}/{count}" for style, count in self.answers.items())
        total, wrong = self.answers.total(), self.wrong.total()
        return f"{name:18} {wrong:5}/{total:<6} {wrong / max(total, 1):7.2%}   {styles}"


def items_in(folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Each item of the benchmarks whose rows are in ``folder``, with the name of its grader."""
    for name, benchmark in BENCHMARKS.items():
        path = rows_file(folder, name)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for number, row in enumerate(json.loads(line) for line in lines):
            if benchmark.grader and benchmark.keep(row):
                question = benchmark.read(row)
                texts = {"gold": list(question.gold), "choices": list(question.choices)}
                extra = json.dumps(dict(question.extra))
                yield {"benchmark": name, "item_id": str(number), **texts, "extra": extra}, benchmark.grader


def missed_and_mistaken(folder: Path, rounds: int) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """By benchmark: right answers with those that are missed, wrong answers with those that are called right."""
    right: dict[str, Tally] = defaultdict(Tally)
    wrong: dict[str, Tally] = defaultdict(Tally)
    for item, name in items_in(folder):
        benchmark, grader = item["benchmark"], get_grader(name)
        for style, answer in right_answers(item, name):
            graded = grader(item, answer)
            right[benchmark].add(style, not graded.lenient, f"{style}: gold {item['gold']}, answer {answer!r}")
        rng = Random(f"{benchmark} {item['item_id']}")
        for _ in range(rounds):
            for kind, answer in wrong_answers(item, name, rng):
                graded = grader(item, answer)
                wrong[benchmark].add(kind, graded.lenient, f"{kind}: gold {item['gold']}, answer {answer!r}")
    return right, wrong


def print_made(folder: Path, rounds: int) -> None:
    """Print both tables."""
    right, wrong = missed_and_mistaken(folder, rounds)
    if not right:
        raise StudyError(
            "there are no benchmark rows here",
            where=folder,
            found="a folder without them" if folder.is_dir() else "no such folder",
            expected="files such as gsm8k.jsonl, with rows in the schema of the benchmark's dataset",
            remedy="name their folder: make grade-check ROWS=FOLDER",
        )
    for title, tallies in (("right answers, missed", right), ("wrong answers, called right", wrong)):
        print(f"\n{title}")
        for name, tally in tallies.items():
            print(tally.line(name))
            for example in tally.examples:
                print(f"    {example}")
        total, count = (
            sum(getattr(tally, part).total() for tally in tallies.values()) for part in ("answers", "wrong")
        )
        print(f"{'all':18} {count:5}/{total:<6} {count / max(total, 1):7.2%}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="See the top of this file for an example."
    )
    parser.add_argument("--answers", type=Path, metavar="DIR", help="folder of graded answers")
    parser.add_argument("--rows", type=Path, metavar="DIR", help="folder of benchmark rows")
    parser.add_argument("--rounds", type=int, default=10, help="mutants of each kind per item (default: %(default)s)")
    options = parser.parse_args()
    if options.answers is None and options.rows is None:
        raise StudyError("there is nothing to check", expected="--answers DIR, --rows DIR or both")
    if options.answers is not None:
        print_agreement(options.answers)
    if options.rows is not None:
        print_made(options.rows, options.rounds)


def print_agreement(folder: Path) -> None:
    """Print how far the graders agree with the labels of each file."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise StudyError(
            "there are no graded answers here",
            where=folder,
            found="a folder without them" if folder.is_dir() else "no such folder",
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
