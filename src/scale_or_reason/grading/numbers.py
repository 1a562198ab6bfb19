r"""Grader for numeric science answers (SciBench): relative tolerance 0.05, as the official evaluation.

The dataset's unit may carry a power of ten: gold 2 with unit "$10^6$ m" is 2e6 m. The prompt states the unit, so that
"2" is right; an answer that writes the power itself ("2 \times 10^6 m", "2000000") is right as well. An answer with a
unit must be right as a whole: other prefixes are converted ("2000 km" is right, "2 km" is not), and a unit of another
dimension, or one that is not known, is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scale_or_reason.grading.evaluation import value_of
from scale_or_reason.grading.expressions import NotAnExpression, parse_expression
from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
    first_sentence,
)
from scale_or_reason.grading.grade import Grade, extra_of, gold_answers, make_grade
from scale_or_reason.grading.math import too_complex
from scale_or_reason.grading.readings import unit_text
from scale_or_reason.grading.tokens import Token, join_thousands, tokenize
from scale_or_reason.grading.units import factor_between, parse_unit
from scale_or_reason.grading.wording import MODIFIERS, SCALES, number_word

RELATIVE_TOLERANCE = 0.05
_LONGEST_TEXT, _LONGEST_NUMBER, _LONGEST_UNIT = 4000, 300, 60
_SUPERSCRIPT = re.compile(r"([⁺⁻]?[⁰¹²³⁴-⁹]+)")
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_MINUS = str.maketrans("−", "-")
_TIMES_TEN = re.compile(r"(?<=[\d.])\s*(?:times|x|X|\*|·|×|\\cdot|\\times)\s*(?=10\s*(?:\^|\*\*))")
#: A sign in front of a number and not between two; a range ("5--6", "5 to 6", "5–6 m") is no number.
_RANGE = re.compile(
    r"\d\s*(?:\\text\s?\{\s*)?(?:[A-Za-z°]{1,8}\s*)?(?:--|–|—|\bto\b|\bthrough\b|\\sim|\\text\{--\})(?:\s*\})?\s*\d|(?<![\^{eE_\d(/*+-])\d+(?:\.\d+)?-\d+(?:\.\d+)?\s*(?:\\?[A-Za-z]|$)"
)
_COMMENT = re.compile(r"\s*(?:\\text\s?\{\s*)?\([A-Za-z][A-Za-z ,]{2,60}\)(?:\s*\})?\s*$")
_STATED_NUMBER = re.compile(
    r"(?<![\w.^{\\])(?<!\^[-+])(?<!\{[-+])(?<![A-Za-z][-+])(?<!\w\^\()[-+]?(?:\d{1,3}(?:,\d{3}(?!\d)){1,12}|\d{1,40})(?:\.\d{1,40})?"
    r"(?:[eE][-+]?\d{1,3}(?!\w)|\s{0,3}(?:\\times|\\cdot|×|\*|x|·|times)\s{0,3}10\s{0,3}(?:\^|\*\*)\s{0,3}[{(]?[-+]?\d{1,3}[})]?)?"
)
#: Words behind a number that say nothing about its value.
_HARMLESS_TEXT = (
    "approximately approx about upward upwards downward downwards east west north south left right toward towards per "
    "of the a an in at for from with total each direction counterclockwise clockwise respectively away inward outward"
)
_HARMLESS = frozenset(_HARMLESS_TEXT.split()) - MODIFIERS


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds numbers; its extra JSON may hold ``power_of_ten`` (the unit's
    exponent, 0 if absent), ``unit`` and ``relative_tolerance``."""
    extra = extra_of(item)
    wanted = _Wanted(
        tuple(value for gold in gold_answers(item) if (value := number_in(gold)) is not None),
        str(extra.get("unit", "")),
        int(extra.get("power_of_ten", 0)),
        float(extra.get("relative_tolerance", RELATIVE_TOLERANCE)),
    )
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    tail = _SUPERSCRIPT.sub(
        lambda match: f"^{{{match[1].translate(_SUPERSCRIPTS)}}}", final[-_LONGEST_TEXT:].translate(_MINUS)
    )
    extract = boxed_or(
        final,
        ("answer-line", lambda: _last_number(answer_line(tail))),
        ("answer-is", lambda: _stated_number(answer_statement(tail))),
        ("last-number", lambda: _last_number(tail)),
    )
    if extract is None:
        return make_grade(False, None, "none")
    measured = quantity_in(extract.text)
    if measured is None:
        return make_grade(False, extract.text, extract.how, "no-number")
    return make_grade(wanted.holds(measured), extract.text, extract.how)


