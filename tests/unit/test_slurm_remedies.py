"""What the Slurm executor would do without our remedies, and does with them.

The first half is about the executor as it is. When one of these tests fails, its authors have mended it, and the remedy
can go.
"""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as plugin

from slurm_remedies import LeftJob, Remedies, left_jobs, read_states

JOBS = ["7", "8"]


class Executor(SimpleNamespace):
    """As much of the executor as its look at jobs needs, and what it decides."""

    def __init__(self) -> None:
        quiet = SimpleNamespace(**dict.fromkeys(("debug", "info", "warning"), lambda *_: None))
        settings = SimpleNamespace(
            init_seconds_before_status_checks=40, status_attempts=1, requeue=False, keep_successful_logs=True
        )

        class Limiter:
            async def __aenter__(self) -> None: ...
            async def __aexit__(self, *_: object) -> None: ...

        super().__init__(
            logger=quiet,
            workflow=SimpleNamespace(executor_settings=settings),
            status_rate_limiter=Limiter(),
            run_uuid="name",
            next_seconds_between_status_checks=40,
            _preemption_warning=False,
            _status_query_calls=0,
            _status_query_failures=0,
            _status_query_total_seconds=0.0,
            _status_query_min_seconds=None,
            _status_query_max_seconds=0.0,
            _status_query_cycle_rows=[],
            _failed_nodes=set(),
            ended={},
            get_status_command=lambda: "squeue",
            slurm_logdir=Path("logs"),
            submitted=[],
        )

    def report_job_success(self, info: Any) -> None:
        self.ended[info.external_jobid] = "success"

    def report_job_error(self, info: Any, msg: str, aux_logs: list[str]) -> None:
        self.ended[info.external_jobid] = "error"

    def _report_job_submission_threadsafe(self, info: Any) -> None:
        self.submitted.append(info)


def look(
    monkeypatch: pytest.MonkeyPatch, statuses: dict[str, str], remedies: Remedies | None = None
) -> tuple[dict[str, str], list[str]]:
    """What the executor makes of Slurm's answer: the jobs that have ended for it, and those that go on."""

    async def answer(command: str, logger: Any) -> tuple[dict[str, str], float]:
        return statuses, 0.01

    check = plugin.Executor.check_active_jobs
    if remedies is not None:
        answer, check = remedies.read_states(answer), remedies.remember_active(check)
    monkeypatch.setattr(plugin, "query_job_status", answer)
    monkeypatch.setattr(plugin, "get_min_job_age", lambda: 10**9)
    monkeypatch.setattr(plugin, "is_query_tool_available", lambda tool: tool == "squeue")
    executor = Executor()
    infos = [SimpleNamespace(external_jobid=job, aux={"slurm_logfile": Path("a.log")}) for job in JOBS]

    async def check_all() -> list[str]:
        return [info.external_jobid async for info in check(executor, infos)]

    return executor.ended, asyncio.run(check_all())


