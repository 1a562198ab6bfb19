"""The progress of a generation: share done, tokens per second, time left.

tqdm formats the line; its own bar overwrites lines, which makes a log unreadable.
"""

from __future__ import annotations

import time
from typing import TextIO

from tqdm import tqdm

from scale_or_reason.inference.requests import Completion

#: A log gets a line this often; on a terminal a bar moves.
_SECONDS_BETWEEN_LINES = 5.0


class GenerationBar:
    """Counts replies as they come in; ``done`` of ``total`` were there before this start."""

    def __init__(self, label: str, total: int, done: int, screen: TextIO) -> None:
        self._label, self._total, self._initial, self._count = label, total, done, done
        self._screen = screen
        self._live = screen.isatty()
        self._tokens = 0
        self._began = self._shown = time.monotonic()

    def add(self, reply: Completion) -> None:
        """Count one more reply and show it, if it is time to."""
        self._tokens += reply.tokens
        self._count += 1
        if time.monotonic() - self._shown > (0.3 if self._live else _SECONDS_BETWEEN_LINES):
            self._show("\r" if self._live else "", "" if self._live else "\n")

    def close(self) -> None:
        """Leave the final state on the screen."""
        self._show("\r" if self._live else "", "\n")

    def _show(self, before: str, after: str) -> None:
        self._shown = time.monotonic()
        elapsed = max(self._shown - self._began, 1e-9)
        line = tqdm.format_meter(
            self._count,
            self._total,
            elapsed,
            ncols=100,
            prefix=self._label,
            unit="answer",
            initial=self._initial,
            postfix=f"{self._tokens / elapsed:,.0f} tokens/s",
        )
        self._screen.write(before + line + after)
        self._screen.flush()
