"""Write the output of an engine and its child processes to a log of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from scale_or_reason.common.errors import Interrupted, StudyError

_ERROR = re.compile(r"\b(?:[A-Za-z_]\w*\.)*([A-Z]\w*(?:Error|Exception|Interrupt)): (\S.*)")
#: What a parent process reports of a failed child; the cause is further up in the log.
_SECOND_HAND = re.compile(r"Engine core initialization failed|WorkerProc initialization failed|EngineCore encountered")


@contextmanager
def quiet(log: Path) -> Iterator[TextIO]:
    """Redirect file descriptors 1 and 2 to the end of the file ``log``; yield a stream to the real standard error.

    Descriptors rather than ``sys.stderr``, because native code and worker processes also write to them. The log is
    removed if the block succeeds and stays after a failure or a kill. An unexpected failure (neither
    :class:`StudyError` nor :class:`Interrupted`) prints its path.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    log.parent.mkdir(parents=True, exist_ok=True)
    out, err = os.dup(1), os.dup(2)
    screen = os.fdopen(os.dup(err), "w", encoding="utf-8")
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    try:
        yield screen
    except BaseException as error:
        if not isinstance(error, StudyError | Interrupted):
            screen.write(f"the engine's log: {log}\n")
        raise
    else:
        log.unlink(missing_ok=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        screen.close()


def first_cause(reason: str, log: Path | None) -> str:
    """``reason``, or the error in the engine's log that it refers to.

    vLLM's workers are processes: the exception of the parent says no more than that one of them failed.
    """
    if log is None or not log.is_file() or not _SECOND_HAND.search(reason):
        return reason
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    causes = [match for line in lines if (match := _ERROR.search(line)) and not _SECOND_HAND.search(line)]
    return f"{causes[-1][1]}: {causes[-1][2]}" if causes else reason
