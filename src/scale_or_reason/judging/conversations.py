"""From answers to verdicts: a judge is asked step by step, and again where it cannot be read."""

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
    """One answer before the judge. ``truth`` is None where the judge gets none (ifeval)."""

    key: AnswerKey
    question: str
    answer: str
    truth: str | None


class JudgeConversation:
    """A request on its way to a verdict.

    ``shown`` is what the judge sees of the answer; None if nothing is left of it without its reasoning: such an answer
    is wrong, and nobody is asked. ``verdict`` is None as long as there is something to ask. ``last`` has the last reply
    of each step by what was read in it, ``replies`` all of them.
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
        """The step that is open."""
        return self._steps[self._number]

    def message(self) -> str:
        """What the judge is asked next."""
        return self.step.ask(self._values)

    def seed(self, study_seed: int, judge: str) -> int:
        """The seed of the next request: another one for each try and step."""
        step = [self._number] if self._number else []
        return derive_seed(study_seed, "judge", judge, *self.key, self._tries, *step)

    def record(self, reply: Completion, retries: int) -> None:
        """Take the judge's reply: go to the next step, ask again, or come to a verdict."""
        self.replies.append(reply)
        self.last[self.step.reads] = reply.text
        self._tries += 1
        self.asked_again |= self._tries > 1
        found = self.step.read(reply.text)
        if found is None:
            if self._tries > retries or reply.had_no_room:
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
    """Bring all ``conversations`` to a verdict.

    ``ask`` puts the message of each conversation that it is given to the judge. Every round asks all that are open at
    once, whichever step they are at. A reply that cannot be read is asked for again up to ``retries`` times; then the
    verdict is ``unparsable``, never no.
    """
    while still_open := [conversation for conversation in conversations if conversation.verdict is None]:
        for conversation, reply in zip(still_open, ask(still_open), strict=True):
            conversation.record(reply, retries)