@dataclass(frozen=True)
class Quantity:
    """A number and the unit behind it; ``known`` is False for words or letters that are no unit."""

    value: float
    unit: str = ""
    known: bool = True


@dataclass(frozen=True)
class _Wanted:
    """Gold numbers, their unit (perhaps with a power of ten in front) and the tolerance."""

    values: tuple[float, ...]
    unit: str
    power_of_ten: int
    tolerance: float

    def holds(self, measured: Quantity) -> bool:
        """Whether ``measured`` is one of the gold numbers, in the wanted unit."""
        whole = [value * 10.0**self.power_of_ten for value in self.values]
        percent = _is_percent(measured.unit)
        if percent and not _is_percent(self.unit):
            hundredth = any(self._close(measured.value / 100, target) for target in (*self.values, *whole))
            return hundredth or any(abs(target) > 1 and self._close(measured.value, target) for target in self.values)
        if measured.unit and parse_unit(self.unit) is not None and not _is_angle(measured.unit):
            factor = factor_between(measured.unit, self.unit) if measured.known else None
            if factor is None:
                return False
            if factor == 1 and not self.power_of_ten:
                return any(self._close(measured.value, target) for target in whole)
            return any(self._close(measured.value * float(factor), target) for target in whole)
        if not measured.known and parse_unit(self.unit) is not None:
            return False
        return any(self._close(measured.value, target) for target in (*self.values, *whole))

    def _close(self, value: float, target: float) -> bool:
        return math.isclose(value, target, rel_tol=self.tolerance, abs_tol=1e-12 if target == 0 else 0.0)


def _is_percent(unit: str) -> bool:
    return unit.strip("\\ $").lower() in ("%", "percent")


def _is_angle(unit: str) -> bool:
    """A bare degree sign: it is also written for kelvin and degrees Celsius."""
    return re.sub(r"[\s^{}\\]", "", unit) in ("circ", "°")


def _stated_number(text: str | None) -> str | None:
    """The number of a statement: behind its last equals sign, else the first."""
    if not text:
        return None
    behind = text.rpartition("=")[2]
    return _number_at(behind, 0) or _number_at(text, 0)


def _last_number(text: str | None) -> str | None:
    return _number_at(text, -1) if text else None


def _number_at(text: str, index: int) -> str | None:
    """The first or last number of ``text``, with the scale word and the unit behind it."""
    found = list(_STATED_NUMBER.finditer(text))
    if not found:
        return None
    number = found[index]
    behind = text[number.end() : number.end() + _LONGEST_UNIT].partition("\n")[0]
    return number.group() + _unit_behind(first_sentence(behind))


def _unit_behind(text: str) -> str:
    """The longest beginning of ``text`` that is a scale word or unit."""
    scale = re.match(r"\s?(?:thousand|million|billion|trillion)\b", text)
    begun = scale.group() if scale else ""
    rest = text[len(begun) :]
    ends = [match.end() for match in re.finditer(r"[A-Za-z0-9}%°)Ωµμ](?![A-Za-z0-9])", rest)][:12]
    for end in reversed(ends):
        if rest[:1] in " ~\\%^°$" + "kmcgJNWVsAµμΩ" and parse_unit(rest[:end]) is not None:
            return begun + rest[:end]
    unknown = re.match(r"\s?[A-Za-z]{1,3}(?![A-Za-z])", rest)
    return begun + (
        unknown.group() if unknown and unknown.group().strip().lower() not in _HARMLESS | _SHORT_WORDS else ""
    )


_SHORT_WORDS_TEXT = "is as it if so or we by on be do no up its but not can has are was all out off you"
_SHORT_WORDS = frozenset(_SHORT_WORDS_TEXT.split())


def number_in(text: str) -> float | None:
    r"""The value of a short numeric expression, perhaps after ``x =`` and before a unit; None if it is none.

    >>> number_in(r"v \approx 2.0 \times 10^{6}\ \mathrm{m/s}")
    2000000.0
    """
    quantity = quantity_in(text)
    return None if quantity is None else quantity.value


