"""The paths of the benchmarks' JSONL files."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.registry import BENCHMARKS


def rows_folder(benchmark: str, source: Mapping[str, Any]) -> str | None:
    """The folder with the rows of ``benchmark``, None if they come from the hub.

    With kind ``hub``, a benchmark that is not on the hub is also read from ``source["path"]``.
    """
    on_hub = source["kind"] == "hub" and BENCHMARKS[benchmark].hub is not None
    return None if on_hub else source.get("path")


def rows_file(folder: str | Path, benchmark: str, part: str = "") -> Path:
    """The benchmark's JSONL file in ``folder``, under the first of its names that exists; ``part`` may be ``.pool``."""
    names = (benchmark, *BENCHMARKS[benchmark].file_names)
    files = [Path(folder, f"{name}{part}.jsonl") for name in names]
    return next((file for file in files if isfile(file)), files[0])
