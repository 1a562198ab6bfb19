"""The progress of a generation: share done, tokens per second, time left.

tqdm only formats the line, since its bar overwrites lines and makes a log unreadable.
"""

from __future__ import annotations

import time
from typing import TextIO

from tqdm import tqdm

from scale_or_reason.inference.requests import Completion

#: Interval between lines in a log; on a terminal the bar is updated in place.
_SECONDS_BETWEEN_LINES = 5.0


class GenerationBar:
    """Counts replies as they arrive; ``done`` of ``total`` were complete before this run."""

    def __init__(self, label: str, total: int, done: int, screen: TextIO) -> None:
        self._label, self._total, self._initial, self._count = label, total, done, done
        self._screen = screen
        self._live = screen.isatty()
        self._tokens = 0
        self._began = self._shown = time.monotonic()

    def add(self, reply: Completion) -> None:
        """Count a reply; update the display if the interval has passed."""
        self._tokens += reply.tokens
        self._count += 1
        if time.monotonic() - self._shown > (0.3 if self._live else _SECONDS_BETWEEN_LINES):
            self._show("\r" if self._live else "", "" if self._live else "\n")

    def close(self) -> None:
        """Show the final state."""
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
