"""What the programs that read a prompt source or published pairs have in common: where the rows are."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from scale_or_reason.common.dataset_rows import RowOrFault, read_hub, read_jsonl_leniently, resolve_commit


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """A dataset of the hub, a copy of one, or a JSONL file."""
    parser.add_argument("--kind", required=True, choices=("hub", "jsonl"), help="where the rows are")
    parser.add_argument("--path", required=True, help="kind hub: the dataset's id; kind jsonl: the file")
    parser.add_argument("--config", help="kind hub: the dataset's config")
    parser.add_argument("--split", default="train", help="kind hub: the dataset's split (default: train)")
    parser.add_argument("--revision", default="main", help="kind hub: branch, tag or commit (default: main)")
    parser.add_argument("--mirror", type=Path, help="kind hub: a folder with copies of the datasets, as OWNER/NAME")


def open_source(
    arguments: argparse.Namespace, columns: tuple[str, ...], streaming: bool = False
) -> tuple[Iterator[RowOrFault], str | None]:
    """The rows that the options of :func:`add_source_options` mean, and the commit that they are of.

    None where there is no commit: a file, a mirror, a hub that cannot be reached. For ``columns`` and ``streaming`` and
    for errors see :func:`~scale_or_reason.common.dataset_rows.read_hub`.
    """
    if arguments.kind == "jsonl":
        return read_jsonl_leniently(arguments.path, remedy=f"write it, one row a line with {', '.join(columns)}"), None
    commit = None if arguments.mirror else resolve_commit(arguments.path, arguments.revision)
    rows = read_hub(
        arguments.path,
        arguments.split,
        config=arguments.config,
        revision=commit or arguments.revision,
        streaming=streaming,
        columns=columns,
        mirror=arguments.mirror,
    )
    return rows, commit
