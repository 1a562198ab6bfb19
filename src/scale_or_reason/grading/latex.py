r"""Cheap readings of short LaTeX answers: one spelling of a text, and the plain numbers.

Most answers are plain numbers or spelled as the gold answer is. What can be decided here needs no computer algebra,
which is several hundred times slower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from scale_or_reason.grading.wording import MODIFIERS, SCALES, number_word, same_numeral, same_time, same_words

#: Longer texts are left to the slow path; numbers with more digits than this are not answers.
_LONGEST, _MOST_DIGITS = 400, 40

_REPLACEMENTS = (
    (
        re.compile(r"\\[()\[\]]|\$|\\\$|€|£|\\left(?![a-z])|\\right(?![a-z])|\\displaystyle|\\[!,;: ]|~|\\quad"),
        "",
    ),
    (re.compile(r"\\[dtc]frac"), r"\\frac"),
    (re.compile(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (
        re.compile(
            r"\\(?:text|textbf|textit|textnormal|textrm|mathrm|mathbf|mathit|boldsymbol|bm|mbox|operatorname)"
            r"\s?\{([^{}]*)\}"
        ),
        r"\1",
    ),
    (re.compile(r"(?:\^\s*(?:\{\s*\\circ\s*\}|\\circ)|\\degree|°)"), ""),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\leq(?![a-z])|≤"), r"\\le"),
    (re.compile(r"\\geq(?![a-z])|≥"), r"\\ge"),
    (re.compile(r"−"), "-"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"^\*\*(.*)\*\*$"), r"\1"),
    (re.compile(r"\\varnothing|^\\\{\s*\\\}$"), r"\\emptyset"),
    (re.compile(r"^infinity$", re.IGNORECASE), r"\\infty"),
    (re.compile(r"(?<=\d)\s+to\s+(?=\d)"), ":"),
)
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox)\s?\{([^{}]*)\}")
_WHOLE_TEXT_COMMAND = re.compile(r"\$?\\(?:text|textbf|mbox|textrm)\s?\{(.*)\}\$?", re.DOTALL)
_OUTER_EQUATION = re.compile(r"^\s*[A-Za-z]\s*=\s*(?=[^=]*$)")
_LOOSE_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_THOUSANDS = re.compile(r"^\d{1,3}(?:[, ]\d{3})+(?=$|\.)")
_NUMBER = re.compile(
    r"""(?P<sign>[-+]?)\s?
        (?: (?P<ones>\d+\s?(?=\\frac)|\d+\s(?=\d+\s?/))?
            (?: \\frac\{(?P<top>\d+)\}\{(?P<bottom>\d+)\} | (?P<n>\d+)\s?/\s?(?P<d>\d+) )
          | (?P<before>\d*)\.(?P<after>\d*)\\(?:overline|bar|dot)\{(?P<period>\d+)\}
          | (?P<decimal>\d+\.?\d*|\.\d+)
            (?: [eE](?P<e>[-+]?\d{1,2}) | \s?(?:\\times|\\cdot|×)\s?10\s?\^\s?\{?(?P<power>[-+]?\d{1,2})\}? )? )
        \s?(?P<percent>%?)""",
    re.VERBOSE,
)
_DECIMAL_COMMA = re.compile(r"([-+]?\d+),(\d\d)")
_WORDS_ONLY = re.compile(r"\s*\$?\s*\\(?:text|textbf|textrm|textit|mathrm|mbox)\s?\{[^{}\d]*\}\s*\$?\s*")
_IN_WORDS = re.compile(r"\s*\$?\s*\\(?:text|textbf|textrm|textit|mathrm|mbox)\s?\{[^{}]*\}\s*\$?\s*")
_KEYBOARD = (
    (re.compile(r"√\s?(\d+|[a-z])"), r"\\sqrt{\1}"),
    (re.compile(r"(?:√|(?<![\\A-Za-z])sqrt)\s?\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"(?<![\\A-Za-z])(sqrt(?=\{)|pi(?![A-Za-z]))|π"), lambda match: f"\\{match[1] or 'pi'}"),
    (re.compile(r"\*\*\s?([-+]?\d+)"), r"^{\1}"),
    (re.compile(r"[²³]"), lambda match: {"²": "^2", "³": "^3"}[match[0]]),
    (re.compile(r"(?<=\d)[eE]([-+]?\d{1,3})(?![\w.])"), r"\\times 10^{\1}"),
)
_BOTH_SIGNS = re.compile(r"\\pm(?![a-z])|±")
#: What may stand before a number: a label, a currency.
_LABEL = re.compile(r"^(?:[A-Za-z][A-Za-z ]{0,40}:|USD|EUR)\s*(?=[-+.\d\\])")
#: What may stand behind a number as its unit: words, perhaps with a small power; no mathematics.
_WORD = re.compile(r"[A-Za-z]+")
_UNIT = re.compile(
    r"(?:\s+(?!(?:pi|sqrt|sin|cos|tan|log|ln|and|or|to)\b)[A-Za-z]{2,}\.?(?:\^\{?[23]\}?)?){1,4}$"
    r"|\s+[A-Za-z]{1,3}/[A-Za-z]{1,3}(?:\^\{?[23]\}?)?$"
)


@dataclass(frozen=True)
class PlainNumber:
    """An exact number; ``percent`` if it was followed by a percent sign, ``whole`` if it was written as an integer,
    ``worded`` if a unit stood behind it."""

    value: Fraction
    percent: bool
    whole: bool
    worded: bool = False


@lru_cache(maxsize=20_000)  # gold answers and options come again with every sample and model
def _clean(text: str) -> str:
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return _unbraced(" ".join(text.split()).rstrip(".").strip())


def _unbraced(text: str) -> str:
    """``{4t}`` as ``4t``, but ``{a}{b}`` as it is."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0 and place < len(text) - 1:
            return text  # also a text that does not begin with a brace
    return text[1:-1].strip() if depth == 0 and text[:1] == "{" and text[-2:-1] != "\\" else text


