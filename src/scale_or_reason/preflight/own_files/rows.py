"""The first rows of a file, and the problem that one of them is."""

from __future__ import annotations

from scale_or_reason.common.errors import StudyError
from scale_or_reason.study.problems import KeyPath, Problem

#: Rows of a file that are read.
FIRST_ROWS = 100


def problem_of_row(key: KeyPath, where: object, number: int | None, error: StudyError) -> Problem:
    """The ``error`` of row ``number`` of a file as a problem of the config's ``key``; of the whole file without one."""
    named = error.key is not None and error.key.startswith("line ")  # by the reader of the file
    place = f"{where}, row {number}" if number and not named else str(where)
    found = f"{place}: {error.found}" if error.found is not None else place
    if error.key:
        found = f"{place}, {error.key}: {error.found}"
    expected = error.expected or "JSON lines: one object per line"
    return Problem(key, error.problem, found, expected, error.remedy or "correct the file")
