r"""Natural spellings of a right answer, ten for each kind of item: what models write, with a box and without.

For ``make grade-check`` and the tests: a grader that misses one of them counts a right answer as wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

#: Where a text stands in an answer; ``{}`` is the text.
STATEMENTS = {
    "box": r"So the result follows. \boxed{{{}}}",
    "box in mathematics": r"Therefore, $\boxed{{{}}}$.",
    "box behind thoughts": "<think>\nFirst 7, then 12?\n</think>\n\nThe final answer is:\n\\[\\boxed{{{}}}\\]",
    "statement": "We add it all up. The answer is {}.",
    "answer line": "This takes two steps.\n\nAnswer: {}",
    "bold answer line": "This takes two steps.\n\n**Answer:** {}",
    "final answer": "Nothing else remains.\n\n**Final Answer**\n{}",
}


def right_answers(item: dict[str, Any], grader: str) -> Iterator[tuple[str, str]]:
    """(style, answer) pairs that are right, for an item of one of the graders that compare with a gold answer."""
    makers = {"math": _math, "choice": _choice, "number": _number, "span": _span, "yes_no": _yes_no}
    return makers[grader](item) if grader in makers else iter(())


def _stated(text: str, *styles: str) -> Iterator[tuple[str, str]]:
    for style in styles or STATEMENTS:
        yield style, STATEMENTS[style].format(text)


def _math(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    gold = item["gold"][0]
    yield from _stated(gold, "box", "box in mathematics", "box behind thoughts")
    yield "box in another spelling", STATEMENTS["box"].format(respelled(gold))
    yield from _stated(f"${gold}$", "statement", "answer line", "bold answer line", "final answer")
    yield "display", f"Putting the pieces together, we get\n\\[{gold}\\]"
    yield "bold at the end", f"Putting the pieces together, we get **{_plain(gold)}**."
    if re.fullmatch(r"-?[\d,]+", gold):
        yield "hash line", f"3 + 4 = 7\n#### {gold}"
        yield "sum", f"The answer is {int(gold.replace(',', '')) - 5} + 5 = {gold}."


def respelled(gold: str) -> str:
    r"""``\frac`` as ``\dfrac``, brackets without sizes, ``\text{}`` around a number."""
    other = gold.replace("\\frac", "\\dfrac").replace("\\left", "").replace("\\right", "")
    return other if other != gold else f" {gold} ."


def _plain(gold: str) -> str:
    return gold if re.fullmatch(r"[-\d.,/]+", gold) else f"${gold}$"


def _choice(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    options = item["choices"]
    letter = next((gold for gold in item["gold"] if gold in ascii_uppercase and len(gold) == 1), None)
    if letter is None:
        return
    text = options[ascii_uppercase.index(letter)].strip()
    unique = sum(option.strip().casefold() == text.casefold() for option in options) == 1
    yield from _stated(letter, "box", "box behind thoughts", "answer line", "bold answer line")
    yield "box with brackets", STATEMENTS["box"].format(f"({letter})")
    yield "box with text command", STATEMENTS["box"].format(f"\\text{{{letter}}}")
    yield "box with letter and text", STATEMENTS["box"].format(f"{letter}. {text}")
    if unique:
        yield "box with the text", STATEMENTS["box"].format(text)
        yield "box with the text as a sentence", STATEMENTS["box"].format(f"\\text{{{text.rstrip('.')}.}}")
    yield "statement", f"Compare them all. The answer is ({letter})."
    yield "reasons behind it", f"Compare them all. The correct option is {letter}, because the others fail."
    yield "letter and text at the end", f"Compare them all.\n\n**{letter}) {text}**"
    yield "contrast", f"The correct answer is {letter}. A common wrong answer is {_other(letter, len(options))}."


def _other(letter: str, count: int) -> str:
    return ascii_uppercase[(ascii_uppercase.index(letter) + 1) % count]


def _number(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    gold, extra = item["gold"][0].strip(), json.loads(item["extra"])
    unit, power = extra.get("unit", "").strip().strip("$").strip(), int(extra.get("power_of_ten", 0))
    own = re.sub(r"^\s*10\s*\^\s*(?:\{[^}]*\}|\d)", "", unit).strip()
    value = f"{gold} \\times 10^{{{power}}}" if power else gold
    yield from _stated(gold, "box", "box behind thoughts", "answer line", "statement")
    yield "box with its unit", STATEMENTS["box"].format(f"{value} {own}")
    yield (
        "box with the unit as text",
        STATEMENTS["box"].format(f"{value} \\text{{ {plain_unit(own)} }}" if own else value),
    )
    yield "box after a name", STATEMENTS["box"].format(f"x \\approx {value} {own}")
    yield "statement with its unit", STATEMENTS["statement"].format(f"${value} {own}$" if own else f"${value}$")
    yield "prose", f"Solving gives {float(gold) * 10.0**power:.6g} {plain_unit(own)}".rstrip() + "."
    yield "box in scientific notation", STATEMENTS["box"].format(_scientific(float(gold) * 10.0**power))


def plain_unit(unit: str) -> str:
    r"""A unit in LaTeX as plain text: ``\mathrm{~kJ} / \mathrm{mol}`` as ``kJ/mol``."""
    plain = re.sub(r"\^\s*\{?\\circ\}?", "°", unit)
    plain = re.sub(r"\\(?:mathrm|text)\s?|~|\\cdot|\\[,;!]", " ", plain).replace("\\mu", "μ").replace("\\Omega", "Ω")
    plain = re.sub(r"\^\s*\{\s*(-?\d+)\s*\}", r"^\1", plain)
    plain = " ".join(plain.replace("{", " ").replace("}", " ").split())
    return re.sub(r"\s*([/^])\s*", r"\1", plain)


def _scientific(value: float) -> str:
    mantissa, _, exponent = f"{value:.6e}".partition("e")
    return f"{mantissa} \\times 10^{{{int(exponent)}}}"


def _span(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    gold = item["gold"][0]
    bare = gold.rstrip(".")
    yield from _stated(bare)
    yield "whole", bare
    yield "box with text command", STATEMENTS["box"].format(f"\\text{{{bare}}}")
    yield "box in quotes", STATEMENTS["box"].format(f'"{bare}"')
    yield "box in capitals", STATEMENTS["box"].format(bare[:1].upper() + bare[1:] + ".")


def _yes_no(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    gold = item["gold"][0]
    yield from _stated(gold)
    yield "first word", f"{gold}, according to the second section."
    yield "so", f"The contract says nothing else, so {gold.lower()}."
    yield "box with a sentence", STATEMENTS["box"].format(f"\\text{{{gold}, they may.}}")
