r"""What a short answer may mean: a form (:mod:`~scale_or_reason.grading.shapes`) and the words behind it, its unit.

An answer can have several readings: ``12 cm`` is twelve centimetres or a product, ``(1,234)`` a number or a point. Two
answers are equal if one of the gold answer's readings is equal to one of the answer's. Words that change a value
("5 or more", "5 million", "not 5") are never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scale_or_reason.grading.comparison import same_shape
from scale_or_reason.grading.evaluation import TooComplex
from scale_or_reason.grading.expressions import NotAnExpression, symbols_of
from scale_or_reason.grading.shapes import Shape, Value, shape_of
from scale_or_reason.grading.tokens import Token, join_thousands, tokenize
from scale_or_reason.grading.units import parse_unit
from scale_or_reason.grading.wording import MODIFIERS, SCALES, number_word

Tokens = Sequence[Token]
_MOST_CHARACTERS = 600
_TIMES_TEN = re.compile(r"(?<=\d)\s*(?:times|x|X)\s*(?=10\s*(?:\^|\*\*|⁻|[⁰-⁹¹²³]))")
_SUPERSCRIPT = re.compile(r"([⁺⁻]?[⁰¹²³⁴-⁹]+)")
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_LEADING_TEXT = "about approximately approx roughly around exactly only just nearly almost"
_LEADING = frozenset(_LEADING_TEXT.split())
_CURRENCIES = frozenset({"USD", "EUR", "GBP", "Rs", "INR", "US"})
_STATING = frozenset({"is", "are", "was", "were", "equals", "be"})
_NOT_UNITS = MODIFIERS | SCALES.keys() | _STATING | {"x", "y", "n", "pi", "sqrt", "option", "choice", "answer"}
_SMALL_WORDS = frozenset({"a", "an", "of", "in", "per", "by", "on", "at", "the", "each", "for"})
#: Letters that are units where a space stands before them.
_UNIT_LETTERS_TEXT = "m s g h L K J N W V A F"
_UNIT_LETTERS = frozenset(_UNIT_LETTERS_TEXT.split())
_HALF_OF_DAY = re.compile(
    r"(?<![\d.^{-])((?:1[0-2]|0?\d)(?::\d\d)?)(?:\s|\\text\s?\{\s*)+[ap]\.?\s?m\.?\s*\}?\s*$", re.IGNORECASE
)
_MOST_UNIT_WORDS = 8


@dataclass(frozen=True)
class Reading:
    """A form, and the text of the unit behind it; ``known`` if the unit is one of :mod:`~.units`."""

    shape: Shape
    unit: str = ""
    known: bool = False


@lru_cache(maxsize=50_000)
def readings(text: str) -> tuple[Reading, ...]:
    """All readings of ``text``; none for a text that is no mathematics, or too long."""
    if len(text) > _MOST_CHARACTERS:
        return ()
    text = _SUPERSCRIPT.sub(lambda match: f"^{{{match[1].translate(_SUPERSCRIPTS)}}}", text)
    text = _HALF_OF_DAY.sub(r"\1", _TIMES_TEN.sub("*", text))
    found: list[Reading] = []
    for spelling in dict.fromkeys((join_thousands(text), text)):
        tokens = tokenize(spelling)
        if tokens:
            found += _readings_of(_without_label(tokens))
    return tuple(dict.fromkeys(found))


def _readings_of(tokens: list[Token]) -> list[Reading]:
    found = []
    whole = _shape_or_none(tokens)
    if whole is not None:
        found.append(Reading(whole))
    worded = _in_words(tokens)
    if worded is not None:
        found.append(worded)
    found += _with_unit(tokens)
    return found


def _shape_or_none(tokens: Tokens) -> Shape | None:
    try:
        return shape_of(tokens)
    except (NotAnExpression, RecursionError):
        return None


def _without_label(tokens: list[Token]) -> list[Token]:
    """Without "Answer:", "The answer is", "about", "USD" before it; "minus 3" as -3."""
    for place, token in enumerate(tokens[:12]):
        if token.text == ":" and place and all(_is_word(before) for before in tokens[:place]):
            tokens = tokens[place + 1 :]
            break
        if token.text in _STATING and place and all(_is_word(before) for before in tokens[:place]):
            tokens = tokens[place + 1 :]
            break
        if not _is_word(token):
            break
    while tokens and (
        (tokens[0].kind == "word" and tokens[0].text.lower() in _LEADING)
        or tokens[0].text in ("approx", "=", "*", ":")
        or (tokens[0].text in _CURRENCIES and len(tokens) > 1)
        or (tokens[0].text == "." and len(tokens) > 1)
    ):
        tokens = tokens[1:]
    if len(tokens) > 1 and tokens[0].text in ("minus", "negative") and tokens[1].kind == "number":
        tokens = [Token("mark", "-"), *tokens[1:]]
    while tokens and tokens[-1].text in ("*", ".", ",", ";", "\\\\", "!!"):
        tokens = tokens[:-1]
    return tokens


def _is_word(token: Token) -> bool:
    return token.kind == "word" or (token.kind == "symbol" and token.text in "aA")


def _in_words(tokens: Tokens) -> Reading | None:
    """``twenty-one``, ``five apples``, ``one half``."""
    words = [token.text for token in tokens if token.text != "-"]
    if not words or len(words) > 12 or not all(word.isalpha() for word in words):
        return None
    lowered = " ".join(words).lower()
    if lowered in _FRACTION_WORDS:
        top, bottom = _FRACTION_WORDS[lowered]
        return Reading(Value(("div", ("num", top), ("num", bottom))))
    for count in range(len(words), 0, -1):
        number = number_word(" ".join(words[:count]))
        if number is None:
            continue
        node = ("num", str(number)) if number >= 0 else ("neg", ("num", str(-number)))
        rest = words[count:]
        if rest in (["squared"], ["cubed"]):
            return Reading(Value(("pow", node, ("num", "2" if rest == ["squared"] else "3"))))
        if any(word.lower() in _NOT_UNITS for word in rest):
            return None
        return _measured(node, " ".join(rest), bool(rest))
    return None


_FRACTION_WORDS = {
    "half": ("1", "2"), "one half": ("1", "2"), "a half": ("1", "2"), "one third": ("1", "3"), "a third": ("1", "3"),
    "two thirds": ("2", "3"), "one quarter": ("1", "4"), "a quarter": ("1", "4"), "one fourth": ("1", "4"),
    "three quarters": ("3", "4"), "three fourths": ("3", "4"), "one fifth": ("1", "5"), "two fifths": ("2", "5"),
    "three fifths": ("3", "5"), "four fifths": ("4", "5"), "one sixth": ("1", "6"), "five sixths": ("5", "6"),
    "one eighth": ("1", "8"), "three eighths": ("3", "8"), "one tenth": ("1", "10"),
}  # fmt: skip


def _measured(node: tuple, unit: str, worded: bool) -> Reading:
    if unit.strip(" .").lower() in ("percent", "per cent"):
        return Reading(Value(("pct", node)))
    return Reading(Value(node), unit, parse_unit(unit) is not None) if worded else Reading(Value(node))


def _with_unit(tokens: list[Token]) -> list[Reading]:
    """Readings in which the tokens' end is a unit or a scale word."""
    for place in range(1, len(tokens)):
        token = tokens[place]
        if not _may_begin_unit(token, tokens[place - 1]):
            continue
        rest = _words_behind(tokens[place:])
        if rest is None:
            continue
        scale, unit_tokens = rest
        unit = unit_text(unit_tokens)
        known = bool(unit_tokens) and parse_unit(unit) is not None
        if not known and not all(_is_plain(word) for word in unit_tokens):
            continue
        shape = _shape_or_none(tokens[:place])
        if shape is None:
            continue
        scaled = _scaled(shape, scale)
        if scaled is None:
            continue
        if unit.strip(" .").lower() in ("percent", "per cent", "%") and isinstance(scaled, Value):
            return [Reading(Value(("pct", scaled.node)))]
        return [Reading(scaled, unit, known)]
    return []


