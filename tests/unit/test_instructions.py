"""The papers' words (v1 table 4), written out once more here, by hand, from the papers."""

from __future__ import annotations

import pytest

from scale_or_reason.benchmarks.instructions import ground_truth, zero_shot_prompt
from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.common.errors import StudyError

MATH = r"Solve the following math problem. Make sure to put the answer (and only answer) inside \boxed{}."
SPAN = (
    "Read the passage and answer the question by selecting the text span from the passage that best answers it. "
    r"Make sure to put the answer (and only answer) inside \boxed{}."
)
TABLE_4 = {
    "gsm8k": MATH,
    "math_500": MATH,
    "aime": MATH,
    "mmlu_math": MATH,
    "mmlu_pro_math": MATH,
    "aqua_rat": MATH,
    "winogrande": "Given a sentence with a blank (_) and two possible options, choose the option that correctly fills "
    "the blank so that the sentence makes the most logical sense. Make sure to put the answer (and only answer) inside "
    r"\boxed{}.",
    "openbookqa": "Select the option that best completes the scenario based on everyday reasoning about cause and "
    r"effect. Make sure to put the answer (and only answer) inside \boxed{}.",
    "squad": SPAN,
    "mmlu_misc": "Answer the following multiple-choice question by selecting the option that best fits the correct "
    r"knowledge. Make sure to put the answer (and only answer) inside \boxed{}.",
    "coqa": SPAN,
    "ifeval": "Answer the following instruction.",
}


@pytest.mark.parametrize("benchmark", TABLE_4)
def test_instructions_are_those_of_table_4(benchmark: str) -> None:
    assert BENCHMARKS[benchmark].instruction == TABLE_4[benchmark]


def test_every_benchmark_has_an_instruction_that_asks_for_a_box() -> None:
    for name, benchmark in BENCHMARKS.items():
        asks = benchmark.instruction.endswith(r"Make sure to put the answer (and only answer) inside \boxed{}.")
        assert asks == (name != "ifeval")


def test_zero_shot_prompt() -> None:
    assert zero_shot_prompt("Do it.", "What?") == "Do it.\n\nWhat?"


@pytest.mark.parametrize(
    ("gold", "choices", "extra", "truth"),
    [
        (["B", "four", "2"], ["three", "four"], {}, "B. four"),
        (["green tea", "tea"], [], {}, "green tea or tea"),
        (["2"], [], {"unit": "$10^6$ m"}, "2 (unit: $10^6$ m)"),
        (["2"], [], {"unit": ""}, "2"),
        ([], [], {"kwargs": []}, None),
    ],
)
def test_ground_truth(gold: list[str], choices: list[str], extra: dict, truth: str | None) -> None:
    assert ground_truth(gold, choices, extra) == truth


@pytest.mark.parametrize("letter", ["C", "four", "a"])
def test_ground_truth_of_a_letter_that_is_no_option(letter: str) -> None:
    with pytest.raises(StudyError, match="not the letter of an option"):
        ground_truth([letter], ["three", "four"], {})
