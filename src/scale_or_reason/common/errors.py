"""The one error that people see: what is wrong, where, and what to do about it."""

from __future__ import annotations

import os
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


class DivergedError(StudyError):
    """A training whose loss is no number any more, or has exploded."""


class Interrupted(Exception):
    """The program was told to end before its work was done, and has kept what it has: the same command goes on."""

    #: What the process says when it ends so: "temporary failure, run again" (sysexits.h).
    EXIT_CODE = os.EX_TEMPFAIL


def run_script(main: Callable[[], Any]) -> None:
    """Run a script's ``main``, without a traceback for what is no bug.

    A :class:`StudyError` ends it with its message and status 2, an :class:`Interrupted` with status 75.
    """
    try:
        main()
    except Interrupted as interruption:
        print(interruption, file=sys.stderr)
        raise SystemExit(Interrupted.EXIT_CODE) from None
    except StudyError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
