r"""Grader for multiple choice: the letter, or the option's text, or both.

The box first. Without one, MMLU-Pro's official patterns "answer is (X)" and "Answer: X", then an answer that is
nothing but a letter or an option, then a last line that is nothing but a letter. A lone capital letter somewhere in
prose is not taken for an answer.
"""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading.extraction import (
    Extract,
    answer_statement,
    boxed_or,
    final_answer,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.latex import canonical, plain_text, quick_equal
from scale_or_reason.grading.math import equal_expressions
from scale_or_reason.grading.words import normalise

_LETTER = re.compile(r"[\s(\[*{]*([A-Z])[\s)\]*}.:,;]*")
_LETTER_AND_TEXT = re.compile(
    r"[\s(\[*]*(?:[Oo]ption |[Cc]hoice )?[\s(\[*]*([A-Z])(?:[)\]*.:,;]+|\s+[-–]|\s*$)\s*(.*)",
    re.DOTALL,
)
#: A letter that is stated as the answer; "A" and "I" are no letters where they begin a phrase.
_STATED_LETTER = r"[\s*(\[${]{0,9}(?:\\text\{)?\(?([B-HJ-Z]|[AI](?![ \t]+(?!because|since|as\b)[a-z]))\b(?!['’])"
_STATED = re.compile(r"(?i:\b(?:answer|option|choice)\s{1,9}is:?\s{0,9}(?:(?:option|choice)\s)?)" + _STATED_LETTER)
_LINE = re.compile(r"(?i:\banswer\*{0,2}\s{0,9}:)" + _STATED_LETTER)
_TEXT_AND_LETTER = re.compile(r".*\(([A-Z])\)[\s.]*", re.DOTALL)
#: WinoGrande's options have numbers.
_NUMBERED = re.compile(r"(?:[Oo]ption\s?)?(\d)(?:[.):]\s{0,9}(.*)|\s*)", re.DOTALL)
_LONGEST_OPTION = 2000


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item with ``choices``.

    The gold list holds the right letter, the right text, or both, and perhaps other spellings (WinoGrande's numbers).
    """
    options = item.get("choices") or []
    right = gold_index(item, options)
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    extract = _extract(final, options)
    if extract is None:
        return make_grade(False, None, "none")
    chosen = chosen_option(extract.text, options, right)
    correct = chosen == right or (chosen is None and _option_number(extract.text) in map(_plain, item["gold"]))
    return make_grade(correct, extract.text, extract.how)


def _option_number(text: str) -> str:
    """``Option 2`` and ``2.`` as ``2``, other texts in one spelling."""
    numbered = _NUMBERED.fullmatch(plain_text(text))
    return numbered[1] if numbered and not numbered[2] else _plain(text)


def gold_index(item: dict[str, Any], options: list[str]) -> int:
    """The index of the right option."""
    golds = gold_answers(item)
    letters = ascii_uppercase[: len(options)]
    for gold in golds:
        if len(gold.strip()) == 1 and gold.strip() in letters:
            return letters.index(gold.strip())
    texts = [_plain(option) for option in options]
    for gold in golds:
        if _plain(gold) in texts:
            return texts.index(_plain(gold))
    raise StudyError(
        "the gold answer of a multiple-choice item is none of its options",
        key=f"{item.get('benchmark')} / {item.get('item_id')}",
        found=golds,
        expected=f"a letter of {letters} or one of {options}",
    )


def chosen_option(text: str, options: list[str], right: int | None = None) -> int | None:
    """The index of the option that ``text`` names by letter, by text or by both; None if it names none.

    A letter counts before a text. With ``right`` given, an expression that is no option's text is compared with that
    option by algebra.
    """
    text = plain_text(text[:_LONGEST_OPTION])
    letters = ascii_uppercase[: len(options)]
    match = _LETTER.fullmatch(text) or _LETTER.fullmatch(text.upper() if len(text.strip("().")) == 1 else "")
    if match and match.group(1) in letters:
        return letters.index(match.group(1))
    numbered = _NUMBERED.fullmatch(text)
    by_text = _option_by_text(text, options)
    if by_text is None and numbered and numbered[2]:
        by_text = _option_by_text(numbered[2], options)
    if by_text is not None:
        return by_text
    match = _LETTER_AND_TEXT.fullmatch(text) or _TEXT_AND_LETTER.fullmatch(text)
    letter = match.group(1) if match else _last_letter(_STATED, text) or _last_letter(_LINE, text)
    if letter and letter in letters:
        return letters.index(letter)
    looks_like_algebra = any(mark in text for mark in "\\^%") and len(text) < 150
    if right is not None and looks_like_algebra and equal_expressions(options[right], text)[0]:
        return right
    return None


def _option_by_text(text: str, options: list[str]) -> int | None:
    plain, spelled = _plain(text), canonical(text)
    if not plain and not spelled:
        return None
    for same in (
        [index for index, option in enumerate(options) if _plain(option) == plain and plain],
        [index for index, option in enumerate(options) if canonical(option) == spelled],
        [index for index, option in enumerate(options) if quick_equal(option, text)],
        [index for index, option in enumerate(options) if normalise(option) == normalise(text) != ""],
    ):
        if len(same) == 1:
            return same[0]
    return None


def _plain(text: str) -> str:
    """Lower case, single spaces, no mark-up at the ends."""
    plain = " ".join(text.casefold().split()).strip(" *\"'“”`$").rstrip(" .*")
    return plain if plain[1:2].isdigit() else plain.lstrip(".")


def _extract(final: str, options: list[str]) -> Extract | None:
    return boxed_or(
        final,
        ("answer-is", lambda: _last_letter(_STATED, final)),
        ("answer-line", lambda: _last_letter(_LINE, final)),
        ("answer-is-text", lambda: _if_option(answer_statement(final), options)),
        ("whole", lambda: _if_option(final.strip(), options)),
        ("last-line", lambda: _if_letter(final.rstrip().rpartition("\n")[2])),
    )


def _if_letter(line: str) -> str | None:
    return line.strip() if len(line) < 20 and _LETTER.fullmatch(line) else None


def _last_letter(pattern: re.Pattern[str], text: str) -> str | None:
    found = None
    for match in pattern.finditer(text):
        found = match.group(1)
    return found


def _if_option(text: str | None, options: list[str]) -> str | None:
    if text is None or len(text) > _LONGEST_OPTION:
        return None
    return text if chosen_option(text, options) is not None else None