def plain_text(text: str) -> str:
    r"""``\text{Denver Broncos}`` and the like as the words they show; without outer dollar signs."""
    if "\\" in text:
        whole = _WHOLE_TEXT_COMMAND.fullmatch(text.strip())
        if whole is not None and "\\text" not in whole[1] and _balanced(whole[1]):
            text = whole[1]
        text = _TEXT_COMMAND.sub(r"\1", text).replace("~", " ").replace("\\ ", " ").replace("\\%", "%")
    return text.strip().strip("$").rstrip("\\").strip()


def _balanced(text: str) -> bool:
    """Whether no brace closes one that stands before ``text``."""
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def canonical(text: str) -> str:
    r"""One spelling of a short answer: without dollar signs, sizes, spaces, units of angle and a final full stop.

    >>> canonical(r"$\left(\dfrac12, 3\right).$")
    '(\\frac{1}{2},3)'
    """
    if len(text) > _LONGEST:
        return text
    return _squeezed(_OUTER_EQUATION.sub("", _clean(text)))


def _squeezed(clean: str) -> str:
    """Without spaces, but for those between two digits: ``5 1/2`` is not ``51/2``."""
    squeezed = _LOOSE_SPACE.sub("", clean)
    return squeezed.casefold() if squeezed.isalpha() else squeezed


@lru_cache(maxsize=50_000)
def plain_number(text: str) -> PlainNumber | None:
    r"""The number that ``text`` is, perhaps with a unit: ``-3``, ``$1,000.50``, ``\frac12``, ``18 apples``, ``50\%``.

    None for everything else, also for powers, roots and decimal commas.
    """
    if len(text) > _LONGEST:
        return None
    clean = _LABEL.sub("", _OUTER_EQUATION.sub("", _clean(text)))
    unit = _UNIT.search(clean)
    if unit is not None:
        if any(word.casefold() in MODIFIERS or word.casefold() in SCALES for word in _WORD.findall(unit[0])):
            return None
        clean = clean[: unit.start()]
    sign = clean[:1] if clean[:1] in "+-" else ""
    body = _THOUSANDS.sub(lambda match: re.sub("[, ]", "", match.group()), clean[len(sign) :].lstrip())
    match = _NUMBER.fullmatch(sign + body)
    if match is None or len(body) > _MOST_DIGITS:
        return None
    value = _value(match)
    if value is None:
        return None
    whole = match["top"] is match["n"] is None and value.denominator == 1
    percent = bool(match["percent"]) or (unit is not None and unit[0].strip().casefold() == "percent")
    return PlainNumber(-value if match["sign"] == "-" else value, percent, whole, unit is not None)


