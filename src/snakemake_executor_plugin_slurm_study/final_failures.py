"""Failures that a further attempt would repeat: such a job is not submitted again while nothing about it changes.

A job says so by a file beside one of its outputs: ``.OUTPUT.*/diverged.json``. The executor then remembers the job's
identity together with that file. Where the file is removed, the job is submitted again.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

_NOTE = "diverged.json"
#: Clocks of nodes, file servers and the login node differ by less.
_CLOCK_SECONDS = 60


class FinalFailures:
    """The final failures of a working directory, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, identity: str) -> Path | None:
        """The file by which a job with this identity has said that it failed for good; None without one."""
        try:
            note = Path((self._folder / identity).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return note if note.is_file() else None

    def remember(self, identity: str, outputs: Iterable[str], since: float) -> Path | None:
        """Look for such a file written ``since`` (seconds since the epoch), and keep it in mind."""
        notes = [note for output in outputs for note in _notes(Path(output))]
        new = [note for note in notes if note.stat().st_mtime >= since - _CLOCK_SECONDS]
        if not new:
            return None
        latest = max(new, key=lambda note: note.stat().st_mtime)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / identity).write_text(str(latest), encoding="utf-8")
        return latest


def _notes(output: Path) -> list[Path]:
    return [Path(path) for path in glob.glob(f"{glob.escape(str(output.parent / f'.{output.name}.'))}*/{_NOTE}")]
