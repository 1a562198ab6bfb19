r"""How fast the rule graders are, from answers to verdicts: ``make bench-grading``.

    python tests/benchmarks/grading_speed.py --answers 200000

Answers to all 18 benchmarks are made up, as many for each as its share of the items: half of them plain answers of
about 200 words, nearly half with 1,500 words of reasoning before, one in twenty as long as the papers' limit of 16,384
tokens allows, and half of those cut short in the reasoning. Four in five put the result in a box; of the MATH-500
results every fourth is no plain number, and half of those are spelled otherwise than the gold answer is.
``grade_answers.py`` runs on them as its rule runs it. Printed are answers per second, what a million would take, with
and without the time in computer algebra, computing time (a busy machine takes longer) and the largest memory of a
process.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random
from resource import struct_rusage
from string import ascii_uppercase
from typing import Any

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.common.tables import table_from_rows, table_writer, write_table
from scale_or_reason.grading import get_grader
from scale_or_reason.grading.isolation import algebra_use
from scale_or_reason.grading.math import equal_expressions

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "workflow" / "scripts" / "grade_answers.py"
ITEMS, PART = 300, 2_000
PLAIN_WORDS, REASONING_WORDS, LONGEST_WORDS = 200, 1_500, 12_000
TEXT = "so then the value of this is therefore we have and it follows that a number x with sum over all items in"
WORDS = TEXT.split()
MARKS = [
    "$x^2 + 1$",
    "\\frac{1}{2}",
    "= 12",
    "(see above)",
    "**note**",
    "A.",
    "3.14",
    "\n\n",
    "\\boxed{}",
    "no",
    "answer",
]
#: Gold answers that are no plain numbers, and another spelling of each.
EXPRESSIONS = [
    (r"\frac{\sqrt{3}}{2}", r"\sqrt{3}/2"),
    (r"x^2+2x+1", r"(x+1)^2"),
    (r"\left(3, \frac{\pi}{2}\right)", r"(3, \pi/2)"),
    (r"[-2,7]", r"-2 \le x \le 7"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}"),
    (r"6 - 5i", r"-5i + 6"),
    (r"1, -2", r"-2, 1"),
    (r"3\sqrt{13}", r"\sqrt{117}"),
]
INSTRUCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("punctuation:no_comma", {}),
    ("length_constraints:number_words", {"num_words": 150, "relation": "at least"}),
    ("length_constraints:number_sentences", {"num_sentences": 20, "relation": "less than"}),
    ("detectable_format:number_highlighted_sections", {"num_highlights": 2}),
    ("keywords:frequency", {"keyword": "value", "frequency": 3, "relation": "at least"}),
    ("change_case:english_lowercase", {}),
    ("change_case:capital_word_frequency", {"capital_frequency": 3, "capital_relation": "at least"}),
    ("language:response_language", {"language": "en"}),
]

Item = dict[str, Any]
Gold = tuple[list[str], list[str], dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=200_000, help="in all (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="of the program (default: %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary folder)")
    parser.add_argument(
        "--real", type=Path, help="JSONL of real answers to MATH (gold, answer_text): grade these instead"
    )
    arguments = parser.parse_args()
    if arguments.real is not None:
        print(measure_real(arguments.real))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        counts = write_inputs(Path(folder), arguments.answers)
        size = sum(file.stat().st_size for file in Path(folder, "answers").iterdir())
        print(f"{sum(counts.values())} answers to {len(counts)} benchmarks, {size / 1e9:.2f} GB on disk")
        print(measure(Path(folder), counts, arguments.processes))


def measure_real(path: Path) -> str:
    """Milliseconds of computing per real answer, in its box and without: to its own gold, and to symbolic ones.

    Compare two revisions in one run on one machine: PYTHONPATH=OTHER/src before the second.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    symbolic = [gold for gold, _ in EXPRESSIONS]
    lines = []
    for name, edit in (("in its box", str), ("without the box", unboxed)):
        for kind, golds in (("own gold", [row["gold"] for row in rows]), ("symbolic gold", symbolic)):
            equal_expressions.cache_clear()
            before, start = algebra_use(), time.process_time()
            for number, row in enumerate(rows):
                get_grader("math")({"gold": [golds[number % len(golds)]]}, edit(row["answer_text"]))
            algebra = algebra_use() - before
            each = (time.process_time() - start + algebra.seconds) * 1000 / len(rows)
            lines.append(f"{name:16} {kind:14} {each:7.3f} ms an answer, {algebra}")
    return "\n".join(lines)


