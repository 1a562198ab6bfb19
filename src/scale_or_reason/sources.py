"""Reading third-party rows: JSONL files and datasets of the Hugging Face hub both give plain dictionaries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_or_reason.errors import StudyError

#: A row with its number in its source, counted from 1 (of a JSONL file: the line).
NumberedRow = tuple[int, dict[str, Any]]


def read_jsonl(path: str | Path, remedy: str | None = None) -> Iterator[NumberedRow]:
    """The objects of a JSONL file with their line numbers; empty lines are skipped.

    Raises :class:`StudyError` (with ``remedy`` if the file is missing) for a missing file and a line that is no JSON
    object. An empty file gives no rows.
    """
    if not Path(path).is_file():
        raise StudyError("a file of rows is missing", where=path, remedy=remedy)
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


def read_hub(
    path: str,
    split: str,
    *,
    config: str | None = None,
    data_files: tuple[str, ...] = (),
    revision: str = "main",
    streaming: bool = False,
    columns: tuple[str, ...] = (),
) -> Iterator[NumberedRow]:
    """The rows of one split of a dataset on the hub, numbered from 1.

    ``streaming`` reads over the network while iterating, for sources too large to store. ``columns`` are all that is
    read where the source has them; else rows come whole, so that whoever reads them can say what is missing. Raises
    :class:`StudyError` if the dataset cannot be read, whatever the reason: no network, no such dataset or split, access
    not granted.
    """
    from datasets import load_dataset  # heavy, and only needed here

    try:
        rows = load_dataset(
            path,
            name=config,
            data_files={split: list(data_files)} if data_files else None,
            split=split,
            revision=revision,
            streaming=streaming,
        )
        if columns and set(columns) <= set(rows.column_names or ()):
            rows = rows.select_columns(list(columns))
        for number, row in enumerate(rows, start=1):
            yield number, dict(row)
    except StudyError:
        raise
    except Exception as error:  # the libraries below share no base class of errors
        first_line = str(error).strip().split("\n")[0]
        raise StudyError(
            "a dataset of the hub cannot be read",
            where=f"https://huggingface.co/datasets/{path}",
            key=f"config {config}, split {split}, revision {revision}",
            found=f"{type(error).__name__}: {first_line}",
            remedy="check the network and, for a gated dataset, `hf auth login`; without a network, read the rows from "
            "JSONL files instead (kind: jsonl)",
        ) from error
