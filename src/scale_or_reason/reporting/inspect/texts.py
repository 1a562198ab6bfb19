"""How long texts are shown on an inspection page: as they are, folded away where they are long."""

from __future__ import annotations

from dataclasses import dataclass

#: Characters of a text in a table; all of it stands elsewhere.
SHORT = 300
#: Characters from which a text is folded away.
LONG = 1500


@dataclass(frozen=True)
class TextBlock:
    """A text under its title. ``is_open``: it can be read at once if it is not long."""

    title: str
    text: str
    is_open: bool = False

    @property
    def unfolded(self) -> bool:
        return self.is_open and len(self.text) <= LONG

    @property
    def size(self) -> str:
        return f"{len(self.text):,} characters" if self.text else "empty"


def shortened(text: str) -> str:
    """The beginning of a text that is too long for a table."""
    return text if len(text) <= SHORT else f"{text[:SHORT]} …"
