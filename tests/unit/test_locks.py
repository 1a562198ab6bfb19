"""A run removes its own locks only, whatever else runs in the same folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.exceptions import LockException
from snakemake.persistence.file import FilePersistence

from snakemake_study.locks import OwnLocks


def run_of(kind: type[FilePersistence], folder: Path, inputs: list[str], outputs: list[str]) -> Any:
    """What a Snakemake with one job holds of its records."""
    settings = SimpleNamespace(dag_settings=SimpleNamespace(max_checksum_file_size=0))
    job = SimpleNamespace(input=inputs, output=outputs)
    dag = SimpleNamespace(workflow=settings, needrun_jobs=lambda: [job], jobs=[job])
    return kind(dag=dag, path=folder)


def test_snakemake_removes_the_locks_of_others(tmp_path: Path) -> None:
    """When this fails, Snakemake has mended it, and our class can go."""
    with run_of(FilePersistence, tmp_path, [], ["model"]).lock():
        with run_of(FilePersistence, tmp_path, [], ["plan.csv"]).lock():
            pass
        with run_of(FilePersistence, tmp_path, [], ["model"]).lock():
            pass


@pytest.mark.parametrize(("inputs", "outputs"), [([], ["model"]), (["model"], ["score"]), ([], ["mixture", "other"])])
def test_a_running_study_stays_locked_while_others_come_and_go(
    tmp_path: Path, inputs: list[str], outputs: list[str]
) -> None:
    second = run_of(OwnLocks, tmp_path, inputs, outputs)
    with run_of(OwnLocks, tmp_path, ["mixture"], ["model"]).lock():
        for others in (["plan.csv"], []):
            with run_of(OwnLocks, tmp_path, [], others).lock():
                pass
            with pytest.raises(LockException), second.lock():
                pass
    with second.lock():
        pass
    assert not list(tmp_path.glob("locks/*"))


def test_locks_go_when_a_run_fails(tmp_path: Path) -> None:
    run = run_of(OwnLocks, tmp_path, ["mixture"], ["model"])
    with pytest.raises(KeyboardInterrupt), run.lock():
        assert len(list(tmp_path.glob("locks/*"))) == 2
        raise KeyboardInterrupt
    assert not list(tmp_path.glob("locks/*"))


def test_of_two_that_start_at_once_at_most_one_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one takes its locks after the first has looked for locks and before the first has written its own."""
    first, second = (run_of(OwnLocks, tmp_path, ["mixture"], ["model"]) for _ in range(2))
    write, taken = OwnLocks._write_locks, second.lock()

    def late(self: OwnLocks, kind: str, keys: Any) -> None:
        monkeypatch.setattr(OwnLocks, "_write_locks", write)
        taken.__enter__()
        write(self, kind, keys)

    monkeypatch.setattr(OwnLocks, "_write_locks", late)
    with pytest.raises(LockException), first.lock():
        pass
    assert {file.name for file in tmp_path.glob("locks/*")} == {"0.input.lock", "0.output.lock"}
    taken.__exit__(None, None, None)


def test_unlock_removes_the_locks_of_a_killed_run(tmp_path: Path) -> None:
    run_of(OwnLocks, tmp_path, [], ["model"]).lock().__enter__()
    run_of(OwnLocks, tmp_path, [], []).cleanup_locks()
    with run_of(OwnLocks, tmp_path, [], ["model"]).lock():
        pass
