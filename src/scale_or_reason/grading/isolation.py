"""Computer algebra in a process of its own, which may hang, eat memory or die without harm.

Signals can't interrupt a big-integer power inside the interpreter, and they work in the main thread only. A process
that the kernel ends when its time is up works everywhere.

Our own, since a pool of ``concurrent.futures`` or ``multiprocessing`` cannot end a task that hangs.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from dataclasses import astuple, dataclass
from typing import Any

from scale_or_reason.common.wording import counted

#: Seconds of computing for one request.
TIME_LIMIT = 3.0
#: Seconds that a process spends on requests that time out, and the limit of each request after that. Real answers
#: rarely need more than a fraction of a second; a file of hostile ones must not add up to hours.
PATIENCE, SHORT_LIMIT = 60.0, 0.3
#: On a busy machine, a second of computing takes many seconds by the clock. After this many the child is given up.
_SECONDS_PER_SECOND = 30
_START_LIMIT = 120.0


@dataclass(frozen=True)
class AlgebraUse:
    """The number of requests to computer algebra, the seconds that they took, and how many were given up."""

    requests: int = 0
    seconds: float = 0.0
    given_up: int = 0

    def __add__(self, other: AlgebraUse) -> AlgebraUse:
        return AlgebraUse(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: AlgebraUse) -> AlgebraUse:
        return AlgebraUse(*(mine - its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return f"algebra: {counted(self.requests, 'request')}, {self.seconds:.1f} s, {self.given_up} given up"


class AlgebraProcess:
    """A child that answers one JSON request a line (see :mod:`~scale_or_reason.grading.algebra`).

    It starts with the first request, stays, and is started again if it is lost. Safe to use from threads.
    """

    def __init__(self, time_limit: float = TIME_LIMIT, patience: float = PATIENCE) -> None:
        self._time_limit, self._patience = time_limit, patience
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self.use = AlgebraUse()

    def request(self, **request: Any) -> dict[str, Any]:
        """The child's reply; ``{"error": "timeout"}`` if it took too long or died."""
        with self._lock:
            self._forget_after_fork()
            start = time.perf_counter()
            if self._child is None and not self._start():
                return {"error": "timeout"}
            limit = self._time_limit if self._patience > 0 else min(SHORT_LIMIT, self._time_limit)
            reply = self._ask(request | {"seconds": limit}, _SECONDS_PER_SECOND * limit) or {"error": "timeout"}
            seconds = time.perf_counter() - start
            given_up = reply.get("error") == "timeout"
            # the limit, not the time by the clock: no verdict may depend on what else runs on the machine
            self._patience -= limit if given_up else 0
            self.use += AlgebraUse(1, seconds, int(given_up))
            return reply

    def close(self) -> None:
        """End the child."""
        if self._child is None or self._owner != os.getpid():
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)  # its worker too
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
        return self._ask({"op": "ready", "seconds": _START_LIMIT}, _START_LIMIT) is not None

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(child.stdout, selectors.EVENT_READ)
                line = child.stdout.readline() if _is_readable(selector, seconds) else b""
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self.close()
            return None
        reply: dict[str, Any] = json.loads(line)
        return reply


def _is_readable(selector: selectors.BaseSelector, seconds: float) -> bool:
    """Whether there is a reply within so many seconds in which this process runs.

    Counted one by one: a scheduler may suspend a job for hours, parent and child together.
    """
    return any(selector.select(min(1.0, seconds)) for _ in range(max(1, math.ceil(seconds))))


_SHARED = AlgebraProcess()
atexit.register(_SHARED.close)


def ask_algebra(**request: Any) -> dict[str, Any]:
    """Ask this process's own :class:`AlgebraProcess`."""
    return _SHARED.request(**request)


def algebra_use() -> AlgebraUse:
    """The requests of this process so far."""
    return _SHARED.use
