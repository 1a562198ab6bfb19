"""Results that a run makes again are kept until their successors are whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scale_or_reason.planning.stakes import gpu_hours_of_outputs
from scale_or_reason.study.study import Study
from snakemake_study.replacing import Kept, outputs_at_stake, word_for

MODEL, TABLE = "results/a/models/general/S/seq/rho-1/seed-0", "results/a/pairs/general.parquet"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.chdir(tmp_path)
    make("old")
    return Kept(Path("results/a"))


def make(text: str) -> None:
    for file in (f"{MODEL}/model.safetensors", f"{MODEL}/manifest.json", TABLE):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).unlink(missing_ok=True)
        Path(file).write_text(text)


def snakemakes(output: str) -> tuple[Path, Path]:
    """Snakemake's record of an output and its mark of an unfinished one."""
    return Path(".snakemake/metadata", output), Path(".snakemake/incomplete", output)


def remove() -> None:
    shutil.rmtree(MODEL)
    Path(TABLE).unlink()


def copies(kept: Kept) -> set[str]:
    files = (
        file for file in kept.folder.rglob("*") if file.is_file() and file.name not in ("list.txt", "records.json")
    )
    return {str(file.relative_to(kept.folder)) for file in files}


ALL = {f"{MODEL}/model.safetensors", f"{MODEL}/manifest.json", TABLE}
ALL = {path.removeprefix("results/a/") for path in ALL}


def test_a_copy_takes_no_space_and_survives_the_original(kept: Kept) -> None:
    kept.keep([MODEL, TABLE], snakemakes)
    assert copies(kept) == ALL
    assert (kept.folder / "pairs/general.parquet").samefile(TABLE)
    remove()
    assert copies(kept) == ALL
    assert kept.tidy([], []) == [MODEL, TABLE]
    assert (kept.folder / "pairs/general.parquet").read_text() == "old"


def test_a_whole_successor_ends_it(kept: Kept) -> None:
    kept.keep([MODEL, TABLE], snakemakes)
    remove()
    make("new")
    kept.job_ended([MODEL, TABLE])
    kept.settle()
    assert not kept.folder.exists() and Path(TABLE).read_text() == "new"


def test_a_failed_successor_does_not(kept: Kept) -> None:
    """Snakemake reports the end of a failed job before it removes what the job has left."""
    kept.keep([MODEL, TABLE], snakemakes)
    remove()
    make("half")
    kept.job_ended([MODEL, TABLE])
    remove()
    kept.job_ended(["results/a/tables/scores.csv"])
    kept.settle()
    assert copies(kept) == ALL
    # the next attempt keeps the last whole result, not what a second failure leaves
    make("half")
    kept.keep([MODEL, TABLE], snakemakes)
    assert (kept.folder / "pairs/general.parquet").read_text() == "old"


def test_the_next_start_removes_what_is_whole_and_no_longer_at_stake(kept: Kept) -> None:
    kept.keep([MODEL, TABLE], snakemakes)
    assert kept.tidy([MODEL], []) == []  # the table's job never started
    assert copies(kept) == {path for path in ALL if path.startswith("models")}
    assert kept.tidy([], [MODEL]) == []  # marked as unfinished
    assert copies(kept)
    kept.tidy([], [])
    assert not kept.folder.exists()


def test_what_is_missing_comes_back_with_its_record(kept: Kept) -> None:
    (record, mark), (table_record, table_mark) = snakemakes(MODEL), snakemakes(TABLE)
    for file in (record, mark, table_mark):
        file.parent.mkdir(parents=True)
    record.write_text("learning rate 1e-3")
    before = (Path(MODEL, "manifest.json").stat().st_mtime_ns, Path(TABLE).stat().st_mtime_ns)
    kept.keep([MODEL, TABLE], snakemakes)
    # one job has failed, and Snakemake has removed its record; the other one was killed, and its mark is still there
    remove()
    record.unlink()
    table_mark.touch()
    assert Kept(Path("results/a")).restore() == [MODEL, TABLE]
    assert before == (Path(MODEL, "manifest.json").stat().st_mtime_ns, Path(TABLE).stat().st_mtime_ns)
    assert record.read_text() == "learning rate 1e-3" and not table_record.exists() and not table_mark.exists()
    assert not kept.folder.exists() and kept.restore() == []


def test_only_what_is_missing_comes_back(kept: Kept) -> None:
    kept.keep([MODEL, TABLE], None)  # Snakemake has a database
    remove()
    Path(TABLE).write_text("new")
    assert kept.restore() == [MODEL]
    assert Path(TABLE).read_text() == "new" and copies(kept) == {TABLE.removeprefix("results/a/")}
    assert Path(MODEL, "manifest.json").read_text() == "old"


@given(st.lists(st.text("abc/", min_size=1), min_size=1, unique=True))
def test_a_word_names_a_set(outputs: list[str]) -> None:
    word = word_for(outputs)
    assert word == word_for(reversed(outputs)) and word != word_for([*outputs, "d"])
    assert len(word) == 6 and not set(word) & set("aeiouyn0123456789")


def test_only_existing_outputs_of_guarded_rules_are_at_stake(kept: Kept) -> None:
    def job(rule: str, *outputs: str) -> Any:
        return SimpleNamespace(rule=SimpleNamespace(name=rule), output=list(outputs))

    Path("results/a/empty").mkdir()
    jobs = [job("train", MODEL), job("train", "results/a/empty"), job("pair", TABLE, "results/a/audit.csv")]
    dag = SimpleNamespace(needrun_jobs=lambda exclude_finished: [*jobs, job("plot", TABLE)])
    assert outputs_at_stake(dag, {"train", "pair"}) == {MODEL: jobs[0], TABLE: jobs[2]}


@pytest.mark.slow
def test_the_papers_trainings_are_worth_what_the_plan_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    hours = gpu_hours_of_outputs(config, Study.from_config(config), Path("results/v2"))
    models = {path: spent for path, spent in hours.items() if path.startswith("results/v2/models/")}
    assert len(models) == 100 and len(hours) == 100 + 2 * (128 + 32)
    assert all(spent > 0 for spent in hours.values())
    largest = "results/v2/models/math/Qwen2.5-14B/seq/rho-1/seed-0"
    assert models[largest] > 10 * models[largest.replace("14B", "0.5B")]
    config["students"]["Qwen2.5-3B"]["model"] = "nobody/knows-its-shape"
    assert gpu_hours_of_outputs(config, Study.from_config(config), Path("results/v2")) == {}


def test_a_job_of_another_workflow_ends_without_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as advice from the papers' numbers, or a job of a workflow that includes this one."""
    monkeypatch.chdir(tmp_path)
    Kept(Path("results/a")).job_ended(["results/papers/advice/advice.csv", "summary.txt", "/tmp/elsewhere"])
