"""Read third-party rows as dictionaries, from JSONL files and from datasets on the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_or_reason.common.errors import StudyError

#: A row and its number in the source, from 1. For a JSONL file this is the line number.
NumberedRow = tuple[int, dict[str, Any]]


def read_jsonl(path: str | Path, remedy: str | None = None) -> Iterator[NumberedRow]:
    """The objects of a JSONL file with their line numbers; empty lines are skipped.

    Raises :class:`StudyError` (with ``remedy`` if the file is missing) for a missing file and for a line that is not a
    JSON object. An empty file gives no rows.
    """
    if not Path(path).is_file():
        raise StudyError("a data file is missing", where=path, remedy=remedy)
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse_line(line, number, path)


def _parse_line(line: str, number: int, path: str | Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise StudyError("a line is not JSON", where=path, key=f"line {number}", found=str(error)) from None
    if not isinstance(row, dict):
        raise StudyError(
            "a line is not a JSON object", where=path, key=f"line {number}", found=line.strip()[:80], expected="{...}"
        )
    return row


def resolve_commit(path: str, revision: str) -> str | None:
    """The commit that ``revision`` of a hub dataset currently resolves to; None if the hub is unreachable."""
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

    where = {"path": path, "revision": revision} if mirror is None else {"path": str(_copy_of(path, mirror))}
    try:
        rows = load_dataset(
            **where,
            name=config,
            data_files={split: list(data_files)} if data_files else None,
            split=split,
            streaming=streaming,
        )
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
            where=where["path"] if mirror else f"https://huggingface.co/datasets/{path}",
            key=f"config {config}, split {split}, revision {revision}",
            found=f"{type(error).__name__}: {first_line}",
            remedy=_remedy(path, error, mirror),
        ) from error


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
