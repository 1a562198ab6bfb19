"""Parts of a number of things by a share from the config."""

from __future__ import annotations

from fractions import Fraction
from math import floor


def part_of(share: float, count: int) -> int:
    """``share`` of ``count``, rounded half up.

    The share is the decimal in the config: 0.82 of 75 is 61.5 and thus 62, although the floating-point product is less.
    """
    return floor(Fraction(repr(float(share))) * count + Fraction(1, 2))