def quantity_in(text: str) -> Quantity | None:
    """As :func:`number_in`, with what stands behind the number."""
    if len(text) > _LONGEST_NUMBER or too_complex(text):
        return None
    text = _SUPERSCRIPT.sub(lambda match: f"^{{{match[1].translate(_SUPERSCRIPTS)}}}", text.translate(_MINUS))
    text = _COMMENT.sub(lambda match: "}" if "text" not in match[0] and match[0].rstrip().endswith("}") else "", text)
    if _RANGE.search(text):
        return None
    tokens = tokenize(join_thousands(_TIMES_TEN.sub(" * ", text)))
    tokens = _after_relation(tokens or [])
    for place, token in enumerate(tokens):
        if token.text == "pm" and place:
            tokens = [*tokens[:place], *_behind_error(tokens[place + 1 :])]
            break
    return _quantity_of(tokens) if tokens else None


def _after_relation(tokens: list[Token]) -> list[Token]:
    """What stands behind the last equals sign, without leading words and a final full stop."""
    for place in range(len(tokens) - 1, -1, -1):
        if tokens[place].text in ("=", "approx", "equiv", ":", "sim"):
            tokens = tokens[place + 1 :]
            break
    start = next((place for place, token in enumerate(tokens[:6]) if token.kind != "word"), 0)
    tokens = tokens[start:]
    while tokens and tokens[-1].text in (".", ",", ";"):
        tokens = tokens[:-1]
    return tokens


def _behind_error(tokens: list[Token]) -> list[Token]:
    """What stands behind the error that follows a plus-minus sign."""
    return tokens[1:] if tokens and tokens[0].kind == "number" else []


def _quantity_of(tokens: Sequence[Token]) -> Quantity | None:
    """The shortest number that is followed by a known unit, else the whole as a number, else number and words."""
    words = [token.text for token in tokens]
    if all(word.isalpha() or word == "-" for word in words):
        number = number_word(" ".join(words))
        if number is not None:
            return Quantity(float(number))
    for place in range(1, len(tokens)):
        if _is_unit_start(tokens[place]):
            unit = unit_text(tokens[place:])
            value = _value(tokens[:place]) if parse_unit(unit) is not None else None
            if value is not None:
                return Quantity(value, unit)
    value = _value(tokens)
    if value is not None:
        return Quantity(value)
    for place in range(len(tokens) - 1, 0, -1):
        value = _value(tokens[:place])
        if value is not None:
            return _with_words(value, tokens[place:])
    return None


def _is_unit_start(token: Token) -> bool:
    return token.kind in ("word", "symbol", "command") or token.text in ("%", "^", "(", "{")


def _with_words(value: float, tokens: Sequence[Token]) -> Quantity | None:
    """A number with a scale word, a unit with a remark behind it, or words that are no unit."""
    first = tokens[0].text.lower()
    if first in SCALES and tokens[0].kind == "word":
        rest = unit_text(tokens[1:])
        known = not rest or parse_unit(rest) is not None
        return Quantity(value * SCALES[first], rest, known)
    lowered = [token.text.lower() for token in tokens if token.kind == "word"]
    if any(token.kind == "number" and not _is_exponent(tokens, place) for place, token in enumerate(tokens)):
        return None  # another number
    if any(word in MODIFIERS for word in lowered) or any(token.text == "," for token in tokens):
        return None
    for end in range(len(tokens) - 1, 0, -1):
        behind = [token for token in tokens[end:] if token.kind in ("word", "symbol")]
        if parse_unit(unit_text(tokens[:end])) is not None and all(len(token.text) > 2 for token in behind):
            return Quantity(value, unit_text(tokens[:end]))
    if all(word in _HARMLESS for word in lowered) and len(lowered) == len(tokens):
        return Quantity(value)
    if not lowered:
        return None
    return Quantity(value, unit_text(tokens), known=False)


def _is_exponent(tokens: Sequence[Token], place: int) -> bool:
    return place > 0 and any(token.text == "^" for token in tokens[max(0, place - 3) : place])


def _value(tokens: Sequence[Token]) -> float | None:
    try:
        value = value_of(parse_expression(tokens))
    except (NotAnExpression, RecursionError):
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None
