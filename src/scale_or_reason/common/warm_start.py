"""Programs started as forks of a process that has imported their libraries already.

Importing the libraries of an engine or a training takes about ten seconds of processor time, as long as a small model
needs for its work. A server (:func:`serve`) waits for requests, imports the libraries at the first one, and then forks
for each. A client (:func:`run_program`) stands for the program: it passes on its arguments, folder and output, forwards
signals, and ends with the program's exit status. If the client is killed, so is the program.

A fork differs from a program started by itself only in what it inherits. So the server accepts a request only from the
same Python with the same environment variables as its own imports had, and only if the imports have started no thread,
since a fork has none but its own. In every other case the client starts the program by itself.

Standard library only: a client must start in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

#: Names the folder with the servers' sockets; set for the jobs of a run that has servers.
FOLDER_VARIABLE = "SCALE_OR_REASON_WARM_START"
#: Signals that a client forwards to its program.
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
#: Variables of the shell alone: the program that it starts, and how many shells are around it, one fewer after `exec`.
_OF_THE_SHELL = frozenset({"_", "SHLVL"})
_REFUSED = "refused"
#: jemalloc starts its thread again in a fork.
_SURVIVING_THREADS = frozenset({"jemalloc_bg_thd"})
_DESCRIPTORS = 3


def run_program(kind: str, words: list[str]) -> NoReturn:
    """Run ``python WORDS`` (a script and its arguments), as a fork of the server ``kind`` if there is one.

    Ends this process with the program's exit status, or by the signal that ended the program.
    """
    connection = _connection(kind)
    if connection is None:
        os.execv(sys.executable, [sys.executable, *words])
    received: list[int] = []

    def forward(number: int, _: object) -> None:
        received.append(number)
        with contextlib.suppress(OSError):  # the program has just ended
            connection.sendall(bytes([number]))

    before = {number: signal.getsignal(number) for number in FORWARDED}
    forwarded = [number for number in FORWARDED if before[number] != signal.SIG_IGN]  # as after nohup
    with connection:
        # a signal before the request is complete is forwarded behind it
        with _blocked(forwarded):
            for number in forwarded:
                signal.signal(number, forward)
            answer = _send_request(connection, words)
        answer = answer or _answer(connection)
    if answer.startswith(_REFUSED):
        for number in forwarded:
            signal.signal(number, before[number])
        for signalled in received:  # no program has got them
            os.kill(os.getpid(), signalled)
        print(f"no warm start: {answer.removeprefix(_REFUSED).strip()}", file=sys.stderr, flush=True)
        os.execv(sys.executable, [sys.executable, *words])
    if not answer:  # its programs end with it
        raise SystemExit("the process that had imported the libraries was killed")
    status = int(answer)
    if status < 0:
        if -status in forwarded:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def _connection(kind: str) -> socket.socket | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return None
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(Path(folder) / kind))
    except OSError:
        connection.close()
        return None
    return connection


@contextlib.contextmanager
def _blocked(numbers: Collection[int]) -> Iterator[None]:
    """Deliver these signals at the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _send_request(connection: socket.socket, words: list[str]) -> str:
    """Send the request; a refusal if the server has just been killed."""
    request = {"words": words, "folder": os.getcwd(), "python": sys.executable, "environment": dict(os.environ)}
    text = json.dumps(request).encode()
    head = len(text).to_bytes(8, "big")
    try:
        socket.send_fds(connection, [head], list(range(_DESCRIPTORS)))
        connection.sendall(text)
    except OSError as error:
        return f"{_REFUSED} {error}"
    return ""


def _answer(connection: socket.socket) -> str:
    """The server's answer; empty if it was killed."""
    try:
        return connection.makefile().readline().strip()
    except OSError:
        return ""


