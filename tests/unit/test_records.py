"""Who records what a job was made with: the process that has made it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import snakemake.api
import snakemake.workflow
from snakemake.io import IOFile
from snakemake.persistence.file import FilePersistence
from snakemake_interface_executor_plugins.settings import ExecMode

from snakemake_study.records import TrueRecords, incomplete_files, replace_records


def records(kind: type[FilePersistence], folder: Path, mode: ExecMode, local_exec: bool = False) -> Any:
    workflow = SimpleNamespace(
        local_exec=local_exec,
        exec_mode=mode,
        dag_settings=SimpleNamespace(max_checksum_file_size=0),
        execution_settings=SimpleNamespace(keep_metadata=True),
        remote_execution_settings=SimpleNamespace(immediate_submit=False),
        deployment_settings=SimpleNamespace(deployment_method=set()),
    )
    return kind(dag=SimpleNamespace(workflow=workflow), path=folder)


class Hashable(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


class Plain:
    """Paths without variables."""

    apply = staticmethod(str)


def training(folder: Path, rate: str, is_local: bool = False) -> Any:
    """A job whose only parameter is a learning rate."""
    folder.mkdir(exist_ok=True)
    uncached = SimpleNamespace(iocache=SimpleNamespace(active=False))
    rule = Hashable(name="train", shellcmd="train {params}", run_func_src=None, workflow=uncached, pathvars=Plain)
    model = IOFile(str(folder / "model"), rule=rule)
    Path(model).touch()
    return Hashable(
        **{"rule": rule, "input": [], "output": [model], "log": [], "shellcmd": f"train {rate}", "is_local": is_local},
        **{"conda_env": None, "container_img_url": None, "env_modules": None, "non_derived_params": [rate]},
    )


def recorded(folder: Path, job: Any) -> list[Any] | None:
    """The recorded parameters of a job, as the next Snakemake reads them."""
    return records(FilePersistence, folder, ExecMode.DEFAULT).params(job.output[0])


def trained(kind: type[FilePersistence], folder: Path, inside: str, outside: str | None) -> list[Any] | None:
    """The recorded parameters of a cluster job that ran with ``inside``; Snakemake has ``outside``, or was killed."""
    job, submitted = training(folder, inside), training(folder, outside or inside)
    main = records(kind, folder, ExecMode.DEFAULT)
    main.started(submitted, external_jobid="7")
    asyncio.run(records(kind, folder, ExecMode.REMOTE).finished(job))
    if outside:
        asyncio.run(main.finished(submitted))
    return recorded(folder, job)


def test_snakemake_records_what_it_was_started_with(tmp_path: Path) -> None:
    """When this fails, Snakemake has mended it, and our class can go."""
    assert trained(FilePersistence, tmp_path, inside="new", outside="old") == ["'old'"]
    assert trained(FilePersistence, tmp_path / "killed", inside="new", outside=None) is None


@pytest.mark.parametrize("outside", ["old", "new", None])
def test_a_cluster_job_records_its_own_settings(tmp_path: Path, outside: str | None) -> None:
    assert trained(TrueRecords, tmp_path, inside="new", outside=outside) == ["'new'"]
    assert not [file for file in (tmp_path / "incomplete").rglob("*") if file.is_file()]


def test_without_a_record_of_the_job_snakemake_writes_its_own(tmp_path: Path) -> None:
    """A job that was submitted by another version, and one that is made again."""
    job = training(tmp_path, "old")
    main = records(TrueRecords, tmp_path, ExecMode.DEFAULT)
    asyncio.run(main.finished(job))
    assert recorded(tmp_path, job) == ["'old'"]
    again = training(tmp_path, "new")
    main.started(again)
    asyncio.run(main.finished(again))
    assert recorded(tmp_path, job) == ["'new'"]


@pytest.mark.parametrize(("is_local", "local_exec"), [(True, False), (False, True)])
def test_a_job_of_this_machine_is_recorded_here(tmp_path: Path, is_local: bool, local_exec: bool) -> None:
    main = records(TrueRecords, tmp_path, ExecMode.DEFAULT, local_exec)
    for rate in ("old", "new"):
        job = training(tmp_path, rate, is_local)
        asyncio.run(main.finished(job))
        assert recorded(tmp_path, job) == [f"'{rate}'"]


def test_snakemake_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake.workflow, "FilePersistence", FilePersistence)
    monkeypatch.setattr(TrueRecords, "rules_folder", None)
    monkeypatch.setattr(TrueRecords, "longest_text", TrueRecords.longest_text)
    replace_records(Path("rules"), len)  # type: ignore[arg-type]
    assert TrueRecords.rules_folder == Path("rules")
    assert snakemake.workflow.FilePersistence is TrueRecords


SAMPLING = '--sampling \'{"top_p": 1.0, "n": [2.0, 0.5]}\''


def changes(folder: Path, rules: str, **now: Any) -> tuple[bool, bool, bool]:
    """Whether inputs, parameters and command of a finished job count as changed, for a rule in the folder ``rules``."""
    job = training(folder, SAMPLING)
    job.non_derived_params = now.pop("recorded", [SAMPLING])
    main = records(TrueRecords, folder, ExecMode.DEFAULT, local_exec=True)
    job.rule.snakefile = f"{rules}/training.smk"
    job.rule.shellcmd = now.pop("recorded_command", job.rule.shellcmd)
    asyncio.run(main.finished(job))
    rule = Hashable(**{**vars(job.rule), "shellcmd": now.pop("shellcmd", job.rule.shellcmd)})
    later = Hashable(**{**vars(job), "rule": rule, **now})
    found = records(TrueRecords, folder, ExecMode.DEFAULT, local_exec=True)
    return any(found.input_changed(later)), bool(found.params_changed(later)), any(found.code_changed(later))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({}, (False, False, False)),
        ({"input": [IOFile("another", rule=None)]}, (False, False, False)),
        ({"non_derived_params": ['--sampling \'{"top_p": 1, "n": [2, 0.5]}\'']}, (False, False, False)),
        ({"non_derived_params": ['--sampling \'{"top_p": 1, "n": [2, 0.6]}\'']}, (False, True, False)),
        ({"non_derived_params": ['--sampling \'{"top_p": 11.0, "n": [2, 0.5]}\'']}, (False, True, False)),
        # as earlier versions recorded it, and as this one does
        ({"non_derived_params": [SAMPLING, "tokens of A"]}, (False, False, False)),
        (
            {"recorded": [SAMPLING, "tokens of A"], "non_derived_params": [SAMPLING, "tokens of B"]},
            (False, True, False),
        ),
        ({"shellcmd": "exec train {params}"}, (False, False, False)),
        ({"shellcmd": "train {params} --fast"}, (False, False, True)),
        # of earlier versions, and back
        ({"recorded_command": "python a {x}", "shellcmd": "{params.python} a {x}"}, (False, False, False)),
        ({"recorded_command": "{params.python} a {x}", "shellcmd": "python a {x}"}, (False, False, False)),
        ({"recorded_command": "python a {x}", "shellcmd": "{params.python} b {x}"}, (False, False, True)),
        ({"recorded_command": "python a {x}", "shellcmd": "{params.julia} a {x}"}, (False, False, True)),
    ],
)
def test_what_counts_as_a_change_of_our_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: dict[str, Any], expected: tuple[bool, bool, bool]
) -> None:
    monkeypatch.setattr(TrueRecords, "rules_folder", tmp_path / "rules")
    assert changes(tmp_path / "ours", str(tmp_path / "rules"), **now) == expected


def engine(values: str) -> list[str]:
    return [f"--engine '{{{values}}}'", SAMPLING]


LONG = '"dtype": "bfloat16", "max_model_len": 8192'


@pytest.mark.parametrize(
    ("before", "now", "longest", "expected"),
    [
        (LONG, LONG.replace("8192", "9000"), 8191, False),
        (LONG, LONG.replace("8192", "9000"), 8192, True),  # a text may have ended there
        (LONG, LONG.replace("8192", "6000"), 5999, False),
        (LONG, LONG.replace("8192", "6000"), 6000, True),
        (LONG, LONG.replace("8192", "9000"), None, True),  # outputs that do not say
        (LONG, '"dtype": "bfloat16"', 8191, False),
        ('"dtype": "bfloat16"', LONG, 8191, False),
        ('"dtype": "bfloat16"', LONG, 8192, True),
        ("", '"max_model_len": 8192', 10, False),
        (LONG, LONG.replace("8192", "9000").replace("bfloat16", "float32"), 10, True),
    ],
)
def test_a_context_length_counts_only_where_a_text_reaches_the_shorter_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, now: str, longest: int | None, expected: bool
) -> None:
    monkeypatch.setattr(TrueRecords, "rules_folder", tmp_path / "rules")
    monkeypatch.setattr(TrueRecords, "longest_text", staticmethod(lambda outputs: longest))
    values = {"recorded": engine(before), "non_derived_params": engine(now)}
    assert changes(tmp_path / "ours", str(tmp_path / "rules"), **values) == (False, expected, False)


@pytest.mark.parametrize("now", [{"input": [IOFile("another", rule=None)]}, {"shellcmd": "exec train {params}"}])
def test_rules_of_other_workflows_are_snakemakes(tmp_path: Path, now: dict[str, Any]) -> None:
    assert any(changes(tmp_path / "theirs", str(tmp_path / "elsewhere"), **now))


def test_unfinished_outputs_are_found_by_their_marks(tmp_path: Path) -> None:
    main = records(TrueRecords, tmp_path, ExecMode.DEFAULT)
    job = training(tmp_path / ("long" * 60), "x")  # a path whose mark is cut into folders
    main.started(job)
    assert incomplete_files(tmp_path / "incomplete") == {str(job.output[0])}
    assert incomplete_files(tmp_path / "nowhere") == set()
