"""Snakemake that looks at its Slurm jobs every two seconds, where the executor would wait up to three minutes.

Tests would take several times as long without it. All else is as it is, also in the jobs, which start Snakemake itself.
"""

from __future__ import annotations

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def soon(self: RemoteExecutor) -> None:
    await asyncio.sleep(2)


if __name__ == "__main__":
    RemoteExecutor.sleep = soon
    main()
