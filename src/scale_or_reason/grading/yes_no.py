"""Grader for yes/no questions: the box, else what the answer says, else its first or last yes or no.

"No" before a noun is no answer ("No provision forbids this, so yes"), "not yes" is no, and "yes and no" is neither.
"""

from __future__ import annotations

import re
from typing import Any

from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.latex import plain_text

_WORD = re.compile(
    r"(?P<negation>\b(?:not|isn't|never|neither|no\s+longer)\s{1,3}(?:simply\s|a\s|an\s|necessarily\s)?[\"'“*]{0,3})?\b(?P<word>yes|no)\b",
    re.IGNORECASE,
)
_ADVERB = r"(?:(?:definitely|certainly|clearly|probably|likely|therefore|most likely|absolutely|simply)\W{1,3})?"
_LEADING = re.compile(
    rf"\W*(?P<negation>(?:definitely |certainly |clearly )?(?:not|neither)\s{{1,3}}[\"'“*]{{0,3}})?{_ADVERB}"
    r"(?P<word>yes|no)\b",
    re.IGNORECASE,
)
#: Behind a "no" that is an answer: the end, a mark, or a new clause. Behind any other stands a noun.
_ENDS_ANSWER = re.compile(
    r"[\s\"'”*)}\]`$]*(?:$|[.,;:!?\n—–(-]|\b(?:because|since|as|they|it|he|she|you|we|the|this|that|these|there|under"
    r"|according|based|but|not|users?\s+(?:can|may|must)\s?not)\b)",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\b(?:yes\s{0,3}(?:and|or|/|&|,)\s{0,3}(?:also\s)?no|no\s{0,3}(?:and|or|/|&)\s{0,3}yes|neither\s{1,3}yes\s{1,3}nor\s{1,3}no)\b",
    re.IGNORECASE,
)
_OPPOSITE = {"yes": "no", "no": "yes"}
_UNNATURAL = re.compile(
    r"\b(?:by|in|of|with|there|has|have|under|on|is|are|contains|imposes|gives|provides|at|if|makes|makes)\s+$",
    re.IGNORECASE,
)


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold is "Yes" or "No"."""
    gold = gold_answers(item)[0].strip().lower()
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    extract = boxed_or(
        final,
        ("answer-line", lambda: _first(answer_line(final))),
        ("answer-is", lambda: _first(answer_statement(final))),
        ("first-word", lambda: _first(final)),
        ("last-yes-no", lambda: _last(final)),
    )
    if extract is None:
        return make_grade(False, None, "none")
    return make_grade(word_in(extract.text) == gold, extract.text, extract.how)


def word_in(text: str) -> str | None:
    """What an extracted text says: "yes" or "no"; None if it says neither."""
    plain = plain_text(text)
    return _first(plain) or _first(answer_statement(plain)) or _only(plain)


def _first(text: str | None) -> str | None:
    """The yes or no that ``text`` begins with."""
    match = _LEADING.match(text) if text else None
    if text is None or match is None or _BOTH.search(text[: match.end() + 12]):
        return None
    return _said(match, text)


def _said(match: re.Match[str], text: str) -> str | None:
    word = match["word"].lower()
    if word == "no" and not match["negation"] and not _ENDS_ANSWER.match(text[match.end() : match.end() + 60]):
        return None
    return _OPPOSITE[word] if match["negation"] else word


def _last(text: str) -> str | None:
    """The last yes or no of the text that is an answer."""
    found = None
    for match in _WORD.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()]
        said = None if _UNNATURAL.search(before) and match["word"].lower() == "no" else _said(match, text)
        if said is not None:
            found = said
    both = list(_BOTH.finditer(text))
    return None if both and not _WORD.search(text, both[-1].end()) else found


def _only(text: str) -> str | None:
    """The yes or no of a box that holds a short sentence."""
    return _last(text) if len(text) <= 200 else None
