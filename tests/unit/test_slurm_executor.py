"""What the executor that ours extends does wrong, and that ours does it right.

When one of the first tests fails, its authors have fixed the fault, and our part for it can go.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as parent
from snakemake.cli import get_argument_parser
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

import snakemake_executor_plugin_slurm_study as plugin
from snakemake_executor_plugin_slurm_study import executor as ours
from snakemake_executor_plugin_slurm_study import orphans
from snakemake_executor_plugin_slurm_study.final_failures import FinalFailures
from snakemake_executor_plugin_slurm_study.identity import job_identity
from snakemake_executor_plugin_slurm_study.orphans import OrphanJob, orphan_jobs
from snakemake_executor_plugin_slurm_study.unavailable import unavailable_executor
from snakemake_executor_plugin_slurm_study.versions import TESTED_VERSION, version_warning

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


Answer = dict[str, str] | None


def check(monkeypatch: pytest.MonkeyPatch, executor: Any, answer: Answer) -> tuple[dict[str, str], list[str]]:
    """What an executor makes of Slurm's answer: the jobs that have ended for it, and those that go on."""

    async def query(command: str, logger: Any) -> tuple[Answer, float | None]:
        return answer, None if answer is None else 0.01

    for module in (parent, ours):
        monkeypatch.setattr(module, "query_job_status", query)
    monkeypatch.setattr(parent, "get_min_job_age", lambda: 10**9)
    monkeypatch.setattr(parent, "is_query_tool_available", lambda tool: tool == "squeue")
    infos = [
        SimpleNamespace(
            external_jobid=name, aux={"slurm_logfile": executor.slurm_logdir / f"{name}.log"}, job=job("train_student")
        )
        for name in JOBS
    ]

    async def check_all() -> list[str]:
        return [info.external_jobid async for info in executor.check_active_jobs(infos)]

    return executor.ended, asyncio.run(check_all())


@pytest.mark.parametrize("state", ["CANCELLED by 1000", "PREEMPTED"])
def test_the_parent_waits_for_these_forever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str) -> None:
    executor = executor_of(parent.Executor, tmp_path)
    assert check(monkeypatch, executor, {"7": state, "8": "RUNNING"}) == ({}, ["7", "8"])


def test_the_parent_waits_for_a_forgotten_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor = executor_of(parent.Executor, tmp_path)
    for _ in range(5):
        assert check(monkeypatch, executor, {"8": "RUNNING"}) == ({}, ["7", "8"])


def test_the_parent_loses_all_jobs_without_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check(monkeypatch, executor_of(parent.Executor, tmp_path), None) == ({}, [])


@pytest.mark.parametrize(
    ("state", "end"),
    [
        ("COMPLETED", "success"),
        *(
            (state, "error")
            for state in (
                *("BOOT_FAIL", "CANCELLED", "CANCELLED by 1000", "DEADLINE", "FAILED", "NODE_FAIL"),
                *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
            )
        ),
        # the other states of Slurm's manual
        *(
            (state, None)
            for state in (
                *("COMPLETING", "CONFIGURING", "PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESIZING"),
                *("RESV_DEL_HOLD", "RUNNING", "SIGNALING", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED", "SUSPENDED"),
            )
        ),
    ],
)
def test_every_state_of_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str, end: str | None) -> None:
    executor = executor_of(plugin.Executor, tmp_path)
    ended, active = check(monkeypatch, executor, {"7": state, "8": "RUNNING"})
    assert (ended, active) == (({"7": end}, ["8"]) if end else ({}, ["7", "8"]))


def test_a_lost_node_is_left_to_slurm_where_it_requeues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor = executor_of(plugin.Executor, tmp_path, requeue=True)
    assert check(monkeypatch, executor, {"7": "NODE_FAIL", "8": "RUNNING"}) == ({}, ["7", "8"])


def test_a_failed_node_is_excluded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(monkeypatch, tmp_path, "squeue", "echo node3")
    executor = executor_of(plugin.Executor, tmp_path)
    check(monkeypatch, executor, {"7": "NODE_FAIL", "8": "RUNNING"})
    assert executor._failed_nodes == {"node3"}


