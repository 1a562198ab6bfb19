r"""Units: what is measured, and the factor between two spellings of it.

``kJ mol^{-1}``, ``kJ/mol`` and ``kilojoules per mole`` are one unit, ``J/mol`` is a thousandth of it, ``m`` is another.
SI units are taken apart (``N/kg`` is ``m/s^2``); calories, electronvolts, feet and the like are kept as they are: the
prompt states the unit that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_PREFIXES = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1, "k": 3, "M": 6, "G": 9, "T": 12,
}  # fmt: skip
_PREFIX_WORDS = {
    "femto": -15, "pico": -12, "nano": -9, "micro": -6, "milli": -3, "centi": -2, "deci": -1, "kilo": 3, "mega": 6,
    "giga": 9, "tera": 12,
}  # fmt: skip
#: Symbol -> factor and base units with their exponents.
_SI: dict[str, tuple[Fraction, dict[str, int]]] = {
    "m": (Fraction(1), {"m": 1}), "s": (Fraction(1), {"s": 1}), "g": (Fraction(1), {"g": 1}),
    "A": (Fraction(1), {"A": 1}), "K": (Fraction(1), {"K": 1}), "mol": (Fraction(1), {"mol": 1}),
    "N": (Fraction(1000), {"g": 1, "m": 1, "s": -2}), "J": (Fraction(1000), {"g": 1, "m": 2, "s": -2}),
    "W": (Fraction(1000), {"g": 1, "m": 2, "s": -3}), "Pa": (Fraction(1000), {"g": 1, "m": -1, "s": -2}),
    "C": (Fraction(1), {"A": 1, "s": 1}), "V": (Fraction(1000), {"g": 1, "m": 2, "s": -3, "A": -1}),
    "ohm": (Fraction(1000), {"g": 1, "m": 2, "s": -3, "A": -2}), "Hz": (Fraction(1), {"s": -1}),
    "F": (Fraction(1, 1000), {"g": -1, "m": -2, "s": 4, "A": 2}), "T": (Fraction(1000), {"g": 1, "s": -2, "A": -1}),
    "Wb": (Fraction(1000), {"g": 1, "m": 2, "s": -2, "A": -1}),
    "H": (Fraction(1000), {"g": 1, "m": 2, "s": -2, "A": -2}),
    "L": (Fraction(1, 1000), {"m": 3}), "eV": (Fraction(1), {"eV": 1}), "cal": (Fraction(1), {"cal": 1}),
    "bar": (Fraction(100_000_000), {"g": 1, "m": -1, "s": -2}), "rad": (Fraction(1), {}),
    "M": (Fraction(1000), {"mol": 1, "m": -3}),
    "D": (Fraction(1), {"debye": 1}), "Bq": (Fraction(1), {"s": -1}),
}  # fmt: skip
#: Symbols that take no prefix.
_OTHER: dict[str, tuple[Fraction, dict[str, int]]] = {
    "min": (Fraction(60), {"s": 1}), "h": (Fraction(3600), {"s": 1}), "hr": (Fraction(3600), {"s": 1}),
    "atm": (Fraction(1), {"atm": 1}), "torr": (Fraction(1), {"torr": 1}), "Torr": (Fraction(1), {"torr": 1}),
    "mmHg": (Fraction(1), {"torr": 1}), "u": (Fraction(1), {"u": 1}), "amu": (Fraction(1), {"u": 1}),
    "ft": (Fraction(1), {"ft": 1}), "in": (Fraction(1, 12), {"ft": 1}), "yd": (Fraction(3), {"ft": 1}),
    "mi": (Fraction(5280), {"ft": 1}), "mph": (Fraction(5280, 3600), {"ft": 1, "s": -1}),
    "lb": (Fraction(1), {"lb": 1}), "lbs": (Fraction(1), {"lb": 1}), "oz": (Fraction(1, 16), {"lb": 1}),
    "AA": (Fraction(1, 10**10), {"m": 1}), "a0": (Fraction(1), {"a0": 1}), "%": (Fraction(1, 100), {}),
    "hartree": (Fraction(1), {"hartree": 1}), "rpm": (Fraction(1), {"rpm": 1}), "dB": (Fraction(1), {"dB": 1}),
    "degC": (Fraction(1), {"degC": 1}), "degF": (Fraction(1), {"degF": 1}), "deg": (Fraction(1), {"deg": 1}),
    "l": (Fraction(1, 1000), {"m": 3}), "cc": (Fraction(1, 10**6), {"m": 3}), "USD": (Fraction(1), {"USD": 1}),
    "day": (Fraction(86400), {"s": 1}), "week": (Fraction(7 * 86400), {"s": 1}), "rev": (Fraction(1), {"rev": 1}),
    "cent": (Fraction(1, 100), {"USD": 1}), "year": (Fraction(1), {"year": 1}), "month": (Fraction(1), {"month": 1}),
    "yr": (Fraction(1), {"year": 1}), "kph": (Fraction(1000, 3600), {"m": 1, "s": -1}),
    "ml": (Fraction(1, 10**6), {"m": 3}), "kwh": (Fraction(3_600_000_000), {"g": 1, "m": 2, "s": -2}),
}  # fmt: skip
_WORDS = {
    "meter": "m", "metre": "m", "second": "s", "sec": "s", "gram": "g", "gramme": "g", "joule": "J", "newton": "N",
    "watt": "W", "volt": "V", "ampere": "A", "amp": "A", "pascal": "Pa", "hertz": "Hz", "electronvolt": "eV",
    "coulomb": "C", "farad": "F", "tesla": "T", "liter": "L", "litre": "L", "mole": "mol", "kelvin": "K",
    "calorie": "cal", "radian": "rad", "ohm": "ohm", "molar": "M", "weber": "Wb", "henry": "H", "debye": "D",
    "bar": "bar", "becquerel": "Bq", "gm": "g",
}  # fmt: skip
_OTHER_WORDS = {
    "minute": "min", "hour": "h", "hrs": "h", "atmosphere": "atm", "foot": "ft", "feet": "ft", "inch": "in",
    "inches": "in", "yard": "yd", "mile": "mi", "pound": "lb", "ounce": "oz", "angstrom": "AA", "day": "day",
    "week": "week", "year": "year", "month": "month", "dollar": "USD", "cent": "cent", "percent": "%", "degree": "deg",
    "celsius": "degC", "fahrenheit": "degF", "revolution": "rev", "mins": "min", "bohr": "a0", "ångström": "AA",
}  # fmt: skip
_LOWER_CASE = {
    "kg": "kg", "km": "km", "cm": "cm", "mm": "mm", "kj": "kJ", "hz": "Hz", "khz": "kHz", "kw": "kW", "ml": "mL",
    "pa": "Pa", "kpa": "kPa", "ev": "eV",
}  # fmt: skip
_IGNORED_WORDS = frozenset({"of", "a", "an", "the", "unit", "units"})

_COMMANDS = re.compile(
    r"\\(?:text|mathrm|textrm|textbf|mathbf|mathit|rm|bf|mbox|operatorname|left|right|displaystyle)(?![a-z])"
)
_SPACES = re.compile(r"[~\s]+|\\[,;:!> ]|\\quad")
_POWER_OF_TEN = re.compile(r"^\s*\\?(?:times)?\s*10\s*\^\s*(?:\{[^}]*\}|[-+]?\d+)")
_GROUP = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_FRACTION = re.compile(rf"\\[dt]?frac{_GROUP}{_GROUP}")
_DEGREES = re.compile(r"(?:\^\s*\{?\s*\\circ\s*\}?|\\circ|\\degree|°)\s*\{?\s*([CFK](?![a-z]))?\s*\}?")
#: A unit with its exponent (``m^2``, ``s^{-2}``, ``s-2``), a mark, or what belongs to no unit.
_PIECE = re.compile(
    r"(?P<unit>[A-Za-z%]+(?:0(?![.\d]))?)"
    r"(?:\s*\^\s*(?P<sign>[-+]?)\s*(?P<top>\d+)(?:/(?P<bottom>\d+))?|(?P<bare>[-+]?[1-9])(?![\d.]))?"
    r"|(?P<mark>[/()])|[\s-]+|(?P<other>.)"
)
_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹−–", "+-0123456789--")
_SUPERSCRIPT = re.compile(r"([⁺⁻]?[⁰¹²³⁴-⁹]+)")
_SPECIAL = (
    ("\\mu", " u"), ("μ", "u"), ("µ", "u"), ("\\mathring{A}", "AA"), ("\\mathring{\\mathrm{A}}", "AA"), ("\\AA", "AA"),
    ("Å", "AA"), ("\\%", "%"), ("\\Omega", "ohm "), ("Ω", "ohm"), ("Ω", "ohm"), ("\\ohm", "ohm "),
)  # fmt: skip
_POWERS_BEFORE = {"square": 2, "cubic": 3, "sq": 2, "cu": 3}
_POWERS_BEHIND = {"squared": 2, "cubed": 3}


@dataclass(frozen=True)
class Unit:
    """A factor and base units with their exponents."""

    factor: Fraction
    dimension: tuple[tuple[str, Fraction], ...]


@lru_cache(maxsize=10_000)
def factor_between(given: str, wanted: str) -> Fraction | None:
    r"""By what a number with the unit ``given`` is multiplied to have ``wanted``; None for two different dimensions.

    Also None if one of them is no unit that is known. ``wanted`` may begin with a power of ten, which is left out.

    >>> factor_between(r"\text{ km}", "$10^6$ m"), factor_between("J/mol", r"$\mathrm{kJ} \mathrm{mol}^{-1}$")
    (Fraction(1000, 1), Fraction(1, 1000))
    """
    first, second = parse_unit(given), parse_unit(wanted)
    if first is None or second is None or first.dimension != second.dimension:
        return None
    return first.factor / second.factor


@lru_cache(maxsize=10_000)
def parse_unit(text: str) -> Unit | None:
    """The unit that ``text`` names, without a power of ten before it; None if it is none, or none that is known."""
    if len(text) > 120:
        return None
    text = _SUPERSCRIPT.sub(lambda match: "^" + match[1].translate(_SUPERSCRIPTS), text).translate(_SUPERSCRIPTS)
    plain = _POWER_OF_TEN.sub("", text.replace("$", " ").strip())
    for spelled, symbol in _SPECIAL:
        plain = plain.replace(spelled, symbol)
    plain = _DEGREES.sub(lambda match: f" deg{match[1] or ''} ", plain)
    plain = _SPACES.sub(" ", _COMMANDS.sub(" ", plain))
    plain = _FRACTION.sub(r" (\1)/(\2) ", plain)
    plain = re.sub(r"\\(?:cdot|times)(?![a-z])|[·⋅×*{}]", " ", plain)
    plain = re.sub(r"\^\s*\(\s*([-+]?\s*\d+(?:/\d+)?)\s*\)", r"^\1", plain)
    plain = re.sub(r"(?<![A-Za-z])u\s+(?=[A-Za-z])", "u", plain)
    return _product(plain.strip(" .,"))


def _product(plain: str) -> Unit | None:
    """The product of the factors; those behind ``/`` or "per" divide."""
    factor, exponents = Fraction(1), dict[str, Fraction]()
    sign, power, brackets = 1, 1, 0
    last: tuple[Unit, int] | None = None
    for piece in _PIECE.finditer(plain):
        word = piece["unit"] or ""
        if piece["other"]:
            return None
        if piece["mark"]:
            brackets += (piece["mark"] == "(") - (piece["mark"] == ")")
            sign = -1 if piece["mark"] == "/" else sign
            if brackets < 0:
                return None
        elif word.lower() == "per":
            sign = -1
        elif word.lower() in _POWERS_BEFORE:
            power = _POWERS_BEFORE[word.lower()]
        elif word.lower() in _POWERS_BEHIND and last is not None:
            unit, exponent = last[0], last[1] * (_POWERS_BEHIND[word.lower()] - 1)
            factor = _multiply(factor, exponents, unit, Fraction(exponent))
        elif word and word not in _IGNORED_WORDS:
            named = _named(word)
            exponent_of = _exponent(piece) * sign * power
            if named is None or abs(exponent_of) > 12 or (exponent_of.denominator != 1 and named.factor != 1):
                return None
            factor, last, power = _multiply(factor, exponents, named, exponent_of), (named, sign), 1
    if last is None or brackets:
        return None
    return Unit(factor, tuple(sorted((name, value) for name, value in exponents.items() if value)))


def _exponent(piece: re.Match[str]) -> Fraction:
    if piece["top"]:
        return Fraction(int(f"{piece['sign']}{piece['top']}"), int(piece["bottom"] or 1))
    return Fraction(int(piece["bare"] or 1))


def _multiply(factor: Fraction, exponents: dict[str, Fraction], unit: Unit, exponent: Fraction) -> Fraction:
    """Put a unit to a power into the product; the new factor."""
    for name, value in unit.dimension:
        exponents[name] = exponents.get(name, Fraction(0)) + value * exponent
    return factor * unit.factor ** int(exponent) if exponent.denominator == 1 else factor


def _unit(definition: tuple[Fraction, Mapping[str, int]], power: int = 0) -> Unit:
    factor, dimension = definition
    return Unit(factor * Fraction(10) ** power, tuple((name, Fraction(value)) for name, value in dimension.items()))


@lru_cache(maxsize=2_000)
def _named(word: str) -> Unit | None:
    """One unit by symbol or name, perhaps with a prefix."""
    if word in ("degC", "degF", "degK"):
        return _unit(_SI["K"] if word == "degK" else _OTHER[word])
    if word in _OTHER:
        return _unit(_OTHER[word])
    if word in _SI:
        return _unit(_SI[word])
    if word[0] in _PREFIXES and word[1:] in _SI:
        return _unit(_SI[word[1:]], _PREFIXES[word[0]])
    lower = word.lower()
    for base in (lower, lower.removesuffix("s")):
        if base in _OTHER_WORDS:
            return _unit(_OTHER[_OTHER_WORDS[base]])
        for name, power in ("", 0), *_PREFIX_WORDS.items():
            if base.startswith(name) and base[len(name) :] in _WORDS:
                return _unit(_SI[_WORDS[base[len(name) :]]], power)
    return _lower_case(lower)


def _lower_case(lower: str) -> Unit | None:
    """A symbol in lower case, where that is no other unit."""
    if lower == "kwh":
        return _unit(_OTHER["kwh"])
    symbol = _LOWER_CASE.get(lower, "")
    if symbol in _SI:
        return _unit(_SI[symbol])
    return _unit(_SI[symbol[1:]], _PREFIXES[symbol[0]]) if symbol[1:] in _SI else None
