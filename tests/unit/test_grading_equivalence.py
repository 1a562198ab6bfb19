"""Equal and different answers, written by hand: ``gold == answer`` or ``gold != answer`` in equivalent_answers.txt.

What is known to be missed: intervals in the French way (``]0, 1[``).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scale_or_reason.grading import math

TEXT = Path(__file__).with_name("equivalent_answers.txt").read_text(encoding="utf-8")
#: By subject.
CASES = {name: lines.splitlines() for name, lines in re.findall(r"^## (.*)\n((?:.+\n)+)", TEXT, re.M)}


def cases_of(name: str) -> list[tuple[str, str, bool]]:
    """Gold answer, answer, and whether they are equal."""
    cases = [re.fullmatch(r"(.*?) (==|!=) (.*)", line) for line in CASES[name]]
    return [(case[1], case[3], case[2] == "==") for case in cases if case is not None]


def test_every_case_is_read() -> None:
    assert sum(len(cases_of(name)) for name in CASES) == len(re.findall(r"^(?!## ).", TEXT, re.M)) > 300


@pytest.mark.parametrize("name", CASES)
def test_boxed_answers(name: str) -> None:
    wrong = [
        (gold, answer, equal)
        for gold, answer, equal in cases_of(name)
        if (math.grade({"gold": [gold]}, rf"So \boxed{{{answer}}}.").verdict == "yes") is not equal
    ]
    assert not wrong


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("5", r"\boxed{4} wait, no. \boxed{5}", True),
        ("5", r"\boxed{5} wait, no. \boxed{4}", False),
        ("5", r"\fbox{5}", True),
        ("5", r"The answer is \boxed{5}. Check: 2+2=4.", True),
        ("5", r"$\boxed{x=5}$", True),
        ("5", r"\[\boxed{\text{five}}\]", True),
        ("5", r"\boxed{~5~}", True),
        ("5", r"\boxed{\$5}", True),
        ("5", r"\boxed{5}\boxed{}", True),
        ("1,2", r"\boxed{1} so \boxed{2}", False),
        ("5", "The answer is 5.", True),
        ("5", "The answer is $5$.", True),
        ("5", "The final answer is: $5$", True),
        ("5", "#### 5", True),
        ("5", "**Answer:** 5", True),
        ("5", "**Final Answer**\n5", True),
        ("5", "So x = 5.", True),
        ("5", "Therefore, there are 5 apples.", True),
        ("5", "= 5", True),
        ("5", "We get 2+3 = 5", True),
        ("5", "The answer is five.", True),
        ("1000", "The answer is 1,000.", True),
        ("1000", "The total is $1,000.00", True),
        ("5", r"The answer is $\boxed{5}$", True),
        ("5", r"answer: \(5\)", True),
        ("5", "The answer is **5**.", True),
        ("5", "The answer is 5 (not 6).", True),
        ("5", "Final answer: 5 apples", True),
        ("18", "He makes 9 * 2 = $<<9*2=18>>18 every day.", True),
        ("18", "Janet makes $18 per day.", True),
        ("-3", "The answer is -3.", True),
        ("-3", "The answer is −3.", True),
        ("0.5", "The probability is 0.5.", True),
        (r"\frac{1}{2}", r"The answer is $\frac{1}{2}$.", True),
        (r"\frac{1}{2}", "The answer is 1/2.", True),
        (r"\frac{1}{2}", "The answer is 0.5.", True),
        (r"\sqrt{2}", r"The answer is $\sqrt{2}$.", True),
        ("x+1", "The answer is $x+1$", True),
        (r"\text{Evelyn}", "The answer is Evelyn.", True),
        (r"\text{Evelyn}", "Evelyn", True),
        (r"\text{(C)}", "The answer is (C).", True),
        ("(1,2)", "The answer is $(1,2)$.", True),
        ("(1,2)", "The answer is (1, 2).", True),
        ("70000", "The profit was $70,000.", True),
        ("20", "He ate 20 cookies.\n\nAnswer: 20", True),
        ("20", "The answer is 20%", True),
        ("20", "The answer is 20.0", True),
        ("540", "That's 540 meters a week (3 x 180).", True),
    ],
)
def test_answers_in_prose(gold: str, answer: str, right: bool) -> None:
    assert (math.grade({"gold": [gold]}, answer).verdict == "yes") is right