def test_logs_of_successful_jobs_go_unless_they_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for keep in (True, False):
        for job in JOBS:
            (tmp_path / f"{job}.log").touch()
        executor = executor_of(plugin.Executor, tmp_path, keep_successful_logs=keep)
        check(monkeypatch, executor, {"7": "COMPLETED", "8": "FAILED"})
        assert [(tmp_path / f"{job}.log").exists() for job in JOBS] == [keep, True]


def test_a_forgotten_job_has_ended_and_snakemake_looks_for_its_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    executor = executor_of(plugin.Executor, tmp_path)
    checks = [(dict(ended), active) for ended, active in (check(monkeypatch, executor, {"8": "R"}) for _ in range(3))]
    assert checks == [({}, ["7", "8"]), ({}, ["7", "8"]), ({"7": "success"}, ["8"])]


def test_a_job_that_is_listed_again_was_not_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor = executor_of(plugin.Executor, tmp_path)
    for seen in ({}, {}, {"7": "RUNNING"}, {}, {}):
        assert check(monkeypatch, executor, {"8": "RUNNING", **seen}) == ({}, ["7", "8"])


def test_no_answer_ends_no_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor = executor_of(plugin.Executor, tmp_path)
    for _ in range(5):
        assert check(monkeypatch, executor, None) == ({}, ["7", "8"])


def test_sacct_may_not_know_a_job_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(monkeypatch, tmp_path, "sacct", "exit 1")
    executor = executor_of(plugin.Executor, tmp_path, status_command="sacct")
    for _ in range(5):
        assert check(monkeypatch, executor, {"8": "PENDING"}) == ({}, ["7", "8"])


def test_squeue_is_used_without_sacct(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    executor = executor_of(plugin.Executor, tmp_path, status_command="sacct")
    for _ in range(3):
        ended, _ = check(monkeypatch, executor, {"8": "PENDING"})
    assert ended == {"7": "success"}


def test_checks_become_rarer_while_no_job_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor = executor_of(plugin.Executor, tmp_path)
    pauses = []
    for _ in range(16):
        check(monkeypatch, executor, dict.fromkeys(JOBS, "RUNNING"))
        pauses.append(executor.next_seconds_between_status_checks)
    assert pauses == [*range(50, 180, 10), 180, 180, 180]
    check(monkeypatch, executor, {"7": "COMPLETED", "8": "RUNNING"})
    assert executor.next_seconds_between_status_checks == 40


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


def orphan_of(job: Any, job_id: str = "41") -> OrphanJob:
    return OrphanJob(job_id, "v2@uuid", f"{ours.rule_and_wildcards(job)} identity={job_identity(job)}")


def test_an_orphan_job_is_taken_over_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    executor, submitted, asked = executor_of(plugin.Executor, tmp_path), [], []
    executor._orphans = [orphan_of(training())]
    monkeypatch.setattr(parent.Executor, "run_job", lambda self, job: submitted.append(job.wildcards))
    executor.run_job(job("train_student", "general", "Qwen2.5-3B", "seq", "0", "0"))
    executor.run_job(training())
    assert [info.external_jobid for info in executor.submitted] == ["41"]
    assert executor.submitted[0].aux["slurm_logfile"].name == "41.log"
    executor.run_job(training())  # its next attempt
    assert [wildcards[3] for wildcards in submitted] == ["0", "0.5"]

    async def query(command: str, logger: Any) -> tuple[dict[str, str], float]:
        asked.append(command)
        return {}, 0.01

    monkeypatch.setattr(ours, "query_job_status", query)
    asyncio.run(executor._query_states(["41"]))
    assert asked[0].startswith("squeue ") and asked[0].endswith("--name name,v2@uuid")


def submission(executor: Any, job: Any) -> list[str]:
    """The options that the executor adds to sbatch for a job."""
    return shlex.split(next(executor.get_account_arg(job)))


def test_a_training_that_diverged_is_not_submitted_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    submitted: list[Any] = []
    monkeypatch.setattr(parent.Executor, "run_job", lambda self, job: submitted.append(job))
    outputs = {"output": [str(tmp_path / "[a] model")]}
    note = tmp_path / ".[a] model.checkpoints-0f" / "diverged.json"
    old = tmp_path / ".[a] model.checkpoints-1f" / "diverged.json"  # of other settings
    for file in (note, old):
        file.parent.mkdir()
    old.touch()
    os.utime(old, (1, 1))
    executor = executor_of(plugin.Executor, tmp_path)

    def fails(job: Any) -> None:
        executor.run_job(job)
        executor._report_failure(SimpleNamespace(job=job, external_jobid="7", aux={"slurm_logfile": "7.log"}), "FAILED")

    out_of_memory = training(**outputs)
    fails(out_of_memory)
    assert out_of_memory._attempt == 1  # the first of six
    note.touch()
    diverged = training(**outputs)
    fails(diverged)
    assert diverged._attempt == diverged.restart_times + 1 and len(submitted) == 2

    # the next Snakemake
    executor = executor_of(plugin.Executor, tmp_path)
    again = training(**outputs)
    executor.run_job(again)
    assert len(submitted) == 2 and again._attempt == again.restart_times + 1
    assert f"({note})" in executor.refused[0] and "is not submitted again" in executor.refused[0]
    executor.run_job(training(**outputs, non_derived_params=["--learning-rate 1e-6"]))
    assert len(submitted) == 3
    note.unlink()  # what the training's message says
    executor.run_job(training(**outputs))
    assert len(submitted) == 4 and len(executor.refused) == 1


@pytest.mark.parametrize("known", ["other settings", "another input", "no identity"])
def test_an_orphan_job_with_other_settings_is_cancelled_and_the_new_one_waits_for_its_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: str
) -> None:
    program(monkeypatch, tmp_path, "scancel", f'echo "$@" > {tmp_path}/cancelled')
    executor, submitted = executor_of(plugin.Executor, tmp_path), []
    monkeypatch.setattr(parent.Executor, "run_job", lambda self, job: submitted.append(submission(self, job)))
    mixture = tmp_path / "mixture.parquet"
    mixture.write_text("old")
    new = training(input=[mixture])
    old = {
        "other settings": orphan_of(training(input=[mixture], non_derived_params=["--learning-rate 2e-5"])),
        "another input": orphan_of(new),
        "no identity": OrphanJob("41", "v2@uuid", WHAT),
    }[known]
    if known == "another input":
        mixture.write_text("newer")
    executor._orphans = [old]
    executor.run_job(new)
    assert (tmp_path / "cancelled").read_text().split() == ["41"]
    assert not executor.submitted
    comment = f"--comment={WHAT} identity={job_identity(new)}"
    assert submitted == [[comment, "--dependency=afterany:41"]]
    executor.run_job(new)  # its next attempt
    assert submitted[1] == [comment]


