"""Checksums of finished files, in a hidden file beside them, so that damage is found before use.

The size and SHA-256 of ``NAME`` are in ``.NAME.sha256``; a folder that is written as a whole has one ``.sha256`` for
all of its files. Hidden, since they are no results: hashes of folders, globs and Snakemake ignore them. JSON, not the
format of sha256sum, which has no sizes: a size is checked without reading the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.wording import counted

#: The record of a folder that was written as a whole.
FOLDER_RECORD = ".sha256"
_REMEDY = (
    "`snakemake quarantine` moves damaged files aside, and the next run makes them again; if you changed the file "
    "on purpose, delete its record"
)


@dataclass(frozen=True)
class Checksum:
    """The size of a file in bytes, and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str

    def __str__(self) -> str:
        return f"{counted(self.bytes, 'byte')}, SHA-256 {self.sha256[:12]}"


def file_checksum(path: Path) -> Checksum:
    """The checksum of a file's present content."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Checksum(stream.tell(), digest)


def file_checksums(files: Iterable[Path], threads: int | None = None) -> list[Checksum]:
    """The checksums of many files, read in parallel; hashing does not hold Python's lock."""
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(file_checksum, files))


def record_of(path: Path) -> Path:
    """The record of a single file."""
    return path.with_name(f".{path.name}.sha256")


def is_record(path: Path) -> bool:
    """Whether ``path`` has the name of a record."""
    return path.name.startswith(".") and path.name.endswith(".sha256")


def write_record(record: Path, checksums: Mapping[str, Checksum]) -> None:
    """Write a record: file names, relative to the record's folder, and their checksums."""
    temporary = record.with_name(f"{record.name}.{secrets.token_hex(8)}.partial")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(record_text(checksums))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, record)
    finally:
        temporary.unlink(missing_ok=True)


def record_text(checksums: Mapping[str, Checksum]) -> str:
    """The content of a record."""
    return json.dumps({name: asdict(checksum) for name, checksum in checksums.items()})


def write_folder_record(folder: Path) -> None:
    """Record all files of ``folder`` that are not hidden."""
    files = [file for file in visible_files(folder) if not file.is_symlink()]
    names = [file.relative_to(folder).as_posix() for file in files]
    write_record(folder / FOLDER_RECORD, dict(zip(names, file_checksums(files), strict=True)))


def visible_files(folder: Path) -> list[Path]:
    """The files below ``folder``, sorted, without hidden files and folders. Links to folders are not followed."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return found


def record_paths(folder: Path) -> list[Path]:
    """All records below ``folder``, sorted; links to folders are not followed."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [record for record in (Path(parent, name) for name in sorted(names)) if is_record(record)]
    return found


def read_record(record: Path) -> dict[str, Checksum]:
    """The names and checksums of a record. Raises :class:`StudyError` if it is damaged."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        return {name: Checksum(int(entry["bytes"]), str(entry["sha256"])) for name, entry in content.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            "a record of checksums is damaged",
            where=record,
            found=repr(error),
            expected="JSON: file name -> bytes and sha256",
            remedy="delete the record; `snakemake verify` then checks its files without it",
        ) from None


def recorded_checksum(path: Path) -> Checksum | None:
    """The recorded checksum of a file; None if there is no record. Raises :class:`StudyError` for a damaged record."""
    for record in (record_of(path), path.parent / FOLDER_RECORD):
        if record.is_file() and path.name in (checksums := read_record(record)):
            return checksums[path.name]
    return None


def check_size(path: Path) -> None:
    """Raise :class:`StudyError` if the file's size differs from its record; files without a record pass."""
    recorded = recorded_checksum(path)
    if recorded is not None and (size := path.stat().st_size) != recorded.bytes:
        raise StudyError(
            "a file is damaged: its size has changed since it was written",
            where=path,
            found=counted(size, "byte"),
            expected=str(recorded),
            remedy=_REMEDY,
        )


def check_content(path: Path) -> None:
    """Raise :class:`StudyError` if the file's content differs from its record; files without a record pass."""
    check_size(path)
    recorded = recorded_checksum(path)
    if recorded is not None and (found := file_checksum(path)) != recorded:
        raise StudyError(
            "a file is damaged: its content has changed since it was written",
            where=path,
            found=str(found),
            expected=str(recorded),
            remedy=_REMEDY,
        )
