"""A lease on a place that only one program may write to, on whatever machine it runs.

The owner writes a sign of life to the lease's file again and again. Another program is refused as long as these signs
come. It compares successive signs with its own clock, so the clocks of machines may differ. Our own: locks of files
do not work on many network file systems of clusters, and outlive a lost node.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Event, Thread

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: Seconds between two signs of life. Other threads may keep a program from giving them for minutes.
BEAT_SECONDS = 15.0
#: Time for the other of two programs that take over at the same moment to write its name.
_SETTLE_SECONDS = 1.0


@dataclass(frozen=True)
class Owner:
    """The program that holds a lease. ``started`` is the process's start in ticks since boot, since ids are reused."""

    host: str
    pid: int
    started: int
    since: float
    token: str
    beats: int = 0

    @classmethod
    def this_process(cls) -> Owner:
        """A new owner in this process."""
        started = _start_of(os.getpid())
        return cls(socket.gethostname(), os.getpid(), started or 0, time.time(), secrets.token_hex(8))

    def has_ended(self) -> bool:
        """Whether it surely runs no more: known only for a process of this machine."""
        return self.host == socket.gethostname() and _start_of(self.pid) != (self.started or None)


def _start_of(pid: int) -> int | None:
    try:
        # after the program's name in parentheses, which may contain spaces
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


@dataclass(frozen=True)
class Patience:
    """How long a program waits for a lease, in seconds: for a living owner to end, and for a silent one to be dead."""

    living: float = 60.0
    silent: float = 300.0


@contextmanager
def lease(path: Path, patience: Patience = Patience(), beat_seconds: float = BEAT_SECONDS) -> Iterator[Owner]:
    """Hold the lease whose file is ``path`` for the length of the block.

    Raises :class:`StudyError` if another program holds it and does not end soon. The lease of a program that was killed
    is taken over: at once on the same machine, otherwise when it has given no sign of life for a while. An owner that
    finds another name in its file, such as after a long suspension, ends its process.
    """
    owner = Owner.this_process()
    _acquire(path, owner, patience)
    stopped = Event()
    beating = Thread(target=_beat, args=(path, owner, beat_seconds, stopped), daemon=True)
    beating.start()
    try:
        yield owner
    finally:
        stopped.set()
        beating.join()
        if _is_held_by(path, owner):
            path.unlink(missing_ok=True)


def _acquire(path: Path, owner: Owner, patience: Patience) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
        json.dump(asdict(owner), file)
        return
    ended = _wait_for_end(path, patience)
    if _read(path) != ended:  # another program was faster
        raise _refusal(path, _read(path))
    _write(path, owner)
    time.sleep(min(_SETTLE_SECONDS, patience.silent / 4))
    if not _is_held_by(path, owner):
        raise _refusal(path, _read(path))


def _wait_for_end(path: Path, patience: Patience) -> Owner | None:
    """Wait until the owner has given the lease back, has ended or is silent; :class:`StudyError` if it stays alive.

    Returns what the file then has.
    """
    begin = last_sign = time.monotonic()
    known = _read(path)
    is_alive = known is not None and known.host == socket.gethostname()
    if known is not None and not known.has_ended():
        print(f"waiting for process {known.pid} of {known.host}, which holds {path}", file=sys.stderr, flush=True)
    while True:
        # the time first, and the signs before the silence: this process may have been suspended for any time
        now = time.monotonic()
        owner = _read(path)
        if owner is None or owner.has_ended():
            return owner
        if owner != known:
            known, last_sign, is_alive = owner, now, True
        if now - last_sign >= patience.silent:
            return owner
        if is_alive and now - begin >= patience.living:
            raise _refusal(path, owner)
        time.sleep(min(patience.living, patience.silent) / 20)


def _refusal(path: Path, owner: Owner | None) -> StudyError:
    found = "another program that has just taken it over"
    if owner is not None:
        held = counted(round(max(0.0, time.time() - owner.since) / 60), "minute")
        found = f"host {owner.host}, process {owner.pid}, which has held it for {held} and is alive"
    return StudyError(
        "another program is writing to the same place",
        where=path,
        found=found,
        expected="one program at a time",
        remedy="wait for the other program or end it, then run the same command again; the file goes with its program",
    )


def _beat(path: Path, owner: Owner, beat_seconds: float, stopped: Event) -> None:
    beats = 0
    while not stopped.wait(beat_seconds):
        with suppress(OSError):  # a file server that hangs: the next sign may get through
            if not _is_held_by(path, owner):
                print(f"error: another program has taken over {path}; this one ends", file=sys.stderr, flush=True)
                os._exit(2)
            beats += 1
            _write(path, replace(owner, beats=beats))


def _is_held_by(path: Path, owner: Owner) -> bool:
    found = _read(path)
    return found is not None and found.token == owner.token


def _read(path: Path) -> Owner | None:
    """The owner in the file; None if there is no file. Raises no error for a file that is being written."""
    with suppress(FileNotFoundError):
        try:
            return Owner(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return Owner("an unknown host", 0, 0, 0.0, "")
    return None


def _write(path: Path, owner: Owner) -> None:
    temporary = path.with_name(f"{path.name}.{owner.token}.partial")
    temporary.write_text(json.dumps(asdict(owner)), encoding="utf-8")
    os.replace(temporary, path)
