"""Grader for reading comprehension (SQuAD, CoQA): normalised exact match and F1 over all gold answers.

The verdict is yes for an exact match, or for F1 >= 0.8 where numbers and negations agree: the papers' judges ask
whether two answers mean the same, and exact match alone would call "the Denver Broncos team" wrong. Both measures have
columns of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.latex import plain_text
from scale_or_reason.grading.words import normalise, token_f1

F1_THRESHOLD = 0.8
#: A span is short; of a longer text without a box only this much of the end is compared.
_LONGEST_SPAN = 4000
_NEGATIONS = frozenset({"no", "not", "never", "none", "nobody", "without", "cannot", "nt"})
_PLAIN_ANSWERS = ("yes", "no")


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds the accepted spans."""
    golds = gold_answers(item)
    final = final_answer(answer)
    if final is None:
        return _measured(make_grade(False, None, "unclosed-think"), exact=False, f1=0.0)
    whole = final.strip()[-_LONGEST_SPAN:]
    extract = boxed_or(
        final,
        ("answer-line", lambda: answer_line(whole)),
        ("answer-is", lambda: answer_statement(whole)),
        ("whole", lambda: whole),
    )
    if extract is None:
        return _measured(make_grade(False, None, "none"), exact=False, f1=0.0)
    text = plain_text(extract.text)[-_LONGEST_SPAN:]
    exact = any(normalise(gold) == normalise(text) for gold in golds)
    f1 = max(token_f1(gold, text) for gold in golds)
    correct = exact or any(_same_span(gold, text) for gold in golds)
    return _measured(make_grade(correct, extract.text, extract.how), exact, f1)


def _measured(grade: Grade, exact: bool, f1: float) -> Grade:
    return replace(grade, exact_match=exact, f1=f1)


def _same_span(gold: str, text: str) -> bool:
    gold_words, words = normalise(gold).split(), normalise(text).split()
    if gold_words and gold_words[0] in _PLAIN_ANSWERS and len(gold_words) == 1:
        return words[:1] == gold_words  # "Yes, he did." answers as "yes" does
    return token_f1(gold, text) >= F1_THRESHOLD and _signs(gold_words) == _signs(words)


def _signs(words: list[str]) -> set[str]:
    """The words in which one difference changes the meaning: numbers and negations."""
    return {word for word in words if word in _NEGATIONS or any(character.isdigit() for character in word)}
