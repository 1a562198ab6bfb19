"""What the failed jobs of a run keep from being made, and a second run for what can be made without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any


class FailedJobs:
    """The failed jobs of a run that has gone as far as it could (``--keep-going``).

    ``owner`` gives the owner of a file. Where a job makes files of several owners, an owner's files need only those of
    its inputs that belong to no other of these owners: the job could be run without them.
    """

    def __init__(self, dag: Any, failed: Iterable[Any], owner: Callable[[str], str | None], since: float) -> None:
        """``failed`` are jobs or groups of jobs of a run that has begun at ``since`` (seconds since the epoch)."""
        jobs = [member for job in failed for member in (_failed_members(job, since) if job.is_group() else [job])]
        self._open = set(dag.needrun_jobs())
        self._failed = {job for job in jobs if job in self._open}
        self._producers = {str(file): job for job in dag.jobs for file in job.output}
        self._owner = owner

    def cause(self, file: str) -> Any | None:
        """A failed job without which ``file`` cannot be made, or None."""
        return self._cause(file, set())

    def is_open(self, file: str) -> bool:
        """Whether ``file`` was to be made and has not been."""
        return self._producers.get(file) in self._open

    def open_files(self) -> list[str]:
        """All files that were to be made and have not been."""
        return [file for file, job in self._producers.items() if job in self._open]

    def _cause(self, file: str, seen: set[str]) -> Any | None:
        job = self._producers.get(file)
        if job is None or file in seen or job not in self._open:
            return None
        if job in self._failed:
            return job
        seen.add(file)
        others = {self._owner(str(output)) for output in job.output} - {None, self._owner(file)}
        needed = [str(path) for path in job.input if self._owner(str(path)) not in others]
        return next(filter(None, (self._cause(path, seen) for path in needed)), None)


def _failed_members(group: Any, since: float) -> list[Any]:
    """The jobs of a failed group that have begun and made nothing; all of its jobs if there is none.

    The others have finished, which Snakemake does not know, or were not started. They can be run once more.
    """
    members = list(group.jobs)
    begun = [job for job in members if any(_is_new(Path(log), since) for log in job.log)]
    return [job for job in begun if not all(Path(file).exists() for file in job.output)] or members


def _is_new(file: Path, since: float) -> bool:
    return file.is_file() and file.stat().st_mtime >= since


def has_gone_as_far_as_possible(workflow: Any) -> bool:
    """Whether jobs have failed and every other one has run, so that nobody stopped the run."""
    scheduler = workflow.scheduler
    return bool(workflow.execution_settings.keep_going and scheduler.failed) and not (
        scheduler.running or workflow.dag.ready_jobs
    )


def name_of(job: Any) -> str:
    """A job's rule and the values of its wildcards."""
    return " ".join([job.rule.name, *map(str, job.wildcards)])


def run_again(workflow: Any, targets: Sequence[str], outdated: Sequence[str], report: str, environment: Any) -> bool:
    """Run Snakemake as this run was started, for ``targets`` and a report of them; whether all went well.

    The files ``outdated`` are made again. ``environment`` are further variables.
    """
    changes = {"targets": list(targets), "forcerun": list(outdated), "report": report}
    command = [sys.executable, "-m", "snakemake_study.again", json.dumps(changes), *sys.argv[1:]]
    folder = workflow.workdir_init
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=False).returncode == 0
