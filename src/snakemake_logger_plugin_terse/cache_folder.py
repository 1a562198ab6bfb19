"""A check of Snakemake's cache folder: without one, Snakemake ends in a traceback before it reads a Snakefile.

Snakemake imports its plugins before it makes the folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def complaint(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The error of a run (``words`` is its command line) whose cache folder cannot be written; None if it can."""
    if not words or Path(words[0]).stem not in ("snakemake", "__main__"):
        return None
    if {"--help", "-h", "--version", "-v", "--runtime-source-cache-path"} & set(words):
        return None
    caches = environment.get("XDG_CACHE_HOME")
    folder = Path(caches or os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".cache"), "snakemake")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = None if os.access(folder, os.W_OK | os.X_OK) else "no permission to write"
    except OSError as error:
        found = error.strerror
    if found is None:
        return None
    return "\n".join(
        (
            "error: Snakemake's cache folder cannot be written",
            f"  file: {folder}",
            f"  key: {'XDG_CACHE_HOME' if caches else 'HOME'}",
            f"  found: {found}",
            "  expected: a folder of yours, also for the caches of the hub, vLLM and matplotlib",
            "  what to do: export XDG_CACHE_HOME=FOLDER, on a disk that all nodes see",
        )
    )


def check_cache_folder() -> None:
    """Exit with an error if this is a run of Snakemake that has no cache folder."""
    if error := complaint(sys.argv, os.environ):
        sys.exit(error)
