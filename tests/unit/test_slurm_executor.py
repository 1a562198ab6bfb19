"""What the executor that ours extends does wrong, and that ours does it right.

When one of the first tests fails, its authors have fixed the fault, and our part for it can go.
"""

from __future__ import annotations

import asyncio
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as parent
from slurm_jobs import JOBS, executor_of, job, program, submission, training
from snakemake.cli import get_argument_parser
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

import snakemake_executor_plugin_slurm_study as plugin
from snakemake_executor_plugin_slurm_study import executor as ours
from snakemake_executor_plugin_slurm_study.unavailable import unavailable_executor
from snakemake_executor_plugin_slurm_study.versions import TESTED_VERSION, version_warning

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
        for number in JOBS:
            (tmp_path / f"{number}.log").touch()
        executor = executor_of(plugin.Executor, tmp_path, keep_successful_logs=keep)
        check(monkeypatch, executor, {"7": "COMPLETED", "8": "FAILED"})
        assert [(tmp_path / f"{number}.log").exists() for number in JOBS] == [keep, True]


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
