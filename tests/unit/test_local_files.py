"""Where the files that a config means are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scale_or_reason.study.local_files import deepspeed_file, find_file, find_files, project_file, search_first


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model and results; the working directory is another folder, with a model of its own."""
    for file in ("project/models/shipped", "project/models/both", "project/results/a", "here/models/both"):
        (tmp_path / file).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("models/both", "models/both"),
        ("models/shipped", "PROJECT/models/shipped"),
        ("models/nowhere", "models/nowhere"),
        ("Organisation/Model", "Organisation/Model"),
        # results are never shared between working directories
        ("results/a", "results/a"),
        ("/models/absolute", "/models/absolute"),
    ],
)
def test_the_working_directory_comes_first(project: Path, path: str, found: str) -> None:
    assert find_file(path, project) == found.replace("PROJECT", str(project))


def test_files_of_the_project_are_taken_from_nowhere_else(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project_file("models/both", project) == str(project / "models" / "both")
    monkeypatch.chdir(project)
    assert project_file("models/both", project) == "models/both"


def test_all_paths_of_a_config_are_found_and_nothing_else_changes(project: Path) -> None:
    shipped = "models/shipped"
    config = {
        "students": {"a": {"model": shipped, "tokenizer": shipped, "processes": 1}},
        "judges": {"b": {"model": "Organisation/Model", "endpoint": {"model": shipped}, "architecture": None}},
        "corpora": {"c": {"source": {"path": shipped, "kind": "jsonl"}, "name": shipped}},
        "engine": {"path": ""},
        "list": [{"path": shipped}],
    }
    find_files(config, project)
    found = str(project / shipped)
    assert config == {
        "students": {"a": {"model": found, "tokenizer": found, "processes": 1}},
        "judges": {"b": {"model": "Organisation/Model", "endpoint": {"model": shipped}, "architecture": None}},
        "corpora": {"c": {"source": {"path": found, "kind": "jsonl"}, "name": shipped}},
        "engine": {"path": ""},
        "list": [{"path": found}],
    }


def test_paths_of_own_results_follow_the_studys_name(project: Path) -> None:
    paths = ["<results>/world/general.jsonl", "<results>", "<results>x", "rows/<results>/a"]
    config = {"study": {"name": "mine"}, "list": [{"path": path} for path in paths]}
    find_files(config, project)
    found = [entry["path"] for entry in config["list"]]  # type: ignore[index]
    assert found == ["results/mine/world/general.jsonl", "results/mine", "<results>x", "rows/<results>/a"]


def test_deepspeed_settings_are_found_from_everywhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert deepspeed_file("zero-2") == root / "config" / "deepspeed" / "zero-2.json"
    own = tmp_path / "config" / "deepspeed" / "zero-2.json"
    own.parent.mkdir(parents=True)
    own.touch()
    assert deepspeed_file("zero-2") == Path("config/deepspeed/zero-2.json")


def test_a_folder_is_searched_first_and_stands_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for _ in range(2):
        search_first(Path("/a venv/bin"))
    assert os.environ["PATH"] == "/a venv/bin:/usr/bin:/bin"


@pytest.mark.parametrize(("before", "after"), [(None, "/p/src"), ("", "/p/src"), ("/other", "/p/src:/other")])
def test_another_variable_has_no_default(monkeypatch: pytest.MonkeyPatch, before: str | None, after: str) -> None:
    monkeypatch.setenv("PYTHONPATH", before or "")  # recorded, so that it is restored
    if before is None:
        monkeypatch.delenv("PYTHONPATH")
    search_first(Path("/p/src"), "PYTHONPATH")
    assert os.environ["PYTHONPATH"] == after
