"""An executor without Slurm and without a workflow, jobs for it, and programs in the place of Slurm's."""

from __future__ import annotations

import logging
import shlex
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as parent

from snakemake_executor_plugin_slurm_study import executor as ours
from snakemake_executor_plugin_slurm_study.final_failures import FinalFailures

JOBS = ["7", "8"]


START = datetime(2026, 1, 1, 12, 0, 0, 999)


WHAT = "rule_train_student_wildcards_general_Qwen2.5-3B_seq_0.5_0"


class Limiter:
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


def executor_of(kind: type[parent.Executor], folder: Path, **settings: Any) -> Any:
    """An executor that follows jobs, without Slurm and without a workflow; what it reports is in ``ended``."""
    made = object.__new__(kind)
    defaults = {
        "init_seconds_before_status_checks": 40,
        "status_attempts": 2,
        "status_command": "squeue",
        "requeue": False,
        "keep_successful_logs": False,
        "array_jobs": None,
    }
    vars(made).update(
        logger=logging.getLogger("executor"),
        workflow=SimpleNamespace(executor_settings=SimpleNamespace(**defaults | settings)),
        status_rate_limiter=Limiter(),
        run_uuid="name",
        slurm_logdir=folder,
        ended={},
        submitted=[],
        report_job_success=lambda info: made.ended.update({info.external_jobid: "success"}),
        report_job_error=lambda info, msg, aux_logs: made.ended.update({info.external_jobid: "error"}),
        _report_job_submission_threadsafe=lambda info: made.submitted.append(info),
        _next_seconds_between_status_checks=40,
        _failed_nodes=set(),
        _preemption_warning=False,
        _status_query_calls=0,
        _status_query_failures=0,
        _status_query_total_seconds=0.0,
        _status_query_min_seconds=None,
        _status_query_max_seconds=0.0,
        _status_query_cycle_rows=[],
        _forgotten=ours.ForgottenJobs(),
        _adopted_names=[],
        _orphans=[],
        _cancelled={},
        _started_at={},
        _final_failures=FinalFailures(folder / "final_failures"),
        _report_job_error_threadsafe=lambda info, msg: made.refused.append(msg),
        refused=[],
        _fallback_account_arg="",
    )
    return made


def job(name: str, *wildcards: str, group: bool = False, **changes: Any) -> Any:
    made = {
        "name": name,
        "wildcards": list(wildcards),
        "is_group": lambda: group,
        "rule": SimpleNamespace(name=name, shellcmd="train {params}"),
        "resources": {},
        "input": [],
        "output": ["model"],
        "non_derived_params": ["--learning-rate 1e-5"],
        "_attempt": 1,
        "restart_times": 5,
    }
    return HashableJob(**made | changes)


class HashableJob(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


def training(**changes: Any) -> Any:
    return job("train_student", "general", "Qwen2.5-3B", "seq", "0.5", "0", **changes)


def submission(executor: Any, job: Any) -> list[str]:
    """The options that the executor adds to sbatch for a job."""
    return shlex.split(next(executor.get_account_arg(job)))


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    """Put a program first into the search path."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