def test_of_two_orphan_jobs_the_one_with_these_settings_is_taken_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(monkeypatch, tmp_path, "scancel", f'echo "$@" > {tmp_path}/cancelled')
    executor = executor_of(plugin.Executor, tmp_path)
    executor._orphans = [orphan_of(training(non_derived_params=[]), "40"), orphan_of(training())]
    executor.run_job(training())
    assert [info.external_jobid for info in executor.submitted] == ["41"]
    assert (tmp_path / "cancelled").read_text().split() == ["40"]


def test_the_identity_is_that_of_inputs_and_parameters(tmp_path: Path) -> None:
    """It is the same for equal jobs, whatever they request, and for no others."""
    (tmp_path / "tokens").mkdir()
    mixture, tokens = tmp_path / "mixture.parquet", tmp_path / "tokens" / "0.bin"
    mixture.write_text("a")
    tokens.write_text("a")
    inputs = [mixture, tmp_path / "tokens"]
    parameters = ["--seed 0", 1e-5, {"a": [1]}, object()]  # an object has another address in each process

    def identity(**changes: Any) -> str:
        return job_identity(training(**{"input": inputs, "non_derived_params": parameters} | changes))

    made = identity()
    same = identity(input=inputs[::-1], non_derived_params=[object(), *parameters[2::-1]], resources={"mem_mb": 9})
    assert same == made and made.isalnum() and len(made) == 16
    shell = SimpleNamespace(name="train_student", shellcmd="other")
    others = [
        identity(non_derived_params=["--seed 0", 2e-5, {"a": [1]}]),
        identity(output=["other"]),
        identity(input=inputs[:1]),
        identity(rule=shell),
    ]
    tokens.write_text("ab")
    others.append(identity())
    os.utime(mixture, (1, 1))
    others.append(identity())
    assert len({made, *others}) == 7


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, script: str) -> None:
    """Put a program first into the search path."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_jobs_are_named_after_the_study_and_orphan_groups_are_cancelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    orphan, group = orphan_of(training()), OrphanJob("42", "v2@a", "rule_rule_grading_grade_answers")
    executor = executor_of(plugin.Executor, tmp_path)
    executor.workflow.rules = [SimpleNamespace(name="train_student"), SimpleNamespace(name="grade_answers")]
    executor.workflow.config = {"study": {"name": "v2"}}
    monkeypatch.setattr(parent.Executor, "__post_init__", lambda self, test_mode: None)
    monkeypatch.setattr(ours, "orphan_jobs", lambda study, since: [orphan, group])
    program(monkeypatch, tmp_path, "scancel", f'echo "$@" > {tmp_path}/cancelled')
    executor.__post_init__()
    assert executor.run_uuid == "v2@name"
    assert (tmp_path / "cancelled").read_text().split() == ["42"]
    assert executor._orphans == [orphan]


def test_job_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"does not submit job arrays.*Remove slurm-study-array-jobs"):
        executor_of(plugin.Executor, tmp_path, array_jobs="all").__post_init__()


def test_the_studys_name_comes_from_the_config() -> None:
    assert ours.study_name(SimpleNamespace(config={"study": {"name": "v1"}})) == "v1"
    assert ours.study_name(SimpleNamespace(config={"samples": "table.csv"})) == "snakemake"


def test_only_jobs_of_this_study_and_folder_are_orphans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = tmp_path / "a folder: ü"
    here.mkdir()
    rows = [
        ("1", "v2@a", here, "RUNNING", "N/A", "rule_a"),
        ("2", "v2", here, "RUNNING", "N/A", ""),
        ("3", "v2x@a", here, "RUNNING", "N/A", "rule_a"),
        ("4", "v2@b", tmp_path, "RUNNING", "N/A", "rule_b"),
        # before Snakemake looked at the files, and after it
        ("5", "v2@a", here, "COMPLETED", "2026-01-01T11:59:59", "rule_c"),
        ("6", "v2@a", here, "COMPLETED", "2026-01-01T12:00:00", "rule_d_wildcards_x identity=0f"),
    ]
    answer = tmp_path / "answer"
    answer.write_text("".join("\x1f".join(map(str, row)) + "\n" for row in rows))
    program(monkeypatch, tmp_path, "squeue", f"cat {answer}")
    monkeypatch.chdir(here)
    found = [(job.job_id, job.rule, job.what, job.identity) for job in orphan_jobs("v2", START)]
    assert found == [("1", "a", "rule_a", ""), ("6", "d", "rule_d_wildcards_x", "0f")]


def test_without_an_answer_nothing_is_submitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else a training that still runs would be submitted once more."""
    pauses: list[float] = []
    monkeypatch.setattr(orphans, "sleep", pauses.append)
    program(monkeypatch, tmp_path, "squeue", "echo Connection refused >&2; exit 1")
    with pytest.raises(WorkflowError, match="earlier run: Connection refused"):
        orphan_jobs("v2", START)
    assert pauses == [0, 5, 10, 15]
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WorkflowError, match="No such file or directory: 'squeue'"):
        orphan_jobs("v2", START)


