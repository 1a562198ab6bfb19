r"""Grader for numeric science answers (SciBench): relative tolerance 0.05, as the official evaluation.

The dataset's unit may carry a power of ten: gold 2 with unit "$10^6$ m" is 2e6 m. The prompt states the unit, so that
"2" is right; an answer that writes the power itself ("2 \times 10^6 m", "2000000") is right as well. Other units are
not converted.
"""

from __future__ import annotations

import math
import re
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

RELATIVE_TOLERANCE = 0.05
_SCIENTIFIC = re.compile(
    r"""(?P<mantissa>[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,40})?(?:\.\d{0,40})?)
        (?:\s*[eE]\s*(?P<e>[-+]?\d{1,3})
         | \s*(?:\\times|\\cdot|×|\*|x|·)\s*10\s*(?:\^|\*\*)\s*[{(]?\s*(?P<power>[-+]?\d{1,3})\s*[})]?)?""",
    re.VERBOSE,
)
_POWER_ONLY = re.compile(r"(?P<sign>[-+]?)10\s*(?:\^|\*\*)\s*[{(]?\s*(?P<power>[-+]?\d{1,3})\s*[})]?")
_NOISE = re.compile(r"\\[(\[]|\\[)\]]|\$|\\approx|\\left|\\right|\\,|\\!|\\;|\\:|~|≈|\{,\}")
_UNIT = re.compile(
    r"\s*(?!\\?(?:pi|sqrt|exp|ln|log|e)(?![a-zA-Z]))(?:\\(?:text|mathrm|textrm|mbox|rm|operatorname|mathring|circ|degree|Omega|mu|ohm|AA|cdot|%)(?![a-z])|%|°|Ω|μ|µ|Å"
    r"|\^?\{?\\circ\}?|[A-Za-z]|\{|\\ |\^\s*\{?\s*\\circ)"
)
_LEADING_WORDS = re.compile(r"^(?:\\text\s?\{)?(?:[A-Za-z]{1,20}\s){0,4}(?=[-+.\d])")
_STATED_NUMBER = re.compile(
    r"(?<![\w.^{])[-+]?\d{1,40}(?:,\d{3}){0,12}(?:\.\d{1,40})?"
    r"(?:[eE][-+]?\d{1,3}|\s{0,3}(?:\\times|\\cdot|×|\*|x|·)\s{0,3}10\s{0,3}(?:\^|\*\*)\s{0,3}[{(]?[-+]?\d{1,3}[})]?)?"
)
_LONGEST_TEXT = 4000


def grade(item: dict[str, Any], answer: str) -> Grade:
    """Grade an answer to an item whose gold list holds numbers; its extra JSON may hold ``power_of_ten`` (the unit's
    exponent, 0 if absent) and ``relative_tolerance``."""
    extra = extra_of(item)
    targets = _targets(gold_answers(item), int(extra.get("power_of_ten", 0)))
    tolerance = float(extra.get("relative_tolerance", RELATIVE_TOLERANCE))
    final = final_answer(answer)
    if final is None:
        return make_grade(False, None, "unclosed-think")
    tail = final[-_LONGEST_TEXT:]
    extract = boxed_or(
        final,
        ("answer-line", _last_number(answer_line(tail))),
        ("answer-is", _last_number(answer_statement(tail), first=True)),
        ("last-number", _last_number(tail)),
    )
    if extract is None:
        return make_grade(False, None, "none")
    value = number_in(extract.text)
    note = "" if value is not None else "no-number"
    correct = value is not None and any(_close(value, target, tolerance) for target in targets)
    return make_grade(correct, extract.text, extract.how, note)


def _targets(golds: list[str], power_of_ten: int) -> list[float]:
    """The accepted values: each gold number as it stands, and times the unit's power of ten."""
    values = [value for gold in golds if (value := number_in(gold)) is not None]
    return [value * scale for value in values for scale in {1.0, 10.0**power_of_ten}]


def _close(value: float, target: float, tolerance: float) -> bool:
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=1e-12 if target == 0 else 0.0)


def _last_number(text: str | None, first: bool = False) -> str | None:
    found = _STATED_NUMBER.findall(text) if text else []
    return (found[0] if first else found[-1]) if found else None


def number_in(text: str) -> float | None:
    r"""The value of a short numeric expression, perhaps after ``x =`` and before a unit; None if it is none.

    >>> number_in(r"v \approx 2.0 \times 10^{6}\ \mathrm{m/s}")
    2000000.0
    """
    if len(text) > 300:
        return None
    clean = " ".join(_NOISE.sub(" ", text.replace("{,}", ",").replace("−", "-")).split())
    clean = clean.rpartition("=")[2].partition("\\pm")[0].strip()
    clean = _LEADING_WORDS.sub("", clean).rstrip(".")
    value = _written_number(clean)
    return value if value is not None else _computed(clean)


def _written_number(clean: str) -> float | None:
    for pattern in (_POWER_ONLY, _SCIENTIFIC):
        match = pattern.match(clean)
        if match is None or not match.group().strip():
            continue
        rest = clean[match.end() :]
        if rest and not _UNIT.match(rest):
            continue
        if pattern is _POWER_ONLY:
            return float(f"{match['sign']}1e{match['power']}")
        mantissa = match["mantissa"].replace(",", "")
        if any(character.isdigit() for character in mantissa):
            return float(f"{mantissa}e{match['e'] or match['power'] or 0}")
    number = plain_number(clean)
    return float(number.value) if number else None


def _computed(clean: str) -> float | None:
    r"""The value of an expression such as ``\frac{\pi}{2}`` or ``\sqrt{3}``."""
    if too_complex(clean) or not any(character.isdigit() or character == "\\" for character in clean):
        return None
    reply = ask_algebra(op="value", answer=clean)
    value = reply.get("value") if reply else None
    return float(value) if value is not None and math.isfinite(value) else None
