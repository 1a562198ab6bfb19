"""Which files of this machine a config means: models, DeepSpeed settings, rows. Paths count from the project's root."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scale_or_reason.benchmarks.registry import BENCHMARKS

_HUB_ID = r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?"


def is_local(model: str) -> bool:
    """Whether ``model`` means a folder: it looks like no hub id, or begins with a folder that is there."""
    return re.fullmatch(_HUB_ID, model) is None or ("/" in model and Path(model).parent.is_dir())


def deepspeed_file(name: str) -> Path:
    """The file of a DeepSpeed setting."""
    return Path("config", "deepspeed", f"{name}.json")


def made_by_study(path: str | Path, study_name: str) -> bool:
    """Whether ``path`` lies among the study's results, so that a job makes it."""
    return Path(path).is_relative_to(Path("results", study_name))


def rows_folder(benchmark: str, source: Mapping[str, Any]) -> str | None:
    """The folder with the rows of ``benchmark``, None if they come from the hub.

    Rows of kind ``hub`` come from ``source["path"]`` too where the hub does not have the benchmark.
    """
    on_hub = source["kind"] == "hub" and BENCHMARKS[benchmark].hub is not None
    return None if on_hub else source.get("path")


def rows_file(folder: str | Path, benchmark: str, part: str = "") -> Path:
    """The benchmark's JSONL file in ``folder``, under whichever of its names is there; ``part`` may be ``.pool``."""
    names = (benchmark, *BENCHMARKS[benchmark].file_names)
    files = [Path(folder, f"{name}{part}.jsonl") for name in names]
    return next((file for file in files if file.is_file()), files[0])
