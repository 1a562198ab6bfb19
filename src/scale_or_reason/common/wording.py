"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``1 judge``, ``0 judges``, ``1,200 judges``; ``plural`` is the noun's, where it does not end with ``s`` alone."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
