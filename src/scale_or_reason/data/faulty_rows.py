"""Rows of a source that cannot be used: counted while they are few, an error where they are most."""

from __future__ import annotations

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Rows after which a source of mostly faulty rows is given up. A few rows more say nothing new about its schema.
PATIENCE = 1_000


class FaultyRows:
    """How many rows were good and how many faulty, and the first fault.

    One bad row must not end a job of millions, and a file of another schema must not pass as a source without prompts.
    """

    def __init__(self) -> None:
        self.good = self.faulty = 0
        self.first: StudyError | None = None

    def add_good(self) -> None:
        """Count a row that can be used."""
        self.good += 1

    def add(self, fault: StudyError) -> None:
        """Count a faulty row; raise its fault if most of at least ``PATIENCE`` rows are faulty."""
        self.faulty += 1
        self.first = self.first or fault
        if self.good + self.faulty >= PATIENCE:
            self.check()

    def check(self) -> None:
        """Raise the first fault if more rows are faulty than not."""
        if self.first is not None and self.faulty > self.good:
            raise self.first

    def summary(self) -> str:
        """A note for the log; empty if no row is faulty."""
        if self.first is None:
            return ""
        return (
            f"note: {self.faulty} of {counted(self.good + self.faulty, 'row')} cannot be used; the first: {self.first}"
        )


def row_fault(error: StudyError, where: object, number: int) -> StudyError:
    """The same error with file and row."""
    return StudyError(
        error.problem,
        where=where,
        key=f"row {number}: {error.key}",
        found=error.found,
        expected=error.expected,
        remedy=error.remedy,
    )
