r"""A judge's reply is parsed strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.judging.verdicts import parse_verdict, plain_words


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (r"\boxed{yes}", "yes"),
        (r"They agree, so \boxed{YES}.", "yes"),
        (r"\boxed{\text{no}}", "no"),
        (r"\boxed{ no }", "no"),
        (r"\boxed{yes}? No, \boxed{no}", "no"),
        (r"Both results are \boxed{42}, hence \boxed{yes}", "yes"),
        (r"\boxed{yes} since both are \boxed{42}", "unparsable"),
        (r"If they were equivalent I would write \boxed{yes}. They are not: \boxed{\mathrm{no}}", "no"),
        (r"I must answer \boxed{no} or \boxed{yes}. They differ, so \boxed{\mathbf{no}}", "no"),
        (r"\boxed{no}. (I would have said \boxed{yes} had the sign agreed.)", "no"),
        (r"\boxed{no}. Had the sign agreed, it would be \boxed{yes}.", "no"),
        (r"\boxed{no}? No. On reflection, I would say \boxed{yes}.", "yes"),
        (r"If I were to decide, I would say \boxed{yes}", "yes"),
        (r"\boxed{no}, as asked for in \boxed{}", "no"),
        (r"\boxed{\boxed{no}}", "no"),
        (r"\boxed{no} and \boxed{ye", "no"),
        (r"<think>I would say \boxed{yes}</think>\boxed{no}", "no"),
        (r"<think>I would say \boxed{yes}", "unparsable"),
        (r"<think>\boxed{yes}</think> They agree.", "unparsable"),
        (r"<|channel|>analysis<|message|>\boxed{yes}?<|end|><|channel|>final<|message|>\boxed{no}", "no"),
        (r"<|channel|>analysis<|message|>I would say \boxed{yes}", "unparsable"),
        ("yes", "unparsable"),
        ("Yes, they are equivalent.", "unparsable"),
        (r"\boxed{yes", "unparsable"),
        (r"\boxed{yes or no}", "unparsable"),
        (r"\boxed{yesterday}", "unparsable"),
        (r"\boxed{}", "unparsable"),
        ("boxed{yes}", "unparsable"),
        ("I can't help with that.", "unparsable"),
        ("", "unparsable"),
    ],
)
def test_replies(reply: str, verdict: str) -> None:
    assert parse_verdict(reply) == verdict


FONTS = (
    "{}",
    r"\text{{{}}}",
    r"\textbf{{{}}}",
    r"\mathrm{{{}}}",
    r"\mathbf{{{}}}",
    r"\text{{ \mathbf{{{}}} }}",
    r"\bf {}",
)
QUOTES = ("{}", "'{}'", '"{}"', "“{}”", "**{}**", "`{}`", "${}$", "{}.", " {} ", "{}!")
verdict_words = st.sampled_from(["yes", "no", "Yes", "NO", "nO"])


@given(
    st.lists(st.sampled_from(["yes", "no", "42", r"\frac{1}{2}", "maybe"]), max_size=4),
    verdict_words,
    st.permutations([st.sampled_from(FONTS), st.sampled_from(QUOTES)]).flatmap(lambda parts: st.tuples(*parts)),
)
def test_the_last_box_decides_in_any_font_and_quotes(earlier: list[str], word: str, wrappings: tuple[str, str]) -> None:
    inner, outer = wrappings
    prefix = "".join(rf"First \boxed{{{box}}}. " for box in earlier)
    assert parse_verdict(rf"{prefix}So: \boxed{{{outer.format(inner.format(word))}}}.") == word.lower()
    assert parse_verdict(rf"{prefix}So: \boxed{{{word}}}, which gives \boxed{{x = 7}}.") == "unparsable"


@pytest.mark.parametrize(
    "box", ["yes and no", "yesno", r"\text{yes}\text{no}", "not", "y e s", r"\text{not yes}", "yes/no"]
)
def test_other_boxes_are_no_verdict(box: str) -> None:
    assert parse_verdict(rf"\boxed{{{box}}}") == "unparsable"


def test_no_answer_is_read_in_any_font() -> None:
    assert plain_words(r"\text{No answer}") == "no answer"
    assert plain_words(r'"No  answer."') == "no answer"
    assert plain_words(r"\text{no}\text{answer}") != "no answer"


def test_a_long_reply_takes_no_time_beyond_its_length() -> None:
    assert parse_verdict(r"if \boxed{\text{" * 20_000) == "unparsable"
    assert parse_verdict(r"if \boxed{yes} would " * 20_000 + r"So \boxed{no}") == "no"
