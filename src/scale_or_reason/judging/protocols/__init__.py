r"""Judging protocols: one YAML file each in this folder, found by its name.

A protocol has the steps for items with a ground truth (``equivalence``) and without one (``instructions``), and shows
or removes an answer's reasoning. Each step has a message with the placeholders ``{question}``, ``{answer}``,
``{truth}`` and ``{extracted}``, and expects a reply with a box: the last step reads a ``verdict`` in it, earlier steps
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
#: The content of the box if the judge finds no final answer.
NO_ANSWER = "no answer"

_PLACEHOLDER = re.compile(r"(?<!boxed)\{(\w+)\}")
#: Structured output for each kind of step: free text, but the reply must end with the box.
_PATTERNS = {
    "verdict": r"[\s\S]*\\boxed\{(yes|no)\}",
    "answer": r"[\s\S]*\\boxed\{[^{}]+(\{[^{}]*\}[^{}]*)*\}",
}


@dataclass(frozen=True)
class Step:
    """One message to a judge, and what is read in the reply."""

    reads: str
    message: str

    def ask(self, values: Mapping[str, str]) -> str:
        """The message with its placeholders replaced by ``values``; placeholders inside values are not replaced."""
        return _PLACEHOLDER.sub(lambda match: values[match.group(1)], self.message)

    def read(self, reply: str) -> str | None:
        """The verdict or the final answer in a reply; None if it is unparsable."""
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
    """The steps that lead to a verdict; ``shows_reasoning``: whether the judge sees an answer's reasoning."""

    path: Path
    shows_reasoning: bool
    equivalence: tuple[Step, ...]
    instructions: tuple[Step, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    def steps(self, truth: str | None) -> tuple[Step, ...]:
        """The steps for an item with this ground truth, None for an item without one (ifeval)."""
        return self.instructions if truth is None else self.equivalence

    def shown(self, answer: str) -> str | None:
        """The part of an answer that the judge sees; None if nothing is left without its reasoning."""
        if self.shows_reasoning:
            return answer
        final = final_answer(answer)
        return final if final and final.strip() else None


def protocol_names() -> list[str]:
    """The names of all protocols."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@lru_cache
def get_protocol(name: str) -> Protocol:
    """The protocol called ``name``; :class:`StudyError` if there is none or its file is invalid."""
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise StudyError(
            "unknown judging protocol",
            found=name,
            expected=", ".join(protocol_names()),
            remedy="correct the name, or write its file (docs/how-to/change_the_jury.md)",
        )
    return read_protocol(path)


def read_protocol(path: Path) -> Protocol:
    """The protocol in a YAML file; :class:`StudyError` if it is invalid."""
    import yaml

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = ("reasoning", "equivalence", "instructions")
    if not isinstance(content, dict) or sorted(content) != sorted(keys):
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise StudyError("invalid judging protocol", where=path, found=found, expected=f"the keys {', '.join(keys)}")
    if content["reasoning"] not in ("shown", "removed"):
        raise StudyError(
            "invalid value of reasoning in a judging protocol",
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
    """The validated steps for one kind of item; placeholders may be those in ``known`` and results of earlier steps."""
    well_formed = isinstance(entries, list) and all(
        isinstance(entry, dict) and sorted(entry) == ["message", "reads"] and isinstance(entry["message"], str)
        for entry in entries
    )
    reads = [entry["reads"] for entry in entries] if well_formed else []
    if not reads or reads[-1] != "verdict" or any(read != "answer" for read in reads[:-1]):
        raise StudyError(
            "the steps of a judging protocol do not end with a verdict",
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
                "a message of a judging protocol has an unknown placeholder",
                where=path,
                key=f"{key}, step {number + 1}",
                found=", ".join(sorted(used - allowed)),
                expected=", ".join(sorted(allowed)),
            )
        seen |= used
        steps.append(Step(entry["reads"], entry["message"]))
    if known - seen:
        raise StudyError(
            "the messages of a judging protocol lack a placeholder",
            where=path,
            key=key,
            found=", ".join(sorted(seen)),
            expected=", ".join(sorted(known)),
            remedy=f"put {{{'}, {'.join(sorted(known - seen))}}} into its messages",
        )
    return tuple(steps)
