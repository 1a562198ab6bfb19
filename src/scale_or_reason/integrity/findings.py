"""What a check of a study's files found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

#: Kinds of findings. A damaged file differs from what was written; a missing one has a record but is not there; an
#: outdated one was made from inputs or settings that are no longer those of the study.
DAMAGED, MISSING, OUTDATED = "damaged", "missing", "outdated"
KINDS = (DAMAGED, MISSING, OUTDATED)


@dataclass(frozen=True)
class Finding:
    """A file that is not as it should be."""

    kind: str
    path: Path
    problem: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}\n  {self.problem}\n  found: {self.found}\n  expected: {self.expected}"


@dataclass
class Checked:
    """The result of checking a study's files; counts are by the folder at the top of the results."""

    files: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    #: Files that were compared with a recorded checksum.
    compared: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    #: Facts that are not wrong, such as several versions of a package.
    notes: list[str] = field(default_factory=list)
