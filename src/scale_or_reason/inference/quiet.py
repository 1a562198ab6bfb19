"""Capture the output of an engine and its child processes, and show it only after a failure."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from scale_or_reason.common.errors import StudyError

_SHOWN_LINES = 200


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Redirect file descriptors 1 and 2 to a temporary log; yield a stream to the real standard error.

    Descriptors rather than ``sys.stderr``, because native code and worker processes also write to them. If the block
    fails, the end of the log is printed to standard error, except after invalid input (:class:`StudyError` without a
    cause), whose message is sufficient.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = os.dup(1), os.dup(2)
    screen = os.fdopen(os.dup(err), "w", encoding="utf-8")
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield screen
        except BaseException as error:
            if not isinstance(error, StudyError) or error.__cause__ is not None:
                sys.stdout.flush()
                sys.stderr.flush()
                log.seek(0)
                lines = log.read().decode("utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
                screen.write("\n".join(["--- end of the engine's log ---", *lines, "---", ""]))
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.close(out)
            os.close(err)
            screen.close()