class Server:
    """Accepts requests at the socket ``path`` until its standard input ends, and waits for its last program then.

    ``load`` imports the libraries, at the first request. SIGTERM for all processes of a machine or a Slurm job must not
    end it: its programs, which are still saving their results, would end with it.
    """

    def __init__(self, path: Path, load: Callable[[], object]) -> None:
        self._load = load
        self._environment: Mapping[str, str] | None = None
        self._fault: str | None = None
        self._events = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        unready = path.with_name(f"{path.name}.unready")
        self._listener.bind(str(unready))
        self._listener.listen(64)
        unready.rename(path)  # a client that finds the socket is heard
        self._events.register(self._listener, selectors.EVENT_READ, self._accept)
        self._events.register(0, selectors.EVENT_READ, self._end)
        self._path = path
        self._programs: dict[int, socket.socket] = {}
        self._ended = False
        self._on_sigterm = signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def serve(self) -> list[str] | None:
        """Serve requests; in a fork, return the words of the program to run. Returns ``None`` at the end."""
        while not self._ended or self._programs:
            for key, _ in self._events.select():
                words = key.data()
                if words is not None:
                    return words
        return None

    def _end(self) -> None:
        self._ended = True
        self._events.unregister(0)
        self._events.unregister(self._listener)
        self._listener.close()
        shutil.rmtree(self._path.parent, ignore_errors=True)

    def _accept(self) -> list[str] | None:
        connection, _ = self._listener.accept()
        try:
            request, descriptors = _receive_request(connection)
        except (OSError, ValueError):  # the client was killed
            connection.close()
            return None
        try:
            return self._start(connection, request, descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _start(self, connection: socket.socket, request: dict[str, Any], descriptors: list[int]) -> list[str] | None:
        reason = self._why_not(request)
        if reason is not None:
            with contextlib.suppress(OSError):
                connection.sendall(f"{_REFUSED} {reason}\n".encode())
            connection.close()
            return None
        server = os.getpid()
        with _blocked([signal.SIGTERM]):  # until the program no longer ignores it
            pid = os.fork()
            if pid == 0:
                self._become(server, request["folder"], descriptors)
        if pid == 0:
            os.environ.update({name: text for name, text in request["environment"].items() if name in _OF_THE_SHELL})
            return list(request["words"])
        self._programs[pid] = connection
        ended = os.pidfd_open(pid)
        self._events.register(ended, selectors.EVENT_READ, lambda: self._report(pid, ended))
        self._events.register(connection, selectors.EVENT_READ, lambda: self._forward(pid))
        return None

    def _why_not(self, request: dict[str, Any]) -> str | None:
        """Why a fork would differ from the requested program."""
        if request["python"] != sys.executable:
            return f"the program's Python is {request['python']}, not {sys.executable}"
        environment = {name: text for name, text in request["environment"].items() if name not in _OF_THE_SHELL}
        if self._environment is None:
            self._environment = environment
            self._fault = self._import()
        return self._fault or _difference(environment, self._environment)

    def _import(self) -> str | None:
        """Import in the first request's environment; returns what makes forks unusable."""
        assert self._environment is not None
        at_start = ("PYTHON", "LD_")  # variables that take effect when a process starts
        for name in os.environ.keys() | self._environment.keys():
            if name.startswith(at_start) and os.environ.get(name) != self._environment.get(name):
                return f"{name} is another one than at the start of the run"
        os.environ.clear()
        os.environ.update(self._environment)
        try:
            self._load()
        except Exception as error:
            return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        if threads := _threads() - _SURVIVING_THREADS:
            return f"the imports have started threads: {', '.join(sorted(threads))}"
        # otherwise the collector of each fork would traverse all that was imported, and copy its memory
        gc.collect()
        gc.freeze()
        return None

    def _become(self, server: int, folder: str, descriptors: list[int]) -> None:
        """Give this fork the input, the output and the folder of a program of its own."""
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(128 + signal.SIGKILL)
        signal.signal(signal.SIGTERM, self._on_sigterm)
        self._events.close()
        self._listener.close()
        for connection in self._programs.values():
            connection.close()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
        os.chdir(folder)

    def _report(self, pid: int, ended: int) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection = self._programs.pop(pid)
        self._events.unregister(ended)
        os.close(ended)
        with contextlib.suppress(KeyError):
            self._events.unregister(connection)
        with contextlib.suppress(OSError):
            connection.sendall(f"{status}\n".encode())
        connection.close()

    def _forward(self, pid: int) -> None:
        """Forward the client's signals; a client that has ended without its program was killed."""
        connection = self._programs.get(pid)
        if connection is None:  # reported in the same round of events
            return
        try:
            numbers = connection.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self._events.unregister(connection)
        for number in numbers or [signal.SIGKILL]:
            os.kill(pid, number)


def _difference(environment: Mapping[str, str], imported: Mapping[str, str]) -> str | None:
    names = sorted(name for name in environment.keys() | imported.keys() if environment.get(name) != imported.get(name))
    return f"other environment variables than at the import: {', '.join(names)}" if names else None


def _threads() -> set[str]:
    """The names of this process' threads, without the main one."""
    tasks = Path("/proc/self/task")
    return {(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(os.getpid())}


def _receive_request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, descriptors, _, _ = socket.recv_fds(connection, 8, _DESCRIPTORS)
    try:
        if len(head) < 8 or len(descriptors) < _DESCRIPTORS:
            raise ValueError("incomplete request")
        size, parts = int.from_bytes(head, "big"), b""
        while len(parts) < size:
            part = connection.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise ValueError("incomplete request")
            parts += part
        return json.loads(parts), descriptors
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def serve(path: Path, load: Callable[[], object]) -> None:
    """Serve at ``path`` until the end of standard input; runs the requested programs in forks."""
    words = Server(path, load).serve()
    if words is not None:
        sys.argv, sys.path[0] = words, str(Path(words[0]).resolve().parent)
        runpy.run_path(words[0], run_name="__main__")


def import_all(*modules: str) -> None:
    """Import these modules."""
    for module in modules:
        importlib.import_module(module)
