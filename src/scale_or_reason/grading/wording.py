"""Short answers that are no mathematics: words, number words, times of day, numerals with their base.

Computer algebra would read them as products of letters, ratios or sequences.
"""

from __future__ import annotations

import re

_ONES_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_TEXT = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: number for number, word in enumerate(_ONES_TEXT.split())}
_NUMBERS |= {word: 10 * number for number, word in enumerate(_TENS_TEXT.split(), start=2)}
#: Words behind a number that multiply it.
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
#: Words behind a number after which it is another number, or a bound, or one of several.
_MODIFIERS_TEXT = (
    "or and not but nor neither either more less fewer greater smaller than least most to through between over "
    "under above below minus plus squared cubed half halves third thirds quarter quarters fourth fourths fifth "
    "fifths out times increase decrease increased decreased profit loss gain discount point hundredths "
    "thousandths tenths if divided multiplied except until factorial"
)
MODIFIERS = frozenset(_MODIFIERS_TEXT.split())

_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_CLAUSE = re.compile(r"^.*\b(?:is|are|was|were|be)\s+")
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+(?=\S)")
_TIME = re.compile(r"(\d{1,2}):?(\d\d)?\s*([ap])\.?\s*m\.?|(\d{1,2}):(\d\d)", re.IGNORECASE)
_NUMERAL = re.compile(r"([0-9A-F]+)_\{?(\d{1,2}|[a-z]+)\}?")


def number_word(text: str) -> int | None:
    """The whole number that English words name, None for other words.

    >>> number_word("Twenty-one"), number_word("minus two hundred and five"), number_word("a million")
    (21, -205, 1000000)
    """
    words = text.casefold().replace("-", " ").replace(",", " ").split()
    negative = words[:1] in (["minus"], ["negative"])
    words = words[1:] if negative else words
    if not words or len(words) > 20 or words[-1] == "and" or (words[0] in ("a", "an") and len(words) == 1):
        return None
    total, group, last = 0, 0, ""
    for place, word in enumerate(words):
        if word in ("a", "an") and place == 0:
            group = 1
        elif word == "and" and last in SCALES:
            continue
        elif word in _NUMBERS and not _clashes(last, word):
            group += _NUMBERS[word]
        elif word in ("hundred", "dozen"):
            group = max(group, 1) * SCALES[word]
        elif word in SCALES:
            total, group = total + max(group, 1) * SCALES[word], 0
        else:
            return None
        last = word
    return -(total + group) if negative else total + group


def _clashes(last: str, word: str) -> bool:
    """Whether two number words side by side are no number: "three seven", "ten five"."""
    if last not in _NUMBERS:
        return False
    return not (20 <= _NUMBERS[last] <= 90 and 1 <= _NUMBERS[word] <= 9)


def same_words(gold: str, answer: str) -> bool:
    """Whether two phrases are the same but for case, articles, ordinal endings and "The function is ..." before it.

    A gold answer that is one letter is also named by an answer that begins with it: ``(C) 5``.
    """
    if len(gold.strip("()")) == 1 and re.match(rf"\(?{re.escape(gold.strip('()'))}[).:]", answer):
        return True
    expected, given = _phrase(gold), _phrase(answer)
    return expected in (given, _CLAUSE.sub("", given)) and bool(expected)


def _phrase(text: str) -> str:
    plain = _ORDINAL.sub("", text.casefold()).strip("() .,;:!\"'*")
    return " ".join(_ARTICLE.sub("", plain).split())


def same_time(gold: str, answer: str) -> bool | None:
    """Whether two times of day are the same; None if the first is none or neither says a.m. or p.m. (a ratio)."""
    first, second = _TIME.fullmatch(gold), _TIME.fullmatch(answer)
    if first is None or not (first[3] or (second and second[3])):
        return None
    if second is None:
        return False
    same_half = not (first[3] and second[3]) or first[3].lower() == second[3].lower()
    return same_half and _minutes(first) == _minutes(second)


def _minutes(time: re.Match[str]) -> int:
    return 60 * int(time[1] or time[4]) + int(time[2] or time[5] or 0)


def same_numeral(gold: str, answer: str) -> bool | None:
    """Whether two numerals with a base (``101_2``) are the same; None if they are none, or have digits alone."""
    first, second = _NUMERAL.fullmatch(gold), _NUMERAL.fullmatch(answer)
    if first is not None and second is None and re.fullmatch(r"[0-9A-F]+", answer):
        return first[1] == answer  # the question states the base
    if first is None or second is None:
        return None
    bases = [int(base) if base.isdecimal() else number_word(base) for base in (first[2], second[2])]
    return first[1] == second[1] and bases[0] == bases[1]
