"""From replies to verdicts: what is asked, how often, and what becomes of replies that nobody can read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.inference.requests import Completion
from scale_or_reason.judging.conversations import JudgeConversation, JudgeRequest, run_conversations
from scale_or_reason.judging.protocols import get_protocol

REPLIES = [r"\boxed{yes}", r"\boxed{No}", r"\boxed{no answer}", r"\boxed{3}", "yes", "", "I can't help.", r"\boxed{}"]


class ScriptedJudge:
    """Replies from a list per question, in turn; remembers what it was asked."""

    def __init__(self, replies: dict[str, list[str]], finish: str = "stop") -> None:
        self.replies = {question: list(texts) for question, texts in replies.items()}
        self.finish = finish
        self.asked: dict[str, list[str]] = {question: [] for question in replies}
        self.seeds: list[int] = []

    def __call__(self, conversations: list[JudgeConversation]) -> list[Completion]:
        replies = []
        for conversation in conversations:
            question = conversation.key[2]
            self.seeds.append(conversation.seed(0, "judge"))
            self.asked[question].append(conversation.message())
            text = self.replies[question].pop(0)
            replies.append(Completion(len(conversation.message()), text, len(text), self.finish))
        return replies


def judged(protocol: str, replies: dict[str, list[str]], retries: int = 2, **more: Any) -> tuple[dict, ScriptedJudge]:
    judge = ScriptedJudge(replies, **more)
    requests = [JudgeRequest(("m", "gsm8k", name, 0), name, f"the answer of {name}", "3") for name in replies]
    conversations = [JudgeConversation(request, get_protocol(protocol), request.answer) for request in requests]
    run_conversations(conversations, judge, retries)
    return {conversation.key[2]: conversation for conversation in conversations}, judge


def test_unparsable_replies_are_asked_for_again_and_never_become_a_no() -> None:
    conversations, judge = judged(
        "v1",
        {
            "same": [r"same. \boxed{yes}"],
            "late": ["well, yes", r"\boxed{Maybe}", r"\boxed{NO}"],
            "never": ["no", "I cannot say", "I won't."],
            "nothing": ["", "", ""],
            "both": [r"\boxed{yes} or \boxed{no}"],
        },
    )
    verdicts = {name: conversation.verdict for name, conversation in conversations.items()}
    assert verdicts == {"same": "yes", "late": "no", "never": "unparsable", "nothing": "unparsable", "both": "no"}
    assert {name: len(conversation.replies) for name, conversation in conversations.items()} == {
        "same": 1,
        "late": 3,
        "never": 3,
        "nothing": 3,
        "both": 1,
    }
    assert conversations["late"].last == {"verdict": r"\boxed{NO}"}
    assert [conversation.asked_again for conversation in conversations.values()] == [False, True, True, True, False]
    assert len(set(judge.seeds)) == len(judge.seeds) == 11
    assert judge.asked["late"][0].endswith("Question:\nlate\nUser Answer:\nthe answer of late\nGround Truth:\n3")


def test_a_message_without_room_is_not_asked_again() -> None:
    conversations, _ = judged("v1", {"long": [""]}, finish="length")
    assert conversations["long"].verdict == "unparsable"
    assert len(conversations["long"].replies) == 1


def test_two_steps() -> None:
    conversations, judge = judged(
        "v2",
        {
            "right": [r"It says \boxed{3.0}", r"\boxed{yes}"],
            "late": ["3.0", r"\boxed{3.0}", "they agree", r"\boxed{no}"],
            "none": [r"\boxed{No answer}"],
            "unread": ["3", "3", "3"],
            "undecided": [r"\boxed{3}", "yes", "yes", "yes"],
            "word": [r"\boxed{yes}", r"\boxed{no}"],
        },
    )
    assert {name: (conversation.verdict, conversation.extracted) for name, conversation in conversations.items()} == {
        "right": ("yes", "3.0"),
        "late": ("no", "3.0"),
        "none": ("no", None),
        "unread": ("unparsable", None),
        "undecided": ("unparsable", "3"),
        "word": ("no", "yes"),
    }
    assert "Final result of the User Answer:\n3.0\nGround Truth:\n3" in judge.asked["right"][1]
    assert conversations["right"].last == {"answer": r"It says \boxed{3.0}", "verdict": r"\boxed{yes}"}
    assert len(set(judge.seeds)) == len(judge.seeds)


def test_an_answer_without_anything_to_show_is_wrong_and_costs_nothing() -> None:
    conversation = JudgeConversation(
        JudgeRequest(("m", "gsm8k", "i", 0), "q", "<think>so", "3"), get_protocol("v2"), None
    )
    run_conversations([conversation], lambda conversations: pytest.fail("the judge was asked"), retries=2)
    assert (conversation.verdict, conversation.replies, conversation.last) == ("no", [], {})


@given(st.lists(st.sampled_from(REPLIES), min_size=8, max_size=8), st.integers(0, 3), st.sampled_from(["v1", "v2"]))
def test_every_trial_ends_within_its_tries(texts: list[str], retries: int, protocol: str) -> None:
    """A yes needs a box with yes in the last reply; a no such a box, or an answer that is none."""
    conversations, judge = judged(protocol, {"q": texts}, retries)
    conversation = conversations["q"]
    assert len(conversation.replies) <= (retries + 1) * len(get_protocol(protocol).equivalence)
    last = conversation.replies[-1].text
    if conversation.verdict == "yes":
        assert last == r"\boxed{yes}"
    elif conversation.verdict == "no":
        assert last in (r"\boxed{No}", r"\boxed{no answer}")
    else:
        assert len(conversation.replies) > retries
        assert last not in (r"\boxed{yes}", r"\boxed{No}")
    assert sum(map(len, judge.asked.values())) == len(conversation.replies)
