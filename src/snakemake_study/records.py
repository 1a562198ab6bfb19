"""Records of what a job was made with, written by the process that has made it.

Snakemake 9.27.1 writes them where it was started, from the settings that it was started with. A cluster job reads the
config anew, so an edit of the config makes the record untrue while jobs wait in a queue. A job that ends after
Snakemake was killed has no record at all, and a later change of its settings goes unnoticed.
"""

from __future__ import annotations

import os
from copy import copy
from types import SimpleNamespace
from typing import Any

import snakemake.api  # before snakemake.workflow, which cannot be imported first
import snakemake.workflow
from snakemake_interface_executor_plugins.settings import ExecMode

from snakemake_study.locks import OwnLocks


class TrueRecords(OwnLocks):
    """Snakemake's records in files, with those of cluster jobs written inside of the jobs."""

    async def finished(self, job: Any) -> None:
        """Record a job that has succeeded, unless the process that ran it has done so."""
        workflow = self.dag.workflow
        if workflow.exec_mode == ExecMode.REMOTE:
            await OwnLocks.finished(self._as_main_process(), job)
            self._clear_cache()
        elif workflow.local_exec or job.is_local or not all(self._recorded_inside(file) for file in job.output):
            await super().finished(job)

    def _as_main_process(self) -> TrueRecords:
        """These records as Snakemake uses them in the process that a person has started."""
        settings = ("execution_settings", "remote_execution_settings", "deployment_settings")
        workflow = {name: getattr(self.dag.workflow, name) for name in settings}
        records = copy(self)
        records.dag = SimpleNamespace(workflow=SimpleNamespace(exec_mode=ExecMode.DEFAULT, **workflow))
        return records

    def _recorded_inside(self, file: Any) -> bool:
        """Whether the job has recorded this output: it has then removed the mark of an incomplete file, too."""
        mark = self._record_path(self._incomplete_path, self._get_key(file))
        self._clear_cache()
        return not os.path.exists(mark) and self.metadata(file) is not None


def replace_records() -> None:
    """Have Snakemake use :class:`TrueRecords` from now on."""
    snakemake.workflow.FilePersistence = TrueRecords
