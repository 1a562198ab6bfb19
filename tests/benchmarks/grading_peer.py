"""The grader of mathematics beside math-verify, on the same answers: ``make bench``.

    python tests/benchmarks/grading_peer.py --answers 1000 --rounds 2

The answers to MATH-500 are made up as in ``grading_speed.py``, other ones in each round. math-verify parses the gold
answer and the answer, and compares them. The grader uses math-verify only for what it cannot read itself, in a child
process, whose time counts.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from random import Random
from typing import Any

from grading_speed import LONGEST_WORDS, made_answer, made_item, made_words
from math_verify import parse, verify
from ratios import record

from scale_or_reason.grading import get_grader

BENCHMARK = "math_500"
Answers = list[tuple[dict[str, Any], str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1000, help="in each round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="of both sides in turns (default: %(default)s)")
    arguments = parser.parse_args()
    logging.disable()  # math-verify warns of its missing time limits for each answer
    with_grader(made_up_answers(1, -1))  # starts the child process
    ratios = []
    for number in range(arguments.rounds):
        answers = made_up_answers(arguments.answers, number)
        (own, own_seconds), (peer, peer_seconds) = timed(with_grader, answers), timed(with_math_verify, answers)
        same = sum(mine == other for mine, other in zip(own, peer, strict=True))
        print(f"{len(answers)} answers: {own_seconds:.2f} s, math-verify {peer_seconds:.2f} s; {same} equal verdicts")
        ratios.append(peer_seconds / own_seconds)
    record("grading of mathematics", "math-verify for each answer", ratios)


def made_up_answers(count: int, seed: int) -> Answers:
    """Answers to as many items."""
    rng = Random(seed)
    texts = [" ".join(made_words(rng, LONGEST_WORDS)) for _ in range(20)]
    items = [made_item(BENCHMARK, number, rng) for number in range(count)]
    return [(item, made_answer(item, texts, rng)) for item in items]


def with_grader(answers: Answers) -> list[bool]:
    grade = get_grader("math")
    return [grade(item, answer).verdict == "yes" for item, answer in answers]


def with_math_verify(answers: Answers) -> list[bool]:
    """Without its time limits, which need signals."""
    return [
        verify(
            parse(f"${item['gold'][0]}$", parsing_timeout=None),
            parse(answer, parsing_timeout=None),
            timeout_seconds=None,
        )
        for item, answer in answers
    ]


def timed(grade: Callable[[Answers], list[bool]], answers: Answers) -> tuple[list[bool], float]:
    began = time.perf_counter()
    return grade(answers), time.perf_counter() - began


if __name__ == "__main__":
    main()
