"""Errors for users: the problem, its location, and the remedy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

#: Characters of a field of an error: data rows and model replies can be longer.
_LONGEST_FIELD = 2_000


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
        lines = [problem] + [f"  {name}: {_in_one_line(value)}" for name, value in fields if value is not None]
        super().__init__("\n".join(lines))
        self.problem, self.where, self.key = problem, where, key
        self.found, self.expected, self.remedy = found, expected, remedy


def _in_one_line(value: object) -> str:
    """A field's text, in which characters that would break its line, hide or turn it around are escaped."""
    text = str(value)
    if len(text) > _LONGEST_FIELD:
        text = f"{text[:_LONGEST_FIELD]}... ({len(text)} characters)"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def remake(path: object) -> str:
    """The remedy for a missing result. A program does not know the overlays of its study; its user does."""
    return f"make it again: repeat the study's snakemake command, with all its overlays and with -- {path} at the end"


class DivergedError(StudyError):
    """A training whose loss or gradients are not finite, or whose loss has diverged."""


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
