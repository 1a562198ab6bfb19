r"""Grader for open-ended mathematics: is the boxed expression equal to the gold answer?

Equal spelling and plain numbers are decided here; everything else by math-verify in a child process. Without a box,
the official extractors' fallbacks: the last line's ``####`` or ``A:`` (GSM8K), "the answer is" and the last expression
(math-verify), the last number (lm-evaluation-harness, "flexible").
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    final_answer,
    last_box,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.isolation import ask_algebra
from scale_or_reason.grading.latex import as_latex, both_signs, in_words, plain_number, quick_equal
from scale_or_reason.grading.wording import number_word

#: Longer expressions are no answers; longer texts are searched from this many characters before their end.
_LONGEST_EXPRESSION, _LONGEST_TEXT = 600, 2500
#: What is stated as the answer is looked at whole up to this length.
_LONGEST_STATED = 80
_DEEPEST = 25
_HUGE_POWER = re.compile(r"(?:\^|\*\*)\s*\{?\s*[-+(]?\s*(?:\d{4,}|\d+\s*(?:\^|\*\*|!))|\d\s*!\s*!|\d{4,}\s*!|\d{400,}")
_PROSE_NUMBER = re.compile(r"(?<![\w./])-?\d{1,40}(?:,\d{3}){0,12}(?:\.\d{1,40}|/\d{1,40})?%?(?!\w)")
_MATHEMATICS = re.compile(r"\$[^\d]|[\\^{}]")


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds the accepted expressions."""
    golds = gold_answers(item)
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    box = last_box(final)
    if box is not None:
        return _grade_expression(golds, box, "box")
    return _grade_unboxed(golds, final)


def _grade_unboxed(golds: list[str], final: str) -> Grade:
    line, bare = answer_line(final), final.strip()
    if line is not None and plain_number(line):
        return _grade_expression(golds, line, "fallback:answer-line")
    if plain_number(bare):
        return _grade_expression(golds, bare, "fallback:whole")
    tail = final[-_LONGEST_TEXT:].replace("−", "-")
    if all(_is_integer(gold) for gold in golds) and not _MATHEMATICS.search(tail):
        return _grade_prose_number(golds, tail)
    worded = any(in_words(gold) for gold in golds)
    stated = answer_statement(tail) or ""
    if worded and len(line or stated or bare) <= _LONGEST_STATED:
        return _grade_stated_words(golds, line, stated, bare)
    if stated[:1] in ("(", "[") and len(stated) <= _LONGEST_STATED:  # of a bare tuple math-verify finds the last part
        grade = _grade_expression(golds, stated, "fallback:answer-is")
        if grade.lenient:
            return grade
    return _grade_text(golds, tail)


def _grade_stated_words(golds: list[str], line: str | None, stated: str, bare: str) -> Grade:
    """Words are found where they are said to be the answer, or are all of it."""
    for text, how in ((line, "answer-line"), (stated, "answer-is"), (bare, "whole")):
        if text:
            return _grade_expression(golds, text, f"fallback:{how}")
    return make_grade(False, None, "none")


def _is_integer(text: str) -> bool:
    number = plain_number(text)
    return number is not None and number.whole and not number.percent


def _grade_prose_number(golds: list[str], text: str) -> Grade:
    statement = answer_statement(text) or ""
    stated = _PROSE_NUMBER.findall(statement)
    if stated or number_word(statement) is not None:
        return _grade_expression(golds, stated[0] if stated else statement, "fallback:answer-is")
    numbers = _PROSE_NUMBER.findall(text)
    if numbers:
        return _grade_expression(golds, numbers[-1], "fallback:last-number")
    return make_grade(False, None, "none")


def _grade_expression(golds: list[str], expression: str, how: str) -> Grade:
    note = ""
    for gold in golds:
        correct, note = equal_expressions(gold, expression)
        if correct:
            return make_grade(True, expression, how, note)
    return make_grade(False, expression, how, note)


def _grade_text(golds: list[str], text: str) -> Grade:
    """Let math-verify look for the answer in prose; only what stands there as an expression can be found."""
    if not any(character.isdigit() or character in "$\\" for character in text):
        return make_grade(False, None, "none")
    if too_complex(text):
        return make_grade(False, None, "none", "too-complex")
    extracted, note = None, ""
    for gold in golds:
        reply = ask_algebra(op="text", gold=gold, answer=text)
        note = reply.get("error", "")
        if "equal" not in reply:
            continue
        extracted = reply["extracted"] or extracted
        if reply["equal"]:
            return make_grade(True, extracted, "fallback:math-verify")
    return make_grade(False, extracted, "fallback:math-verify" if extracted else "none", note)


@lru_cache(maxsize=100_000)
def equal_expressions(gold: str, answer: str) -> tuple[bool, str]:
    """Whether two expressions are equal, and a note if that could not be found out (then they count as different)."""
    quick = quick_equal(gold, answer)
    if quick is not None:
        return quick, ""
    if len(answer) > _LONGEST_EXPRESSION + len(gold) or too_complex(answer):
        return False, "too-complex"
    if not any(character.isdigit() for character in answer) and plain_number(gold) and "\\" not in answer:
        return False, ""  # words and letters are no number
    reply = ask_algebra(op="equal", gold=both_signs(gold), answer=both_signs(as_latex(answer)))
    return bool(reply.get("equal")), reply.get("error", "")


def too_complex(text: str) -> bool:
    """Whether algebra on ``text`` would only burn time: deep nesting, huge powers, factorials of factorials."""
    depth = deepest = 0
    for character in text:
        if character in "{([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "})]":
            depth = max(depth - 1, 0)
    return deepest > _DEEPEST or _HUGE_POWER.search(text) is not None
