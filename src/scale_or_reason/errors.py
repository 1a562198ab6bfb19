"""The one error that people see: what is wrong, where, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class StudyError(Exception):
    """Bad input: a config value, a data row, a model folder, a judge's reply.

    ``where`` is a file (or a command-line option), ``key`` the place in it. The text is laid out one fact per line,
    so that it reads well in a terminal and in a job's log.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: object = None,
        key: str | None = None,
        found: object = None,
        expected: object = None,
        remedy: str | None = None,
    ) -> None:
        facts = (
            ("file", where),
            ("key", key),
            ("found", found),
            ("expected", expected),
            ("what to do", remedy),
        )
        lines = [problem] + [f"  {name}: {value}" for name, value in facts if value is not None]
        super().__init__("\n".join(lines))
        self.problem, self.where, self.key = problem, where, key
        self.found, self.expected, self.remedy = found, expected, remedy


def run_script(main: Callable[[], Any]) -> None:
    """Run a script's ``main``; a :class:`StudyError` ends it with its message and status 2, without a traceback."""
    try:
        main()
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
