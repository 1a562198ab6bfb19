r"""Finding the final answer in what a model wrote: reasoning off, then the last ``\boxed{...}``, then fallbacks.

All functions take time linear in the answer's length, whatever it holds: answers are not to be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from scale_or_reason.common.think_tags import THINK_CLOSE, THINK_OPEN
from scale_or_reason.grading.grade import LONGEST_ANSWER

_MOST_STRAY_TAGS = 3
#: gpt-oss: the channel that holds the answer, with its control tokens and where a server has taken them away.
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_CHANNEL, _BARE_CHANNEL = "<|channel|>", "assistantfinal"
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|channel)\|>")

_BOX_START = re.compile(r"\\{1,2}f?box(?:ed)?\s{0,9}\{$")
_BOX_TOKEN = re.compile(r"\\{1,2}f?box(?:ed)?\s{0,9}\{|\\.|[{}]", re.DOTALL)
#: Between two boxes that are one answer: ``\boxed{1} and \boxed{2}``.
_JOINED = re.compile(r"\b(?:and|or)\b|,|;|\\text\{\s*(?:and|or)\s*\}")
_JOINING_ONLY = re.compile(
    r"(?:[\s$.,;=]|\\[\[\]()]|\\(?:text|quad|qquad)|\{|\}|\b(?:and|or)\b|\b[a-z](?:_\d)?\s?(?==))*"
)
_MOST_JOINED = 6

_VERB = r"(?:is|are|was|were|must\s{1,3}be|would\s{1,3}be|should\s{1,3}be|will\s{1,3}be|comes\s{1,3}to|equals|:|=)"
_ADVERB = (
    r"(?:(?:therefore|thus|hence|then|clearly|indeed|simply|just|exactly|approximately|about|roughly|found\s{1,3}to\s{1,3}be|"
    r"given\s{1,3}by|equal\s{1,3}to|obviously|actually|probably|likely|certainly|definitely|most\s{1,3}likely)[,\s]\s{0,5})"
)
_ANSWER_IS = re.compile(
    rf"\b(?:answer|result|solution)s?\b\*{{0,2}}\s{{0,9}}{_VERB}\s{{0,9}}:?\s{{0,9}}{_ADVERB}{{0,2}}(?=\S)",
    re.IGNORECASE,
)
_LONGEST_STATEMENT = 300
_ANSWER_LINE = re.compile(
    r"^\W{0,9}(?:\\text(?:bf)?\{)?(?:a|(?:the )?(?:final |correct )?answer)\}?\*{0,2}\s{0,9}:(.*)$", re.IGNORECASE
)
_HEADING = re.compile(r"\W{0,9}(?:the )?(?:final )?answer\W{0,9}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?](?=[\s*\"'”)\]]|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Rs|Dr|Mr|Mrs|Ms|St|Mt|Sgt|Lt|Col|Gen|Capt|Prof|Rev|Hon|Jr|Sr|No|vs|approx|Inc|Ltd|Co|Corp|Fig|Eq|ca|cf|etc|e\.g|i\.e)"
    r"|\b[A-Za-z]\.[A-Za-z])$"
)
_INITIAL = re.compile(r"(?:\b[A-Z][a-z]+|\b[A-Z]\.)\s[A-Z]$|^[A-Z]$")
_STARTERS_TEXT = (
    "The It This That These Those He She We They I So Therefore Thus Hence In A An However But And Because Since "
    "If As Note For To You There Here When While Let Also Then Now Both Each Option Options Other Others My Its"
)
_STARTERS = frozenset(_STARTERS_TEXT.split())
_NEXT_WORD = re.compile(r"[\s*\"'”)\]]*([A-Za-z']+)?")


@dataclass(frozen=True)
class Extract:
    """A piece of an answer and where it came from; ``how`` as in :class:`~scale_or_reason.grading.grade.Grade`."""

    text: str
    how: str


def final_answer(answer: str) -> str | None:
    """What follows the reasoning, or None if the reasoning never ended.

    Reasoning is everything up to the last ``</think>``; the opening tag may be missing, since some templates put it
    into the prompt. A last ``</think>`` that closes nothing and has nothing behind it is passed over. A later
    ``<think>`` that is not closed again starts text that is no answer either. Of channels (gpt-oss) the final one
    counts.
    """
    if _CHANNEL in answer:
        _, found, rest = answer.rpartition(_FINAL_CHANNEL)
        return _CHANNEL_END.split(rest, maxsplit=1)[0][-LONGEST_ANSWER:] if found else None
    if answer.startswith("analysis") and _BARE_CHANNEL in answer:
        return answer.rpartition(_BARE_CHANNEL)[2][-LONGEST_ANSWER:]
    before, close, rest = answer.rpartition(THINK_CLOSE)
    for _ in range(_MOST_STRAY_TAGS):  # tags behind the answer that close nothing
        thought = before.rpartition(THINK_CLOSE)
        if rest.strip() or not thought[1] or THINK_OPEN in thought[2]:
            break
        before, close, rest = thought
    if not close:
        return None if THINK_OPEN in answer else answer[-LONGEST_ANSWER:]
    return rest.partition(THINK_OPEN)[0].lstrip()[-LONGEST_ANSWER:]


def last_box(text: str) -> str | None:
    r"""The content of the last complete, non-blank ``\boxed{...}``; None if there is none.

    As :func:`boxes` finds them: of nested boxes the inner one counts.
    """
    found = boxes(text)
    return text[slice(*found[-1])].strip() if found else None


def final_box(text: str) -> str | None:
    r"""As :func:`last_box`, but boxes joined by "and", "or" or a comma are one answer: their contents as a list."""
    found = boxes(text)
    if not found:
        return None
    joined = [found[-1]]
    for before in reversed(found[-_MOST_JOINED:-1]):
        between = text[before[1] + 1 : joined[0][0]]
        if before[1] >= joined[0][0] or not _joins(_BOX_START.sub("", between)):
            break
        joined.insert(0, before)
    return ", ".join(dict.fromkeys(text[start:end].strip() for start, end in joined))


def boxes(text: str) -> list[tuple[int, int]]:
    r"""Start and end of the content of every complete, non-blank ``\boxed{...}``, in the order of their starts.

    Braces are balanced, ``\{`` and ``\}`` are text. A box that the length limit cut open is no box. Blank boxes are
    skipped, since models like to quote the prompt.
    """
    if "box" not in text:
        return []
    open_braces: list[int] = []  # where a box's content starts; -1 for a brace that opens no box
    found: list[tuple[int, int]] = []
    for token in _BOX_TOKEN.finditer(text):
        piece = token.group()
        if piece == "{":
            open_braces.append(-1)
        elif "box" in piece:
            open_braces.append(token.end())
        elif piece == "}" and open_braces:
            start = open_braces.pop()
            if start >= 0 and text[start : token.start()].strip():
                found.append((start, token.start()))
    return sorted(found)


def _joins(between: str) -> bool:
    """Whether nothing but a joining word or mark stands between two boxes."""
    return len(between) <= 40 and _JOINING_ONLY.fullmatch(between) is not None and _JOINED.search(between) is not None


def hash_line(text: str) -> str | None:
    """What stands behind the last ``####``, the mark of GSM8K's answers; None if there is none."""
    place = text.rfind("####")
    if place < 0 or (place and text[place - 1] not in "\n#" and text[:place].rstrip(" ")[-1:] not in "\n"):
        return None
    line = text[place:].lstrip("#").partition("\n")[0].strip()
    match = _ANSWER_LINE.match(line)
    return (_unmark(match.group(1)) if match else line) or None