def test_a_busy_controller_gets_another_chance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(orphans, "sleep", lambda _: None)
    program(monkeypatch, tmp_path, "squeue", f"test -e {tmp_path}/asked || {{ touch {tmp_path}/asked; exit 1; }}")
    assert orphan_jobs("v2", START) == []


def test_failed_orphans_are_not_taken_over() -> None:
    """Squeue lists them only where their states are requested."""
    assert not {"FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"} & set(
        orphans._STATES.split(",")
    )


def test_another_version_of_the_parent_gives_one_line() -> None:
    assert version_warning(TESTED_VERSION) is None
    warning = version_warning("2.9.0")
    assert warning is not None and "2.9.0 is installed" in warning and "\n" not in warning


def test_the_tested_version_is_the_locked_one(root: Path) -> None:
    assert f"snakemake-executor-plugin-slurm=={TESTED_VERSION}\n" in (root / "envs" / "common.in").read_text()


@pytest.mark.parametrize(
    ("account", "options"),
    [
        ("lab", ["-A", "lab"]),
        ("my lab", ["-A", "my lab"]),
        ("a, b", ["-A", "a"]),
        ("x'; rm -r y", ["-A", "x'; rm -r y"]),
    ],
)
def test_an_account_may_have_spaces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account: str, options: list[str]
) -> None:
    known = []
    for module in (parent, ours):
        monkeypatch.setattr(module, "validate_account", lambda name, logger: known.append(name))
    executor = executor_of(plugin.Executor, tmp_path)
    found = submission(executor, training(resources=Account(slurm_account=account)))
    assert found[:-1] == options and known[0] == options[1]


