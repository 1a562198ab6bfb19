r"""The graders of choices, spans, numbers, yes/no questions and summaries, on made-up answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import GRADERS, Grade, get_grader, grade
from scale_or_reason.grading.grade import LONGEST_EXTRACT, make_grade
from scale_or_reason.grading.numbers import number_in
from scale_or_reason.grading.words import normalise, rouge_l, token_f1

PETS = ["a dog", "a cat", "a bird", "none of these"]


def item(gold: list[str], choices: list[str] | None = None, **extra: object) -> dict[str, object]:
    return {
        "benchmark": "made-up",
        "item_id": "1",
        "gold": gold,
        "choices": choices or [],
        "extra": json.dumps(extra),
    }


@pytest.mark.parametrize(
    ("answer", "verdict", "how"),
    [
        (r"\boxed{B}", "yes", "box"),
        (r"\boxed{(B)}", "yes", "box"),
        (r"\boxed{b}", "yes", "box"),
        (r"\boxed{\text{B}}", "yes", "box"),
        (r"\boxed{B. a cat}", "yes", "box"),
        (r"\boxed{A cat.}", "yes", "box"),
        (r"\boxed{\text{a cat}}", "yes", "box"),
        (r"\boxed{C}", "no", "box"),
        (r"\boxed{a dog}", "no", "box"),
        (r"\boxed{a horse}", "no", "box"),
        (r"\boxed{F}", "no", "box"),
        ("Hence the answer is (B).", "yes", "fallback:answer-is"),
        ("The answer is B because cats purr.", "yes", "fallback:answer-is"),
        ("The answer is **C**.", "no", "fallback:answer-is"),
        ("Answer: B", "yes", "fallback:answer-is"),
        ("The answer is a cat.", "yes", "fallback:answer-is-text"),
        ("The answer is A cat.", "yes", "fallback:answer-is-text"),
        ("a cat", "yes", "fallback:whole"),
        ("B", "yes", "fallback:whole"),
        ("I like cats. A cat purrs.", "no", "none"),
        ("<think>The answer is (B).", "no", "unclosed-think"),
    ],
)
def test_choices(answer: str, verdict: str, how: str) -> None:
    got = get_grader("choice")(item(["B", "a cat"], PETS), answer)
    assert (got.verdict, got.how) == (verdict, how)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("0.5", "yes"), (r"\frac12", "yes"), ("2", "no"), (r"\frac{\sqrt{4}}{4}", "yes"), (r"\sqrt{4}", "no")],
)
def test_a_choice_may_be_given_as_an_equal_expression(answer: str, verdict: str) -> None:
    got = get_grader("choice")(item(["C", "1/2"], ["1", "2", "1/2", "3"]), rf"\boxed{{{answer}}}")
    assert got.verdict == verdict


def test_an_option_number_counts_only_where_the_gold_says_so() -> None:
    options = ["Sarah", "Maria"]
    assert get_grader("choice")(item(["B", "Maria", "2"], options), r"\boxed{2}").verdict == "yes"
    assert get_grader("choice")(item(["B", "Maria", "2"], options), r"\boxed{1}").verdict == "no"
    assert get_grader("choice")(item(["B", "Maria"], options), r"\boxed{2}").verdict == "no"


def test_a_letter_goes_before_an_option_that_reads_like_another_letter() -> None:
    assert get_grader("choice")(item(["B"], ["B", "A", "C"]), r"\boxed{B}").verdict == "yes"


def test_a_gold_answer_that_is_no_option_is_an_error() -> None:
    with pytest.raises(StudyError, match="none of its options"):
        get_grader("choice")(item(["Z", "a horse"], PETS), r"\boxed{B}")


@pytest.mark.parametrize(
    ("gold", "answer", "verdict", "exact", "f1"),
    [
        (["Denver Broncos", "Broncos"], r"\boxed{the Denver Broncos.}", "yes", True, 1),
        (["Denver Broncos"], r"\boxed{\text{Denver Broncos}}", "yes", True, 1),
        (["Denver Broncos"], r"\boxed{the Denver Broncos team}", "yes", False, 0.8),
        (["Denver Broncos"], r"\boxed{Carolina Panthers}", "no", False, 0),
        (["the old king of France in 1789"], r"\boxed{the old king of France in 1798}", "no", False, 0.833),
        (["he was seen at home"], r"\boxed{he was not seen at home}", "no", False, 0.909),
        (["yes"], r"\boxed{Yes, he did}", "yes", False, 0.5),
        (["yes"], r"\boxed{No}", "no", False, 0),
        (["Paris"], "Paris", "yes", True, 1),
        (["Paris"], "The answer is Paris.", "yes", True, 1),
    ],
)
def test_spans(gold: list[str], answer: str, verdict: str, exact: bool, f1: float) -> None:
    got = get_grader("span")(item(gold), answer)
    assert (got.verdict, got.exact_match, got.note) == (verdict, exact, "")
    assert got.f1 == pytest.approx(f1, abs=0.0005)
    assert (got.strict, got.lenient) == (verdict == "yes" and got.how == "box", verdict == "yes")


def test_word_measures_by_hand() -> None:
    assert normalise("The  Cat's, a hat!") == "cats hat"
    assert token_f1("a b c", "b c d") == pytest.approx(2 / 2.5)  # "a" is an article: {b c} against {b c d}
    assert token_f1("b b", "b") == pytest.approx(2 / 3)
    assert rouge_l("w x y z", "x w z") == pytest.approx(2 * 2 / 7)
    assert token_f1("the", "a") == rouge_l("the", "a") == 1
    assert token_f1("the", "cat") == rouge_l("the", "cat") == 0


@given(st.lists(st.sampled_from("wxyz"), max_size=8), st.lists(st.sampled_from("wxyz"), max_size=8))
def test_overlap_ignores_order_and_subsequence_does_not(first: list[str], second: list[str]) -> None:
    gold, answer = " ".join(first), " ".join(second)
    assert rouge_l(gold, answer) <= token_f1(gold, answer) + 1e-12 <= 1 + 1e-12
    assert token_f1(gold, answer) == token_f1(answer, gold)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        (r"2.0 \times 10^{6}\ \mathrm{m}", 2e6),
        ("-1.5e-3", -1.5e-3),
        ("6.02×10^23", 6.02e23),
        (r"10^{-3}", 1e-3),
        (r"3{,}400", 3400),
        (r"x = 3.5 \text{ cm}", 3.5),
        (r"109^{\circ}", 109),
        (r"\frac{1}{2}", 0.5),
        (r"2\pi", 6.283185307),
        (r"\approx 5.01 \mathrm{~N/C}", 5.01),
        (r"\text{4.3 m/s}", 4.3),
        (r"1.5 \pm 0.1", 1.5),
        ("hello", None),
        ("", None),
        ("9" * 1000, None),
    ],
)
def test_number_in(text: str, value: float | None) -> None:
    assert number_in(text) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("answer", "verdict", "how"),
    [
        (r"\boxed{2.5}", "yes", "box"),
        (r"\boxed{2.62}", "yes", "box"),
        (r"\boxed{2.64}", "no", "box"),
        (r"\boxed{2.4 \times 10^6 \text{ m}}", "yes", "box"),
        (r"\boxed{2500000}", "yes", "box"),
        (r"\boxed{2.5 \times 10^5}", "no", "box"),
        (r"\boxed{-2.5}", "no", "box"),
        (r"\boxed{unknown}", "no", "box"),
        ("The answer is 2.5 times 10^6 m.", "yes", "fallback:answer-is"),
        ("so we get 2.45 × 10^6 m", "yes", "fallback:last-number"),
        ("no idea", "no", "none"),
    ],
)
def test_numbers_have_a_tolerance_and_a_power_of_ten(answer: str, verdict: str, how: str) -> None:
    got = get_grader("number")(item(["2.50"], unit="$10^6$ m", power_of_ten=6), answer)
    assert (got.verdict, got.how) == (verdict, how)


def test_the_item_may_set_the_tolerance() -> None:
    assert get_grader("number")(item(["100"], relative_tolerance=0.001), r"\boxed{101}").verdict == "no"
    assert get_grader("number")(item(["100"]), r"\boxed{101}").verdict == "yes"
    assert get_grader("number")(item(["0"]), r"\boxed{0.0}").verdict == "yes"


@pytest.mark.parametrize(
    ("answer", "verdict", "how"),
    [
        (r"\boxed{Yes}", "yes", "box"),
        (r"\boxed{\text{yes}}", "yes", "box"),
        (r"\boxed{no}", "no", "box"),
        (r"\boxed{maybe}", "no", "box"),
        ("Yes, they will.", "yes", "fallback:first-word"),
        ("The answer is No.", "no", "fallback:answer-is"),
        ("They say no at first, but then yes", "yes", "fallback:last-yes-no"),
        ("Perhaps", "no", "none"),
    ],
)
def test_yes_no(answer: str, verdict: str, how: str) -> None:
    got = get_grader("yes_no")(item(["Yes"]), answer)
    assert (got.verdict, got.how) == (verdict, how)


def test_summaries_pass_by_overlap() -> None:
    gold = item(["returns the length of the list"])
    assert get_grader("text")(gold, "How many elements there are.").verdict == "no"  # right in other words: too strict
    assert get_grader("text")(gold, "Returns the head of the list").verdict == "yes"  # wrong in like words: too lenient
    assert get_grader("text")(gold, "Compute the length of the list").verdict == "yes"
    assert get_grader("text")(gold, "Frees a socket").verdict == "no"


@pytest.mark.parametrize("name", sorted(GRADERS))
def test_every_grader_takes_hostile_text(name: str) -> None:
    extra = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} if name == "ifeval" else {}
    asked = item(["B", "a cat"], PETS, **extra)
    for answer in [
        "",
        "\x00",
        "\\",
        "{" * 9999,
        "</think>",
        "\\boxed{}",
        "\u202e5",
        "١٢٣",
        "²",
        "\\boxed{²}",
        "A:" * 999,
    ]:
        assert get_grader(name)(asked, answer).verdict in ("yes", "no")


def test_an_unknown_grader_is_an_error() -> None:
    with pytest.raises(StudyError, match="no such grader"):
        get_grader("maths")


def test_extra_must_be_a_json_object() -> None:
    with pytest.raises(StudyError, match="not a JSON object"):
        get_grader("number")({"gold": ["1"], "extra": "[1]"}, "1")


def test_grade_looks_the_grader_up_by_benchmark() -> None:
    asked = item(["72"]) | {"benchmark": "gsm8k"}
    assert grade(asked, r"\boxed{72}") == Grade("yes", "72", "box", strict=True, lenient=True)


def test_only_the_box_counts_as_strict() -> None:
    boxed, stated = (get_grader("math")(item(["72"]), answer) for answer in (r"\boxed{72}", "The answer is 72."))
    assert (boxed.verdict, boxed.strict, boxed.lenient) == ("yes", True, True)
    assert (stated.verdict, stated.strict, stated.lenient) == ("yes", False, True)
    assert (boxed.exact_match, boxed.f1) == (None, None)


def test_the_columns_of_a_grade_are_short() -> None:
    long = make_grade(True, "x" * 10_000, "box", "note")
    assert len(long.extracted or "") == LONGEST_EXTRACT
    assert long.columns() == {
        "verdict": "yes",
        "reply": "note",
        "extracted": long.extracted,
        "how": "box",
        "strict": True,
        "lenient": True,
        "exact_match": None,
        "f1": None,
    }
