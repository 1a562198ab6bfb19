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
_NUMBERS |= {
    f"{tens} {one}": _NUMBERS[tens] + _NUMBERS[one] for tens in _TENS_TEXT.split() for one in _ONES_TEXT.split()[1:10]
}
_NUMBERS |= {"hundred": 100, "one hundred": 100, "a hundred": 100, "one thousand": 1000, "a thousand": 1000}

_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")
_CLAUSE = re.compile(r"^.*\b(?:is|are|was|were|be)\s+")
_ARTICLE = re.compile(r"\b(?:a|an|the)\s+(?=\S)")
_TIME = re.compile(r"(\d{1,2}):?(\d\d)?\s*([ap])\.?\s*m\.?|(\d{1,2}):(\d\d)", re.IGNORECASE)
_NUMERAL = re.compile(r"([0-9A-F]+)_\{?(\d{1,2}|[a-z]+)\}?")


def number_word(text: str) -> int | None:
    """The number that English words up to a hundred name, None for other words.

    >>> number_word("Twenty-one")
    21
    """
    return _NUMBERS.get(text.casefold().replace("-", " ").strip())


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
    if first is None or second is None:
        return None
    bases = [int(base) if base.isdecimal() else number_word(base) for base in (first[2], second[2])]
    return first[1] == second[1] and bases[0] == bases[1]
