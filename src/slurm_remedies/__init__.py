"""What Snakemake's Slurm executor lacks for runs of days, added to it from outside.

Tried with snakemake-executor-plugin-slurm 2.8.0, whose :class:`Executor` waits for ever for

- a job that was cancelled, where sacct is asked: its state reads ``CANCELLED by 1000``;
- a job that was preempted and that Slurm does not put back into its queue: ``PREEMPTED`` counts as running (issue 109);
- a job that the controller has forgotten, where squeue is asked, or sacct without a database (``MinJobAge``);

and knows nothing of the jobs of a Snakemake that was killed (issue 109 again): they go on, and are submitted once more,
so that two trainings would write the same checkpoints. Here they are found by their name, which begins with the study,
and taken over; what belongs to groups is small, and is cancelled and made anew.

Each remedy has a test in tests/unit/test_slurm_remedies.py that fails once the executor needs it no more.
"""

from __future__ import annotations

import functools
import os
import shlex
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

#: Between a study's name and the executor's own name of a job.
_AFTER_STUDY = "@"
#: So long the controller remembers jobs that have ended, as far as the executor is told: one that is forgotten counts
#: as finished here, so that it need not turn to sacct.
_LONG_MEMORY_SECONDS = 10**9

#: In so many looks in a row squeue must not list a job before it counts as forgotten: one answer may be incomplete.
_LOOKS_WITHOUT = 3

Statuses = dict[str, str]


@dataclass(frozen=True)
class LeftJob:
    """A job of an earlier run that is queued or running: its id, its name, and the executor's comment on it."""

    job_id: str
    name: str
    comment: str

    @property
    def rule(self) -> str:
        """The job's rule, or some text for a group."""
        return self.comment.removeprefix("rule_").split("_wildcards_")[0]


def left_jobs(study: str) -> list[LeftJob]:
    """The jobs of ``study`` that were submitted from this folder and have not ended; none without Slurm."""
    command = ["squeue", "--me", "--noheader", "--format=%A|%j|%Z|%k"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    fields = [line.strip().split("|", 3) for line in said.splitlines()]
    return [
        LeftJob(job_id, name, comment)
        for job_id, name, folder, comment in fields
        if os.path.realpath(folder) == os.path.realpath(os.curdir) and name.startswith(study + _AFTER_STUDY)
    ]


def apply(study: str) -> None:
    """Change the executor of this process; call it before Snakemake looks at what is there.

    What has ended between that look and the submission of a job is taken over like a job that has not ended.
    """
    import snakemake_executor_plugin_slurm as plugin

    remedies = Remedies(study, left_jobs(study), plugin.get_job_wildcards)
    executor = plugin.Executor
    executor.__post_init__ = remedies.after_start(executor.__post_init__)
    executor.run_job = remedies.take_over_or(executor.run_job)
    executor.check_active_jobs = remedies.remember_active(executor.check_active_jobs)
    plugin.query_job_status_squeue = remedies.ask_for_taken_over(plugin.query_job_status_squeue)
    plugin.query_job_status_sacct = remedies.ask_for_taken_over(plugin.query_job_status_sacct)
    plugin.query_job_status = remedies.read_states(plugin.query_job_status)
    plugin.get_min_job_age = lambda: _LONG_MEMORY_SECONDS


class Remedies:
    """Each method takes a function of the executor and returns the one that stands in its place."""

    def __init__(self, study: str, left: Iterable[LeftJob], wildcards_of: Callable[[Any], str]) -> None:
        self.study, self.wildcards_of = study, wildcards_of
        self.left = {job.comment: job for job in left}
        self.names: list[str] = []  # of the jobs that were taken over
        self.active: set[str] = set()
        self.looks = 0
        self.missing_since: dict[str, int] = {}  # the number of the look that missed a job first

    def after_start(self, start: Callable[..., None]) -> Callable[..., None]:
        """Name jobs after the study, and cancel what is left of groups."""

        @functools.wraps(start)
        def started(executor: Any, *arguments: Any, **options: Any) -> None:
            start(executor, *arguments, **options)
            executor.run_uuid = f"{self.study}{_AFTER_STUDY}{executor.run_uuid}"
            rules = {rule.name for rule in executor.workflow.rules}
            groups = [job for job in self.left.values() if job.rule not in rules]
            if groups:
                subprocess.run(["scancel", *(job.job_id for job in groups)], check=False, timeout=60)
            self.left = {comment: job for comment, job in self.left.items() if job not in groups}

        return started

    def take_over_or(self, submit: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        """Take a job over if an earlier run has submitted it, else submit it."""

        @functools.wraps(submit)
        def run_job(executor: Any, job: Any) -> None:
            from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

            wildcards = self.wildcards_of(job)
            comment = f"rule_{job.name}_wildcards_{wildcards}" if wildcards else f"rule_{job.name}"
            left = None if job.is_group() else self.left.pop(comment, None)
            if left is None:
                return submit(executor, job)
            executor.logger.warning(f"Slurm job {left.job_id} of an earlier run goes on: {job.name} {wildcards}")
            self.names.append(left.name)
            log = executor.slurm_logdir / f"rule_{job.name}" / wildcards / f"{left.job_id}.log"
            info = SubmittedJobInfo(job, external_jobid=left.job_id, aux={"slurm_logfile": log})
            executor._report_job_submission_threadsafe(info)

        return run_job

    def remember_active(self, check: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        """Note which jobs are asked about."""

        @functools.wraps(check)
        async def check_active_jobs(executor: Any, active_jobs: list[Any]) -> AsyncIterator[Any]:
            self.active = {job.external_jobid for job in active_jobs}
            self.looks += 1
            async for job in check(executor, active_jobs):
                yield job

        return check_active_jobs

    def ask_for_taken_over(self, command: Callable[[str], str]) -> Callable[[str], str]:
        """Ask for the names of taken over jobs too."""
        return functools.wraps(command)(lambda name: command(",".join([name, *dict.fromkeys(self.names)])))

    def read_states(self, query: Callable[..., Any]) -> Callable[..., Any]:
        """States that the executor can read; ``UNKNOWN``, which means finished to it, for jobs that squeue forgot."""

        @functools.wraps(query)
        async def query_job_status(command: str, logger: Any) -> tuple[Statuses | None, float | None]:
            statuses, seconds = await query(command, logger)
            if statuses is None:
                return None, seconds
            forgotten = self._forgotten(statuses) if shlex.split(command)[0] == "squeue" else []
            return {**read_states(statuses), **dict.fromkeys(forgotten, "UNKNOWN")}, seconds

        return query_job_status

    def _forgotten(self, statuses: Statuses) -> list[str]:
        missing = self.active - statuses.keys()
        self.missing_since = {job: self.missing_since.get(job, self.looks) for job in missing}
        return [job for job, since in self.missing_since.items() if self.looks - since + 1 >= _LOOKS_WITHOUT]


def read_states(statuses: Statuses) -> Statuses:
    """Each job's state in the executor's words."""
    words = {job: state.split(" by ")[0] for job, state in statuses.items()}
    return {job: "CANCELLED" if state == "PREEMPTED" else state for job, state in words.items()}