@pytest.mark.parametrize("state", ["CANCELLED by 1000", "PREEMPTED"])
def test_the_executor_waits_for_these_for_ever(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    assert look(monkeypatch, {"7": state, "8": "RUNNING"}) == ({}, ["7", "8"])


def test_the_executor_waits_for_a_forgotten_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(monkeypatch, {"8": "RUNNING"}) == ({}, ["7", "8"])


def remedies(*left: LeftJob) -> Remedies:
    return Remedies("v2", left, plugin.get_job_wildcards)


@pytest.mark.parametrize(
    ("state", "end"), [("CANCELLED by 1000", "error"), ("PREEMPTED", "error"), ("COMPLETED", "success")]
)
def test_how_a_job_has_ended(monkeypatch: pytest.MonkeyPatch, state: str, end: str) -> None:
    assert look(monkeypatch, {"7": state, "8": "RUNNING"}, remedies()) == ({"7": end}, ["8"])


def test_a_forgotten_job_is_done_and_snakemake_looks_for_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    known = remedies()
    looks = [look(monkeypatch, {"8": "PENDING"}, known) for _ in range(3)]
    assert looks == [({}, ["7", "8"]), ({}, ["7", "8"]), ({"7": "success"}, ["8"])]


def test_a_job_that_is_listed_again_was_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    known = remedies()
    for seen in ({}, {}, {"7": "RUNNING"}, {}, {}):
        assert look(monkeypatch, {"8": "RUNNING", **seen}, known) == ({}, ["7", "8"])


def test_sacct_may_not_know_a_job_yet() -> None:
    async def answer(command: str, logger: Any) -> tuple[dict[str, str], float]:
        return {"8": "PENDING"}, 0.01

    known = remedies()
    known.active = {"7", "8"}
    for known.looks in range(1, 9):
        assert asyncio.run(known.read_states(answer)("sacct -X --name a", None)) == ({"8": "PENDING"}, 0.01)


def test_no_answer_is_no_state() -> None:
    async def silence(command: str, logger: Any) -> tuple[None, None]:
        return None, None

    assert asyncio.run(remedies().read_states(silence)("squeue", None)) == (None, None)


def job(name: str, *wildcards: str, group: bool = False) -> SimpleNamespace:
    return SimpleNamespace(name=name, wildcards=list(wildcards), is_group=lambda: group)


def test_a_job_of_an_earlier_run_is_taken_over_once() -> None:
    left = LeftJob("41", "v2@uuid", "rule_train_student_wildcards_general_Qwen2.5-3B_seq_0.5_0")
    known, executor, submitted = remedies(left), Executor(), []
    run_job = known.take_over_or(lambda executor, job: submitted.append(job.wildcards))
    training = job("train_student", "general", "Qwen2.5-3B", "seq", "0.5", "0")
    run_job(executor, job("train_student", "general", "Qwen2.5-3B", "seq", "0", "0"))
    run_job(executor, training)
    assert [info.external_jobid for info in executor.submitted] == ["41"]
    assert executor.submitted[0].aux["slurm_logfile"].name == "41.log"
    run_job(executor, training)  # its next attempt
    assert [wildcards[3] for wildcards in submitted] == ["0", "0.5"]
    assert known.ask_for_taken_over(plugin.query_job_status_squeue)("v2@new").endswith("--name v2@new,v2@uuid")


def test_jobs_are_named_after_the_study_and_groups_are_cancelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    training, group = LeftJob("41", "v2@a", "rule_train_student"), LeftJob("42", "v2@a", "rule_grading_grade_answers")
    known, executor = remedies(training, group), Executor()
    executor.workflow.rules = [SimpleNamespace(name="train_student"), SimpleNamespace(name="grade_answers")]
    told = tmp_path / "told"
    scancel = tmp_path / "scancel"
    scancel.write_text(f'#!/bin/sh\necho "$@" > {told}\n')
    scancel.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    known.after_start(lambda executor: None)(executor)
    assert executor.run_uuid == "v2@name"
    assert told.read_text().split() == ["42"]
    assert list(known.left.values()) == [training]


def test_only_jobs_of_this_study_and_folder_are_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here, squeue = tmp_path / "here", tmp_path / "squeue"
    here.mkdir()
    lines = [f"1|v2@a|{here}|rule_a", f"2|v2|{here}|", f"3|v2x@a|{here}|rule_a", f"4|v2@b|{tmp_path}|rule_b"]
    squeue.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
    squeue.chmod(0o755)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert [(left.job_id, left.rule) for left in left_jobs("v2")] == [("1", "a")]
    squeue.write_text("#!/bin/sh\nexit 1\n")
    assert left_jobs("v2") == []


def test_what_is_replaced_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The executor's own parts, with the parameters that we count on."""
    signatures = {
        plugin.Executor.run_job: ["self", "job"],
        plugin.Executor.check_active_jobs: ["self", "active_jobs"],
        plugin.query_job_status: ["command", "logger"],
        plugin.query_job_status_squeue: ["runid"],
        plugin.query_job_status_sacct: ["runid"],
        plugin.get_min_job_age: [],
    }
    for function, parameters in signatures.items():
        assert list(inspect.signature(function).parameters) == parameters
    assert read_states({"1": "OUT_OF_MEMORY"}) == {"1": "OUT_OF_MEMORY"}
