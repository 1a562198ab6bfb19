r"""Finding the final answer in what a model wrote: reasoning off, then the last ``\boxed{...}``, then fallbacks.

All functions take time linear in the answer's length, whatever it holds: answers are not to be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from scale_or_reason.grading.grade import LONGEST_ANSWER

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"

_BOX_TOKEN = re.compile(r"\\f?boxed\s{0,9}\{|\\.|[{}]", re.DOTALL)
_ANSWER_IS = re.compile(r"\b(?:answer|result|solution)\b\s{0,9}(?:is|was|are|:|=)\s{0,9}:?\s{0,9}(?=\S)", re.IGNORECASE)
_LONGEST_STATEMENT = 300
_ANSWER_LINE = re.compile(r"^(?:\*\*|#+ ?)?(?:a|answer|final answer)\*{0,2}\s{0,9}:(.*)$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True)
class Extract:
    """A piece of an answer and where it came from; ``how`` as in :class:`~scale_or_reason.grading.grade.Grade`."""

    text: str
    how: str


def final_answer(answer: str) -> str | None:
    """What follows the reasoning, or None if the reasoning never ended.

    Reasoning is everything up to the last ``</think>``; the opening tag may be missing, since some templates put it
    into the prompt. A later ``<think>`` that is not closed again starts text that is no answer either.
    """
    _, close, rest = answer.rpartition(THINK_CLOSE)
    if not close and THINK_OPEN in answer:
        return None
    if not close:
        return answer[-LONGEST_ANSWER:]
    return rest.partition(THINK_OPEN)[0].lstrip()[-LONGEST_ANSWER:]


def last_box(text: str) -> str | None:
    r"""The content of the last complete, non-blank ``\boxed{...}``; None if there is none.

    As :func:`boxes` finds them: of nested boxes the inner one counts.
    """
    found = boxes(text)
    return text[slice(*found[-1])].strip() if found else None


def boxes(text: str) -> list[tuple[int, int]]:
    r"""Start and end of the content of every complete, non-blank ``\boxed{...}``, in the order of their starts.

    Braces are balanced, ``\{`` and ``\}`` are text. A box that the length limit cut open is no box. Blank boxes are
    skipped, since models like to quote the prompt.
    """
    if "boxed" not in text:
        return []
    open_braces: list[int] = []  # where a box's content starts; -1 for a brace that opens no box
    found: list[tuple[int, int]] = []
    for token in _BOX_TOKEN.finditer(text):
        piece = token.group()
        if piece == "{":
            open_braces.append(-1)
        elif piece.startswith(("\\boxed", "\\fboxed")):
            open_braces.append(token.end())
        elif piece == "}" and open_braces:
            start = open_braces.pop()
            if start >= 0 and text[start : token.start()].strip():
                found.append((start, token.start()))
    return sorted(found)


def answer_line(text: str) -> str | None:
    """What the last line gives as the answer: ``#### 5``, ``A: 5``, ``Answer: 5``, ``Final answer: 5``."""
    stripped = text.rstrip()
    line = stripped[stripped.rfind("\n") + 1 :].strip()
    if line.startswith("####"):
        return line.lstrip("#").strip() or None
    match = _ANSWER_LINE.match(line)
    return _unmark(match.group(1)) if match else None


def answer_statement(text: str) -> str | None:
    """What the last sentence of the form "the answer is ..." says, up to the sentence's end."""
    last = None
    for match in _ANSWER_IS.finditer(text):
        last = match
    if last is None:
        return None
    stated = text[last.end() : last.end() + _LONGEST_STATEMENT].partition("\n")[0]
    end = _SENTENCE_END.search(stated)
    return _unmark(stated[: end.start()] if end else stated)


def _unmark(text: str) -> str | None:
    return text.strip().strip("*_`\"'“”").strip() or None


def boxed_or(text: str, *fallbacks: tuple[str, Callable[[], str | None]]) -> Extract | None:
    """The last box of ``text``, else what the first of the named ``fallbacks`` finds, else None."""
    box = last_box(text)
    if box is not None:
        return Extract(box, "box")
    for name, find in fallbacks:
        if found := find():
            return Extract(found, f"fallback:{name}")
    return None
