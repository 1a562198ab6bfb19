"""Programs in forks of one process that has imported their libraries already, which is most of a short program's time.

Such a program has a process, a working directory, an environment and output files of its own, like any other. It shares
the libraries' code and the seed of Python's hashes. Where a test is about imports, start the program with subprocess.

    python tests/warm_start.py MODULE [MODULE ...]          # reads requests from stdin; see WarmPython
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

#: Threads that a library starts when it is imported are lost in a fork.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WarmPython:
    """A Python that has imported some modules and runs command lines in forks."""

    def __init__(self, *modules: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it; ``environment`` has variables that libraries read when they are imported."""
        self._search_path = (os.environ | dict(environment or {})).get("PYTHONPATH")
        self._server = subprocess.Popen(
            [sys.executable, __file__, *modules],
            env=os.environ | ONE_THREAD | dict(environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(
        self, words: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python WORDS``: a script and its arguments, or ``-m``, a module and its arguments.

        With another ``PYTHONPATH`` than the imports had, which may name other code, the program starts by itself.
        """
        environment = dict(os.environ if environment is None else environment)
        if environment.get("PYTHONPATH") != self._search_path:
            command = [sys.executable, *words]
            return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            outputs = [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (stdout, stderr)]
            request = {"words": list(words), "cwd": str(cwd or Path.cwd()), "environment": environment}
            status = self._answer({"wait": self._answer(request | {"outputs": outputs})})
            assert status is not None
            return subprocess.CompletedProcess(words, status, read(stdout), read(stderr))

    def start(self, words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> WarmProcess:
        """Start ``python WORDS`` in this folder; its outputs go into an empty file ``log``."""
        log.write_bytes(b"")
        environment = dict(os.environ if environment is None else environment)
        request = {"words": list(words), "cwd": str(Path.cwd()), "environment": environment}
        pid = self._answer(request | {"outputs": [str(log)] * 2})
        assert pid is not None
        return WarmProcess(pid, self._answer)

    def _answer(self, request: dict[str, object]) -> int | None:
        """What the server answers to a request; see :func:`serve`."""
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        answer = self._server.stdout.readline()
        assert answer, "the process that starts programs has ended"
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        if not self._server.stdin.closed:
            self._server.communicate()


@dataclass
class WarmProcess:
    """A program that runs, with the methods of ``subprocess.Popen`` that tests use."""

    pid: int
    _answer: Callable[[dict[str, object]], int | None]
    _status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        if self._status is None:
            self._status = self._answer({"poll": self.pid})
        return self._status

    def wait(self, timeout: float) -> int:
        """Its exit status, when it has ended; fails after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            assert time.monotonic() < deadline, f"process {self.pid} has not ended"
            time.sleep(0.02)
        return status

    def kill(self) -> None:
        if self._status is None:  # otherwise its id may be another one's
            os.kill(self.pid, signal.SIGKILL)


def read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def serve(requests: IO[str], answers: IO[str]) -> list[str]:
    """Fork for each request to start a program and answer with the fork's id. In a fork, return the program's words.

    The answer to ``{"wait": ID}`` is its exit status when it has ended, and to ``{"poll": ID}`` the same or null.
    """
    for line in requests:
        request = json.loads(line)
        if "words" in request:
            answer = os.fork()
            if answer == 0:
                become(request["cwd"], request["environment"], request["outputs"])
                return request["words"]
        else:
            pid = request.get("wait") or request["poll"]
            ended, status = os.waitpid(pid, 0 if "wait" in request else os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if ended else None
        print(json.dumps(answer), file=answers, flush=True)
    return []


def become(cwd: str, environment: dict[str, str], outputs: list[str]) -> None:
    """Give this process the input, the outputs, the folder and the environment of a program of its own."""
    sys.stdin = open(os.devnull)  # noqa: SIM115
    os.dup2(sys.stdin.fileno(), 0)
    for descriptor, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)


def main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    assert "polars" not in sys.modules, "polars starts threads, without which it hangs in a fork"
    gc.freeze()  # or the collector of each fork would look through all that was imported, and copy its memory
    # programs write to descriptor 1, the answers go elsewhere
    answers = os.fdopen(os.dup(1), "w")
    words = serve(sys.stdin, answers)
    if words:
        run_and_leave(words)


def run_and_leave(words: list[str]) -> None:
    """Run the program and end this process with its status, like any other process.

    Only the teardown of the interpreter is left out: it would touch, and so copy, everything that was imported.
    """
    status, interrupted = 1, False
    try:
        run_program(words)
        status = 0
    except SystemExit as end:
        status = exit_status(end)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        interrupted = isinstance(error, KeyboardInterrupt)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status & 0xFF)


def exit_status(end: SystemExit) -> int:
    """The status of a process that ends so; writes the text that is given in place of a status."""
    if isinstance(end.code, int | None):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def run_program(words: list[str]) -> None:
    """As ``python WORDS`` does."""
    if words[0] == "-m":
        sys.argv, sys.path[0] = words[1:], os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(words[0]).resolve().parent)
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main()
