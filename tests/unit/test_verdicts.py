r"""A judge's reply is parsed strictly."""

from __future__ import annotations

import pytest

from scale_or_reason.judging.verdicts import parse_verdict


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (r"\boxed{yes}", "yes"),
        (r"They agree, so \boxed{YES}.", "yes"),
        (r"\boxed{\text{no}}", "no"),
        (r"\boxed{ no }", "no"),
        (r"\boxed{yes}? No, \boxed{no}", "no"),
        (r"Both results are \boxed{42}, hence \boxed{yes}", "yes"),
        (r"\boxed{yes} since both are \boxed{42}", "yes"),
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
