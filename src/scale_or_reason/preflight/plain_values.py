"""Values that no schema describes well: numbers without an end, hidden characters, text that means null.

They come before the schema, whose comparisons they would pass (NaN) or end (a key that is no text).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from scale_or_reason.common.wording import counted
from scale_or_reason.study.problems import KeyPath, Problem

#: Larger numbers overflow in sums and in tables; smaller ones become infinite when something is divided by them.
LARGEST, SMALLEST = 1e30, 1e-30
LARGEST_WHOLE = 2**53
LONGEST_LINE, LONGEST_TEXT = 1_000, 100_000
DEEPEST = 30
#: What YAML and Python call nothing. As text it would become a revision or a folder of that name.
_NULLS = ("null", "Null", "NULL", "~", "None")
#: System prompts and arguments of chat templates, which may hold line breaks and any word.
_FREE = ("mode", "modes")


def unusable_values(config: Any, path: KeyPath = ()) -> Iterator[Problem]:
    """A problem for each key and value that no part of the config can use."""
    if len(path) > DEEPEST:
        remedy = "remove the anchor or alias that contains itself"
        yield Problem(
            path[:6], "the config is nested too deeply", "a key in a key", f"at most {DEEPEST} levels", remedy
        )
    elif isinstance(config, Mapping):
        for key, value in config.items():
            problem = _key_problem(key, path)
            if problem is not None:
                yield problem
            else:
                yield from unusable_values(value, (*path, key))
    elif isinstance(config, list):
        for index, value in enumerate(config):
            yield from unusable_values(value, (*path, index))
    else:
        problem = _value_problem(config, path)
        if problem is not None:
            yield problem


def _key_problem(key: Any, path: KeyPath) -> Problem | None:
    here = (*path, str(key)[:80])
    if not isinstance(key, str):
        remedy = "put it in quotes, or correct it"
        return Problem(here, "a key of the config is not text", repr(key), "text", remedy)
    if len(key) > LONGEST_LINE:
        found = counted(len(key), "character")
        return Problem(here, "a key of the config is too long", found, f"at most {LONGEST_LINE}", "shorten it")
    if hidden := _hidden(key):
        expected = "letters, digits and visible signs"
        return Problem(here, "a key of the config has a hidden character", hidden, expected, "remove the character")
    return None


def _value_problem(value: Any, path: KeyPath) -> Problem | None:
    if isinstance(value, str):
        return _text_problem(value, path)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        if abs(value) > LARGEST_WHOLE:
            return _number_problem(path, f"a number of {counted(len(_digits(value)), 'digit')}")
        return None
    if isinstance(value, float):
        if math.isfinite(value) and (value == 0 or SMALLEST <= abs(value) <= LARGEST):
            return None
        return _number_problem(path, value)
    remedy = "write text in quotes: YAML reads 2024-01-01 as a date, for example"
    return Problem(path, "a value in the config is neither text nor a number", repr(value)[:80], "text", remedy)


def _digits(value: int) -> str:
    try:
        return str(abs(value))
    except ValueError:  # Python refuses to spell out thousands of digits
        return " " * int(value.bit_length() * math.log10(2))


def _number_problem(path: KeyPath, found: object) -> Problem:
    expected = f"0, or {SMALLEST:g} to {LARGEST:g}; whole numbers up to {LARGEST_WHOLE}"
    return Problem(path, "a number in the config is out of range", found, expected, "correct the number")


def _text_problem(text: str, path: KeyPath) -> Problem | None:
    free = len(path) > 2 and path[2] in _FREE
    if text in _NULLS and not free:
        problem, remedy = "a text in the config means null", "write null without quotes, or remove the key"
        return Problem(path, problem, repr(text), "null, or a text", remedy)
    longest = LONGEST_TEXT if free else LONGEST_LINE
    if len(text) > longest:
        found, remedy = counted(len(text), "character"), "shorten it"
        return Problem(
            path, "a text in the config is too long", found, f"at most {counted(longest, 'character')}", remedy
        )
    if hidden := _hidden(text, allowed="\n\t" if free else ""):
        expected = "visible characters in one line"
        return Problem(path, "a text in the config has a hidden character", hidden, expected, "remove the character")
    return None


def _hidden(text: str, allowed: str = "") -> str | None:
    """The first control character, direction mark or unpaired surrogate of a text, and where it stands."""
    for place, character in enumerate(text, start=1):
        if not character.isprintable() and character not in allowed:
            return f"U+{ord(character):04X} at character {place} of {text[:80]!a}"
    return None
