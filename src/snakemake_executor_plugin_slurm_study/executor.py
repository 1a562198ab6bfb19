"""The executor, and why it exists: what snakemake-executor-plugin-slurm 2.8.0 lacks for runs of days.

The executor that this one extends waits forever for

- a job that was cancelled, where sacct is used: the state reads ``CANCELLED by 1000``;
- a job that was preempted and that Slurm does not requeue: ``PREEMPTED`` counts as running (its issue 109);
- a job that the controller has forgotten, where squeue is used, or sacct without a database (``MinJobAge``);
- all jobs, once the status command has failed as often in a row as ``status_attempts`` allows;

and it submits the jobs of a Snakemake that was killed once more beside themselves (issue 109 again), so that two
trainings would write the same checkpoints. Here such orphan jobs are found by their name, which begins with the study.
They are taken over where inputs and parameters are still those of their submission (``identity.py``). Otherwise they
are cancelled, and the new job waits in Slurm's queue until they have ended. Orphan groups hold small jobs only; they
are cancelled and submitted again.

tests/unit/test_slurm_executor.py has a test for each fault that fails once the parent no longer has it.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import snakemake_executor_plugin_slurm as parent
from snakemake_executor_plugin_slurm.accounts import validate_account
from snakemake_executor_plugin_slurm.job_status_query import (
    query_job_status,
    query_job_status_sacct,
    query_job_status_squeue,
)
from snakemake_executor_plugin_slurm.utils import get_job_wildcards
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from snakemake_executor_plugin_slurm_study.final_failures import FinalFailures
from snakemake_executor_plugin_slurm_study.identity import IN_COMMENT, job_identity
from snakemake_executor_plugin_slurm_study.orphans import AFTER_STUDY, OrphanJob, cancel, orphan_jobs
from snakemake_executor_plugin_slurm_study.states import FORGOTTEN, ForgottenJobs, Outcome, outcome
from snakemake_executor_plugin_slurm_study.versions import version_warning

#: Snakemake imports executors before it looks at result files: what ended since then counts as not ended.
_STARTED = datetime.now()
#: Seconds between two status checks grow by the first number, up to the second one, while no job ends.
_INTERVAL_GROWTH, _LONGEST_INTERVAL = 10, 180


class Executor(parent.Executor):
    """The parent's way to submit jobs, and another way to follow them."""

    run_uuid: str

    def __init__(self, workflow: Any, logger: Any) -> None:
        # the thread that follows jobs starts in the parent's constructor
        self._forgotten = ForgottenJobs()
        self._adopted_names: list[str] = []
        self._orphans: list[OrphanJob] = []
        self._cancelled: dict[Any, list[str]] = {}
        self._started_at: dict[Any, float] = {}
        self._final_failures = FinalFailures(Path(".snakemake", "slurm_study", "final_failures"))
        super().__init__(workflow, logger)

    def __post_init__(self, test_mode: bool = False) -> None:
        """Name jobs after the study, find orphan jobs, and cancel orphan groups."""
        if self.workflow.executor_settings.array_jobs:
            raise WorkflowError(
                "slurm-study does not submit job arrays: when one task of an array failed, Slurm's state of the "
                "others was lost. Remove slurm-study-array-jobs from the profile."
            )
        super().__post_init__(test_mode)
        if warning := version_warning():
            self.logger.warning(warning)
        study = study_name(self.workflow)
        self.run_uuid = f"{study}{AFTER_STUDY}{self.run_uuid}"
        rules = {rule.name for rule in self.workflow.rules}
        orphans = orphan_jobs(study, _STARTED)
        cancel(job for job in orphans if job.rule not in rules)
        self._orphans = [job for job in orphans if job.rule in rules]

    def run_job(self, job: Any) -> None:
        """Take the job over if an earlier run has submitted the same, otherwise submit it."""
        if job.is_group():
            super().run_job(job)
            return
        identity = job_identity(job)
        if note := self._final_failures.note(identity):
            self._refuse(job, note)
            return
        self._started_at[job] = time.time()
        orphans = [orphan for orphan in self._orphans if orphan.what == rule_and_wildcards(job)]
        same = next((orphan for orphan in orphans if orphan.identity == identity), None)
        others = [orphan for orphan in orphans if orphan is not same]
        self._orphans = [orphan for orphan in self._orphans if orphan not in orphans]  # not for its next attempt
        self._cancel(job, others)
        if same is None:
            super().run_job(job)
        else:
            self._take_over(job, same)

    def _refuse(self, job: Any, note: Path) -> None:
        """Report a job as failed that would fail as it has before."""
        make_last_attempt(job)
        message = (
            f"{job.name} {get_job_wildcards(job)} has failed for good with these inputs and settings ({note}). "
            "It is not submitted again: change its settings, or remove that file to try it once more."
        )
        self._report_job_error_threadsafe(SubmittedJobInfo(job), message)

    def _cancel(self, job: Any, orphans: list[OrphanJob]) -> None:
        """Cancel orphan jobs, and have ``job`` start after their end, since they write the same files until then."""
        if not orphans:
            return
        for orphan in orphans:
            self.logger.warning(
                f"Cancelling Slurm job {orphan.job_id} of an earlier run, whose inputs or settings have changed since: "
                f"{job.name} {get_job_wildcards(job)}"
            )
        cancel(orphans)
        self._cancelled[job] = [orphan.job_id for orphan in orphans]

    def _take_over(self, job: Any, orphan: OrphanJob) -> None:
        wildcards = get_job_wildcards(job)
        self.logger.warning(f"Taking over Slurm job {orphan.job_id} of an earlier run: {job.name} {wildcards}")
        self._adopted_names.append(orphan.name)
        log = self.slurm_logdir / f"rule_{job.name}" / wildcards / f"{orphan.job_id}.log"
        info = SubmittedJobInfo(job, external_jobid=orphan.job_id, aux={"slurm_logfile": log})
        self._report_job_submission_threadsafe(info)

    def get_account_arg(self, job: Any) -> Iterator[str]:
        """The option for the account and, since sbatch takes the last comment, the comment with the job's identity."""
        for account in self._accounts(job):
            if job.is_group():
                yield account
                continue
            comment = f"{rule_and_wildcards(job)}{IN_COMMENT}{job_identity(job)}"
            options = [account, f"--comment={shlex.quote(comment)}"]
            if cancelled := self._cancelled.pop(job, None):
                options.append(f"--dependency=afterany:{':'.join(cancelled)}")
            yield " ".join(options)

    def _accounts(self, job: Any) -> Iterator[str]:
        """The extended executor takes the words of a name with spaces for several accounts, as it does with commas."""
        name = str(job.resources.get("slurm_account") or "").strip()
        if len(name.split()) < 2 or "," in name:
            yield from super().get_account_arg(job)
        else:
            validate_account(name, self.logger)
            yield f" -A {shlex.quote(name)}"

    def format_job_exec(self, job: Any) -> str:
        """The command of a job, to stand between double quotes in a command of the shell."""
        command = super().format_job_exec(job)
        if self.workflow.executor_settings.pass_command_as_script:
            return command
        # the extended executor escapes double quotes only, so that the shell of the login node would expand a path
        return re.sub(r"[\\$`]", r"\\\g<0>", command)

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncIterator[SubmittedJobInfo]:
        """Report the jobs that have ended, and yield the others."""
        settings = self.workflow.executor_settings
        states = await self._query_states([info.external_jobid for info in active_jobs]) if active_jobs else {}
        any_ended = False
        for info in active_jobs:
            state = states.get(info.external_jobid, "")
            result = outcome(state, settings.requeue)
            any_ended |= result != Outcome.ACTIVE
            if result == Outcome.ACTIVE:
                yield info
            elif result == Outcome.SUCCEEDED:
                self._report_success(info)
            else:
                self._report_failure(info, state)
        self._set_interval(restart=any_ended or not active_jobs)

    def _set_interval(self, restart: bool) -> None:
        pause = self.next_seconds_between_status_checks + _INTERVAL_GROWTH  # type: ignore[has-type]
        first = self.workflow.executor_settings.init_seconds_before_status_checks
        self.next_seconds_between_status_checks = first if restart else min(pause, _LONGEST_INTERVAL)

    async def _query_states(self, active: list[str]) -> dict[str, str]:
        """Slurm's state of each job that it lists; without an answer, no states."""
        names = ",".join([self.run_uuid, *dict.fromkeys(self._adopted_names)])
        with_sacct = self.get_status_command() == "sacct" and shutil.which("sacct") is not None
        command = query_job_status_sacct(names) if with_sacct else query_job_status_squeue(names)
        for _ in range(self.workflow.executor_settings.status_attempts):
            async with self.status_rate_limiter:
                states, _ = await query_job_status(command, self.logger)
            if states is not None:
                # sacct may not list a new job yet, and keeps old ones
                forgotten = () if with_sacct else self._forgotten.update(active, states)
                return {**states, **dict.fromkeys(forgotten, FORGOTTEN)}
        return {}

    def _report_success(self, info: SubmittedJobInfo) -> None:
        self.report_job_success(info)
        if not self.workflow.executor_settings.keep_successful_logs:
            with contextlib.suppress(OSError):
                info.aux["slurm_logfile"].unlink()

    def _report_failure(self, info: SubmittedJobInfo, state: str) -> None:
        if state == "NODE_FAIL" and (nodes := nodes_of(info.external_jobid)):
            self._failed_nodes.add(nodes)  # sbatch excludes them from now on
        message = f"Slurm job {info.external_jobid} ended as {state}. "
        job = info.job
        if not job.is_group() and self._remembered(job):
            make_last_attempt(job)
            message += "It has failed for good with these inputs and settings, and is not submitted again. "
        self.report_job_error(info, msg=message, aux_logs=[str(info.aux["slurm_logfile"])])

    def _remembered(self, job: Any) -> bool:
        """Whether a failed job has said that a further attempt would fail alike."""
        since = self._started_at.pop(job, time.time())
        return self._final_failures.remember(job_identity(job), job.output, since) is not None


def make_last_attempt(job: Any) -> None:
    """Have Snakemake not restart a job that fails.

    Its public setter would compute the job's resources anew, and others than it has taken would be set free.
    """
    job._attempt = job.restart_times + 1


def rule_and_wildcards(job: Any) -> str:
    """The comment of the extended executor on a job."""
    wildcards = get_job_wildcards(job)
    return f"rule_{job.name}_wildcards_{wildcards}" if wildcards else f"rule_{job.name}"


def study_name(workflow: Any) -> str:
    """The study's name in the config, or a fixed one where another workflow includes the study as a module."""
    try:
        return str(workflow.config["study"]["name"])
    except (KeyError, TypeError):
        return "snakemake"


def nodes_of(job_id: str) -> str:
    """The nodes of a job in Slurm's notation; nothing if Slurm does not say."""
    command = ["squeue", "--noheader", "--states=all", "--format=%N", f"--jobs={job_id}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
