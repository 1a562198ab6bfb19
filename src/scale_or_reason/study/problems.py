"""Problems in a config, before they are traced to the file that causes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """A problem at ``path`` of the config."""

    path: KeyPath
    problem: str
    found: object = None
    expected: object = None
    remedy: str | None = None


def spell(path: KeyPath) -> str:
    """A key in dotted notation: ``study.families[2].name``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "(top level)"


def did_you_mean(word: object, known: Iterable[str], prefix: str = "") -> str | None:
    """``did you mean 'students'?`` if ``word`` resembles one of ``known``, else None; ``prefix`` is not compared."""
    lowered = {name.lower().removeprefix(prefix): name for name in known}
    close = difflib.get_close_matches(str(word).lower().removeprefix(prefix), lowered, n=1, cutoff=0.5)
    return f"did you mean {lowered[close[0]]!r}?" if close else None
