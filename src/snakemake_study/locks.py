"""Locks of a working directory that end with the process that has taken them, and with no other one.

Snakemake 9.27.1 removes its whole folder of locks when any run in a directory ends: a short run (``snakemake plan``)
takes away the locks of a long one. Another start of the same jobs is then no longer refused, and it deletes the outputs
of the first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count

from snakemake.exceptions import LockException
from snakemake.persistence.file import FilePersistence


class OwnLocks(FilePersistence):
    """Snakemake's records in files, with locks that belong to a process."""

    def _read_locks(self) -> Iterator[tuple[str, str]]:
        """The locks of other processes: kind (``input`` or ``output``) and file."""
        own = set(self._lockfile.values())
        for entry in sorted(os.scandir(self._lockdir), key=lambda entry: entry.name):
            kind = entry.name.removesuffix(".lock").rpartition(".")[2]
            if entry.path in own or not entry.name.endswith(".lock") or kind not in ("input", "output"):
                continue
            with suppress(FileNotFoundError), open(entry.path, encoding="utf-8") as lock:
                yield from ((kind, line.rstrip("\n")) for line in lock)

    def _write_locks(self, lock_type: str, keys: Iterable[str]) -> None:
        """Take locks. Raises :class:`LockException` where another process has taken one in the meantime."""
        if not (lines := [f"{key}\n" for key in keys]):
            return
        for number in count():
            file = os.path.join(self._lockdir, f"{number}.{lock_type}.lock")
            with suppress(FileExistsError), open(file, "x", encoding="utf-8") as lock:
                self._lockfile[lock_type] = file
                lock.writelines(lines)
                break
        # Two processes may have looked before either had written. Each looks again now, so one of them is refused.
        if lock_type == "output" and self.locked:
            raise LockException

    def _delete_locks(self) -> None:
        """Remove the locks of this process."""
        for file in self._lockfile.values():
            with suppress(FileNotFoundError):
                os.remove(file)
        self._lockfile.clear()

    def cleanup_locks(self) -> None:
        """Remove all locks: ``snakemake --unlock``."""
        super()._delete_locks()
