"""Append-only logs of records with keys, in a folder that several programs share.

Every program appends to a segment of its own, so that no two of them ever write one file. A record is handed to the
operating system at once, so that it survives the end of the program, and a thread flushes it to disk within
:data:`SYNC_SECONDS`, so that it survives the end of the machine. Each line has a checksum: a partial last line and
changed bytes are found, and only those records are lost.

Our own, since databases such as SQLite and LMDB need file locks or memory maps, which the network file systems of
clusters often lack.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import zlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.files import sync_file

Record = dict[str, Any]

#: The longest time between a record and its flush to disk.
SYNC_SECONDS = 20.0
#: The length of a key in characters.
KEY_LENGTH = 32
_CHECKSUM_LENGTH = 8
_SUFFIX = ".log"


class RecordLog:
    """The log in ``folder``. ``header`` is written once into each segment, for people.

    ``damaged`` counts, by segment, the lines whose checksum does not match. A context manager: closing flushes.
    """

    def __init__(self, folder: Path, header: Record | None = None) -> None:
        self.damaged: dict[Path, int] = {}
        self._folder, self._header = folder, header
        self._segment: int | None = None
        self._path = folder
        self._lock, self._closing = Lock(), Event()
        self._unsynced = False
        self._failure: OSError | None = None
        self._reported = False
        self._syncing: Thread | None = None

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def find(self, wanted: Collection[str]) -> dict[str, Record]:
        """The records with these keys, of all segments; the newest of several with one key.

        Raises :class:`StudyError` for a segment that cannot be read.
        """
        keys = {key.encode("ascii") for key in wanted}
        found: dict[str, Record] = {}
        for segment in sorted(self._folder.glob(f"*{_SUFFIX}")) if keys else []:
            try:
                self._read(segment, keys, found)
            except OSError as error:
                raise StudyError(
                    "a log of records cannot be read",
                    where=segment,
                    found=error.strerror or str(error),
                    remedy="give yourself the permission to read it, or delete it: what it holds is then made again",
                ) from error
        return found

    def _read(self, segment: Path, keys: Collection[bytes], found: dict[str, Record]) -> None:
        damaged = 0
        with segment.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # partial: its program was killed, or is still writing
                checked = line[_CHECKSUM_LENGTH + 1 : -1]
                if line[: _CHECKSUM_LENGTH + 1] != _checksum(checked):
                    damaged += 1
                elif (key := checked[:KEY_LENGTH]) in keys:
                    found[key.decode("ascii")] = json.loads(checked[KEY_LENGTH + 1 :])
        if damaged:
            self.damaged[segment] = damaged

    def append(self, key: str, record: Record) -> None:
        """Append a record. Raises :class:`StudyError` if it or an earlier one cannot be written."""
        with self._lock:
            try:
                if self._segment is None:
                    self._start_segment()
                if not self._failure:
                    self._write(key, record)
            except OSError as error:  # what follows a partial line would be lost with it
                self._failure = error
            if self._failure:
                self._reported = True
                raise self._error(self._failure)
            self._unsynced = True

    def _start_segment(self) -> None:
        """Create a segment under a name that no other program chooses, on any machine."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{time.time_ns():020d}-{secrets.token_hex(8)}{_SUFFIX}"
        self._segment = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        sync_file(self._folder)
        if self._header is not None:
            self._write("header".ljust(KEY_LENGTH, "-"), self._header)
        self._syncing = Thread(target=self._sync_regularly, daemon=True)
        self._syncing.start()

    def _write(self, key: str, record: Record) -> None:
        assert self._segment is not None and len(key) == KEY_LENGTH
        checked = f"{key} {json.dumps(record, ensure_ascii=True)}".encode("ascii")
        rest = memoryview(_checksum(checked) + checked + b"\n")
        while rest:
            rest = rest[os.write(self._segment, rest) :]

    def _sync_regularly(self) -> None:
        while not self._closing.wait(SYNC_SECONDS):
            self._sync()

    def _sync(self) -> None:
        if self._unsynced and self._segment is not None:
            self._unsynced = False
            try:
                os.fsync(self._segment)
            except OSError as error:  # the next append reports it
                self._failure = error

    def close(self) -> None:
        """Flush everything to disk. Raises :class:`StudyError` if that fails and no append has reported it."""
        if self._segment is None:
            return
        self._closing.set()
        if self._syncing:
            self._syncing.join()
        self._sync()
        segment, self._segment = self._segment, None
        with suppress(OSError):
            os.close(segment)
        if self._failure and not self._reported:
            raise self._error(self._failure)

    def _error(self, error: OSError) -> StudyError:
        return StudyError(
            "a record cannot be written",
            where=self._path,
            found=error.strerror or str(error),
            expected="a writable folder with free space",
            remedy="free disk space or check the quota and permissions, then run the same command again; the records "
            "so far are kept",
        )


def _checksum(checked: bytes) -> bytes:
    return b"%08x " % zlib.crc32(checked)