def _may_begin_unit(token: Token, before: Token) -> bool:
    if token.kind == "word":
        return True
    if token.kind == "symbol":
        return token.quoted or (token.spaced and token.text in _UNIT_LETTERS)
    if token.kind == "command":
        return token.text in ("mu", "Omega", "AA", "frac") and before.kind in ("number", "mark")
    return token.text == "(" and (token.quoted or token.spaced)


def _words_behind(tokens: Tokens) -> tuple[str, list[Token]] | None:
    """The scale word that they begin with ("" if none), and the rest; None if they change the value otherwise."""
    first = tokens[0].text.lower()
    scale = first if first in SCALES or first in ("squared", "cubed") else ""
    rest = list(tokens[1:] if scale else tokens)
    if rest and rest[0].text.lower() in SCALES:
        return None
    if any(token.text.lower() in _NOT_UNITS and token.kind == "word" for token in rest):
        return None
    if len([token for token in rest if token.kind == "word"]) > _MOST_UNIT_WORDS:
        return None
    return scale, rest


def _is_plain(token: Token) -> bool:
    """A word that may stand behind a number and says nothing about its value."""
    if token.kind == "word":
        word = token.text.lower()
        return (token.text[0].islower() and (len(word) > 2 or word in _SMALL_WORDS)) or (len(word) > 2 and token.quoted)
    return token.text in ("(", ")", ".", "a") or (token.quoted and token.text in (",", "'"))


