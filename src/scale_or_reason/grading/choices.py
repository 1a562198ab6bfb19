r"""Grader for multiple choice: the letter, or the option's text, or both.

The box first. Without one, or if it names no option, the last letter that is asserted ("answer is (X)", "Answer: X",
"leaving X"), a text that is stated as the answer, then an answer or a last line that is nothing but a letter or an
option. Two letters are no answer. A lone capital letter somewhere in prose is not taken for one.
"""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading.extraction import Extract, answer_statement, final_answer, final_box, hash_line
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.latex import plain_text
from scale_or_reason.grading.letters import HEDGE, asserted_letter, named_letter
from scale_or_reason.grading.options import option_by_text, plain_option

#: WinoGrande's options have numbers.
_NUMBERED = re.compile(r"\(?(?:[Oo]ption\s?)?(\d)\)?(?:[.):]?\s{0,9}(.*)|\s*)", re.DOTALL)
#: What a letter is told apart from: ``B, not C``.
_CONTRAST = re.compile(r"(?<=[A-Z)]),?\s(?:and\s)?not\s\(?[A-Z]\)?[\s.]*$")
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
    numbered = [
        gold for gold in item["gold"] if gold.strip().isdigit() and plain_option(options[right]) != gold.strip()
    ]
    box = final_box(final)
    if box is not None:
        chosen = chosen_option(box, options, numbered)
        if chosen is not None or _is_hedged(box, len(options)):
            return make_grade(_is_right(chosen, right, numbered), box, "box")
    extract = _extract(final, options, numbered)
    if extract is None:
        return make_grade(False, box, "none" if box is None else "box")
    return make_grade(
        _is_right(chosen_option(extract.text, options, numbered), right, numbered), extract.text, extract.how
    )


def _is_right(chosen: int | str | None, right: int, numbered: list[str]) -> bool:
    return chosen == right or chosen in numbered


def _is_hedged(text: str, count: int) -> bool:
    """Whether a text names several options by their letters."""
    letters = set(HEDGE.findall(_CONTRAST.sub("", plain_text(text)))) & set(ascii_uppercase[:count])
    return len(letters) > 1


def gold_index(item: dict[str, Any], options: list[str]) -> int:
    """The index of the right option."""
    golds = gold_answers(item)
    letters = ascii_uppercase[: len(options)]
    for gold in golds:
        if len(gold.strip()) == 1 and gold.strip() in letters:
            return letters.index(gold.strip())
    texts = [plain_option(option) for option in options]
    for gold in golds:
        if plain_option(gold) in texts:
            return texts.index(plain_option(gold))
    raise StudyError(
        "the gold answer of a multiple-choice item is none of its options",
        key=f"{item.get('benchmark')} / {item.get('item_id')}",
        found=golds,
        expected=f"a letter of {letters} or one of {options}",
    )


def chosen_option(text: str, options: list[str], numbered: list[str] | None = None) -> int | str | None:
    """The index of the option that ``text`` names by letter, by text or by both; None if it names none, or several.

    A letter counts before a text. With ``numbered`` (the numbers that the gold answers list) a bare number that is no
    option's text comes back as it is.
    """
    text = _CONTRAST.sub("", plain_text(text[:_LONGEST_OPTION]))
    letters = ascii_uppercase[: len(options)]
    letter = named_letter(text, letters, options)
    if letter is not None:
        return letters.index(letter)
    by_text = option_by_text(text, options)
    if by_text is not None:
        return by_text
    match = _NUMBERED.fullmatch(text)
    if numbered and match:
        if match[2]:
            return option_by_text(match[2], options)
        return match[1]
    if _is_hedged(text, len(options)):
        return None
    letter = asserted_letter(text, letters, options)
    return None if letter is None else letters.index(letter)


def _extract(final: str, options: list[str], numbered: list[str]) -> Extract | None:
    letters = ascii_uppercase[: len(options)]
    letter = asserted_letter(final, letters, options)
    if letter is not None:
        return Extract(letter, "fallback:answer-is")
    if letter == "":
        return None
    whole, last = final.strip(), final.rstrip().rpartition("\n")[2].strip()
    for name, text in (
        ("answer-line", hash_line(final)),
        ("answer-is-text", _behind_sum(answer_statement(final))),
        ("whole", whole),
        ("last-line", last.strip("*_ ")),
    ):
        if text and len(text) <= _LONGEST_OPTION and chosen_option(text, options, numbered) is not None:
            return Extract(text, f"fallback:{name}")
    return None


def _behind_sum(text: str | None) -> str | None:
    """What a chain of equations ends in: ``10 + 10 = 20``."""
    if text and "=" in text and any(character.isdigit() for character in text.partition("=")[0]):
        return text.rpartition("=")[2].strip()
    return text
