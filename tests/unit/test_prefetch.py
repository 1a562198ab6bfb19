"""The download of models and data sets, against a hub on this machine that fails in many ways."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from configs import load
from fake_hub import Hub, running_hub

from scale_or_reason.common.dataset_rows import read_hub
from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.hub_files import reading_options, split_patterns
from scale_or_reason.hub import download as hub_download
from scale_or_reason.hub.download import check_disk, download, select_files
from scale_or_reason.hub.needs import Need, needs
from scale_or_reason.study.hub_lock import DATASET, MODEL, HubLock, Repository, pin_revisions, read_lock

constants = pytest.importorskip("huggingface_hub.constants")
MODEL_FILES = {
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "model.safetensors": b"weights" * 1000,
    "pytorch_model.bin": b"pickle" * 1000,
    "original/params.json": b"{}",
    "README.md": b"# A model\n",
}
STUDENT = Need(Repository(MODEL, "org/student"), "students.s.model", ("*.safetensors", "*.json"))
CARD = b"""---
configs:
- config_name: main
  data_files:
  - {split: train, path: data/train-*.jsonl}
  - {split: test, path: data/test.jsonl}
- config_name: other
  data_files: other/*.jsonl
---
"""
ROWS = Need(Repository(DATASET, "org/rows"), "benchmarks.gsm8k", splits=(("main", "test"),))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The fake hub in the place of the real one, with an empty cache; waiting takes no time."""
    with running_hub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{hub.url}{template}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("time.sleep", waits.append)
        waits.clear()
        yield hub


waits: list[float] = []
NOTHING = HubLock(Path("hub.lock.json"), {})


def fetched(*wanted: Need, lock: HubLock = NOTHING) -> HubLock:
    """What prefetch does; the lock that it would write."""
    selections = select_files(wanted, lock, print)
    check_disk(selections)
    for selection in selections:
        download(selection)
    return HubLock(lock.path, {one.repository: one.commit for one in selections})


def downloaded(lock: HubLock, repository: Repository) -> set[str]:
    folder = repository.snapshot(lock.commits[repository])
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def test_a_model_is_downloaded_once_without_pickled_weights(hub: Hub) -> None:
    commit = hub.repo(MODEL, "org/student", MODEL_FILES).branches["main"]
    lock = fetched(STUDENT)
    assert lock.commits == {STUDENT.repository: commit}
    assert downloaded(lock, STUDENT.repository) == {"config.json", "tokenizer.json", "model.safetensors"}
    before = sum(hub.requests.values())
    fetched(STUDENT, lock=lock)
    assert sum(hub.requests.values()) == before + 2  # the branch and the list of files


def test_of_a_data_set_only_the_split_is_downloaded(hub: Hub) -> None:
    files = {
        "README.md": CARD,
        "data/test.jsonl": b'{"a": 1}\n',
        "data/train-0.jsonl": b"x" * 9,
        "other/a.jsonl": b"{}",
    }
    hub.repo(DATASET, "org/rows", files)
    lock = fetched(ROWS)
    assert downloaded(lock, ROWS.repository) == {"README.md", "data/test.jsonl"}


def test_the_hub_asks_to_wait(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    hub.faults["/revision/"] = [(429, {"Retry-After": "37"})] * 3
    hub.faults["GET /org/student/resolve"] = [(503, {})] * 2
    fetched(STUDENT)
    assert 37.0 in waits


@pytest.mark.slow
def test_a_hub_that_never_has_time_is_one_error(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    hub.faults["/tree/"] = [(429, {"Retry-After": "1"})] * 1000
    with pytest.raises(StudyError, match="limits requests") as caught:
        fetched(STUDENT)
    assert "finished downloads are kept" in str(caught.value.remedy)


def test_an_interrupted_download_goes_on(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    hub.faults["GET /org/student/resolve"] = [100] * 3
    lock = fetched(STUDENT)
    weights = STUDENT.repository.snapshot(lock.commits[STUDENT.repository]) / "model.safetensors"
    assert weights.read_bytes() == MODEL_FILES["model.safetensors"]


def test_what_was_finished_before_a_kill_is_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_download, "CONNECTIONS", 1)
    hub.repo(MODEL, "org/student", MODEL_FILES)
    hub.faults["model.safetensors"] = [(404, {"X-Error-Code": "EntryNotFound"})]
    with pytest.raises(StudyError):
        fetched(STUDENT)
    (selection,) = select_files([STUDENT], NOTHING, print)
    assert "config.json" not in selection.missing and "model.safetensors" in selection.missing
    fetched(STUDENT)


def test_gated_and_unknown_repositories_are_all_named_before_any_download(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    hub.faults["/api/models/org/gated/"] = [(403, {"X-Error-Code": "GatedRepo"})] * 9
    gated = Need(Repository(MODEL, "org/gated"), "judges.j.model", ("*.json",))
    unknown = Need(Repository(MODEL, "org/unknown"), "teachers.t.model", ("*.json",))
    with pytest.raises(StudyError, match="2 repositories") as caught:
        fetched(STUDENT, gated, unknown)
    message = str(caught.value)
    assert (
        "https://huggingface.co/org/gated" in message and "hf auth login" in message and "accept the terms" in message
    )
    assert "judges.j.model" in message and "teachers.t.model" in message
    assert not any("resolve" in request for request in hub.requests)


def test_a_gate_that_opens_for_lists_but_not_for_files(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES).gated = True
    with pytest.raises(StudyError, match="is not granted") as caught:
        fetched(STUDENT)
    assert "accept the terms on https://huggingface.co/org/student" in str(caught.value.remedy)


def test_a_revision_that_does_not_exist(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    wrong = Need(Repository(MODEL, "org/student", "v9"), "students.s.model", ("*.json",))
    with pytest.raises(StudyError, match="does not have this revision") as caught:
        fetched(wrong)
    assert caught.value.found == "v9"


def test_a_branch_that_moved_leaves_the_study_where_it_was(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    repo = hub.repo(MODEL, "org/student", MODEL_FILES)
    lock = fetched(STUDENT)
    newer = repo.push({**MODEL_FILES, "config.json": b'{"new": 1}'})
    again = fetched(STUDENT, lock=lock)
    assert again.commits == lock.commits
    assert f"main has moved to {newer}" in capsys.readouterr().out
    assert fetched(STUDENT).commits[STUDENT.repository] == newer


def test_a_repository_without_safetensors(hub: Hub) -> None:
    hub.repo(MODEL, "org/student", {"pytorch_model.bin": b"x"})
    with pytest.raises(StudyError, match="none of the files") as caught:
        fetched(STUDENT)
    assert caught.value.found == "pytorch_model.bin"


def test_a_full_disk_is_known_before_any_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repo(MODEL, "org/student", MODEL_FILES)
    usage = hub_download.shutil.disk_usage("/")
    monkeypatch.setattr(hub_download.shutil, "disk_usage", lambda folder: usage._replace(free=5000))
    with pytest.raises(StudyError, match="no room") as caught:
        fetched(STUDENT)
    assert "org/student" in str(caught.value.expected) and "HF_HOME" in str(caught.value.remedy)
    assert not any("resolve" in request for request in hub.requests)


@pytest.mark.slow
def test_rows_are_read_without_the_hub(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    parquet = io.BytesIO()
    pl.DataFrame({"question": ["2+2?", "3+3?"], "answer": ["4", "6"]}).write_parquet(parquet)
    files = {"README.md": CARD.replace(b"test.jsonl", b"test.parquet"), "data/test.parquet": parquet.getvalue()}
    hub.repo(DATASET, "org/rows", files)
    commit = fetched(ROWS).commits[ROWS.repository]
    before = sum(hub.requests.values())
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for streaming in (False, True):
        rows = list(read_hub("org/rows", "test", config="main", revision=commit, streaming=streaming))
        assert rows == [(1, {"question": "2+2?", "answer": "4"}), (2, {"question": "3+3?", "answer": "6"})]
    assert sum(hub.requests.values()) == before
    with pytest.raises(StudyError, match="cannot be read"):
        list(read_hub("org/other", "test", revision=commit))


@pytest.mark.parametrize(
    ("entry", "config", "split", "patterns"),
    [
        ("data_files: a.csv", None, "train", ["a.csv"]),
        ("data_files: [a.csv, b.csv]", None, "train", ["a.csv", "b.csv"]),
        ("data_files: a.csv", None, "test", None),
        ("data_files: {train: a.csv, test: b.csv}", "c", "test", ["b.csv"]),
        ("data_files: [{split: test, path: [a, b]}]", "c", "test", ["a", "b"]),
        ("data_files: [{split: test, path: a}]", "d", "test", None),
        ("data_dir: x", "c", "train", None),
    ],
)
def test_the_files_of_a_split(entry: str, config: str | None, split: str, patterns: list[str] | None) -> None:
    assert split_patterns(f"---\nconfigs:\n- config_name: c\n  {entry}\n---\ntext", config, split) == patterns


@pytest.mark.parametrize("card", ["", "no header", "---\n- a\n---\n", "---\nconfigs: 3\n---\n", "---\n{: \n---\n"])
def test_a_card_that_names_no_files(card: str, tmp_path: Path) -> None:
    assert split_patterns(card, None, "train") is None
    (tmp_path / "README.md").write_text(card)
    assert reading_options(tmp_path, "c", "train", ())["path"] == str(tmp_path)


def test_the_papers_study_needs_its_models_and_data_sets(root: Path) -> None:
    """Compared with the names in the config and in the list of benchmarks, which are written by hand."""
    config = load(root)
    found = {need.repository.name for need in needs(config)}
    study = config["study"]
    assert {config["students"][name]["model"] for name in study["students"]} <= found
    assert {config["judges"][name]["model"] for name in study["judges"]} <= found
    assert {"Qwen/Qwen3-235B-A22B", "BAAI/Infinity-Instruct", "openai/gsm8k", "cais/mmlu"} <= found
    assert "google/gemma-3-1b-pt" not in found  # in the catalogue, but not selected
    config["hub"]["mirror"] = "mirror"
    assert not any(need.repository.kind == DATASET for need in needs(config))
    assert needs(load(root, "micro")) == []
    for need in needs(load(root)):
        assert Need.from_values(json.loads(json.dumps(need.values))) == need


def test_revisions_are_pinned_to_the_locked_commits(root: Path) -> None:
    config = load(root)
    commits = {need.repository: f"{number:040x}" for number, need in enumerate(needs(config))}
    lock = HubLock(Path("lock"), commits)
    pin_revisions(config, lock)
    student = config["students"]["Qwen2.5-3B"]
    assert student["revision"] == commits[Repository(MODEL, student["model"])]
    source = config["corpora"]["math"]["source"]
    assert source["revision"] == commits[Repository(DATASET, source["path"])]
    assert config["students"]["Gemma3-1B"]["revision"] == "main"
    assert lock.named(student["tokenizer"]) == f"{student['tokenizer']}@{lock.commit(MODEL, student['tokenizer'])}"
    assert lock.named("resources/micro/tokenizer") == "resources/micro/tokenizer"


def written(folder: Path, content: Any) -> Path:
    file = folder / "hub.lock.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", {}, {"repositories": 3}, {"repositories": [{}]}, {"repositories": [["a"]]}),
        {"repositories": [{"kind": "model", "name": "a", "revision": "main", "commit": "main"}]},
    ],
)
def test_a_damaged_lock_is_one_error(content: Any, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="a lock file is damaged") as caught:
        read_lock(written(tmp_path, content))
    assert "prefetch" in str(caught.value.remedy)


def test_a_lock_must_cover_the_study_and_the_cache_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert not read_lock(tmp_path / "none.json")
    student = {"kind": "model", "name": "org/student", "revision": "main", "commit": "a" * 40}
    lock = read_lock(written(tmp_path, {"repositories": [student]}))
    with pytest.raises(StudyError, match="lacks what the study uses"):
        lock.check([STUDENT.repository, ROWS.repository])
    with pytest.raises(StudyError, match="cache lacks") as caught:
        lock.check([STUDENT.repository])
    assert "HF_HOME" in str(caught.value.remedy)
    STUDENT.repository.snapshot("a" * 40).mkdir(parents=True)
    lock.check([STUDENT.repository])
