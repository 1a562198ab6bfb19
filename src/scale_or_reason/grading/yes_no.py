"""Grader for yes/no questions: the box, else what the answer says, else its first or last yes or no."""

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

_YES_NO = re.compile(r"\b(yes|no)\b", re.IGNORECASE)
_LEADING = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


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
    plain = plain_text(extract.text)
    return make_grade((_first(plain) or _first(answer_statement(plain))) == gold, extract.text, extract.how)


def _first(text: str | None) -> str | None:
    """The yes or no that ``text`` begins with."""
    match = _LEADING.match(text) if text else None
    return match.group(1).lower() if match else None


def _last(text: str) -> str | None:
    found = None
    for match in _YES_NO.finditer(text):
        found = match.group(1).lower()
    return found
