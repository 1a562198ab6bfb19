r"""Grader for open-ended mathematics: is the boxed expression equal to the gold answer?

Equal spelling and plain numbers are decided by :mod:`~.latex`, other forms by :mod:`~.readings`; math-verify, in a
child process, compares only what these cannot read (sums, integrals, limits). Without a box, the official extractors'
fallbacks: the ``####`` or ``A:`` line (GSM8K), "the answer is", the last formula or number.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from scale_or_reason.grading.evaluation import TooComplex
from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    final_answer,
    final_box,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.isolation import ask_algebra
from scale_or_reason.grading.latex import as_latex, both_signs, in_words, quick_equal
from scale_or_reason.grading.prose import stated_expression
from scale_or_reason.grading.readings import readings, same_reading

#: Longer expressions are no answers; longer texts are searched from this many characters before their end.
_LONGEST_EXPRESSION = 600
#: What is stated as the answer is looked at whole up to this length.
_LONGEST_STATED = 80
_DEEPEST = 25
_HUGE_POWER = re.compile(r"(?:\^|\*\*)\s*\{?\s*[-+(]?\s*(?:\d{4,}|\d+\s*(?:\^|\*\*|!))|\d\s*!\s*!|\d{4,}\s*!|\d{400,}")
#: Mathematics that only computer algebra can compute.
_ALGEBRA = re.compile(
    r"\\(?:begin|sum|prod|int|iint|lim|det|max|min|gcd|lcm|partial|nabla|bmod|pmod|setminus|cap|mathbb|infty|gamma|zeta)"
)
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds the accepted expressions."""
    golds = [plain_gold(gold) for gold in gold_answers(item)]
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    box = final_box(final)
    if box is not None:
        return _grade_expression(golds, box, "box")
    return _grade_unboxed(golds, final)


@lru_cache(maxsize=20_000)
def plain_gold(gold: str) -> str:
    """The expression of a gold answer that is a whole solution, or has its backslashes doubled."""
    box = final_box(gold)
    if box is not None:
        return box
    if "\\\\" in gold and "\\begin" not in gold:
        gold = re.sub(r"\\\\(?=[A-Za-z])", lambda _: "\\", gold)
    return gold


def _grade_unboxed(golds: list[str], final: str) -> Grade:
    if any(in_words(gold) for gold in golds):
        stated = _grade_stated_words(golds, final)
        if stated is not None:
            return stated
    extract = stated_expression(final)
    if extract is None:
        return make_grade(False, None, "none")
    return _grade_expression(golds, extract.text, extract.how)


def _grade_stated_words(golds: list[str], final: str) -> Grade | None:
    """Words are found where they are said to be the answer, or are all of it."""
    tail = final[-2500:]
    whole = final.strip()
    plain_whole = whole if "\n" not in whole and not re.search(r".\*\*|.\$|\\\[", whole) else ""
    for text, how in (
        (answer_line(tail), "answer-line"),
        (answer_statement(tail), "answer-is"),
        (plain_whole, "whole"),
    ):
        if text and len(text) <= _LONGEST_STATED:
            return _grade_expression(golds, text, f"fallback:{how}")
    return None


def _grade_expression(golds: list[str], expression: str, how: str) -> Grade:
    note = ""
    for gold in golds:
        correct, note = equal_expressions(gold, expression)
        if correct:
            return make_grade(True, expression, how, note)
    return make_grade(False, expression, how, note)


@lru_cache(maxsize=100_000)
def equal_expressions(gold: str, answer: str) -> tuple[bool, str]:
    """Whether two expressions are equal, and a note if that could not be found out (then they count as different)."""
    quick = None if "\\$" in gold and "cent" in answer else quick_equal(gold, answer)
    if quick is not None:
        return quick, ""
    if len(answer) > _LONGEST_EXPRESSION + len(gold) or too_complex(answer):
        return False, "too-complex"
    if "\\$" in gold and "cent" in answer:
        gold += r"\text{ dollars}"
    try:
        same = same_reading(gold, answer)
    except TooComplex:
        return False, "too-complex"
    if same or not _needs_algebra(gold, answer):
        return bool(same), ""
    reply = ask_algebra(op="equal", gold=both_signs(gold), answer=both_signs(as_latex(answer)))
    return bool(reply.get("equal")), reply.get("error", "")


def _needs_algebra(gold: str, answer: str) -> bool:
    """Whether an expression is beyond :mod:`~.readings` and holds no words, which computer algebra passes over."""
    if readings(gold) and readings(answer):
        return False
    if _WORD.search(re.sub(r"\\(?:begin|end)\s?\{[a-zA-Z]+\}|\\[A-Za-z]+", "", answer)) or "\\text" in answer:
        return False
    return _ALGEBRA.search(answer) is not None or (not readings(gold) and _ALGEBRA.search(gold) is not None)


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
