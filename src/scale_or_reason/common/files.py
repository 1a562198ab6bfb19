"""Atomic writes: temporary name, fsync, rename. A file under its final name is complete.

No other program chooses the same temporary name, on any machine.

Our own, since atomicwrites is no longer maintained and no package replaces whole directories.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scale_or_reason.common.checksums import check_content, file_checksum, record_of, write_folder_record, write_record
from scale_or_reason.common.errors import StudyError, remake

_TOKEN_BYTES = 8


def sync_file(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Flush all files of ``folder`` to disk, so that a marker written afterwards implies that they are complete."""
    for file in folder.rglob("*"):
        if file.is_file():
            sync_file(file)


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` if the block succeeds, remove it otherwise.

    The temporary name keeps the suffix, since some writers choose their format by it. The file's checksum is recorded
    beside it; in a folder of :func:`atomic_directory`, by the folder's record.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.stem}.{secrets.token_hex(_TOKEN_BYTES)}.partial{final.suffix}")
    try:
        yield temporary
        sync_file(temporary)
        if _in_partial_write(final):
            os.replace(temporary, final)
            return
        checksum, record = file_checksum(temporary), record_of(final)
        # first: after a kill in between, a new file has no record rather than the old one's
        record.unlink(missing_ok=True)
        os.replace(temporary, final)
        sync_file(final.parent)
        write_record(record, {final.name: checksum})
    finally:
        temporary.unlink(missing_ok=True)


def _in_partial_write(path: Path) -> bool:
    return any(part.endswith(".partial") for part in path.parts)


@contextmanager
def atomic_directory(path: str | Path) -> Iterator[Path]:
    """Like :func:`atomic_path`, for a directory; an existing directory of that name is replaced.

    Removes what killed writers of the same directory have left, so that kills cannot fill the disk. A writer that is
    still alive, such as the job of a crashed Snakemake, fails then.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove_partial_writes(final)
    temporary = _temporary_name(final)
    temporary.mkdir()
    try:
        yield temporary
        write_folder_record(temporary)
        sync_folder(temporary)
        if final.is_symlink() or final.is_file():
            final.unlink()
        elif final.exists():
            shutil.rmtree(final)
        os.replace(temporary, final)
        sync_file(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_name(final: Path) -> Path:
    return final.with_name(f".{final.name}.{secrets.token_hex(_TOKEN_BYTES)}.partial")


def _remove_partial_writes(final: Path) -> None:
    """Remove partial writes of the directory ``final``, and of none whose name only begins like its name."""
    token = "[0-9a-f]" * (2 * _TOKEN_BYTES)
    for partial_write in final.parent.glob(f".{glob.escape(final.name)}.{token}.partial"):
        # first, so that no living writer can give the rest of its files the final name
        renamed = _temporary_name(final)
        with suppress(FileNotFoundError):
            partial_write.rename(renamed)
        shutil.rmtree(renamed, ignore_errors=True)


def write_text(text: str, path: str | Path) -> None:
    """Write ``text`` (UTF-8) atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(value: Any, path: str | Path) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", path)


def read_json(path: str | Path) -> Any:
    """The JSON that this workflow has written to ``path``.

    Raises :class:`StudyError` if the file differs from its recorded checksum, or is no JSON.
    """
    check_content(Path(path))
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise StudyError(
            "a JSON file is damaged", where=path, found=str(error), expected="JSON", remedy=remake(path)
        ) from None
