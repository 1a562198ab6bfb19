r"""What counts as an answer: reasoning off, the last box, fallbacks."""

from __future__ import annotations

import pytest
from computing import cpu_seconds, in_passes
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.grading.extraction import (
    Extract,
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
    last_box,
)


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        ("The answer is 5.", "The answer is 5."),
        ("<think>\nhm\n</think>\n\n5", "5"),
        ("hm, the tag was in the prompt</think>5", "5"),
        ("<think>a</think>3<think>b</think>4", "4"),
        ("<think>a</think>3 <think>once more", "3 "),
        ("<think>it never ends \\boxed{5}", None),
        ("Well <think>it never ends", None),
        ("<think>a</think>", ""),
        ("", ""),
    ],
)
def test_final_answer_is_what_follows_the_reasoning(answer: str, final: str | None) -> None:
    assert final_answer(answer) == final


@pytest.mark.parametrize(
    ("text", "box"),
    [
        (r"so \boxed{5}", "5"),
        (r"\boxed{4}, no: \boxed{5}.", "5"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed {5}", "5"),
        (r"\fbox{3} \fboxed{5}", "5"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{5} and then it is cut \boxed{6", "5"),
        (r"an open brace { then \boxed{5}", "5"),
        (r"a stray brace } then \boxed{5}", "5"),
        (r"\boxed{5}; I put it inside \boxed{}", "5"),
        (r"\boxed{  }", None),
        (r"\boxed{", None),
        ("no box at all, only the word boxed", None),
        ("\\boxed{\n5\n}", "5"),
    ],
)
def test_last_box(text: str, box: str | None) -> None:
    assert last_box(text) == box


@given(
    st.recursive(st.text("ab1 ", max_size=3), lambda inner: st.builds("{{{}}}{}".format, inner, inner), max_leaves=8)
)
def test_a_box_with_balanced_braces_comes_back_whole(content: str) -> None:
    expected = content.strip() or None
    assert last_box(rf"first \boxed{{0}} then \boxed{{{content}}} end") == (expected or "0")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("work\n#### 1,234", "1,234"),
        ("work\nA: 7125\n", "7125"),
        ("**Answer:** 12", "12"),
        ("Final answer: yes", "yes"),
        ("A: early\nlast line", None),
    ],
)
def test_answer_line(text: str, found: str | None) -> None:
    assert answer_line(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The answer is 3.5 m. Good.", "3.5 m"),
        ("The answer is 3. No, the answer is: 4.", "4"),
        ("The result was **Paris**!", "Paris"),
        ("I don't know", None),
    ],
)
def test_answer_statement(text: str, found: str | None) -> None:
    assert answer_statement(text) == found


def test_the_box_goes_before_fallbacks_and_fallbacks_are_named() -> None:
    assert boxed_or(r"A: 3 \boxed{4}", ("line", lambda: "3")) == Extract("4", "box")
    assert boxed_or("A: 3", ("first", lambda: None), ("line", lambda: "3")) == Extract("3", "fallback:line")
    assert boxed_or("nothing", ("first", lambda: None)) is None


@pytest.mark.parametrize(
    "piece", ["\\boxed{", "{", "}", "\\", "<think>", "</think>", "answer is ", "A: ", " ", "\n", "a"]
)
def test_a_megabyte_of_anything_takes_little_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))

    def find() -> None:
        final = final_answer(text) or ""
        last_box(final), answer_line(final), answer_statement(final)

    # measured: at most 16; a pattern that goes back and forth would take more than 10,000
    assert in_passes(cpu_seconds(find)) < 300
