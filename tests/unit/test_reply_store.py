"""A reply is found again by what it depends on, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.inference import reply_store
from scale_or_reason.inference.reply_store import ReplyStore, request_key
from scale_or_reason.inference.requests import Completion

IDENTITY = {"model": "m", "sampling": {"temperature": 1.0}}
KEY = request_key("why?", 1, chat=True)
REPLY = Completion(10, "because", 5, "stop")


def stored(folder: Path, reply: Completion, context: int | None, **settings: Any) -> None:
    with ReplyStore(folder, IDENTITY, settings) as store:
        store.add(KEY, reply, context)


def found(folder: Path, identity: dict[str, Any] = IDENTITY, **settings: Any) -> Completion | None:
    with ReplyStore(folder, identity, settings) as store:
        reply = store.find([KEY]).get(KEY)
    return reply.completion if reply else None


def test_a_reply_is_found_by_a_later_program(tmp_path: Path) -> None:
    stored(tmp_path, REPLY, 100, dtype="float32")
    assert found(tmp_path, dtype="float32") == REPLY
    assert found(tmp_path, dtype="bfloat16") is None
    assert found(tmp_path, {**IDENTITY, "model": "n"}, dtype="float32") is None
    (identity,) = tmp_path.glob("*/identity.json")
    assert json.loads(identity.read_text())["settings"] == {"dtype": "float32"}


def test_another_version_of_the_engines_code_has_other_replies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path, REPLY, 100)
    monkeypatch.setattr(reply_store, "REPLIES_VERSION", reply_store.REPLIES_VERSION + 1)
    assert found(tmp_path) is None


REQUEST: dict[str, Any] = {"prompt": "why?", "seed": 1, "chat": True, "stop": (), "pattern": None}


@pytest.mark.parametrize(
    "change", [{"prompt": "Why?"}, {"seed": 2}, {"chat": False}, {"stop": ["\n"]}, {"pattern": "a"}]
)
def test_a_key_has_every_part_of_a_request(change: dict[str, Any]) -> None:
    assert request_key(**REQUEST) == request_key(**REQUEST)
    assert request_key(**REQUEST) != request_key(**{**REQUEST, **change})


@given(st.text(), st.text())
def test_any_text_has_a_key(one: str, other: str) -> None:
    assert (request_key(one, 0, chat=True) == request_key(other, 0, chat=True)) == (one == other)


def test_lone_surrogates_have_a_key_and_are_stored(tmp_path: Path) -> None:
    assert request_key("\ud800", 0, chat=True) != request_key("\ud801", 0, chat=True)
    odd = Completion(1, "\ud800", 1, "stop")
    stored(tmp_path, odd, None)
    assert found(tmp_path) == odd


def engine(prompt: int, wanted: int, context: int, ends: bool) -> Completion:
    """A reply of vLLM, by the order of its checks: an end token counts before the limits (v1/core/sched/utils.py)."""
    if prompt >= context:
        return Completion(prompt, "", 0, "length")
    tokens = min(wanted, context - prompt)
    return Completion(prompt, "t" * tokens, tokens, "stop" if ends and tokens == wanted else "length")


@pytest.mark.slow
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 24), st.integers(1, 24), st.booleans(), st.booleans())
def test_a_longer_context_keeps_the_replies_that_it_does_not_change(
    tmp_path_factory: pytest.TempPathFactory, prompt: int, wanted: int, first: int, second: int, ends: bool, own: bool
) -> None:
    """``own``: the first context is the model's own, which no setting can exceed."""
    folder = tmp_path_factory.mktemp("store")
    reply = engine(prompt, wanted, first, ends)
    stored(folder, reply, first, **({} if own else {"max_model_len": first}))
    kept = found(folder, max_model_len=second)
    assert kept in (None, engine(prompt, wanted, second, ends))
    if prompt + wanted < min(first, second):
        assert kept == reply
    if own:
        assert found(folder) == reply


def test_a_context_in_words_is_compared_as_it_is(tmp_path: Path) -> None:
    stored(tmp_path, REPLY, 32_000, max_model_len="32k")
    assert found(tmp_path, max_model_len="32k") == REPLY
    assert found(tmp_path, max_model_len="64k") is None


def test_refusals_of_an_earlier_program_are_asked_again(tmp_path: Path) -> None:
    refused = Completion(0, "", 0, "refused")
    with ReplyStore(tmp_path, IDENTITY, {}) as store:
        store.add(KEY, refused, None)
        assert store.find([KEY])[KEY].completion == refused
    assert found(tmp_path) is None


def test_seconds_of_all_replies_are_the_time_of_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times: Callable[[], float] = iter([0.0, 5.0, 6.0, 8.5]).__next__
    monkeypatch.setattr(reply_store.time, "monotonic", times)
    keys = [request_key("why?", seed, chat=True) for seed in (1, 2)]
    with ReplyStore(tmp_path, IDENTITY, {}) as store:
        store.start_clock()
        for key in keys:
            store.add(key, REPLY, None)
    monkeypatch.undo()
    with ReplyStore(tmp_path, IDENTITY, {}) as store:
        assert [reply.seconds for reply in store.find(keys).values()] == [1.0, 2.5]


def test_damage_is_reported_once(tmp_path: Path) -> None:
    stored(tmp_path, REPLY, None)
    (segment,) = tmp_path.glob("*/*.log")
    segment.write_bytes(segment.read_bytes().replace(b"because", b"becAuse"))
    with ReplyStore(tmp_path, IDENTITY, {}) as store:
        assert store.find([KEY]) == {}
        (warning,) = store.new_warnings()
        assert str(segment) in warning and "1 damaged" in warning
        store.find([KEY])
        assert store.new_warnings() == []