def unboxed(text: str) -> str:
    """An answer whose boxes are plain text."""
    return re.sub(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", text)


def write_inputs(folder: Path, answers: int) -> dict[str, int]:
    """Write items and answers of each benchmark; return how many answers."""
    rng = Random(0)
    shares = {name: (benchmark.hub and benchmark.hub.rows) or 500 for name, benchmark in BENCHMARKS.items()}
    counts = {name: max(1, answers * share // sum(shares.values())) for name, share in shares.items()}
    texts = [" ".join(made_words(rng, LONGEST_WORDS)) for _ in range(20)]
    for name, count in counts.items():
        items = [made_item(name, number, rng) for number in range(ITEMS)]
        write_table(table_from_rows(items, "items"), folder / "items" / f"{name}.parquet", "items")
        with table_writer(folder / "answers" / f"{name}.parquet", "answers") as append:
            for start in range(0, count, PART):
                numbers = range(start, min(start + PART, count))
                rows = [answer_row(items[number % ITEMS], number // ITEMS, texts, rng) for number in numbers]
                append(table_from_rows(rows, "answers"))
    return counts


def made_words(rng: Random, count: int) -> list[str]:
    return [rng.choice(MARKS) if rng.random() < 0.05 else rng.choice(WORDS) for _ in range(count)]


def made_item(name: str, number: int, rng: Random) -> Item:
    gold, choices, extra = GOLDS[BENCHMARKS[name].grader](name, rng)
    texts = {"prompt": "made up " * 100, "question": "made up " * 90}
    key = {"benchmark": name, "item_id": str(number)}
    return {**key, **texts, "gold": gold, "choices": choices, "extra": json.dumps(extra)}


def _math_gold(name: str, rng: Random) -> Gold:
    expression = name == "math_500" and rng.random() < 0.25
    return [rng.choice(EXPRESSIONS)[0] if expression else str(rng.randrange(1000))], [], {}


def _choice_gold(name: str, rng: Random) -> Gold:
    options = [" ".join(made_words(rng, 4)) for _ in range(10 if name.startswith("mmlu_pro") else 4)]
    right = rng.randrange(len(options))
    return [ascii_uppercase[right], options[right]], options, {}


def _number_gold(name: str, rng: Random) -> Gold:
    return [f"{rng.uniform(1, 99):.2f}"], [], {"unit": "$10^6$ m", "power_of_ten": 6, "relative_tolerance": 0.05}


def _ifeval_gold(name: str, rng: Random) -> Gold:
    chosen = rng.sample(INSTRUCTIONS, rng.randint(1, 3))
    return [], [], {"instruction_id_list": [name for name, _ in chosen], "kwargs": [kwargs for _, kwargs in chosen]}


def _span_gold(name: str, rng: Random) -> Gold:
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 4))) for _ in range(3)], [], {}


def _yes_no_gold(name: str, rng: Random) -> Gold:
    return [rng.choice(["Yes", "No"])], [], {}


GOLDS = {
    "math": _math_gold,
    "choice": _choice_gold,
    "number": _number_gold,
    "ifeval": _ifeval_gold,
    "span": _span_gold,
    "text": _span_gold,
    "yes_no": _yes_no_gold,
}


def answer_row(item: Item, sample: int, texts: list[str], rng: Random) -> dict[str, Any]:
    key = {"model_id": "base/made-up/shots-0", "benchmark": item["benchmark"], "item_id": item["item_id"]}
    counts = {"sample": sample, "prompt_tokens": 100, "answer_tokens": 1000}
    answer = made_answer(item, texts, rng)
    finish = "stop" if "</think>" in answer or "<think>" not in answer else "length"
    return {**key, **counts, "answer": answer, "finish_reason": finish}


def made_answer(item: Item, texts: list[str], rng: Random) -> str:
    def words(count: int) -> str:
        text = rng.choice(texts)
        length = 5 * count
        start = rng.randrange(max(1, len(text) - length))
        return text[start : start + length]

    final = f"{words(PLAIN_WORDS)} {stated(result(item, rng), rng)}"
    draw = rng.random()
    if draw < 0.5:
        return final
    if draw < 0.95:
        return f"<think>\n{words(REASONING_WORDS)}\n</think>\n\n{final}"
    return f"<think>\n{words(LONGEST_WORDS)}" + (f"\n</think>\n\n{final}" if rng.random() < 0.5 else "")


def result(item: Item, rng: Random) -> str:
    """The right result or, of every second answer, perhaps another."""
    if not item["gold"]:
        return "done"
    gold = item["gold"][0]
    spellings = dict(EXPRESSIONS)
    if rng.random() < 0.5:
        return gold
    if gold in spellings:
        return spellings[gold] if rng.random() < 0.5 else rng.choice(EXPRESSIONS)[1]
    if item["choices"]:
        return rng.choice(ascii_uppercase[: len(item["choices"])])
    return re.sub(r"\d", lambda digit: str(rng.randrange(1, 9)), gold)


def stated(text: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.8:
        return rf"The result is \boxed{{{text}}}."
    return f"The answer is {text}." if draw < 0.95 else f"It must be {text} then."


def grade(folder: Path, names: Iterable[str], processes: int) -> tuple[int, float, str, struct_rusage]:
    """Run the program on items/NAME.parquet and answers/NAME.parquet: status, seconds, output, resources."""
    names = list(names)
    files = {kind: [str(folder / kind / f"{name}.parquet") for name in names] for kind in ("items", "answers")}
    options = ["--items", *files["items"], "--answers", *files["answers"], "--output-dir", str(folder / "verdicts")]
    began = time.monotonic()
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *options, "--processes", str(processes)], stdout=stream, stderr=stream
        )
        _, status, usage = os.wait4(process.pid, 0)
    return status, time.monotonic() - began, log.read_text(), usage


def measure(folder: Path, counts: dict[str, int], processes: int) -> str:
    """Run the program; return a line per benchmark as it printed it, and what it all took."""
    status, seconds, text, usage = grade(folder, counts, processes)
    if status:
        sys.exit(f"{text}\ngrade_answers failed with status {status}")
    asked = [(int(match[1]), float(match[2])) for match in re.finditer(r"algebra: (\d+) requests, ([\d.]+) s", text)]
    requests, algebra = (sum(values) for values in zip(*asked, strict=True))
    answers = sum(counts.values())
    rest, computing = seconds - algebra / processes, usage.ru_utime + usage.ru_stime
    return (
        f"{text}{answers} answers in {seconds:.0f} s with {processes} processes, {answers / seconds:,.0f} answers/s\n"
        f"  computing time of all processes: {computing:.0f} s, {computing / answers * 1e6:.0f} s for a million\n"
        f"  algebra: {requests} requests ({requests / answers:.2%}), {algebra:.0f} s of all processes together\n"
        f"  a million answers: {seconds / answers * 1e6:.0f} s, without algebra {rest / answers * 1e6:.0f} s\n"
        f"  memory of the largest process: {usage.ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()
