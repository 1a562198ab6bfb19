r"""Which option a text spells: by its words, or by its value with its unit.

Words are compared without case, articles and punctuation; mathematics never is: a sign, point, slash, exponent or unit
that differs makes another value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from scale_or_reason.grading.evaluation import TooComplex
from scale_or_reason.grading.latex import plain_number, quick_equal
from scale_or_reason.grading.readings import readings, same_reading
from scale_or_reason.grading.units import parse_unit
from scale_or_reason.grading.words import normalise

#: Characters that words have and mathematics has not; a hyphen only between words.
_WORDY = re.compile(
    r"(?:[^\W\d_]|[\s.,;:'\"’‘“”!?()*`]|(?<=[a-z])-(?=[a-z]{2})|(?<=\s)[-–—](?=\s)|[–—](?=[A-Z][a-z])|&)*", re.UNICODE
)
_NUMBER_LIKE = re.compile(r"\d")
_MATH_TEXT = 200
_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
_OWN_LETTER = re.compile(r"^\(?[A-J]\)\s*")


def option_by_text(text: str, options: Sequence[str], exactly: bool = False) -> int | None:
    """The index of the one option that ``text`` spells; None if there is none, or more than one.

    ``exactly``: only the same spelling counts, up to case, spaces and mark-up.
    """
    plain = plain_option(text)
    if not plain:
        return None
    tests = (_same_text, _same_words, _same_value, _same_value_without_unit)
    for same in tests[:1] if exactly else tests:
        found = [index for index, option in enumerate(options) if same(option, text)]
        if len(found) > 1:  # 3 x 10^8 m/s and 3 x 10^5 km/s are one value: the unit decides
            found = [index for index in found if _same_unit(options[index], text)] or found
        if found and len({plain_option(options[index]) for index in found}) == 1:
            return found[0]
    return None


def _same_text(option: str, text: str) -> bool:
    return plain_option(option) == plain_option(text) and _same_case(option, text)


def _same_unit(option: str, text: str) -> bool:
    """Whether two values have a unit of the same size."""
    units = [
        {parse_unit(reading.unit) for reading in readings(_latex(side)) if reading.known} for side in (option, text)
    ]
    return bool(units[0] & units[1])


def other_number(text: str, option: str) -> bool:
    """Whether text and option are two plain numbers that differ: "B) 16.2" where B is -16.2."""
    first, second = plain_number(text.strip(" *.")), plain_number(_OWN_LETTER.sub("", option))
    if first is None or second is None or first.value == second.value:
        return False
    places = len(text.strip(" *.").partition(".")[2])
    return not (places and first.value == round(second.value, places))


def _same_case(option: str, text: str) -> bool:
    """Whether units that differ in case alone are the same: mm is not Mm."""
    if not _NUMBER_LIKE.search(text):
        return True
    runs = (re.findall(r"[A-Za-z]+", side) for side in (option, text))
    pairs = ((parse_unit(mine), parse_unit(its)) for mine, its in zip(*runs, strict=False) if mine != its)
    return all(mine is None or its is None or mine == its for mine, its in pairs)


@lru_cache(maxsize=20_000)
def plain_option(text: str) -> str:
    """Lower case, single spaces, plain dashes and quotes, no mark-up at the ends."""
    plain = " ".join(text.casefold().translate(_DASHES).split()).strip(" *\"'`$").rstrip(" .*")
    return plain if plain[1:2].isdigit() else plain.lstrip(".")


@lru_cache(maxsize=20_000)
def is_wordy(text: str) -> bool:
    """Whether a text holds words and punctuation only."""
    return len(text) <= 5000 and _WORDY.fullmatch(text) is not None and re.search(r"[^\W\d_]{2}", text) is not None


def _same_words(option: str, text: str) -> bool:
    if is_wordy(option) and is_wordy(text):
        return normalise(option.translate(_DASHES)) == normalise(text.translate(_DASHES)) != ""
    return _spelling(option) == _spelling(text) and _same_case(option, text)


@lru_cache(maxsize=20_000)
def _spelling(text: str) -> str:
    """Words and mathematics in one spelling: no articles, spaces or commas behind words, but every sign."""
    plain = plain_option(text).replace("\\$", "$").replace("\\%", "%")
    plain = re.sub(r"\b(?:a|an|the)\s+(?=[a-z]{2})", "", plain)
    return re.sub(r"\s*([,;:()])\s*", r"\1", re.sub(r",\s*and\b", " and", plain))


def _same_value(option: str, text: str) -> bool:
    """Whether option and text are one value, with the unit that both have; a unit may stand in one of them alone."""
    if len(option) > _MATH_TEXT or len(text) > _MATH_TEXT:
        return False
    if any(is_wordy(side) and not _number_of(side) for side in (option, text)):
        return False
    return _value_equal(option, text)


def _number_of(text: str) -> bool:
    return len(text.split()) <= 4 and bool(readings(text))


def _value_equal(option: str, text: str) -> bool:
    if not _any_measured(option) and not _any_measured(text) and quick_equal(option, text):
        return True
    if _any_measured(option) != _any_measured(text):
        return False  # compared without the unit, if that is clear
    try:
        return bool(same_reading(_latex(option), _latex(text)))
    except TooComplex:
        return False


@lru_cache(maxsize=20_000)
def _any_measured(text: str) -> bool:
    """Whether every value that the text may be has a unit behind it."""
    found = [reading for reading in readings(_latex(text)) if reading.unit]
    return bool(found)


def _same_value_without_unit(option: str, text: str) -> bool:
    """One of the two has no unit: the question or the options state it."""
    if len(option) > _MATH_TEXT or len(text) > _MATH_TEXT or _any_measured(option) == _any_measured(text):
        return False
    if not (_NUMBER_LIKE.search(option) and _NUMBER_LIKE.search(text)):
        return False
    if ("%" in option) != ("%" in text):
        return False
    try:
        return bool(same_reading(_latex(option), _latex(text)))
    except TooComplex:
        return False


def _latex(text: str) -> str:
    return text.strip().strip("*`\"'").rstrip(".").strip()
