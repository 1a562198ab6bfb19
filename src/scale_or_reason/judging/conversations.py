"""Conversations that lead from an answer to a verdict, step by step, with retries of unparsable replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scale_or_reason.common.seeds import derive_seed
from scale_or_reason.inference.requests import Completion
from scale_or_reason.judging.protocols import NO_ANSWER, Protocol, Step
from scale_or_reason.judging.verdicts import JudgeVerdict

#: model_id, benchmark, item_id, sample.
AnswerKey = tuple[str, str, str, int]


@dataclass(frozen=True)
class JudgeRequest:
    """One answer to judge. ``truth`` is None for items without a ground truth (ifeval)."""

    key: AnswerKey
    question: str
    answer: str
    truth: str | None


class JudgeConversation:
    """The state of a request until its verdict.

    ``shown`` is the part of the answer that the judge sees; None if the answer is empty without its reasoning: it is
    then wrong without a judge. ``verdict`` is None while the conversation is open. ``last`` maps what a step reads to
    the step's last reply; ``replies`` has all replies.
    """

    def __init__(self, request: JudgeRequest, protocol: Protocol, shown: str | None) -> None:
        self.key = request.key
        self.verdict: JudgeVerdict | None = "no" if shown is None else None
        self.extracted: str | None = None
        self.replies: list[Completion] = []
        self.last: dict[str, str] = {}
        self.asked_again = False
        self._steps = protocol.steps(request.truth)
        self._values = {"question": request.question, "answer": shown or "", "truth": request.truth or ""}
        self._number = self._tries = 0

    @property
    def step(self) -> Step:
        """The current step."""
        return self._steps[self._number]

    def message(self) -> str:
        """The next message to the judge."""
        return self.step.ask(self._values)

    def seed(self, study_seed: int, judge: str) -> int:
        """The seed of the next request, different for each step and try."""
        step = [self._number] if self._number else []
        return derive_seed(study_seed, "judge", judge, *self.key, self._tries, *step)

    def record(self, reply: Completion, retries: int) -> None:
        """Process the judge's reply: advance to the next step, retry, or set the verdict."""
        self.replies.append(reply)
        self.last[self.step.reads] = reply.text
        self._tries += 1
        self.asked_again |= self._tries > 1
        found = self.step.read(reply.text)
        if found is None:
            if self._tries > retries or reply.prompt_filled_context:
                self.verdict = "unparsable"
        elif self.step.reads == "verdict":
            self.verdict = "yes" if found == "yes" else "no"
        elif found.casefold() == NO_ANSWER:
            self.verdict = "no"
        else:
            self.extracted = self._values["extracted"] = found
            self._number, self._tries = self._number + 1, 0


def run_conversations(
    conversations: Sequence[JudgeConversation], ask: Callable[[list[JudgeConversation]], list[Completion]], retries: int
) -> None:
    """Run all ``conversations`` until each has a verdict.

    ``ask`` sends the current messages of conversations to the judge and returns the replies. Every round includes all
    open conversations, whatever their step. An unparsable reply is retried up to ``retries`` times; then the verdict is
    ``unparsable``, never no.
    """
    while still_open := [conversation for conversation in conversations if conversation.verdict is None]:
        for conversation, reply in zip(still_open, ask(still_open), strict=True):
            conversation.record(reply, retries)
