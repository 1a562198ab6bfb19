"""Orphan jobs: those that a killed Snakemake has left running, and the identity that tells them apart."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake_executor_plugin_slurm as parent
from slurm_jobs import START, WHAT, executor_of, job, program, submission, training
from snakemake_interface_common.exceptions import WorkflowError

import snakemake_executor_plugin_slurm_study as plugin
from snakemake_executor_plugin_slurm_study import executor as ours
from snakemake_executor_plugin_slurm_study import orphans
from snakemake_executor_plugin_slurm_study.identity import job_identity
from snakemake_executor_plugin_slurm_study.orphans import OrphanJob, orphan_jobs


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
