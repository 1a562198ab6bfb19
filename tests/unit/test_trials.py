"""From replies to verdicts: what is asked, how often, and what becomes of replies that nobody can read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.inference.requests import Reply
from scale_or_reason.judging.conversations import Case, Trial, hold
from scale_or_reason.judging.protocols import get_protocol

REPLIES = [r"\boxed{yes}", r"\boxed{No}", r"\boxed{no answer}", r"\boxed{3}", "yes", "", "I can't help.", r"\boxed{}"]


class ScriptedJudge:
    """Replies from a list per question, in turn; remembers what it was asked."""

    def __init__(self, replies: dict[str, list[str]], finish: str = "stop") -> None:
        self.replies = {question: list(texts) for question, texts in replies.items()}
        self.finish = finish
        self.asked: dict[str, list[str]] = {question: [] for question in replies}
        self.seeds: list[int] = []

    def __call__(self, trials: list[Trial]) -> list[Reply]:
        replies = []
        for trial in trials:
            question = trial.key[2]
            self.seeds.append(trial.seed(0, "judge"))
            self.asked[question].append(trial.message())
            text = self.replies[question].pop(0)
            replies.append(Reply(len(trial.message()), text, len(text), self.finish))
        return replies


def judged(protocol: str, replies: dict[str, list[str]], retries: int = 2, **more: Any) -> tuple[dict, ScriptedJudge]:
    judge = ScriptedJudge(replies, **more)
    cases = [Case(("m", "gsm8k", name, 0), name, f"the answer of {name}", "3") for name in replies]
    trials = [Trial(case, get_protocol(protocol), case.answer) for case in cases]
    hold(trials, judge, retries)
    return {trial.key[2]: trial for trial in trials}, judge


def test_unparsable_replies_are_asked_for_again_and_never_become_a_no() -> None:
    trials, judge = judged(
        "v1",
        {
            "same": [r"same. \boxed{yes}"],
            "late": ["well, yes", r"\boxed{Maybe}", r"\boxed{NO}"],
            "never": ["no", "I cannot say", "I won't."],
            "nothing": ["", "", ""],
            "both": [r"\boxed{yes} or \boxed{no}"],
        },
    )
    verdicts = {name: trial.verdict for name, trial in trials.items()}
    assert verdicts == {"same": "yes", "late": "no", "never": "unparsable", "nothing": "unparsable", "both": "no"}
    assert {name: len(trial.replies) for name, trial in trials.items()} == {
        "same": 1,
        "late": 3,
        "never": 3,
        "nothing": 3,
        "both": 1,
    }
    assert trials["late"].last == {"verdict": r"\boxed{NO}"}
    assert [trial.asked_again for trial in trials.values()] == [False, True, True, True, False]
    assert len(set(judge.seeds)) == len(judge.seeds) == 11
    assert judge.asked["late"][0].endswith("Question:\nlate\nUser Answer:\nthe answer of late\nGround Truth:\n3")


def test_a_message_without_room_is_not_asked_again() -> None:
    trials, _ = judged("v1", {"long": [""]}, finish="length")
    assert trials["long"].verdict == "unparsable"
    assert len(trials["long"].replies) == 1


def test_two_steps() -> None:
    trials, judge = judged(
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
    assert {name: (trial.verdict, trial.extracted) for name, trial in trials.items()} == {
        "right": ("yes", "3.0"),
        "late": ("no", "3.0"),
        "none": ("no", None),
        "unread": ("unparsable", None),
        "undecided": ("unparsable", "3"),
        "word": ("no", "yes"),
    }
    assert "Final result of the User Answer:\n3.0\nGround Truth:\n3" in judge.asked["right"][1]
    assert trials["right"].last == {"answer": r"It says \boxed{3.0}", "verdict": r"\boxed{yes}"}
    assert len(set(judge.seeds)) == len(judge.seeds)


def test_an_answer_without_anything_to_show_is_wrong_and_costs_nothing() -> None:
    trial = Trial(Case(("m", "gsm8k", "i", 0), "q", "<think>so", "3"), get_protocol("v2"), None)
    hold([trial], lambda trials: pytest.fail("the judge was asked"), retries=2)
    assert (trial.verdict, trial.replies, trial.last) == ("no", [], {})


@given(st.lists(st.sampled_from(REPLIES), min_size=8, max_size=8), st.integers(0, 3), st.sampled_from(["v1", "v2"]))
def test_every_trial_ends_within_its_tries(texts: list[str], retries: int, protocol: str) -> None:
    """A yes needs a box with yes in the last reply; a no such a box, or an answer that is none."""
    trials, judge = judged(protocol, {"q": texts}, retries)
    trial = trials["q"]
    assert len(trial.replies) <= (retries + 1) * len(get_protocol(protocol).equivalence)
    last = trial.replies[-1].text
    if trial.verdict == "yes":
        assert last == r"\boxed{yes}"
    elif trial.verdict == "no":
        assert last in (r"\boxed{No}", r"\boxed{no answer}")
    else:
        assert len(trial.replies) > retries
        assert last not in (r"\boxed{yes}", r"\boxed{No}")
    assert sum(map(len, judge.asked.values())) == len(trial.replies)
