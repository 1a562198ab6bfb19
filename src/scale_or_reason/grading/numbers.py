r"""Grader for numeric science answers (SciBench): relative tolerance 0.05, as the official evaluation.

The dataset's unit may carry a power of ten: gold 2 with unit "$10^6$ m" is 2e6 m. The prompt states the unit, so that
"2" is right; an answer that writes the power itself ("2 \times 10^6 m", "2000000") is right as well. A unit with
another prefix is converted ("2000 km" is right, "2 km" is not), other units are not. A percentage is also its
hundredth.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from scale_or_reason.grading.extraction import (
    answer_line,
    answer_statement,
    boxed_or,
    final_answer,
)
from scale_or_reason.grading.grade import Grade, extra_of, gold_answers, make_grade
from scale_or_reason.grading.isolation import ask_algebra
from scale_or_reason.grading.latex import plain_number
from scale_or_reason.grading.math import too_complex
from scale_or_reason.grading.units import power_between

RELATIVE_TOLERANCE = 0.05
_SCIENTIFIC = re.compile(
    r"""(?P<mantissa>[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,40})?(?:\.\d{0,40})?)
        (?:\s*[eE]\s*(?P<e>[-+]?\d{1,3})
         | \s*(?:\\times|\\cdot|×|\*|x|·)\s*10\s*(?:\^|\*\*)\s*[{(]?\s*(?P<power>[-+]?\d{1,3})\s*[})]?)?""",
    re.VERBOSE,
)
_POWER_ONLY = re.compile(r"(?P<sign>[-+]?)10\s*(?:\^|\*\*)\s*[{(]?\s*(?P<power>[-+]?\d{1,3})\s*[})]?")
_NOISE = re.compile(r"\\[(\[]|\\[)\]]|\$|\\approx|\\left|\\right|\\,|\\!|\\;|\\:|~|≈|\{,\}")
#: Numbers in words, and another expression behind the first: no number then.
_SCALE_WORD = re.compile(r"\s*(?:\\text\s?\{\s*)?(thousand|million|billion|trillion)\b")
_SCALE_WORDS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SECOND_NUMBER = re.compile(r"(?:\b(?:and|or)\b|,)[^\d^_]*\d")
_SUPERSCRIPT = re.compile(r"[⁺⁻]?[⁰¹²³⁴-⁹]+")
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_UNIT = re.compile(
    r"\s*(?!\\?(?:pi|sqrt|exp|ln|log|e)(?![a-zA-Z]))(?:\\(?:text|mathrm|textrm|mbox|rm|operatorname|mathring|circ|degree|Omega|mu|ohm|AA|cdot|%)(?![a-z])|%|°|Ω|μ|µ|Å"
    r"|\\frac\s?\{\s*(?:\\(?:text|mathrm|rm)(?![a-z])|[A-Za-z])|\^?\{?\\circ\}?|[A-Za-z]|\{|\\ |\^\s*\{?\s*\\circ)"
)
_LEADING_WORDS = re.compile(r"^(?:\\text\s?\{)?(?:[A-Za-z]{1,20}\s){0,4}(?:\}\s*)?(?=[-+.\d])")
_STATED_NUMBER = re.compile(
    r"(?<![\w.^{])[-+]?\d{1,40}(?:,\d{3}){0,12}(?:\.\d{1,40})?"
    r"(?:[eE][-+]?\d{1,3}|\s{0,3}(?:\\times|\\cdot|×|\*|x|·)\s{0,3}10\s{0,3}(?:\^|\*\*)\s{0,3}[{(]?[-+]?\d{1,3}[})]?)?"
    r"(?:\s?%|\s(?:thousand|million|billion|trillion)\b)?(?:[\s~]?(?:\\(?:text|mathrm)\s?\{\s?)?[A-Za-zμµΩ]{1,12}\b)?"
)
_LONGEST_TEXT, _LONGEST_NUMBER = 4000, 300
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
_MINUS = str.maketrans("−–", "--")


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds numbers; its extra JSON may hold ``power_of_ten`` (the unit's
    exponent, 0 if absent) and ``relative_tolerance``."""
    extra = extra_of(item)
    targets = _targets(gold_answers(item), int(extra.get("power_of_ten", 0)))
    tolerance = float(extra.get("relative_tolerance", RELATIVE_TOLERANCE))
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    tail = final[-_LONGEST_TEXT:].translate(_MINUS)
    tail = _SUPERSCRIPT.sub(lambda match: f"^{{{match[0].translate(_SUPERSCRIPTS)}}}", tail)
    extract = boxed_or(
        final,
        ("answer-line", lambda: _last_number(answer_line(tail))),
        ("answer-is", lambda: _last_number(answer_statement(tail), first=True)),
        ("last-number", lambda: _last_number(tail)),
    )
    if extract is None:
        return make_grade(False, None, "none")
    measured = quantity_in(extract.text)
    if measured is None:
        return make_grade(False, extract.text, extract.how, "no-number")
    power = power_between(measured.unit, str(extra.get("unit", "")))
    if power:  # it says itself that it is in another unit, so only the whole quantity is right
        targets, measured = targets[len(targets) // 2 :], replace(measured, value=measured.value * 10.0**power)
    values = [measured.value, measured.value / 100] if measured.unit.strip("\\").startswith("%") else [measured.value]
    correct = any(_close(value, target, tolerance) for value in values for target in targets)
    return make_grade(correct, extract.text, extract.how)


def _targets(golds: list[str], power_of_ten: int) -> list[float]:
    """The accepted values: each gold number as it stands, and times the unit's power of ten."""
    values = [value for gold in golds if (value := number_in(gold)) is not None]
    return values + [value * 10.0**power_of_ten for value in values]


def _close(value: float, target: float, tolerance: float) -> bool:
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=1e-12 if target == 0 else 0.0)


