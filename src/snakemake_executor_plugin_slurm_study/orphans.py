"""Orphan jobs: those that an earlier Snakemake submitted and that it no longer follows, since it was killed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from time import sleep

from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_slurm_study.identity import IN_COMMENT, identity_in

#: Between a study's name and the executor's own name of a job.
AFTER_STUDY = "@"
#: Between the fields of squeue's answer: a character that no path and no comment has.
_SEPARATOR = "\x1f"
#: Job id, name, working directory, state, end (or expected end), comment.
_FORMAT = _SEPARATOR.join(("%A", "%j", "%Z", "%T", "%e", "%k"))
#: States that squeue leaves out unless they are requested.
_SUCCEEDED = "COMPLETED"
_STATES = f"PENDING,CONFIGURING,RUNNING,SUSPENDED,STOPPED,RESIZING,REQUEUED,REQUEUE_HOLD,COMPLETING,{_SUCCEEDED}"

#: A busy controller gets another chance, each time after a longer pause.
_ATTEMPTS, _PAUSE_SECONDS = 4, 5


@dataclass(frozen=True)
class OrphanJob:
    """A job of an earlier run: Slurm's id of it, its name, and the comment with which it was submitted."""

    job_id: str
    name: str
    comment: str

    @property
    def rule(self) -> str:
        """The job's rule; for a group of jobs, a text that is no rule's name."""
        return self.what.removeprefix("rule_").split("_wildcards_")[0]

    @property
    def what(self) -> str:
        """The job's rule and wildcards."""
        return self.comment.partition(IN_COMMENT)[0]

    @property
    def identity(self) -> str:
        """The job's inputs and parameters as a text; empty for jobs of executors that give none."""
        return identity_in(self.comment)


def orphan_jobs(study: str, since: datetime) -> list[OrphanJob]:
    """The jobs of ``study`` that were submitted from the current folder and may still be taken over.

    These are all queued and running jobs, and those that completed after ``since``: when Snakemake looked at the
    result files, their results were not there yet. Raises :class:`WorkflowError` if squeue gives no answer, since a
    second submission of a training would write the same checkpoints.
    """
    command = ["squeue", "--me", "--noheader", f"--states={_STATES}", f"--format={_FORMAT}"]
    # splitlines() would also split at characters that a comment may contain
    return list(_parse(_answer(command).split("\n"), study, since.replace(microsecond=0)))


def _answer(command: list[str]) -> str:
    environment = os.environ | {"SLURM_TIME_FORMAT": "standard"}
    for attempt in range(_ATTEMPTS):
        sleep(attempt * _PAUSE_SECONDS)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
            return done.stdout
        except subprocess.CalledProcessError as error:
            reason = error.stderr.strip()
        except (OSError, subprocess.SubprocessError) as error:
            reason = str(error)
    raise WorkflowError(
        f"Cannot look for jobs of an earlier run: {reason}\nThe executor slurm-study runs on a login node, where "
        f"`squeue --me` works. Run that command; when it lists your jobs, start Snakemake again."
    )


def _parse(lines: Iterable[str], study: str, since: datetime) -> Iterable[OrphanJob]:
    here = os.path.realpath(os.curdir)
    for line in lines:
        fields = line.split(_SEPARATOR)
        if len(fields) != _FORMAT.count(_SEPARATOR) + 1:
            continue
        job_id, name, folder, state, end, comment = fields
        if not name.startswith(study + AFTER_STUDY) or os.path.realpath(folder) != here:
            continue
        if state != _SUCCEEDED or datetime.fromisoformat(end) >= since:
            yield OrphanJob(job_id, name, comment)


def cancel(jobs: Iterable[OrphanJob]) -> None:
    """Cancel jobs."""
    if ids := [job.job_id for job in jobs]:
        subprocess.run(["scancel", *ids], check=False, timeout=60)