def _value(number: re.Match[str]) -> Fraction | None:
    """The value of a match of ``_NUMBER`` without its sign; None for a fraction over zero."""
    top, bottom = number["top"] or number["n"], number["bottom"] or number["d"]
    if top:
        return int(number["ones"] or 0) + Fraction(int(top), int(bottom)) if int(bottom) else None
    if number["period"]:
        before, after, period = number["before"] or "0", number["after"], number["period"]
        repeated = Fraction(int(period), 10 ** len(period) - 1)
        return int(before) + (int(after or 0) + repeated) / Fraction(10 ** len(after))
    return Fraction(number["decimal"]) * Fraction(10) ** int(number["e"] or number["power"] or 0)


def as_latex(text: str) -> str:
    r"""Mathematics of a keyboard in LaTeX's spelling.

    >>> as_latex("2√3 + x**10 + pi/2 + 1e6")
    '2\\sqrt{3} + x^{10} + \\pi/2 + 1\\times 10^{6}'
    """
    for pattern, replacement in _KEYBOARD:
        text = pattern.sub(replacement, text)
    return text


def both_signs(text: str) -> str:
    r"""``3 \pm \sqrt{5}`` as the two expressions that it stands for; other texts as they are.

    >>> both_signs(r"\frac{1 \pm x}{2}")
    '\\frac{1 + x}{2}, \\frac{1 - x}{2}'
    """
    if len(_BOTH_SIGNS.findall(text)) != 1:
        return text
    plain = _OUTER_EQUATION.sub("", text.strip().strip("$"))
    return ", ".join(_BOTH_SIGNS.sub(sign, plain) for sign in "+-")


def _decimal_point(text: str) -> str:
    return _DECIMAL_COMMA.sub(r"\1.\2", text) if _DECIMAL_COMMA.fullmatch(text) else text


def in_words(text: str) -> bool:
    r"""Whether ``text`` is words that are marked as such: ``\text{Evelyn}``."""
    return _WORDS_ONLY.fullmatch(text) is not None


def quick_equal(gold: str, answer: str) -> bool | None:
    """Whether two short answers are equal, where that can be seen without algebra; None where it can't.

    Numbers are compared exactly. Two different integers differ; other differing numbers are left open, since rounding
    and percentages have rules of their own. Words (``\\text{Evelyn}``) are equal only if spelled so: algebra would take
    them for products of letters. A comma before exactly two digits may be a decimal comma.
    """
    if len(gold) > _LONGEST or len(answer) > _LONGEST:
        return True if gold == answer else None
    expected, stated = _clean(gold), _clean(answer)
    if _squeezed(expected) == _squeezed(stated):
        return True
    named = [_OUTER_EQUATION.match(text) for text in (expected, stated)]
    if all(named):
        return None  # x = 5 is not y = 5
    spelled, given = (_squeezed(_OUTER_EQUATION.sub("", text)) for text in (expected, stated))
    if spelled == given:
        return True
    worded = _equal_wording(gold, answer, spelled, given)
    if worded is not None:
        return worded
    if _decimal_point(spelled) == given or spelled == _decimal_point(given):
        return True
    first, second = plain_number(gold), plain_number(answer)
    if first is None or second is None or (first.worded and second.worded):
        return None
    if first.value == second.value:
        return True
    return False if first.whole and second.whole and not (first.percent or second.percent) else None


def _equal_wording(gold: str, answer: str, spelled: str, given: str) -> bool | None:
    """Whether words, times of day or numerals are the same; None for answers that are mathematics."""
    if in_words(gold):
        return same_words(_clean(gold), _clean(answer))
    if _IN_WORDS.fullmatch(gold) and same_words(_clean(gold), _clean(answer)):
        return True
    named = number_word(_clean(answer)) if given.replace("-", "").isalpha() else None
    if named is not None and (number := plain_number(gold)) is not None:
        return number.value == named
    time = same_time(spelled, given)
    return same_numeral(spelled, given) if time is None else time