def unit_text(tokens: Tokens) -> str:
    """The tokens of a unit in LaTeX again."""
    return " ".join(f"\\{token.text}" if token.kind == "command" else token.text for token in tokens).strip(" ()")


def _scaled(shape: Shape, scale: str) -> Shape | None:
    if not scale:
        return shape
    if not isinstance(shape, Value) or symbols_of(shape.node):
        return None
    if scale in ("squared", "cubed"):
        return Value(("pow", shape.node, ("num", "2" if scale == "squared" else "3")))
    return Value(("mul", shape.node, ("num", str(SCALES[scale]))))


def same_reading(gold: str, answer: str) -> bool | None:
    """Whether two short texts have a reading in common; None if one of them has none at all.

    Raises :class:`TooComplex` if a value is too large to be computed.
    """
    expected, given = readings(gold), readings(answer)
    if not expected or not given:
        return None
    return any(_same(mine, its) for mine in expected for its in given)


def _same(gold: Reading, answer: Reading) -> bool:
    first, second = gold.shape, answer.shape
    if gold.unit and answer.unit:
        if gold.known and answer.known:
            mine, its = parse_unit(gold.unit), parse_unit(answer.unit)
            assert mine is not None
            assert its is not None
            if mine.dimension != its.dimension:
                return False
            ratio = its.factor / mine.factor
            if ratio != 1:
                if not isinstance(second, Value):
                    return False
                factor = ("div", ("num", str(ratio.numerator)), ("num", str(ratio.denominator)))
                second = Value(("mul", second.node, factor))
        elif not _same_words(gold.unit, answer.unit):
            return False
    try:
        return same_shape(first, second)
    except (NotAnExpression, RecursionError):
        return False


def _same_words(first: str, second: str) -> bool:
    """Whether two units in words are the same, or one says more than the other: apples, red apples."""
    mine, its = (
        {word.rstrip("s") for word in re.findall(r"[a-z]+", text.lower()) if word not in _SMALL_WORDS}
        for text in (first, second)
    )
    return mine <= its or its <= mine


__all__ = ["Reading", "TooComplex", "readings", "same_reading", "unit_text"]