class Account(dict[str, str]):
    """Resources of a job: both a mapping and attributes."""

    __getattr__ = dict.__getitem__


def test_the_login_nodes_shell_expands_nothing_of_a_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A project's path may hold what a shell expands between double quotes."""
    command = "cd '/a $HOME `date` \\\\ \"b\"' && true"
    monkeypatch.setattr(parent.Executor, "format_job_exec", lambda self, job: command, raising=False)
    executor = executor_of(plugin.Executor, tmp_path, pass_command_as_script=False)
    quoted = executor.format_job_exec(training()).replace('"', '\\"')  # as the extended executor does
    done = subprocess.run(f'printf %s "{quoted}"', shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == command
    as_script = executor_of(plugin.Executor, tmp_path, pass_command_as_script=True)
    assert as_script.format_job_exec(training()) == command


def test_a_copied_profile_reads_its_own_partitions(root: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mycluster"
    shutil.copytree(root / "profiles" / "slurm", profile)
    parser = get_argument_parser(profiles=[str(profile)])
    settings = ExecutorPluginRegistry().get_plugin("slurm-study").get_settings(parser.parse_args([]))
    assert settings.partition_config == profile / "partitions.yaml"


def test_snakemake_accepts_it(root: Path) -> None:
    """All programs of Snakemake fail if one executor plugin cannot be registered."""
    parser = get_argument_parser()
    partitions = root / "profiles" / "slurm" / "partitions.yaml"
    options = ["--executor=slurm-study", "--slurm-study-requeue", f"--slurm-study-partition-config={partitions}"]
    settings = ExecutorPluginRegistry().get_plugin("slurm-study").get_settings(parser.parse_args(options))
    assert (settings.status_command, settings.requeue) == ("squeue", True)
    assert settings.partition_config == partitions


@pytest.mark.slow
@pytest.mark.parametrize("module", ["snakemake_executor_plugin_slurm", "snakemake_executor_plugin_slurm.utils"])
def test_it_can_be_imported_without_the_parent(module: str) -> None:
    """Snakemake imports all executor plugins, whichever one is used."""
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "import snakemake_executor_plugin_slurm_study as plugin\n"
        "from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry\n"
        "ExecutorPluginRegistry.validate_plugin(object.__new__(ExecutorPluginRegistry), 'slurm-study', plugin)\n"
        "plugin.Executor(None, None)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"WorkflowError: The executor slurm-study needs snakemake-executor-plugin-slurm {TESTED_VERSION}" in (
        done.stderr
    )


def test_the_unavailable_executor_says_why() -> None:
    with pytest.raises(WorkflowError, match="cannot be used here: no module named x"):
        unavailable_executor("no module named x")()


def test_what_is_extended_is_there() -> None:
    """The parent's parts, with the parameters that we count on."""
    signatures = {
        parent.Executor.__post_init__: ["self", "test_mode"],
        parent.Executor.run_job: ["self", "job"],
        parent.Executor.get_account_arg: ["self", "job"],
        parent.Executor.check_active_jobs: ["self", "active_jobs"],
        parent.Executor._report_job_submission_threadsafe: ["self", "job_info"],
        ours.query_job_status: ["command", "logger"],
        ours.query_job_status_squeue: ["runid"],
        ours.query_job_status_sacct: ["runid"],
        ours.get_job_wildcards: ["job"],
    }
    for function, parameters in signatures.items():
        assert list(inspect.signature(function).parameters) == parameters
