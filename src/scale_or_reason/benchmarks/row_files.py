"""The paths of the benchmarks' JSONL files."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.registry import get_benchmark


def rows_folder(benchmark: str, source: Mapping[str, Any]) -> str | None:
    """The folder with the rows of ``benchmark``, None if they come from the hub.

    With kind ``hub``, a benchmark that is not on the hub is also read from ``source["path"]``. The file of a benchmark
    of one's own says where its rows are.
    """
    declared = get_benchmark(benchmark)
    if declared.declared_in is not None:
        return None if declared.hub is not None else str(declared.declared_in.parent)
    on_hub = source["kind"] == "hub" and declared.hub is not None
    return None if on_hub else source.get("path")


def rows_file(folder: str | Path, benchmark: str, part: str = "") -> Path:
    """The benchmark's JSONL file in ``folder``, under the first of its names that exists; ``part`` may be ``.pool``.

    Rows that stand in the file of a benchmark of one's own have that file.
    """
    declared = get_benchmark(benchmark)
    own = declared.own_pool if part else declared.own_rows
    if own is not None:
        assert declared.declared_in is not None
        return own if isinstance(own, Path) else declared.declared_in
    names = (benchmark, *declared.file_names)
    files = [Path(folder, f"{name}{part}.jsonl") for name in names]
    return next((file for file in files if isfile(file)), files[0])
