r"""Units as far as a power of ten lies between two of them: ``km`` and ``m``, ``kilojoules`` and ``J``.

Other conversions (calories to joules, degrees) are not made: the prompt states the unit that is wanted.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "c": -2, "d": -1, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
_PREFIX_WORDS = {"femto": "f", "pico": "p", "nano": "n", "micro": "u", "milli": "m", "centi": "c", "kilo": "k"}
_PREFIX_WORDS |= {"mega": "M", "giga": "G", "tera": "T"}
_SYMBOLS_TEXT = "m s g J N W V A Pa Hz eV C F ohm T L mol K bar cal rad atm Wb H"
_SYMBOLS = frozenset(_SYMBOLS_TEXT.split())
_WORDS = {
    "meter": "m", "metre": "m", "second": "s", "gram": "g", "joule": "J", "newton": "N", "watt": "W", "volt": "V",
    "ampere": "A", "amp": "A", "pascal": "Pa", "hertz": "Hz", "electronvolt": "eV", "coulomb": "C", "farad": "F",
    "tesla": "T", "liter": "L", "litre": "L", "mole": "mol", "kelvin": "K", "calorie": "cal", "radian": "rad",
}  # fmt: skip
_POWER_OF_TEN = re.compile(r"^\\?(?:times)?\s*10\s*\^\s*(?:\{[^}]*\}|\d)")
_COMMANDS = re.compile(r"\\(?:text|mathrm|textrm|rm|mbox|operatorname)(?![a-z])|[{}$]")
_PRODUCT = re.compile(r"(?:[~\s*]|\\[,;:! ]|\\cdot(?![a-z]))+")
_FIRST = re.compile(r"([A-Za-z]+)(?:\^?([23]))?(.*)", re.DOTALL)


@lru_cache(maxsize=10_000)
def power_between(given: str, wanted: str) -> int | None:
    r"""The power of ten by which a number with the unit ``given`` is multiplied to have ``wanted``; None if unknown.

    ``wanted`` may begin with a power of ten of its own, which is left out.

    >>> power_between(r"\text{ km}", "$10^6$ m"), power_between("cm^2", "m^2"), power_between("lbs", "kg")
    (3, -4, None)
    """
    first, second = _parse(given), _parse(_POWER_OF_TEN.sub("", wanted.strip().strip("$").strip()))
    if first is None or second is None or first[1:] != second[1:]:
        return None
    return (first[0] - second[0]) * first[2]


def _parse(unit: str) -> tuple[int, str, int, str] | None:
    """Prefix (a power of ten), symbol and exponent of the unit's first factor, and the rest as it is written."""
    plain = _COMMANDS.sub("", unit.replace("\\mu", "u").replace("μ", "u").replace("µ", "u"))
    plain = _PRODUCT.sub("*", plain.replace("\\Omega", "ohm").replace("Ω", "ohm"))
    plain = plain.replace("*/", "/").replace("/*", "/").strip("*.")
    match = _FIRST.fullmatch(plain)
    if match is None:
        return None
    named = _symbol(match[1])
    return None if named is None else (*named, int(match[2] or 1), match[3])


def _symbol(word: str) -> tuple[int, str] | None:
    for prefix, power in _PREFIXES.items():
        if word.startswith(prefix) and word[len(prefix) :] in _SYMBOLS:
            return power, word[len(prefix) :]
    lower = word.lower()
    base = lower.removesuffix("s") if lower not in ("hertz", "celsius") else lower
    for name, prefix in ("", ""), *_PREFIX_WORDS.items():
        if base.startswith(name) and base[len(name) :] in _WORDS:
            return _PREFIXES[prefix], _WORDS[base[len(name) :]]
    return None
