"""The executor where snakemake-executor-plugin-slurm cannot be used: an error for whoever chooses it."""

from __future__ import annotations

from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import AbstractExecutor

from snakemake_executor_plugin_slurm_study.versions import TESTED_VERSION


def unavailable_executor(reason: str) -> type[AbstractExecutor]:
    """An executor class whose construction raises :class:`WorkflowError` with the reason."""

    class Executor(AbstractExecutor):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise WorkflowError(
                f"The executor slurm-study needs snakemake-executor-plugin-slurm {TESTED_VERSION}, "
                f"which cannot be used here: {reason}. Install that version, or choose another profile."
            )

        def run_job(self, job: Any) -> None: ...
        def shutdown(self) -> None: ...
        def cancel(self) -> None: ...
        def handle_job_success(self, job: Any) -> None: ...
        def handle_job_error(self, job: Any) -> None: ...

    return Executor
