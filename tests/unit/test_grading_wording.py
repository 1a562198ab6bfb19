r"""Multiple choice, yes or no, and spans: ways to name the right one and wrong ones, written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from scale_or_reason.grading import get_grader


def item(gold: list[str], *choices: str) -> dict[str, Any]:
    return {"benchmark": "made-up", "item_id": "1", "gold": gold, "choices": list(choices), "extra": "{}"}


ANIMALS = item(["B", "a cat"], "a dog", "a cat", "a bird", "none of these")
NUMBERS = item(["C", "0.5"], "1", "2", "0.5", "5", "10")
NAMES = item(["B", "Maria", "2"], "Sarah", "Maria")
TRUTHS = item(["A", "True, True"], "True, True", "False, False", "True, False", "False, True")
ROMANS = item(["D"], "I only", "II only", "I and II", "I, II and III")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "answer", "right"),
    [
        (ANIMALS, r"\boxed{B}", True),
        (ANIMALS, r"\boxed{(b)}", True),
        (ANIMALS, r"\boxed{B)}", True),
        (ANIMALS, r"\boxed{\mathrm{B}}", True),
        (ANIMALS, r"\boxed{\textbf{B}}", True),
        (ANIMALS, r"\boxed{\textbf{(B)}}", True),
        (ANIMALS, r"\boxed{\text{(B) a cat}}", True),
        (ANIMALS, r"\boxed{B: a cat}", True),
        (ANIMALS, r"\boxed{B - a cat}", True),
        (ANIMALS, r"\boxed{Option B}", True),
        (ANIMALS, r"\boxed{\text{Option B}}", True),
        (ANIMALS, r"\boxed{\text{Choice (B)}}", True),
        (ANIMALS, r"\boxed{A, B}", False),
        (ANIMALS, r"\boxed{A or B}", False),
        (ANIMALS, r"\boxed{cat}", True),
        (ANIMALS, r"\boxed{the cat}", True),
        (ANIMALS, r"\boxed{A cat}", True),
        (ANIMALS, r"\boxed{\text{A cat}}", True),
        (ANIMALS, r"\boxed{a  cat}", True),
        (ANIMALS, r"\boxed{'a cat'}", True),
        (ANIMALS, r"\boxed{\text{B. a dog}}", True),
        (ANIMALS, r"\boxed{A dog}", False),
        (ANIMALS, r"\boxed{A}", False),
        (ANIMALS, r"\boxed{\mathbf{C}}", False),
        (ANIMALS, r"$\boxed{B}$", True),
        (ANIMALS, r"\boxed{\boxed{B}}", True),
        (ANIMALS, r"\boxed{\text{The answer is B}}", True),
        (ANIMALS, r"\boxed{\text{Answer: B}}", True),
        (ANIMALS, r"\boxed{\textit{B}}", True),
        (ANIMALS, r"\boxed{B.}", True),
        (ANIMALS, r"\boxed{B\ }", True),
        (ANIMALS, r"\boxed{\ (B)\ }", True),
        (ANIMALS, r"\boxed{[B]}", True),
        (ANIMALS, r"\boxed{**B**}", True),
        (ANIMALS, r"\boxed{a cat (B)}", True),
        (ANIMALS, "The answer is (B).", True),
        (ANIMALS, "the answer is B", True),
        (ANIMALS, "The correct answer is B.", True),
        (ANIMALS, "The correct option is (B) a cat.", True),
        (ANIMALS, "The answer is: B", True),
        (ANIMALS, "The answer is **B**.", True),
        (ANIMALS, "The answer is **(B) a cat**.", True),
        (ANIMALS, "Answer: **B**", True),
        (ANIMALS, "**Answer: B**", True),
        (ANIMALS, "**Answer:** B", True),
        (ANIMALS, "**Answer**: B", True),
        (ANIMALS, "Answer is B", True),
        (ANIMALS, "Final answer: B", True),
        (ANIMALS, "The final answer is $B$.", True),
        (ANIMALS, r"The answer is \textbf{B}.", True),
        (ANIMALS, "The answer is option B.", True),
        (ANIMALS, "The best choice is B.", True),
        (ANIMALS, "(B)", True),
        (ANIMALS, "B.", True),
        (ANIMALS, "B) a cat", True),
        (ANIMALS, "B. a cat", True),
        (ANIMALS, "**B**", True),
        (ANIMALS, "Option B", True),
        (ANIMALS, "Therefore, the answer is a cat.", True),
        (ANIMALS, "The answer is not A. The answer is B.", True),
        (ANIMALS, "The answer is (A). Wait, the answer is (B).", True),
        (ANIMALS, "The answer is (B), not (A).", True),
        (ANIMALS, "So the answer is (B) since cats purr. The other answer is wrong.", True),
        (ANIMALS, "The answer is (C).", False),
        (ANIMALS, "A cat purrs, so it is B.\n\nB", True),
        (ANIMALS, "Let me think.\n\nAnswer: (B) a cat", True),
        (ANIMALS, "The answer is A cat.", True),
        (NUMBERS, r"\boxed{C}", True),
        (NUMBERS, r"\boxed{0.5}", True),
        (NUMBERS, r"\boxed{\frac{1}{2}}", True),
        (NUMBERS, r"\boxed{1/2}", True),
        (NUMBERS, r"\boxed{.5}", True),
        (NUMBERS, r"\boxed{50\%}", True),
        (NUMBERS, r"\boxed{5}", False),
        (NUMBERS, r"\boxed{0.50}", True),
        (NUMBERS, "The answer is 0.5.", True),
        (NUMBERS, "The answer is 5.", False),
        (NUMBERS, r"\boxed{C. 0.5}", True),
        (NUMBERS, r"\boxed{2}", False),
        (NAMES, r"\boxed{Maria}", True),
        (NAMES, r"\boxed{maria}", True),
        (NAMES, r"\boxed{2}", True),
        (NAMES, r"\boxed{B}", True),
        (NAMES, r"\boxed{Sarah}", False),
        (NAMES, r"\boxed{1}", False),
        (NAMES, r"\boxed{2. Maria}", True),
        (NAMES, r"\boxed{Option 2}", True),
        (NAMES, r"\boxed{option2}", True),
        (NAMES, r"\boxed{1. Sarah}", False),
        (NAMES, "Maria", True),
        (NAMES, "The answer is Maria.", True),
        (NAMES, "The blank should be filled with Maria.", False),
        (TRUTHS, r"\boxed{A}", True),
        (TRUTHS, r"\boxed{True, True}", True),
        (TRUTHS, r"\boxed{True, False}", False),
        (TRUTHS, r"\boxed{\text{True, True}}", True),
        (TRUTHS, r"\boxed{true, true}", True),
        (ROMANS, r"\boxed{D}", True),
        (ROMANS, r"\boxed{I, II and III}", True),
        (ROMANS, r"\boxed{I, II, and III}", True),
        (ROMANS, r"\boxed{I only}", False),
        (ROMANS, r"\boxed{I}", False),
    ],
)
def test_choices(asked: dict[str, Any], answer: str, right: bool) -> None:
    assert (get_grader("choice")(asked, answer).verdict == "yes") is right


@pytest.mark.parametrize("answer", ["Hence, B is correct.", "I choose B.", "A cat purrs. B sits."])
def test_a_letter_in_prose_is_not_taken_for_the_answer(answer: str) -> None:
    """The official extraction finds none either."""
    assert get_grader("choice")(ANIMALS, answer).how == "none"


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (r"\boxed{Yes}", True),
        (r"\boxed{yes.}", True),
        (r"\boxed{\textbf{Yes}}", True),
        (r"\boxed{\text{Yes, they do}}", True),
        (r"\boxed{\text{The answer is yes}}", True),
        (r"\boxed{No}", False),
        (r"\boxed{True}", False),
        ("Yes.", True),
        ("**Yes**", True),
        ("Answer: Yes", True),
        ("**Answer:** Yes", True),
        ("The answer is yes.", True),
        ("The answer is: **Yes**", True),
        ("No, but later yes.", False),
        ("So they may. Yes", True),
        ("Based on the contract, yes, they can.", True),
        ("Nobody knows", False),
        ("Note: Yes", True),
        ("The answer is therefore yes", True),
        ("The answer is clearly Yes.", True),
        ("It is not clear; no.", False),
    ],
)
def test_yes_or_no(answer: str, right: bool) -> None:
    assert (get_grader("yes_no")(item(["Yes"]), answer).verdict == "yes") is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (r"\boxed{Denver Broncos}", True),
        (r"\boxed{The Broncos}", True),
        (r"\boxed{\textbf{Denver Broncos}}", True),
        (r'\boxed{"Denver Broncos"}', True),
        (r"\boxed{\text{Denver}~\text{Broncos}}", True),
        (r"\boxed{denver broncos}", True),
        (r"\boxed{Denver\ Broncos}", True),
        ("**Denver Broncos**", True),
        ("The answer is the Denver Broncos.", True),
        ("Answer: Denver Broncos", True),
        ("The team was the Denver Broncos", False),
        (r"\boxed{Carolina}", False),
        (r"\boxed{\text{``Denver Broncos''}}", True),
        (r"\boxed{\mathrm{Denver\ Broncos}}", True),
        (r"\boxed{Denver Broncos!}", True),
    ],
)
def test_spans(answer: str, right: bool) -> None:
    assert (get_grader("span")(item(["Denver Broncos", "Broncos"]), answer).verdict == "yes") is right
