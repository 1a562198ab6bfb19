"""How judges are asked: the papers' words (v1 table 5) written out once more, by hand, and files that make no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scale_or_reason.common.errors import StudyError
from scale_or_reason.judging.protocols import Protocol, get_protocol, protocol_names, read_protocol

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
VALUES = {"question": "QQQ", "answer": "AAA", "truth": "TTT", "extracted": "EEE"}


def asked(protocol: Protocol, truth: str | None) -> list[str]:
    return [step.ask(VALUES) for step in protocol.steps(truth)]


def test_v1_asks_once_in_the_words_of_table_5() -> None:
    """Word by word; the line breaks of the typeset table are not known."""
    (default,), (ifeval,) = asked(get_protocol("v1"), "TTT"), asked(get_protocol("v1"), None)
    assert default.split() == TABLE_5_DEFAULT.split()
    assert ifeval.split() == TABLE_5_IFEVAL.split()


def test_v2_extracts_before_it_sees_the_truth() -> None:
    extraction, verdict = asked(get_protocol("v2"), "TTT")
    assert [word in extraction for word in VALUES.values()] == [True, True, False, False]
    assert [word in verdict for word in VALUES.values()] == [True, False, True, True]
    assert asked(get_protocol("v2"), None) == asked(get_protocol("v1"), None)


def test_texts_are_taken_literally() -> None:
    (step,) = get_protocol("v1").steps("t")
    message = step.ask({"question": "What is {answer}?", "answer": r"\boxed{truth} {question}", "truth": r"{0} \1"})
    assert message.endswith(
        "Question:\nWhat is {answer}?\nUser Answer:\n\\boxed{truth} {question}\nGround Truth:\n{0} \\1"
    )


@pytest.mark.parametrize(
    ("answer", "v1", "v2"),
    [
        ("<think>so</think>\n\nIt is 3.", "<think>so</think>\n\nIt is 3.", "It is 3."),
        ("It is 3.", "It is 3.", "It is 3."),
        ("<think>so it is 3", "<think>so it is 3", None),
        ("<think>so</think> \n", "<think>so</think> \n", None),
        ("", "", None),
    ],
)
def test_reasoning_is_shown_or_removed(answer: str, v1: str, v2: str | None) -> None:
    assert get_protocol("v1").shown(answer) == v1
    assert get_protocol("v2").shown(answer) == v2


@pytest.mark.parametrize(
    ("reply", "extracted"),
    [
        (r"The final result is \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"First \boxed{3}, then \boxed{4}", "4"),
        (r"<think>\boxed{3}</think> \boxed{x}", "x"),
        (r"<think>\boxed{3}", None),
        (r"<|channel|>analysis<|message|>\boxed{3}<|end|>", None),
        (r"\boxed{}", None),
        ("3", None),
        ("", None),
    ],
)
def test_what_an_extraction_is_read_for(reply: str, extracted: str | None) -> None:
    assert get_protocol("v2").equivalence[0].read(reply) == extracted


def test_there_is_a_protocol_for_each_version_and_no_other() -> None:
    assert protocol_names() == ["v1", "v2"]
    with pytest.raises(StudyError, match="unknown judging protocol"):
        get_protocol("v3")


def a_step(reads: Any, message: Any = "{question} {answer} {truth}") -> dict[str, Any]:
    return {"reads": reads, "message": message}


FINE = {
    "reasoning": "shown",
    "equivalence": [a_step("answer"), a_step("verdict", r"\boxed{yes} {extracted}")],
    "instructions": [a_step("verdict", "{question} {answer}")],
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"resoning": "shown"}, "invalid judging protocol"),
        ({"reasoning": "hidden"}, "invalid value of reasoning"),
        ({"reasoning": True}, "invalid value of reasoning"),
        ({"equivalence": []}, "do not end with a verdict"),
        ({"equivalence": "ask"}, "do not end with a verdict"),
        ({"equivalence": [a_step("answer")]}, "do not end with a verdict"),
        ({"equivalence": [a_step("verdict"), a_step("verdict")]}, "do not end with a verdict"),
        ({"equivalence": [a_step("verdict") | {"tries": 2}]}, "do not end with a verdict"),
        ({"equivalence": [a_step("verdict", 3)]}, "do not end with a verdict"),
        ({"equivalence": [a_step("verdict", "{question} {answer} {truth} {gold}")]}, "unknown placeholder"),
        ({"equivalence": [a_step("verdict", "{question} {answer} {truth} {extracted}")]}, "unknown placeholder"),
        ({"instructions": [a_step("verdict")]}, "unknown placeholder"),
        ({"equivalence": [a_step("verdict", "{question} {answer}")]}, "lack a placeholder"),
    ],
)
def test_files_that_make_no_sense(change: dict[str, Any], problem: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(FINE))
    assert read_protocol(path).name == "own"
    path.write_text(yaml.safe_dump(FINE | change))
    with pytest.raises(StudyError, match=problem) as refused:
        read_protocol(path)
    assert refused.value.where == path
