"""Grader for reading comprehension (SQuAD, CoQA): normalised exact match and F1 over all gold answers.

The verdict is yes for an exact match, or for F1 >= 0.8 where one answer only says more than the other and numbers and
negations agree: the papers' judges ask whether two answers mean the same, and exact match alone would call "the Denver
Broncos team" wrong. A word in another's place is another answer. Both official measures have columns of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from statistics import fmean
from typing import Any

from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
)
from scale_or_reason.grading.grade import Grade, gold_answers, make_grade
from scale_or_reason.grading.latex import plain_text
from scale_or_reason.grading.wording import number_word
from scale_or_reason.grading.words import normalise, token_f1

F1_THRESHOLD = 0.8
#: A span is short; of a longer text without a box only this much of the end is compared.
_LONGEST_SPAN = 4000
_NEGATIONS = frozenset(
    {"no", "not", "never", "none", "nobody", "without", "cannot", "nt", "neither", "nor", "nothing", "hardly", "un"}
)
_CONTRACTED = re.compile(r"\b(\w+)n['’]t\b", re.IGNORECASE)
_PLAIN_ANSWERS = ("yes", "no")
_DASHES = str.maketrans("–—−‑", "----")
#: A number with its sign, currency, points and percent sign; a hyphen behind a word or digit is none.
_NUMBER = re.compile(r"(?<![\w.])[-+]?[$€£]?\d[\d,]*(?:\.\d+)?(?:[/:^-]\d+(?:\.\d+)?)*\s?%?")
#: Words that may be exchanged for each other without another meaning.
_FUNCTION_WORDS_TEXT = "in on at by of to for from with was is are were be been his her their its it that this"
_FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())


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
    correct = any(_same_text(gold, text) for gold in golds) or (
        any(_same_span(gold, text) for gold in golds) and not any(_exchanges(gold, text) for gold in golds)
    )
    note = leave_one_out(golds, text) if item.get("benchmark") == "coqa" else ""
    return _measured(make_grade(correct, extract.text, extract.how, note), exact, f1)


def leave_one_out(golds: list[str], text: str) -> str:
    """Exact match and F1 as CoQA's official evaluation has them, for the note of a grade.

    With several gold answers each is left out in turn, as if it were a person's answer to be compared with the others,
    and the mean of the best over the rest is taken (Reddy, Chen & Manning 2019, section 5.1).
    """
    rounds = [golds[:left] + golds[left + 1 :] for left in range(len(golds))] if len(golds) > 1 else [golds]
    exact = fmean(any(normalise(gold) == normalise(text) for gold in others) for others in rounds)
    f1 = fmean(max(token_f1(gold, text) for gold in others) for others in rounds)
    return f"leave-one-out exact_match={exact:.3f} f1={f1:.3f}"


def _measured(grade: Grade, exact: bool, f1: float) -> Grade:
    return replace(grade, exact_match=exact, f1=f1)


def _same_span(gold: str, text: str) -> bool:
    gold, text = (_CONTRACTED.sub(r"\1 not", side.translate(_DASHES)) for side in (gold, text))
    gold_words, words = normalise(gold).split(), normalise(text).split()
    if not _same_numbers(gold, text):
        return False
    if gold_words == words:
        return True
    if gold_words and gold_words[0] in _PLAIN_ANSWERS and len(gold_words) == 1:
        return words[:1] == gold_words and "and" not in words[1:2]  # "Yes, he did." answers as "yes" does
    spoken = [number_word(side.strip(" .\"'“”`")) for side in (gold, text)]
    if any(number is not None for number in spoken):
        return True  # a number in words, and the same number
    if token_f1(gold, text) < F1_THRESHOLD or _negations(gold_words) != _negations(words):
        return False
    return not _exchanges(gold, text) and _in_order(gold_words, words)


def _same_text(gold: str, text: str) -> bool:
    """Whether two texts have the same normalised words and the same numbers."""
    return normalise(gold.translate(_DASHES)) == normalise(text.translate(_DASHES)) and _same_numbers(
        gold.translate(_DASHES), text.translate(_DASHES)
    )


def _exchanges(gold: str, text: str) -> bool:
    """Whether a text is a gold answer with a word of meaning in another's place."""
    gold_words, words = normalise(gold).split(), normalise(text).split()
    missing, added = Counter(gold_words) - Counter(words), Counter(words) - Counter(gold_words)
    exchanged = {*missing, *added} if missing and added else set()
    return not exchanged <= _FUNCTION_WORDS and token_f1(gold, text) >= 0.6


def _in_order(first: list[str], second: list[str]) -> bool:
    """Whether the words that two answers share come in the same order: "Ali beat Foreman" is not "Foreman beat Ali"."""
    shared = set(first) & set(second)
    kept = [[word for word in words if word in shared] for words in (first, second)]
    return kept[0] == kept[1] or Counter(kept[0]) != Counter(kept[1])


def _same_numbers(gold: str, text: str) -> bool:
    """Whether two texts hold the same numbers with their signs; one in words counts as one in digits."""
    return _numbers(gold) == _numbers(text)


def _numbers(text: str) -> Counter[str]:
    whole = number_word(text.strip(" .\"'“”`"))
    if whole is not None:
        return Counter([str(whole)])
    found = []
    for match in _NUMBER.finditer(text):
        number = re.sub(r",(?=\d{3}(?!\d))|[\s$€£+]", "", match.group())
        found.append(number.rstrip("0").rstrip(".") if "." in number else number)
    return Counter(found)


def _negations(words: list[str]) -> Counter[str]:
    return Counter("not" for word in words if word in _NEGATIONS)
