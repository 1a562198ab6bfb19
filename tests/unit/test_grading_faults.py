r"""Kinds of fault that rule graders have had, with cases written by hand: right and wrong answers to made-up items.

A fault is worst where it calls a wrong value right, so every kind has wrong answers beside the right ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scale_or_reason.grading import get_grader
from scale_or_reason.grading.extraction import final_answer, final_box, first_sentence
from scale_or_reason.grading.isolation import algebra_use
from scale_or_reason.grading.spans import leave_one_out


def verdict(
    grader: str, gold: list[str], answer: str, *choices: str, benchmark: str = "made-up", **extra: object
) -> bool:
    item: dict[str, Any] = {"benchmark": benchmark, "item_id": "1", "gold": gold, "choices": list(choices)}
    return get_grader(grader)(item | {"extra": json.dumps(extra)}, answer).lenient


@pytest.mark.parametrize(
    ("gold", "options", "wrong"),
    [
        ("16.2", ["-23.5", "-17.5", "16.2", "-16.2"], ["-16.2", "1.62", "162", "16.3", "+-16.2", "16,2,1"]),
        ("1/2", ["1/2", "2", "12", "1/3"], ["12", "2/1", "-1/2", "1-2", "0.05"]),
        ("x + 1", ["x - 1", "x + 1", "x", "1"], ["x1", "x - 1", "y + 1", "1 - x", "x + 11"]),
        ("10^-8", ["10^8", "10^-8", "10^-9", "108"], ["10^8", "10-8", "10^-9", "10^{-80}"]),
        ("(2, 3)", ["(2, 3)", "(3, 2)", "(-2, 3)", "23"], ["23", "(3, 2)", "(-2, 3)", "[2, 3]"]),
        ("3:45 pm", ["3:45 am", "3:45 pm", "4:35 pm", "345"], ["345", "3:45 am", "3.45 pm"]),
        (
            "7.5 x 10^-20 J",
            ["6.6 x 10^-19 J", "7.5 x 10^-20 J", "1 J", "2 J"],
            [r"6.6 \times 10^{-19}", "7.5 x 10^-20 kJ"],
        ),
        ("20 % profit", ["20 % profit", "20 % loss", "25 % profit", "2 % profit"], ["20\\% decrease", "20 % loss"]),
        ("C++", ["C", "C++", "C#", "Java"], ["C#", "Java", "c+"]),
        ("4 mm", ["4 mm", "4 cm", "8 mm", "8 cm"], ["4 Mm", "4 m", "4 cm", "0.4 mm", "4 mg", "4 mm^2"]),
        ("$6", ["$6,000", "$600", "$60", "$6"], ["6 thousand dollars", "$6.5", "6 million", "-6"]),
    ],
)
def test_a_value_is_no_option_unless_sign_point_operator_and_unit_agree(
    gold: str, options: list[str], wrong: list[str]
) -> None:
    letter = "ABCD"[options.index(gold)]
    assert verdict("choice", [letter, gold], rf"\boxed{{{gold}}}", *options)
    called_right = [text for text in wrong if verdict("choice", [letter, gold], rf"\boxed{{{text}}}", *options)]
    assert not called_right


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("0.0000481", "0.0000482", False),
        ("0.0000481", r"4.81 \times 10^{-5}", True),
        (r"\frac{1}{2^{99}}", r"\frac{1}{2^{98}}", False),
        (r"\frac{1}{2^{99}}", r"2^{-99}", True),
        ("0", r"10^{-40}", False),
        (r"\sqrt{2}", "1.41421356237309504880168872420969807856967187537694807317667974", True),
        (r"\sqrt{2}", "1.41421356237309504880168872420969807856967187537694807317667874", False),
        (r"\sqrt{2}", "1.414", False),
        ("6", r"6\sqrt(3)", False),
        (r"6\sqrt{3}", r"6\sqrt(3)", True),
        (r"\sqrt{\frac{1}{n}}", r"\frac{1}{\sqrt{n}}", True),
        ("|x|", "x", False),
        (r"\{2\pm\sqrt3,-5\}", r"\{-5, 2+\sqrt{3}, 2-\sqrt{3}\}", True),
        (r"\{2\pm\sqrt3,-5\}", r"\{-5, 2+\sqrt{3}\}", False),
        (r"1, 4, 9, \ldots", r"1,4,9,\dots", True),
        (r"1, 4, 9, \ldots", r"1,4,16,\dots", False),
        (r"e^{i\pi/3}", r"\frac{1}{2} + \frac{\sqrt{3}}{2} i", True),
        (r"e^{i\pi/3}", r"\frac{1}{2} - \frac{\sqrt{3}}{2} i", False),
        ("x=6", "y=6", False),
        ("x=6", "6", True),
        ("6", "2x = 6", False),
        ("51/2", "5 1/2", False),
        ("8", "8x.", False),
        ("8", "8 or more", False),
        ("8", "8 million", False),
        ("8", r"8 \text{ percent more}", False),
        ("64", "8 squared", True),
        (r"(-\infty, 4) \cup (7, \infty)", r"x < 4 \text{ or } x > 7", True),
        (r"(-\infty, 4) \cup (7, \infty)", r"x \le 4 \text{ or } x > 7", False),
        (r"12\text{ cm}", r"12\text{ m}", False),
        (r"12\text{ cm}", r"120\text{ mm}", True),
        ("12", r"12\text{ m}", True),
        (r"\frac{22}{7}", r"\frac{22}{7} \approx 3.14", True),
        (r"\$12.40", r"1240 \text{ cents}", True),
        (r"\$12.40", r"12.4 \text{ cents}", False),
        ("(-2,5]", r"\{x \mid -2 < x \le 5\}", True),
        ("(-2,5]", r"\{x \mid -2 < x < 5\}", False),
        ("(-1,4)", r"\langle -1, 4 \rangle", True),
        ("7", r"\{7\}", True),
    ],
)
def test_mathematics(gold: str, answer: str, right: bool) -> None:
    assert verdict("math", [gold], rf"\boxed{{{answer}}}") is right


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("130", "She earned **130** dollars with $2^3$ jobs.", True),
        ("13", "She earned **130** dollars with $2^3$ jobs.", False),
        ("18", "So the answer is 9 * 2 = 18.", True),
        ("9", "So the answer is 9 * 2 = 18.", False),
        ("24", "Thus the final answer is $40 - $16 = $24.", True),
        ("40", "Thus the final answer is $40 - $16 = $24.", False),
        ("3x - 8", "Some work.\nAnswer: 3x - 8", True),
        ("8", "Some work.\nAnswer: 3x - 8", False),
        ("2 - 3i", "Some work.\n**Answer:** $2 - 3i$", True),
        ("1, 2i", "The values follow.\nAnswer: $1, 2i$", True),
        ("1", "The values follow.\nAnswer: $1, 2i$", False),
        (r"\frac{3}{4}", "The final answer is:\n\\[\n\\frac{3}{4}\n\\]", True),
        ("5.5", "The answer is 5 1/2 hours.", True),
        ("5", "The answer is 5 1/2 hours.", False),
        ("2000000", "The answer is 2 million dollars.", True),
        ("2", "The answer is 2 million dollars.", False),
        ("9500", "The answer is 9 500.", True),
        ("9", "The answer is 9 500.", False),
        ("40", "The answer is Rs. 40 per day.", True),
        ("640", "Work.\n#### 640\n\nCheck: 320 * 2 = 640, as 8 says.", True),
        ("8", "Work.\n#### 640\n\nCheck: 320 * 2 = 640, as 8 says.", False),
        ("6", "The answer is not 5 but 6.", True),
        ("5", "The answer is not 5 but 6.", False),
        ("5", "The answer is 5 or 6.", False),
        ("128", "The answer is not 128.", False),
        ("-3", "The answer is minus 3.", True),
        ("3", "The answer is minus 3.", False),
        (r"\text{Marta}", "Hence the answer is Marta.", True),
    ],
)
def test_mathematics_without_a_box(gold: str, answer: str, right: bool) -> None:
    assert verdict("math", [gold], answer) is right


COLOURS = ("red", "green", "blue", "black")
VITAMINS = ("C = 3", "C = 5", "C = 7", "C = 9")


@pytest.mark.parametrize(
    ("gold", "options", "answer", "right"),
    [
        ("A", COLOURS, r"\boxed{A, B}", False),
        ("A", COLOURS, r"\boxed{\text{(A) and (C)}}", False),
        ("A", COLOURS, r"\boxed{A} or \boxed{B}", False),
        ("B", COLOURS, "The answer is (A) and (B).", False),
        ("B", COLOURS, "The answer is not A but B.", True),
        ("A", COLOURS, "The answer is not A but B.", False),
        ("D", COLOURS, "This rules out C, leaving D", True),
        ("C", COLOURS, "This rules out C, leaving D", False),
        ("C", COLOURS, "The correct answer is C. A common wrong answer is A.", True),
        ("A", COLOURS, "The correct answer is C. A common wrong answer is A.", False),
        ("C", COLOURS, "At first the answer is A. But green fails.\n\nFinal answer: C", True),
        ("A", COLOURS, "At first the answer is A. But green fails.\n\nFinal answer: C", False),
        ("A", COLOURS, "The answer is A, as shown.", True),
        ("A", COLOURS, "Answer: A", True),
        ("A", COLOURS, "The answer is A because it is red.", True),
        ("A", COLOURS, "The answer is a matter of taste.", False),
        ("B", VITAMINS, "The answer is C = 5.", True),
        ("C", VITAMINS, "The answer is C = 5.", False),
        ("B", COLOURS, "So \\boxed{3.7}.\n\nAnswer: B", True),
        ("C", COLOURS, r"Answer: \(C\)", True),
        ("B", COLOURS, "#### B", True),
        ("B", COLOURS, "Compare them.\nB. green", True),
        ("B", COLOURS, "Compare them.\n**B) green**", True),
        ("C", COLOURS, r"The answer is $\\boxed{C}$.", True),
        ("C", COLOURS, r"\fbox{C}", True),
        ("B", COLOURS, "The answer is (B). The incorrect option is (C).", True),
        ("B", COLOURS, "Option B is correct.", True),
        ("B", COLOURS, "So (B) is the correct answer.", True),
        ("B", COLOURS, "Option B is incorrect.", False),
        ("B", COLOURS, r"\boxed{B, not C}", True),
        ("B", COLOURS, r"\boxed{C, not B}", False),
        ("B", COLOURS, r"\boxed{\text{not B}}", False),
        ("B", COLOURS, "The answer is neither B nor C.", False),
        ("B", COLOURS, "The answer can't be B.", False),
    ],
)
def test_letters(gold: str, options: tuple[str, ...], answer: str, right: bool) -> None:
    assert verdict("choice", [gold, options["ABCD".index(gold)]], answer, *options) is right


def test_of_options_with_one_value_the_unit_decides() -> None:
    speeds = ["3.0 × 10^8 m/s", "3.0 × 10^6 m/s", "3.0 × 10^5 km/s"]
    assert verdict("choice", ["C", speeds[2]], r"\boxed{3.0 \times 10^5 \text{ km/s}}", *speeds)
    assert not verdict("choice", ["C", speeds[2]], r"\boxed{3.0 \times 10^5 \text{ m/s}}", *speeds)


def test_i_is_a_letter_and_a_pronoun() -> None:
    options = [f"planet {number}" for number in range(10)]
    assert verdict("choice", ["I", "planet 8"], "The answer is I.", *options)
    assert not verdict("choice", ["I", "planet 8"], "The answer is I think planet 3.", *options)


MOLAR = {"unit": r"$\mathrm{kJ} \mathrm{mol}^{-1}$", "power_of_ten": 0}


@pytest.mark.parametrize(
    ("gold", "extra", "answer", "right"),
    [
        ("38.2", MOLAR, r"\boxed{38200 \text{ J/mol}}", True),
        ("38.2", MOLAR, r"\boxed{38.2 \text{ J/mol}}", False),
        ("38.2", MOLAR, r"\boxed{38.2\ \mathrm{kJ\,mol^{-1}}}", True),
        ("38.2", MOLAR, "Solving gives 38.2 kJ mol^-1.", True),
        ("-1", MOLAR, "Solving gives 38.2 kJ mol^-1.", False),
        ("38.2", MOLAR, r"\boxed{38.2 \text{ kJ}}", False),
        ("38.2", MOLAR, r"\boxed{38.2 \text{ kX/mol}}", False),
        ("6", {"unit": "m"}, r"\boxed{6 \text{ to } 7 \text{ m}}", False),
        ("6", {"unit": "m"}, r"\boxed{6\text{--}7}", False),
        ("6", {"unit": "m"}, r"\boxed{6 - 7\ \mathrm{m}}", False),
        ("-1", {"unit": "m"}, r"\boxed{6 - 7}", True),
        ("0.4", {}, r"\boxed{0.4\%}", False),
        ("0.4", {}, r"\boxed{40\%}", True),
        ("3", {"unit": "$10^6$ m", "power_of_ten": 6}, r"\boxed{3 \text{ m}}", False),
        ("3", {"unit": "$10^6$ m", "power_of_ten": 6}, r"\boxed{3000 \text{ km}}", True),
        ("60", {"unit": "$^{\\circ}$"}, r"\boxed{60^\circ}", True),
        ("1200", {"unit": "J"}, "The answer is 2 x 600 = 1200 J.", True),
        ("2", {"unit": "J"}, "The answer is 2 x 600 = 1200 J.", False),
    ],
)
def test_numbers_and_units(gold: str, extra: dict[str, Any], answer: str, right: bool) -> None:
    assert verdict("number", [gold], answer, **extra) is right


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        ("No", "No provision of the contract forbids this, so yes.", False),
        ("Yes", "No provision of the contract forbids this, so yes.", True),
        ("No", "The answer is not yes.", True),
        ("Yes", "The answer is not yes.", False),
        ("Yes", "Yes and no.", False),
        ("No", "Yes and no.", False),
        ("Yes", r"\boxed{\text{Neither yes nor no}}", False),
        ("No", "No, they may not.", True),
        ("No", "**No**", True),
        ("Yes", "The answer is no longer yes.", False),
    ],
)
def test_yes_and_no(gold: str, answer: str, right: bool) -> None:
    assert verdict("yes_no", [gold], answer) is right


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        (
            "the red house and the old barn near the river",
            "neither the red house nor the old barn near the river",
            False,
        ),
        ("12-18", "12–18", True),
        ("12-18", "1218", False),
        ("$1.5 million", "$15 million", False),
        ("-4 degrees", "4 degrees", False),
        ("to keep the harbour free of ice", "to keep the harbour free of mice", False),
        ("Lisa beat Ann in the final game", "Ann beat Lisa in the final game", False),
        ("seven", "7", True),
        ("1,200", "1200", True),
        ("1,200", "12,00", False),
        ("U.N. Army", "The answer is U.N. Army.", True),
    ],
)
def test_spans(gold: str, answer: str, right: bool) -> None:
    text = answer if answer.startswith("The answer") else rf"\boxed{{{answer}}}"
    assert verdict("span", [gold], text) is right


def test_coqa_leaves_one_gold_answer_out_in_turn() -> None:
    """By hand: "cat" is one of four answers. Where it is left out the best F1 is that of "black cat", 2/3."""
    golds = ["cat", "black cat", "dog", "bird"]
    assert leave_one_out(golds, "cat") == f"leave-one-out exact_match=0.750 f1={(3 + 2 / 3) / 4:.3f}"
    assert leave_one_out(["cat"], "cat") == "leave-one-out exact_match=1.000 f1=1.000"
    item = {"benchmark": "coqa", "item_id": "1", "gold": golds, "choices": [], "extra": "{}"}
    assert get_grader("span")(item, r"\boxed{dog}").note.startswith("leave-one-out")
    assert get_grader("span")(item | {"benchmark": "squad"}, r"\boxed{dog}").note == ""


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (r"<think>a</think>So \boxed{6}.</think>", r"So \boxed{6}."),
        ("<|channel|>analysis<|message|>hm, 5<|end|><|start|>assistant<|channel|>final<|message|>6<|return|>", "6"),
        ("<|channel|>analysis<|message|>hm, 5", None),
        ("analysisWe need 5 or 6.assistantfinal6", "6"),
    ],
)
def test_marks_of_reasoning(answer: str, final: str | None) -> None:
    assert final_answer(answer) == final


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (r"$x = \boxed{2}$ or $x = \boxed{5}$", "2, 5"),
        (r"\boxed{2} and \boxed{2}", "2"),
        (r"\boxed{2}. Wait, no: \boxed{5}", "5"),
        (r"\boxed{2}, or rather \boxed{5}", "5"),
        (r"\\boxed{5}", "5"),
    ],
)
def test_boxes_that_are_one_answer(text: str, box: str) -> None:
    assert final_box(text) == box


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Rs. 40 a day. Good.", "Rs. 40 a day"),
        ("Dr. Smith. He came late.", "Dr. Smith"),
        ("John A. Smith. He came late.", "John A. Smith"),
        ("the U.S. Army. It won.", "the U.S. Army"),
        ("3.5 m. Good.", "3.5 m"),
        ("B. The others fail.", "B"),
    ],
)
def test_where_a_sentence_ends(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_shared_cases(shared_dir: Path) -> None:
    path = shared_dir / "cases/grading.jsonl"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    wrong = []
    for case in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        right = verdict(case["grader"], case["gold"], case["answer"], *case["choices"], **case["extra"])
        if right is not (case["right_value"] == "right"):
            wrong.append(case)
    assert not wrong


def test_answers_to_mathematics_need_no_algebra_process() -> None:
    """What a model writes is compared in this process: a request to the other one takes ten times as long."""
    before = algebra_use()
    golds = [r"3\sqrt{13}", r"\frac{243}{625}", "6 - 5i", r"\left( 3, \frac{\pi}{2} \right)", "p - q", "x^2+1", "1,-2"]
    answers = [r"\frac{17}{4}", "3.7", r"2\sqrt{7}", "(2, 3)", "2x - 7", "no solution", "1, 2, 3", r"\pi"]
    for gold in golds:
        for answer in answers:
            assert not verdict("math", [gold], rf"We compute $2^{{10}}$. So \boxed{{{answer}}}.")
            assert not verdict("math", [gold], f"We compute $2^{{10}}$. So we get ${answer}$.")
    assert algebra_use().requests == before.requests
