"""SIGTERM during generation: the replies are on disk, so the program ends with "run me again" as soon as it can.

A signal concerns the whole process, so its state is that of the module.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from scale_or_reason.common.errors import Interrupted

_MESSAGE = "stopped by SIGTERM; the finished replies are saved: run the same command again to resume"


class _State:
    requested = False
    #: The stream for the message while there is nothing to save, so that the program can end at once.
    idle_screen: TextIO | None = None


def _on_signal(*_: Any) -> None:
    _State.requested = True
    if _State.idle_screen:
        # not print: the signal may come while the stream is being written
        os.write(_State.idle_screen.fileno(), f"{_MESSAGE}\n".encode())
        for child in multiprocessing.active_children():
            child.terminate()
        os._exit(Interrupted.EXIT_CODE)


@contextmanager
def sigterm_handled() -> Iterator[None]:
    """Within the block SIGTERM requests a stop instead of ending the process."""
    _State.requested = False
    before = signal.signal(signal.SIGTERM, _on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def idle(screen: TextIO) -> Iterator[None]:
    """Within the block, such as the loading of a model, SIGTERM ends the process at once.

    Afterwards the handler is set again, in case that a library has replaced it.
    """
    _State.idle_screen = screen
    try:
        stop_if_requested()  # not before: a signal between the two would take effect only at the end of the block
        yield
    finally:
        _State.idle_screen = None
        signal.signal(signal.SIGTERM, _on_signal)


def stop_requested() -> bool:
    """Whether SIGTERM has been received."""
    return _State.requested


def stop_if_requested() -> None:
    """Raise :class:`Interrupted` if SIGTERM has been received."""
    if _State.requested:
        raise Interrupted(_MESSAGE)
