r"""Parse the replies of judges."""

from __future__ import annotations

import re
from typing import Literal

from scale_or_reason.grading.extraction import boxes, final_answer

JudgeVerdict = Literal["yes", "no", "unparsable"]

#: gpt-oss writes in channels: an analysis, optionally a commentary, then the final reply.
_CHANNEL, _FINAL_CHANNEL = "<|channel|>", "<|channel|>final<|message|>"
#: A LaTeX command around the whole text: ``\text{no}``, ``\mathbf{no}``, ``\bf no``.
_COMMAND = re.compile(
    r"\\[a-zA-Z]{2,12}\s{0,9}\{(.*)\}|\{(.*)\}|\\(?:bf|rm|it|sf|tt|displaystyle|large)\s(.*)", re.DOTALL
)
#: Characters around a word that have no meaning.
_AROUND = " \t\r\n.,;:!~$*_`\"'“”‘’«»"
_SENTENCE_END = re.compile(r"[.!?](?=[\s)]|$)|\n")
#: A hypothetical verdict: "If they were equal I would write ...", "I would have said ...".
_UNREAL = re.compile(
    r"\bwould\s+have\b|\b(?:if|had|were)\b.*\bwould\b|\bwould\b.*\b(?:if|had|were)\b", re.I | re.DOTALL
)
#: Characters on either side of a box that can belong to its sentence.
_SENTENCE = 300
_MOST_LAYERS = 5


def final_reply(reply: str) -> str | None:
    """The reply after the reasoning (think tags or channels); None if the reasoning does not end."""
    if _CHANNEL in reply:
        _, found, reply = reply.rpartition(_FINAL_CHANNEL)
        if not found:
            return None
    return final_answer(reply)


def plain_words(box: str) -> str:
    r"""The words in a box in lower case, without LaTeX, quotes and punctuation around them (``\text{No.}``: ``no``)."""
    words = box.strip(_AROUND)
    for _ in range(_MOST_LAYERS):
        command = _COMMAND.fullmatch(words)
        if not command:
            break
        words = next(group for group in command.groups() if group is not None).strip(_AROUND)
    return " ".join(words.casefold().split())


def parse_verdict(reply: str) -> JudgeVerdict:
    r"""The verdict in the last box of a reply: ``\boxed{yes}`` or ``\boxed{no}`` (v1 table 5), in any font and case.

    Only the last box counts: if it has neither word, the verdict is ``unparsable``, which is counted and never treated
    as no. A yes in prose does not count. Reasoning is ignored. A box in a hypothetical sentence ("I would have said
    ...") counts only if there is no other.
    """
    final = final_reply(reply)
    places = boxes(final) if final else []
    if not final or not places:
        return "unparsable"
    given = [place for place in places if not _UNREAL.search(_sentence(final, *place))]
    word = plain_words(final[slice(*(given or places)[-1])])
    return "yes" if word == "yes" else "no" if word == "no" else "unparsable"


def _sentence(text: str, start: int, end: int) -> str:
    """The sentence around the box whose content is at ``start`` to ``end``, without that content."""
    before, after = text[max(0, start - _SENTENCE) : start], text[end : end + _SENTENCE]
    ends = [match.end() for match in _SENTENCE_END.finditer(before)]
    stop = _SENTENCE_END.search(after)
    return before[ends[-1] if ends else 0 :] + after[: stop.start() if stop else None]
