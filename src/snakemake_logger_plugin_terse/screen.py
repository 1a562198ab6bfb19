"""A stream of lines with, on a terminal, one status line below them that is written over and over."""

from __future__ import annotations

import shutil
from typing import TextIO

ERASE_LINE = "\r\x1b[K"


class Screen:
    """Writes lines to ``stream``; the status line never mixes with them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_terminal = stream.isatty()
        self._status = ""

    def line(self, text: str) -> None:
        """Write ``text`` as lines of its own, above the status line."""
        if not text:
            return
        erase = ERASE_LINE if self._status else ""
        self._stream.write(f"{erase}{text}\n{self._status}")
        self._stream.flush()

    def status(self, text: str) -> None:
        """Replace the status line; where there is no terminal it is an ordinary line."""
        if not self.is_terminal:
            self.line(text)
            return
        width = shutil.get_terminal_size().columns - 1
        shortened = text if len(text) <= width else text[: width - 3] + "..."
        if shortened != self._status:
            self._stream.write(ERASE_LINE + shortened)
            self._stream.flush()
            self._status = shortened
