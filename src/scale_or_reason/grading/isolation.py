"""Computer algebra in a process of its own, which may hang, eat memory or die without harm.

Signals can't interrupt a big-integer power inside the interpreter, and they work in the main thread only. A child
process that is killed when its time is up works everywhere.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
from typing import Any

#: Seconds that the child may take for one request, after it has started.
TIME_LIMIT = 6.0
_START_LIMIT = 120.0


class AlgebraProcess:
    """A child that answers one JSON request a line (see :mod:`~scale_or_reason.grading.algebra`).

    It starts with the first request, stays, and is started again after it had to be killed. Safe to use from threads.
    """

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self._time_limit = time_limit
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def request(self, **request: Any) -> dict[str, Any] | None:
        """The child's reply, or None if it took too long or died."""
        with self._lock:
            self._forget_after_fork()
            if self._child is None and not self._start():
                return None
            return self._ask(request, self._time_limit)

    def close(self) -> None:
        """End the child."""
        if self._child is None or self._owner != os.getpid():
            return
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # unsent bytes of a child that is gone
                    stream.close()
        self._child = None

    def _forget_after_fork(self) -> None:
        """The parent's child is not ours: two processes that read one pipe would take each other's replies."""
        if self._owner != os.getpid():
            self._child, self._owner = None, os.getpid()

    def _start(self) -> bool:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "scale_or_reason.grading.algebra"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._ask({"op": "ready"}, _START_LIMIT) is not None

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(child.stdout, selectors.EVENT_READ)
                line = child.stdout.readline() if selector.select(seconds) else b""
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self.close()
            return None
        return json.loads(line)


_SHARED = AlgebraProcess()
atexit.register(_SHARED.close)


def ask_algebra(**request: Any) -> dict[str, Any] | None:
    """Ask this process's own :class:`AlgebraProcess`."""
    return _SHARED.request(**request)