def _last_number(text: str | None, first: bool = False) -> str | None:
    found = _STATED_NUMBER.findall(text) if text else []
    return (found[0] if first else found[-1]) if found else None


@dataclass(frozen=True)
class Quantity:
    """A number and what is written behind it, the unit perhaps."""

    value: float
    unit: str = ""


def number_in(text: str) -> float | None:
    r"""The value of a short numeric expression, perhaps after ``x =`` and before a unit; None if it is none.

    >>> number_in(r"v \approx 2.0 \times 10^{6}\ \mathrm{m/s}")
    2000000.0
    """
    quantity = quantity_in(text)
    return None if quantity is None else quantity.value


def quantity_in(text: str) -> Quantity | None:
    """As :func:`number_in`, with what stands behind the number."""
    if len(text) > _LONGEST_NUMBER:
        return None
    text = _SUPERSCRIPT.sub(lambda match: f"^{{{match[0].translate(_SUPERSCRIPTS)}}}", text.translate(_MINUS))
    clean = " ".join(_NOISE.sub(" ", text.replace("{,}", ",")).split())
    clean = clean.rpartition("=")[2].partition("\\pm")[0].strip()
    clean = _LEADING_WORDS.sub("", clean).rstrip(".")
    if _SECOND_NUMBER.search(_THOUSANDS.sub("", clean)):
        return None
    written = _written_number(clean)
    if written is not None:
        return written
    value = _computed(clean)
    return None if value is None else Quantity(value)


def _written_number(clean: str) -> Quantity | None:
    for pattern in (_POWER_ONLY, _SCIENTIFIC):
        match = pattern.match(clean)
        if match is None or not match.group().strip():
            continue
        rest = clean[match.end() :]
        if rest and not _UNIT.match(rest):
            continue
        if pattern is _POWER_ONLY:
            return Quantity(float(f"{match['sign']}1e{match['power']}"), rest)
        mantissa = match["mantissa"].replace(",", "")
        if any(character.isdigit() for character in mantissa):
            scale = _SCALE_WORD.match(rest)
            value = float(f"{mantissa}e{int(match['e'] or match['power'] or 0)}")
            return (
                Quantity(value * 10.0 ** _SCALE_WORDS[scale[1]], rest[scale.end() :])
                if scale
                else Quantity(value, rest)
            )
    number = plain_number(clean)
    return None if number is None else Quantity(float(number.value), "%" if number.percent else "")


def _computed(clean: str) -> float | None:
    r"""The value of an expression such as ``\frac{\pi}{2}`` or ``\sqrt{3}``."""
    if too_complex(clean) or not any(character.isdigit() or character == "\\" for character in clean):
        return None
    value = ask_algebra(op="value", answer=clean).get("value")
    return float(value) if value is not None and math.isfinite(value) else None
