"""Errors for users: the problem, its location, and the remedy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any


class StudyError(Exception):
    """Invalid input: a config value, a data row, a model folder, a judge's reply.

    ``where`` is a file or a command-line option, ``key`` the location in it. The message has one field per line, for
    terminals and job logs.
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
        fields = (
            ("file", where),
            ("key", key),
            ("found", found),
            ("expected", expected),
            ("what to do", remedy),
        )
        lines = [problem] + [f"  {name}: {value}" for name, value in fields if value is not None]
        super().__init__("\n".join(lines))
        self.problem, self.where, self.key = problem, where, key
        self.found, self.expected, self.remedy = found, expected, remedy


class DivergedError(StudyError):
    """A training whose loss has become NaN or has diverged."""


class Interrupted(Exception):
    """The program was stopped by a signal and saved its progress; the same command resumes."""

    #: The exit status: "temporary failure, retry" (sysexits.h).
    EXIT_CODE = os.EX_TEMPFAIL


def run_script(main: Callable[[], Any]) -> None:
    """Run a script's ``main``; expected failures exit without a traceback.

    A :class:`StudyError` prints its message and exits with status 2, an :class:`Interrupted` with status 75.
    """
    try:
        main()
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        raise SystemExit(Interrupted.EXIT_CODE) from None
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
