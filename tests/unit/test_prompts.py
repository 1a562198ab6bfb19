"""The papers' words (v1 tables 4 and 5), written out once more here, by hand, from the papers."""

from __future__ import annotations

import pytest

from scale_or_reason.benchmarks.registry import BENCHMARKS
from scale_or_reason.errors import StudyError
from scale_or_reason.prompts import ground_truth, judge_message, zero_shot_prompt

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
TABLE_5_DEFAULT = r"""
You will be given a Question, a User Answer (only its ending is shown due to length), and a Ground Truth.
Your task is not to answer the question, but to say if the user answer is equivalent in meaning to the ground truth.
First, extract the final result from both the User Answer and the Ground Truth Answer, based on the Question.
Then, compare the two final results and determine whether they convey the same meaning.
If they are equivalent, respond with \boxed{yes}.
If they are not equivalent, or if the User Answer does not contain a valid answer, respond with \boxed{no}.
Question: QQQ User Answer: AAA Ground Truth: TTT"""
TABLE_5_IFEVAL = r"""
You will be given an Instruction and a User Answer (only its ending is shown due to length).
Your task is not to answer the Instruction, but to determine whether the User Answer follows all the formal
requirements stated in the Instruction. If the User Answer contains a thinking process, you should ignore it and only
focus on the final answer.
First, identify every explicit requirement in the Instruction (e.g., no commas, maximum word count, required word
occurrences, formatting rules). Then, compare the User Answer against these requirements. If all requirements are
satisfied, respond with \boxed{yes}. If any requirement is violated, respond with \boxed{no}.
Question: QQQ User Answer: AAA"""


@pytest.mark.parametrize("benchmark", TABLE_4)
def test_instructions_are_those_of_table_4(benchmark: str) -> None:
    assert BENCHMARKS[benchmark].instruction == TABLE_4[benchmark]


def test_every_benchmark_has_an_instruction_that_asks_for_a_box() -> None:
    for name, benchmark in BENCHMARKS.items():
        asks = benchmark.instruction.endswith(r"Make sure to put the answer (and only answer) inside \boxed{}.")
        assert asks == (name != "ifeval")


def test_judge_messages_are_those_of_table_5() -> None:
    """Word by word; the line breaks of the typeset table are not known."""
    assert judge_message("QQQ", "AAA", "TTT").split() == TABLE_5_DEFAULT.split()
    assert judge_message("QQQ", "AAA", None).split() == TABLE_5_IFEVAL.split()


def test_judge_message_takes_texts_literally() -> None:
    message = judge_message("What is {answer}?", r"\boxed{truth} {question}", "{0}")
    assert message.endswith("Question:\nWhat is {answer}?\nUser Answer:\n\\boxed{truth} {question}\nGround Truth:\n{0}")


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