def answer_line(text: str) -> str | None:
    """What the last line gives as the answer: ``#### 5``, ``A: 5``, ``Answer: 5``, ``Final answer: 5``."""
    stripped = text.rstrip()
    line = stripped[stripped.rfind("\n") + 1 :].strip()
    if line.startswith("####"):
        return hash_line(line)
    match = _ANSWER_LINE.match(line)
    if match is None:
        above = stripped[: max(0, stripped.rfind("\n"))].rstrip()
        return _unmark(line) if _HEADING.fullmatch(above[above.rfind("\n") + 1 :].strip()) else None
    return _unmark(match.group(1))


def answer_statement(text: str) -> str | None:
    """What the last sentence of the form "the answer is ..." says, up to the sentence's end."""
    last = None
    for match in _ANSWER_IS.finditer(text):
        last = match
    if last is None:
        return None
    stated = text[last.end() : last.end() + _LONGEST_STATEMENT].partition("\n")[0]
    return _unmark(first_sentence(stated))


def first_sentence(text: str) -> str:
    """Up to the full stop that ends a sentence: not that of ``Rs. 40``, ``U.S. Army`` or ``John A. Smith``."""
    for end in _SENTENCE_END.finditer(text):
        before, match = text[: end.start()], _NEXT_WORD.match(text, end.end())
        following = match[1] if match else None
        if end.group() == "." and following is not None:
            if following[0].islower():
                continue
            if _ABBREVIATION.search(before) and following not in _STARTERS:
                continue
            if _INITIAL.search(before) and following not in _STARTERS and " " in before.strip():
                continue
        elif end.group() == "." and _ABBREVIATION.search(before) and text[end.end() :].strip():
            continue
        return before
    return text


def _unmark(text: str) -> str | None:
    return text.strip().strip("*_`\"'“”").strip() or None


def boxed_or(text: str, *fallbacks: tuple[str, Callable[[], str | None]]) -> Extract | None:
    """The last box of ``text``, else what the first of the named ``fallbacks`` finds, else None."""
    box = final_box(text)
    if box is not None:
        return Extract(box, "box")
    for name, find in fallbacks:
        if found := find():
            return Extract(found, f"fallback:{name}")
    return None
