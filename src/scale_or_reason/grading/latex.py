r"""Cheap readings of short LaTeX answers: one spelling of a text, and the plain numbers.

Most answers are plain numbers or spelled as the gold answer is. What can be decided here needs no computer algebra,
which is several hundred times slower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

#: Longer texts are left to the slow path; numbers with more digits than this are not answers.
_LONGEST, _MOST_DIGITS = 400, 40

_REPLACEMENTS = (
    (
        re.compile(r"\\[()\[\]]|\$|\\\$|\\left(?![a-z])|\\right(?![a-z])|\\displaystyle|\\[!,;: ]|~|\\quad"),
        "",
    ),
    (re.compile(r"\\[dtc]frac"), r"\\frac"),
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (
        re.compile(r"\\(?:text|textbf|textit|textnormal|textrm|mathrm|mathbf|mbox|operatorname)\s?\{([^{}]*)\}"),
        r"\1",
    ),
    (re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ)|\\degree|°"), ""),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\leq(?![a-z])|≤"), r"\\le"),
    (re.compile(r"\\geq(?![a-z])|≥"), r"\\ge"),
    (re.compile(r"−"), "-"),
    (re.compile(r"\{,\}"), ","),
)
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox)\s?\{([^{}]*)\}")
_OUTER_EQUATION = re.compile(r"^\s*[A-Za-z]\s*=\s*(?=[^=]*$)")
_THOUSANDS = re.compile(r"^\d{1,3}(?:[, ]\d{3})+(?=$|\.)")
_NUMBER = re.compile(
    r"""(?P<sign>[-+]?)\s?
        (?:\\frac\{(?P<top>\d+)\}\{(?P<bottom>\d+)\} | (?P<n>\d+)\s?/\s?(?P<d>\d+) | (?P<decimal>\d+\.?\d*|\.\d+))
        \s?(?P<percent>%?)""",
    re.VERBOSE,
)
_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d\d)")
_WORDS_ONLY = re.compile(r"\s*\$?\s*\\(?:text|textbf|textrm|textit|mathrm|mbox)\s?\{[^{}\d]*\}\s*\$?\s*")
#: What may stand behind a number as its unit: words, perhaps with a small power; no mathematics.
_UNIT = re.compile(r"(?:\s+(?!(?:pi|sqrt|sin|cos|tan|log|ln|and|or|to)\b)[A-Za-z]{2,}\.?(?:\^\{?[23]\}?)?){1,4}$")


@dataclass(frozen=True)
class PlainNumber:
    """An exact number; ``percent`` if it was followed by a percent sign, ``whole`` if it was written as an integer."""

    value: Fraction
    percent: bool
    whole: bool


@lru_cache(maxsize=20_000)  # gold answers and options come again with every sample and model
def _clean(text: str) -> str:
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return " ".join(text.split()).rstrip(".").strip()


def plain_text(text: str) -> str:
    r"""``\text{Denver Broncos}`` and the like as the words they show; without outer dollar signs."""
    if "\\" in text:
        text = _TEXT_COMMAND.sub(r"\1", text).replace("\\ ", " ").replace("\\%", "%")
    return text.strip().strip("$").strip()


def canonical(text: str) -> str:
    r"""One spelling of a short answer: without dollar signs, sizes, spaces, units of angle and a final full stop.

    >>> canonical(r"$\left(\dfrac12, 3\right).$")
    '(\\frac{1}{2},3)'
    """
    if len(text) > _LONGEST:
        return text
    clean = "".join(_OUTER_EQUATION.sub("", _clean(text)).split())
    return clean.casefold() if clean.isalpha() else clean


def plain_number(text: str) -> PlainNumber | None:
    r"""The number that ``text`` is, perhaps with a unit: ``-3``, ``$1,000.50``, ``\frac12``, ``18 apples``, ``50\%``.

    None for everything else, also for powers, roots and decimal commas.
    """
    if len(text) > _LONGEST:
        return None
    clean = _UNIT.sub("", _OUTER_EQUATION.sub("", _clean(text)))
    sign = clean[:1] if clean[:1] in "+-" else ""
    body = _THOUSANDS.sub(lambda match: re.sub("[, ]", "", match.group()), clean[len(sign) :].lstrip())
    match = _NUMBER.fullmatch(sign + body)
    if match is None or len(body) > _MOST_DIGITS:
        return None
    top, bottom = match["top"] or match["n"], match["bottom"] or match["d"]
    if bottom is not None and not int(bottom):
        return None
    value = Fraction(int(top), int(bottom)) if top else Fraction(match["decimal"])
    whole = bottom is None and value.denominator == 1
    return PlainNumber(-value if match["sign"] == "-" else value, bool(match["percent"]), whole)


def _decimal_point(text: str) -> str:
    return _DECIMAL_COMMA.sub(r"\1.\2", text) if _DECIMAL_COMMA.fullmatch(text) else text


def quick_equal(gold: str, answer: str) -> bool | None:
    """Whether two short answers are equal, where that can be seen without algebra; None where it can't.

    Numbers are compared exactly. Two different integers differ; other differing numbers are left open, since rounding
    and percentages have rules of their own. Words (``\\text{Evelyn}``) are equal only if spelled so: algebra would take
    them for products of letters. A comma before exactly two digits may be a decimal comma.
    """
    spelled, given = canonical(gold), canonical(answer)
    if spelled == given:
        return True
    if _WORDS_ONLY.fullmatch(gold):
        return spelled.strip("()").casefold() == given.strip("()").casefold()
    if _decimal_point(spelled) == given or spelled == _decimal_point(given):
        return True
    first, second = plain_number(gold), plain_number(answer)
    if first is None or second is None:
        return None
    if first.value == second.value:
        return True
    return False if first.whole and second.whole and not (first.percent or second.percent) else None
