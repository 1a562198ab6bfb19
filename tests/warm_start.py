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
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

#: Threads that a library starts when it is imported are lost in a fork.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WarmPython:
    """A Python that has imported some modules and runs command lines in forks, one at a time."""

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
        assert self._server.stdin is not None and self._server.stdout is not None
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            request = {
                "words": list(words),
                "cwd": str(cwd or Path.cwd()),
                "environment": environment,
                "outputs": [f"/proc/{os.getpid()}/fd/{file.fileno()}" for file in (stdout, stderr)],
            }
            print(json.dumps(request), file=self._server.stdin, flush=True)
            status = self._server.stdout.readline()
            assert status, "the process that starts programs has ended"
            return subprocess.CompletedProcess(words, int(status), read(stdout), read(stderr))

    def close(self) -> None:
        """End the process."""
        if not self._server.stdin.closed:
            self._server.communicate()


def read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def serve(requests: IO[str], answers: IO[str]) -> list[str]:
    """Fork for each request and answer with its exit status. In a fork, return the words of the program to run."""
    for line in requests:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(request["cwd"], request["environment"], request["outputs"])
            return request["words"]
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
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
        run_program(words)


def run_program(words: list[str]) -> None:
    """As ``python WORDS`` does; an exception leaves the process as it leaves any other."""
    if words[0] == "-m":
        sys.argv, sys.path[0] = words[1:], os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = words, str(Path(words[0]).resolve().parent)
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main()
