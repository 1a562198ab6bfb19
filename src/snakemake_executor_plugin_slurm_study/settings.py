"""The executor's settings: those of the executor that it extends, which become options of Snakemake."""

# No `from __future__ import annotations`: Snakemake reads the types of settings, and it reads no strings and no unions.
from dataclasses import dataclass, field
from typing import Optional

from snakemake_executor_plugin_slurm import ExecutorSettings as ParentSettings


@dataclass
class ExecutorSettings(ParentSettings):
    """The parent's settings, with a default that needs no search for Slurm's programs."""

    status_command: Optional[str] = field(  # noqa: UP045
        default="squeue",
        metadata={
            "help": "Command to query job status: squeue, or sacct where Slurm keeps accounts. Default: squeue.",
            "env_var": False,
            "required": False,
        },
    )
