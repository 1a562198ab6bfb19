"""Errors for users: the problem, its location, and the remedy."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Callable
from typing import Any

from scale_or_reason.common.redaction import redacted
from scale_or_reason.common.wording import counted

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

    def __reduce__(self) -> tuple[Any, ...]:
        """For errors that one process of a training hands to the others."""
        fields = {name: getattr(self, name) for name in ("where", "key", "found", "expected", "remedy")}
        return _study_error, (type(self), self.problem, fields)


def _in_one_line(value: object) -> str:
    """A field's text, in which characters that would break its line, hide or turn it around are escaped."""
    text = str(value)
    if len(text) > _LONGEST_FIELD:
        text = f"{text[:_LONGEST_FIELD]}... ({counted(len(text), 'character')})"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def remake(path: object) -> str:
    """The remedy for a missing result. It names no overlays, since a program is started without them."""
    return f"make it again: repeat the study's snakemake command, with all its overlays and with -- {path} at the end"


def _study_error(kind: type[StudyError], problem: str, fields: dict[str, Any]) -> StudyError:
    return kind(problem, **fields)


class DivergedError(StudyError):
    """A training whose loss or gradients are not finite, or whose loss has diverged."""


class Interrupted(Exception):
    """The program was stopped by a signal and saved its progress; the same command resumes."""

    #: The exit status: "temporary failure, retry" (sysexits.h).
    EXIT_CODE = os.EX_TEMPFAIL


#: What the operating system refuses, and what to do about it.
_REFUSALS = {
    errno.ENOSPC: "free disk space (`snakemake plan` estimates what the study needs), then repeat the command",
    errno.EDQUOT: "free space or files in your quota, or ask for a larger one, then repeat the command",
    errno.EACCES: "give yourself the permission, or choose another folder, then repeat the command",
    errno.EPERM: "give yourself the permission, or choose another folder, then repeat the command",
    errno.EROFS: "run in a folder that can be written, or mount this one for writing, then repeat the command",
    errno.EIO: "the disk or the network file system fails: check it; `snakemake verify` then finds damaged files",
    errno.ESTALE: "the network file system has lost the file: repeat the command",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`), then repeat the command",
}
#: How libraries without Python's errors spell them: ``No space left on device (os error 28)``.
_SPELLED = re.compile(r"\(?(?:os error|errno) (\d+)\)?", re.IGNORECASE)


def refusal(error: BaseException) -> StudyError | None:
    """The refusal of the operating system that caused ``error``, such as a full disk; None for any other error.

    Libraries hide it in errors of their own.
    """
    cause: BaseException | None = error
    while cause is not None:
        number = cause.errno if isinstance(cause, OSError) else None
        if number is None and (spelled := _SPELLED.search(str(cause))):
            number = int(spelled[1])
        if number in _REFUSALS:
            where, found = getattr(cause, "filename", None), os.strerror(number)
            if where is None:  # a library's text may name the file
                found = f"{found}: {str(cause).partition(chr(10))[0]}"
            problem = "the operating system refuses to read or write a file"
            return StudyError(problem, where=where, found=found, remedy=_REFUSALS[number])
        cause = cause.__cause__ or cause.__context__
    return None


def run_script(main: Callable[[], Any]) -> None:
    """Run a script's ``main``; expected failures exit without a traceback.

    A :class:`StudyError` and a refusal of the operating system print their message and exit with status 2, an
    :class:`Interrupted` with status 75. Whatever is printed has no secrets.
    """
    try:
        main()
    except Interrupted as interruption:
        print(redacted(str(interruption)), file=sys.stderr)
        raise SystemExit(Interrupted.EXIT_CODE) from None
    except Exception as error:
        expected = error if isinstance(error, StudyError) else refusal(error)
        if expected is None:
            print(redacted(traceback.format_exc()), end="", file=sys.stderr)
            raise SystemExit(1) from None
        print(f"error: {redacted(str(expected))}", file=sys.stderr)
        raise SystemExit(2) from None
