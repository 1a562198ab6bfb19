"""Read third-party rows as dictionaries, from JSONL files and from datasets on the Hugging Face hub."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_or_reason.common.checksums import check_content
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.hub_files import reading_options

#: A row and its number in the source, from 1. For a JSONL file this is the line number.
NumberedRow = tuple[int, dict[str, Any]]
#: The same, or the error that says why the row cannot be read.
RowOrFault = tuple[int, dict[str, Any] | StudyError]

_GZIP = b"\x1f\x8b"
#: First bytes of files that a user may take for JSONL.
_OTHER_FILES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "a file compressed with bzip2",
    b"\xfd7zXZ": "a file compressed with xz",
    b"\x28\xb5\x2f\xfd": "a file compressed with zstd",
}
_INVALID = re.compile("[\ud800-\udfff\0]")
#: What ``surrogateescape`` makes of bytes that are not UTF-8.
_UNDECODED = re.compile("[\ud800-\udfff]")


def is_valid(text: str) -> bool:
    """Whether a text can be stored and read by every program: no lone surrogates, no NUL."""
    return _INVALID.search(text) is None


def read_jsonl(path: str | Path, remedy: str | None = None) -> Iterator[NumberedRow]:
    """The objects of a JSONL file (UTF-8, also compressed with gzip) with their line numbers; empty lines are skipped.

    Raises :class:`StudyError` (with ``remedy`` if the file is missing) for a missing or damaged file, for another
    compression, and for a line that is not a JSON object. An empty file gives no rows.
    """
    for number, row in read_jsonl_leniently(path, remedy):
        if isinstance(row, StudyError):
            raise row
        yield number, row


def read_jsonl_leniently(path: str | Path, remedy: str | None = None) -> Iterator[RowOrFault]:
    """As :func:`read_jsonl`, but a line that cannot be read comes as the error that says why."""
    if not Path(path).is_file():
        raise StudyError("a data file is missing", where=path, remedy=remedy)
    check_content(Path(path))  # of rows that a job has written
    opener = gzip.open if _is_compressed(path) else open
    with opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape") as lines:
        try:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, _parse_line(line, number, path)
        except (EOFError, OSError, zlib.error) as error:
            raise StudyError(
                "a data file is damaged", where=path, found=str(error), remedy="download or write it again"
            ) from None


def _is_compressed(path: str | Path) -> bool:
    """Whether the file is compressed with gzip; :class:`StudyError` for a file that is not JSONL."""
    with Path(path).open("rb") as stream:
        start = stream.read(8)
    for magic, kind in _OTHER_FILES.items():
        if start.startswith(magic):
            raise StudyError(
                "a data file is not a JSONL file", where=path, found=kind, expected="JSON lines, plain or .jsonl.gz"
            )
    return start.startswith(_GZIP)


def _parse_line(line: str, number: int, path: str | Path) -> dict[str, Any] | StudyError:
    key = f"line {number}"
    if _UNDECODED.search(line):
        return StudyError(
            "a line is not UTF-8",
            where=path,
            key=key,
            found=ascii(line.strip()[:80]),
            expected="text in UTF-8",
            remedy="convert the file: iconv -f LATIN1 -t UTF-8 (or what its encoding is)",
        )
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:  # also numbers of too many digits
        return StudyError("a line is not JSON", where=path, key=key, found=str(error))
    if not isinstance(row, dict):
        return StudyError("a line is not a JSON object", where=path, key=key, found=line.strip()[:80], expected="{...}")
    return row


def resolve_commit(path: str, revision: str) -> str | None:
    """The commit that ``revision`` of a hub dataset currently resolves to; None if the hub is unreachable."""
    if re.fullmatch("[0-9a-f]{40}", revision):
        return revision
    from huggingface_hub import HfApi

    try:
        return HfApi().dataset_info(path, revision=revision).sha
    except Exception:  # offline, no such dataset, access not granted: reading the data raises the precise error
        return None


def read_hub(
    path: str,
    split: str,
    *,
    config: str | None = None,
    data_files: tuple[str, ...] = (),
    revision: str = "main",
    streaming: bool = False,
    columns: tuple[str, ...] = (),
    mirror: str | Path | None = None,
) -> Iterator[NumberedRow]:
    """The rows of one split of a dataset on the hub, numbered from 1.

    ``streaming`` reads over the network while iterating, for sources too large to store. If the source has all of
    ``columns``, only these are read; otherwise rows are complete, so that the caller can report the missing columns.
    ``mirror`` is a folder with copies of datasets under their names; it replaces the hub. Raises :class:`StudyError`
    if the dataset cannot be read for any reason: no network, no such dataset or split, access not granted, not in the
    mirror.
    """
    from datasets import load_dataset  # heavy, and only needed here

    where: dict[str, Any] = {"name": config, "data_files": {split: list(data_files)} if data_files else None}
    where |= {"path": path, "revision": revision} if mirror is None else {"path": str(_copy_of(path, mirror))}
    try:
        if mirror is None and (folder := _downloaded(path, revision)):
            where = reading_options(folder, config, split, data_files)
        rows = load_dataset(**where, split=split, streaming=streaming)
        if columns and set(columns) <= set(rows.column_names or ()):
            rows = rows.select_columns(list(columns))
        for number, row in enumerate(rows, start=1):
            yield number, dict(row)
    except StudyError:
        raise
    except Exception as error:  # datasets and its dependencies have no common base class of errors
        first_line = str(error).strip().split("\n")[0]
        raise StudyError(
            "a hub dataset cannot be read",
            where=_copy_of(path, mirror) if mirror else f"https://huggingface.co/datasets/{path}",
            key=f"config {config}, split {split}, revision {revision}",
            found=f"{type(error).__name__}: {first_line}",
            remedy=_remedy(path, error, mirror),
        ) from error


def _downloaded(path: str, revision: str) -> Path | None:
    """The files of a data set in the hub's cache, if the hub is off; None if it is on."""
    from huggingface_hub import constants, snapshot_download

    if not constants.HF_HUB_OFFLINE:
        return None
    return Path(snapshot_download(path, repo_type="dataset", revision=revision, local_files_only=True))


def _copy_of(path: str, mirror: str | Path) -> Path:
    folder = Path(mirror, path)
    if not folder.is_dir():
        raise StudyError(
            "the mirror has no copy of the dataset",
            where=folder,
            remedy=f"hf download --repo-type dataset {path} --local-dir {folder}",
        )
    return folder


def _remedy(path: str, error: BaseException | None, mirror: str | Path | None) -> str:
    if mirror:
        return "compare the folder with the dataset's page: the copy must be complete, including README.md"
    while error is not None:  # the cause may be wrapped
        if "gated" in f"{type(error).__name__} {error}".lower():
            return (
                f"the dataset is gated: log in at https://huggingface.co/datasets/{path}, accept its terms there, "
                "then `hf auth login` on this machine"
            )
        error = error.__cause__ or error.__context__
    return (
        "check the network; on an offline machine, use a local copy (`hub.mirror` in the config) or JSONL "
        "files (kind: jsonl)"
    )
