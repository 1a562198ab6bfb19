"""Where to look for what a run has made: a few folders or files in place of many paths. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

#: What most people want to see first.
_FIRST = ("figures", "tables", "explorer.html")


def places(files: Iterable[str]) -> list[str]:
    """The folders ``results/STUDY/PART/`` of ``files``; a file itself if it is the only one of its folder.

    Files elsewhere are left out, and so are places that do not exist. Figures, tables and the explorer come first.
    """
    parts: dict[tuple[str, ...], set[str]] = {}
    for file in files:
        first = PurePosixPath(file).parts[:3]
        if len(first) == 3 and first[0] == "results":
            parts.setdefault(first, set()).add(file)
    found = {first: min(own) if len(own) == 1 else f"{'/'.join(first)}/" for first, own in parts.items()}
    order = sorted(found, key=lambda first: (_FIRST.index(first[2]) if first[2] in _FIRST else len(_FIRST), first))
    return [found[first] for first in order if Path(found[first]).exists()]
