r"""Which answers to an item are the same answer, for majority votes.

Answers are compared as the rule graders extracted them, and never with the gold answer: right and wrong answers are
merged by the same test. Multiple choice: the option. Yes/no questions: the word. Mathematics: equal expressions.
Numbers: equal within one per cent, in the same unit, which is the item's where an answer has none. Reading
comprehension: the same normalised words. Equality of expressions and of rounded numbers is not transitive, so an
answer belongs to the first earlier one that it equals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from scale_or_reason.grading.choices import chosen_option, gold_index
from scale_or_reason.grading.grade import extra_of
from scale_or_reason.grading.latex import plain_text
from scale_or_reason.grading.math import equal_expressions
from scale_or_reason.grading.numbers import Quantity, quantity_in
from scale_or_reason.grading.options import plain_option
from scale_or_reason.grading.units import factor_between
from scale_or_reason.grading.words import normalise
from scale_or_reason.grading.yes_no import word_in

#: The relative difference up to which two numbers are one answer.
TOLERANCE = 0.01


def can_vote(grader: str) -> bool:
    """Whether answers that the grader called ``grader`` reads can be the same; summaries and instructions cannot."""
    return grader in _CLASSES


def answer_classes(grader: str, item: dict[str, Any], extracted: Sequence[str | None]) -> list[int | None]:
    """The class of each answer to an item: the index of the first answer that is the same; None if it is unreadable.

    ``extracted`` are the texts that the rule grader found in the answers (column ``extracted`` of the verdicts), None
    where it found nothing. ``item`` is a row of the ``items`` schema. Raises :class:`KeyError` for a grader without
    votes (:func:`can_vote`).
    """
    return _CLASSES[grader](item, extracted)


def _by_key(read: Callable[[dict[str, Any], str], Hashable | None]) -> Callable[..., list[int | None]]:
    """Classes of answers with equal keys; the key None is an unreadable answer."""

    def classes(item: dict[str, Any], extracted: Sequence[str | None]) -> list[int | None]:
        first: dict[Hashable, int] = {}
        found: list[int | None] = []
        for number, text in enumerate(extracted):
            key = read(item, text) if text and text.strip() else None
            found.append(None if key is None else first.setdefault(key, number))
        return found

    return classes


def _by_equality(
    read: Callable[[dict[str, Any], str], Any], same: Callable[[Any, Any], bool]
) -> Callable[[dict[str, Any], Sequence[str | None]], list[int | None]]:
    """Classes of answers that equal their first member."""

    def classes(item: dict[str, Any], extracted: Sequence[str | None]) -> list[int | None]:
        members: dict[int, Any] = {}
        of_text: dict[str, int | None] = {}
        found: list[int | None] = []
        for number, text in enumerate(extracted):
            if not text or not text.strip():
                found.append(None)
                continue
            if text not in of_text:
                value = read(item, text)
                earlier = (first for first, member in members.items() if same(member, value))
                of_text[text] = None if value is None else next(earlier, number)
                if of_text[text] == number:
                    members[number] = value
            found.append(of_text[text])
        return found

    return classes


def _option(item: dict[str, Any], text: str) -> Hashable | None:
    """The index of the chosen option. The gold list only shows whether options also have numbers, as in WinoGrande."""
    options = item.get("choices") or []
    right = gold_index(item, options)
    numbers = [gold for gold in item["gold"] if gold.strip().isdigit() and plain_option(options[right]) != gold.strip()]
    chosen = chosen_option(text, options, numbers)
    if isinstance(chosen, str):
        return int(chosen) - 1 if 0 < int(chosen) <= len(options) else None
    return chosen


def _words(item: dict[str, Any], text: str) -> Hashable | None:
    return normalise(plain_text(text)) or None


def _same_expression(first: str, second: str) -> bool:
    return equal_expressions(first, second)[0] or equal_expressions(second, first)[0]


def _quantity(item: dict[str, Any], text: str) -> Quantity | None:
    found = quantity_in(text)
    return replace(found, unit=str(extra_of(item).get("unit", ""))) if found and not found.unit else found


def _same_quantity(first: Quantity, second: Quantity) -> bool:
    factor: float = 1.0
    if first.unit != second.unit:
        converted = factor_between(second.unit, first.unit) if first.known and second.known else None
        if converted is None:
            return False
        factor = float(converted)
    return math.isclose(first.value, second.value * factor, rel_tol=TOLERANCE)


_CLASSES: dict[str, Callable[[dict[str, Any], Sequence[str | None]], list[int | None]]] = {
    "choice": _by_key(_option),
    "yes_no": _by_key(lambda item, text: word_in(text)),
    "span": _by_key(_words),
    "math": _by_equality(lambda item, text: text, _same_expression),
    "number": _by_equality(_quantity, _same_quantity),
}
