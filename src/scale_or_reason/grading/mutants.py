"""Wrong answers that look like the right one: a sign, digit, point, operator, unit prefix or letter is changed.

For ``make grade-check`` and the tests: no grader may call one of them right. A mutant whose value could be the gold
value after all (a zero with a sign, a digit within the tolerance) is not made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from scale_or_reason.grading.spellings import STATEMENTS
from scale_or_reason.grading.words import normalise

KINDS = ("sign", "digit", "point", "operator", "prefix", "letter")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?|(?<![\w.])\.\d+")
_PLAIN = re.compile(r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)")
_UNIT = re.compile(r"(?<=\d)(\s?)(kg|km|cm|mm|Hz|eV|keV|MeV|kJ|J|N|W|V|m|g|s|A|Pa|K)(?![A-Za-z])")
_OPERATORS = {"+": "-", "-": "+", "*": "+", "/": "+", "^": "+", "(": "-(", "<": ">", ">": "<"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mutants(text: str, rng: Random) -> Iterator[tuple[str, str]]:
    """(kind, mutant) pairs of an answer's text; of each kind at most one."""
    makers = (_sign, _digit, _point, _operator, _prefix, _letter)
    for kind, make in zip(KINDS, makers, strict=True):
        mutant = make(text, rng)
        if mutant is not None and mutant != text and not _same_number(text, mutant):
            yield kind, mutant


def _same_number(first: str, second: str) -> bool:
    plain = [text.replace(",", "").strip("$ ") for text in (first, second)]
    return all(_PLAIN.fullmatch(text) for text in plain) and Fraction(plain[0]) == Fraction(plain[1])


def _sign(text: str, rng: Random) -> str | None:
    """A number with the other sign; not within a date, a list of names or a script."""
    numbers = [match for match in _NUMBER.finditer(text) if float(match.group()) and _stands_alone(text, match)]
    if not numbers:
        return None
    number = rng.choice(numbers)
    before = text[: number.start()]
    if before.rstrip()[-1:] in ("-", "−"):
        return before.rstrip()[:-1] + text[number.start() :]
    if before.rstrip()[-1:] == "+":
        return before.rstrip()[:-1] + "-" + text[number.start() :]
    return f"{before}-{text[number.start() :]}"


def _stands_alone(text: str, number: re.Match[str]) -> bool:
    """Whether a sign before the number changes the value, rather than the spelling."""
    before, after = text[: number.start()].rstrip(), text[number.end() :]
    return before[-1:] not in ("_", ",", "^", "$") and after[:1] not in (":", "-") and not before[-1:].isalpha()


def _digit(text: str, rng: Random) -> str | None:
    places = [place for place, character in enumerate(text) if character in "0123456789"]
    if not places:
        return None
    place = rng.choice(places)
    other = rng.choice([digit for digit in "123456789" if digit != text[place]])
    return text[:place] + other + text[place + 1 :]


def _point(text: str, rng: Random) -> str | None:
    points = list(re.finditer(r"(?<=\d)\.(?=\d)|(?<!\w)\.(?=\d)", text))
    if points:
        place = rng.choice(points).start()
        return text[:place] + text[place + 1 :]
    numbers = [match for match in re.finditer(r"(?<![\w.,])\d{2,}(?![\w.,])", text) if match.group().strip("0")]
    if not numbers:
        return None
    number = rng.choice(numbers)
    place = rng.randrange(number.start() + 1, number.end())
    return f"{text[:place]}.{text[place:]}"


def _operator(text: str, rng: Random) -> str | None:
    """Another operator between two operands."""
    places = [
        match.start()
        for match in re.finditer(r"(?<=[\w})])\s?[-+*/^<>]\s?(?=[\w{(\\])", text)
        if not (text[match.start() - 1].isalpha() and text[match.end() : match.end() + 2].isalpha())
    ]
    if not places:
        return None
    place = rng.choice(places)
    place += text[place] == " "
    return text[:place] + _OPERATORS[text[place]] + text[place + 1 :]


def _prefix(text: str, rng: Random) -> str | None:
    units = list(_UNIT.finditer(text))
    if not units:
        return None
    unit = rng.choice(units)
    bare = unit[2][1:] if unit[2][0] in "kMcm" and len(unit[2]) > 1 else unit[2]
    other = rng.choice([name for name in (f"k{bare}", f"m{bare}", f"M{bare}", bare) if name != unit[2]])
    return text[: unit.start(2)] + other + text[unit.end(2) :]


def _letter(text: str, rng: Random) -> str | None:
    """Another letter in a word, a unit or a variable; commands stay as they are."""
    commands = [
        match.span()
        for match in re.finditer(r"\\(?:begin|end)\{[a-z]+\}|\\[A-Za-z]+|\b(?:an?|the|and|or)\b", text, re.IGNORECASE)
    ]
    places = [
        place
        for place, character in enumerate(text)
        if character.isascii() and character.isalpha() and not any(start <= place < end for start, end in commands)
    ]
    if not places:
        return None
    place = rng.choice(places)
    other = rng.choice([letter for letter in _LETTERS if letter != text[place].lower()])
    return text[:place] + (other.upper() if text[place].isupper() else other) + text[place + 1 :]


def wrong_texts(item: dict[str, Any], grader: str, rng: Random) -> Iterator[tuple[str, str]]:
    """(kind, text) pairs of an item that are no right answer."""
    text = _right_text(item, grader)
    if text is None:
        return
    for kind, mutant in mutants(text, rng):
        if grader == "number" and not _far(text, mutant):
            continue
        if grader == "choice" and (mutant.strip() == "" or len(mutant.strip(" ().")) == 1):
            continue  # a lone letter or digit may name the right option
        if grader == "span" and any(normalise(mutant) == normalise(gold) for gold in item["gold"]):
            continue  # "An August day": the official measure drops articles
        yield kind, mutant


def _right_text(item: dict[str, Any], grader: str) -> str | None:
    if grader == "choice":
        golds = [gold for gold in item["gold"] if len(gold) > 1]
        return golds[0] if golds else None
    return item["gold"][0] if item["gold"] and grader in ("math", "number", "span") else None


def _far(text: str, mutant: str) -> bool:
    """Whether two numbers differ by more than a tenth."""
    try:
        first, second = float(text), float(mutant)
    except ValueError:
        return False
    return abs(first - second) > 0.1 * max(abs(first), abs(second))


def wrong_answers(item: dict[str, Any], grader: str, rng: Random) -> Iterator[tuple[str, str]]:
    """(kind, answer) pairs that are wrong: each mutant in a box and in a statement."""
    for kind, text in wrong_texts(item, grader, rng):
        yield kind, STATEMENTS["box"].format(text)
        yield kind, STATEMENTS["statement"].format(f"${text}$" if grader == "math" else text)
