"""Texts on inspection pages; long texts are folded."""

from __future__ import annotations

from dataclasses import dataclass

from scale_or_reason.common.wording import counted

#: Maximum characters of a text in a table; the full text is elsewhere on the page.
SHORT = 300
#: Longer texts are folded.
LONG = 1500


@dataclass(frozen=True)
class TextBlock:
    """A text with a title. ``is_open``: it is unfolded unless it is long."""

    title: str
    text: str
    is_open: bool = False

    @property
    def unfolded(self) -> bool:
        return self.is_open and len(self.text) <= LONG

    @property
    def size(self) -> str:
        return counted(len(self.text), "character") if self.text else "empty"


def shortened(text: str) -> str:
    """A text, shortened for tables."""
    return text if len(text) <= SHORT else f"{text[:SHORT]} …"
