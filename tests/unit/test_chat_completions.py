"""What the responses of servers mean: spellings of finish reasons, shapes of content, pauses, and all that is wrong."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.inference.chat_completions import (
    LONGEST_RETRY_AFTER,
    FatalFailure,
    PassingFailure,
    RefusedPrompt,
    read_response,
    seconds_to_wait,
)
from scale_or_reason.inference.requests import Completion


def read(message: Any, finish: Any = "stop", usage: Any = None, max_tokens: int = 64) -> Completion:
    usage = {"prompt_tokens": 5, "completion_tokens": 3} if usage is None else usage
    body = {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}
    return read_response(200, json.dumps(body), None, max_tokens)


@pytest.mark.parametrize(
    "finish", ["stop", None, "", "end_turn", "eos_token", "eos", "STOP", "stop_sequence", "COMPLETE"]
)
def test_a_whole_answer(finish: str | None) -> None:
    assert read({"content": "four"}, finish) == Completion(5, "four", 3, "stop")


@pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
def test_an_answer_that_is_cut_short(finish: str) -> None:
    assert read({"content": "four"}, finish) == Completion(5, "four", 3, "length")


def test_without_a_reason_the_limit_tells() -> None:
    assert read({"content": "four"}, None, max_tokens=3).finish_reason == "length"
    assert read({"content": "four"}, "stop", max_tokens=3).finish_reason == "stop"


@pytest.mark.parametrize("finish", ["content_filter", "SAFETY", "refusal"])
def test_a_filtered_answer(finish: str) -> None:
    assert read({"content": "fo"}, finish).finish_reason == "refused"


def test_a_refusal_in_a_field_of_its_own() -> None:
    assert read({"content": None, "refusal": "I can't help."}).finish_reason == "refused"
    assert read({"content": "four", "refusal": None}).finish_reason == "stop"


THOUGHT = "<think>\nbecause\n</think>\n\nfour"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "four"}, "four"),
        ({"content": ["fo", "ur"]}, "four"),
        ({"content": [{"type": "text", "text": "fo"}, {"type": "text", "text": "ur"}]}, "four"),
        ({"content": [{"type": "output_text", "text": "four"}, {"type": "image", "url": "x"}]}, "four"),
        ({"content": [{"type": "thinking", "thinking": "because"}, {"type": "text", "text": "four"}]}, THOUGHT),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "because"}]}, "four"]},
            THOUGHT,
        ),
        ({"content": [{"type": "reasoning", "text": "because"}, {"type": "text", "text": "four"}]}, THOUGHT),
        ({"content": "four", "reasoning_content": " because "}, THOUGHT),
        ({"content": "\n\nfour", "reasoning": "because"}, THOUGHT),
        ({"content": "four", "reasoning": None, "reasoning_content": ""}, "four"),
        ({"content": "a \ud83d\ude00 b \udc00"}, "a \U0001f600 b \ufffd"),
    ],
)
def test_content_of_all_shapes(message: dict[str, Any], text: str) -> None:
    assert read(message).text == text


def test_a_thought_that_is_cut_short_is_not_closed() -> None:
    reply = read({"content": None, "reasoning_content": "beca"}, "length")
    assert reply == Completion(5, "<think>\nbeca", 3, "length")


@pytest.mark.parametrize("usage", [None, {}, [], {"prompt_tokens": None, "completion_tokens": None}])
def test_without_counts(usage: Any) -> None:
    body = {"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}], "usage": usage}
    assert read_response(200, json.dumps(body), None, 64) == Completion(0, "four", 0, "stop")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, PassingFailure) for status in (408, 409, 425, 429, 500, 502, 503, 504, 529)),
        *((status, RefusedPrompt) for status in (400, 403, 413, 422, 451)),
        *((status, FatalFailure) for status in (301, 308, 401, 402, 404, 405)),
    ],
)
def test_statuses(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"status {status}: made up"):
        read_response(status, "made up", None, 64)
    if status >= 400:
        within = json.dumps({"error": {"code": status, "message": "made up"}})
        with pytest.raises(kind, match=f"status {status}"):
            read_response(200, within, None, 64)


@pytest.mark.parametrize("status", [403, 429])
def test_no_credit_by_its_code(status: int) -> None:
    with pytest.raises(FatalFailure):
        read_response(status, '{"error": {"type": "insufficient_quota", "code": null}}', None, 64)


def test_pauses() -> None:
    assert seconds_to_wait("7") == 7
    assert seconds_to_wait("0.5") == 0.5
    assert seconds_to_wait("-3") == 0
    assert seconds_to_wait("1e9") == LONGEST_RETRY_AFTER
    assert seconds_to_wait(formatdate(time.time() - 100, usegmt=True)) == 0
    assert seconds_to_wait(formatdate(time.time() + 10**6, usegmt=True)) == LONGEST_RETRY_AFTER
    assert 200 < (seconds_to_wait(formatdate(time.time() + 300, usegmt=True)) or 0) <= 300
    assert all(seconds_to_wait(value) is None for value in (None, "", "soon", "nan", "Mon, 99 Foo 2026"))


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "thinking", "content", "code"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "choices": any_json
            | st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "message": st.fixed_dictionaries({}, optional={"content": any_json, "reasoning": any_json}),
                        "finish_reason": any_json,
                        "error": any_json,
                    },
                ),
                max_size=2,
            ),
            "usage": any_json,
            "error": any_json,
        },
    )
    | any_json,
    st.integers(200, 599),
)
def test_whatever_comes_is_a_reply_or_one_of_three_failures(value: Any, status: int) -> None:
    for code in (200, status):
        try:
            reply = read_response(code, json.dumps(value), None, 64)
        except (PassingFailure, RefusedPrompt, FatalFailure):
            continue
        assert isinstance(reply.text, str) and reply.text.encode("utf-8") is not None
        assert reply.finish_reason in ("stop", "length", "refused")


@given(st.text(max_size=30))
def test_a_body_that_is_no_json_may_pass(body: str) -> None:
    with pytest.raises(PassingFailure):
        read_response(200, "x" + body, None, 64)
