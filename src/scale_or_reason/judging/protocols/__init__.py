r"""How a judge is asked: one file for each protocol in this folder, found by its name.

A protocol has the steps for questions with a true answer (``equivalence``) and for those without (``instructions``).
It also says whether the judge sees an answer's reasoning. Each step is a message with ``{question}``, ``{answer}``,
``{truth}`` and ``{extracted}`` in it, and a reply with a box: the last step reads a ``verdict`` there, those before it
the final ``answer``, which is the next step's ``{extracted}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading.extraction import final_answer, last_box
from scale_or_reason.judging.verdicts import final_reply, parse_verdict, plain_words

FOLDER = Path(__file__).parent
#: What a step's reply holds.
READS = ("answer", "verdict")
#: The box of a judge that finds no final answer.
NO_ANSWER = "no answer"

_PLACEHOLDER = re.compile(r"(?<!boxed)\{(\w+)\}")
#: Structured output for each kind of step: prose is free, but the reply cannot end before the box.
_PATTERNS = {
    "verdict": r"[\s\S]*\\boxed\{(yes|no)\}",
    "answer": r"[\s\S]*\\boxed\{[^{}]+(\{[^{}]*\}[^{}]*)*\}",
}


@dataclass(frozen=True)
class Step:
    """One message to a judge, and what its reply is read for."""

    reads: str
    message: str

    def ask(self, values: Mapping[str, str]) -> str:
        """The message with ``values`` in their places; they are taken literally, whatever they hold."""
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], self.message)

    def read(self, reply: str) -> str | None:
        """The verdict or the final answer that a reply gives; None if it cannot be read."""
        if self.reads == "verdict":
            verdict = parse_verdict(reply)
            return None if verdict == "unparsable" else verdict
        final = final_reply(reply)
        box = last_box(final) if final else None
        return NO_ANSWER if box and plain_words(box) == NO_ANSWER else box

    @property
    def pattern(self) -> str:
        """The regular expression that replies must match under structured output."""
        return _PATTERNS[self.reads]


@dataclass(frozen=True)
class Protocol:
    """The steps by which a judge comes to a verdict, and whether it sees an answer's reasoning."""

    path: Path
    shows_reasoning: bool
    equivalence: tuple[Step, ...]
    instructions: tuple[Step, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    def steps(self, truth: str | None) -> tuple[Step, ...]:
        """The steps for a question with this ground truth; None for a question without one (ifeval)."""
        return self.instructions if truth is None else self.equivalence

    def shown(self, answer: str) -> str | None:
        """What may be shown of an answer; None if its reasoning is removed and nothing is left."""
        if self.shows_reasoning:
            return answer
        final = final_answer(answer)
        return final if final and final.strip() else None


def protocol_names() -> list[str]:
    """The protocols that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@lru_cache
def get_protocol(name: str) -> Protocol:
    """The protocol called ``name``; :class:`StudyError` if there is none, or if its file makes no sense."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise StudyError(
            "there is no such judging protocol",
            found=name,
            expected=", ".join(protocol_names()),
            remedy="correct the name, or write its file (docs/how-to/change_the_jury.md)",
        )
    return read_protocol(path)


def read_protocol(path: Path) -> Protocol:
    """The protocol in a YAML file; :class:`StudyError` if it makes no sense."""
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = ("reasoning", "equivalence", "instructions")
    if not isinstance(content, dict) or sorted(content) != sorted(keys):
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise StudyError("this is no judging protocol", where=path, found=found, expected=f"the keys {', '.join(keys)}")
    if content["reasoning"] not in ("shown", "removed"):
        raise StudyError(
            "a protocol shows reasoning or removes it",
            where=path,
            key="reasoning",
            found=content["reasoning"],
            expected="shown or removed",
        )
    return Protocol(
        path,
        content["reasoning"] == "shown",
        _steps(content["equivalence"], path, "equivalence", {"question", "answer", "truth"}),
        _steps(content["instructions"], path, "instructions", {"question", "answer"}),
    )


def _steps(entries: Any, path: Path, key: str, known: set[str]) -> tuple[Step, ...]:
    """The checked steps of one kind of question; each may use what is ``known`` and what steps before it read."""
    well_formed = isinstance(entries, list) and all(
        isinstance(entry, dict) and sorted(entry) == ["message", "reads"] and isinstance(entry["message"], str)
        for entry in entries
    )
    reads = [entry["reads"] for entry in entries] if well_formed else []
    if not reads or reads[-1] != "verdict" or any(read != "answer" for read in reads[:-1]):
        raise StudyError(
            "the steps of a protocol lead to no verdict",
            where=path,
            key=key,
            found=reads or repr(entries)[:80],
            expected="a list of steps with `reads` and `message`: the last reads verdict, those before it answer",
        )
    steps, seen = [], set()
    for number, entry in enumerate(entries):
        allowed = known | ({"extracted"} if number else set())
        used = set(_PLACEHOLDER.findall(entry["message"]))
        if used - allowed:
            raise StudyError(
                "a message of a protocol has a place for something that is not there",
                where=path,
                key=f"{key}, step {number + 1}",
                found=", ".join(sorted(used - allowed)),
                expected=", ".join(sorted(allowed)),
            )
        seen |= used
        steps.append(Step(entry["reads"], entry["message"]))
    if known - seen:
        raise StudyError(
            "a protocol keeps from the judge what it needs",
            where=path,
            key=key,
            found=", ".join(sorted(seen)),
            expected=", ".join(sorted(known)),
            remedy=f"put {{{'}, {'.join(sorted(known - seen))}}} into its messages",
        )
    return tuple(steps)
