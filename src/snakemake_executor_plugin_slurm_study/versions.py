"""The version of snakemake-executor-plugin-slurm that this executor was tested with."""

from __future__ import annotations

from importlib.metadata import version

TESTED_VERSION = "2.8.0"


def version_warning(installed: str | None = None) -> str | None:
    """One line if another version is installed than the tested one; None if it is the same."""
    installed = installed or version("snakemake-executor-plugin-slurm")
    if installed == TESTED_VERSION:
        return None
    return (
        f"slurm-study was tested with snakemake-executor-plugin-slurm {TESTED_VERSION}; {installed} is installed. "
        "Run tests/unit/test_slurm_executor.py and tests/slurm before long runs."
    )
