"""The overlay that a new study begins with: valid as it is written, and with all of its examples in use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from configs import load, merge

from scale_or_reason.benchmarks.own import VARIABLE, use_own_files
from scale_or_reason.common.errors import StudyError
from scale_or_reason.preflight.file_checks import notes
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.study import Study


def written(root: Path, folder: Path, name: str = "mine_1") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "workflow/scripts/new_study.py"), "--name", name]
    command += ["--template", str(root / "config/new_study.yaml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def checked(root: Path, text: str) -> Study:
    """The study that the overlay gives; :class:`StudyError` if it is invalid."""
    config = merge(load(root), yaml.safe_load(text))
    config["paper_results"]["path"] = None  # in the project's folder
    use_own_files(config)
    check_config(config, root / "workflow/schemas/config.schema.json", [root / "config/config.yaml"])
    assert not any("findings" in line for line in notes(config))
    return Study.from_config(config)


@pytest.fixture
def overlay(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(VARIABLE, "{}")
    done = written(root, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine_1.yaml: edit it, then run: snakemake -n --configfile mine_1.yaml\n"
    monkeypatch.chdir(tmp_path)
    # files that a project's folder has
    (tmp_path / "config").symlink_to(root / "config")
    return (tmp_path / "mine_1.yaml").read_text()


def test_the_overlay_is_valid_as_it_is(root: Path, overlay: str) -> None:
    study = checked(root, overlay)
    assert study.name == "mine_1" and "NAME" not in overlay
    assert len(study.trainings()) == 6


def test_all_examples_together_are_valid(root: Path, overlay: str) -> None:
    lines = [line.removeprefix("#:") for line in overlay.splitlines()]
    assert len(lines) == len(overlay.splitlines()) and sum(line.startswith("#:") for line in overlay.splitlines()) > 30
    Path("mine_1_prompts.jsonl").write_text('{"prompt": "Why?"}\n')
    benchmark = {
        "instruction": "Add.",
        "question": "{q}",
        "answer": "a",
        "grader": "math",
        "rows": [{"q": "1+1", "a": 2}],
    }
    Path("mine_1_benchmark.yaml").write_text(json.dumps(benchmark))
    text = "\n".join(lines)
    selected = {
        "[Qwen2.5-0.5B, Qwen2.5-1.5B]": "[My-1B]",
        "corpora: [general]": "corpora: [mine]",
        "teacher: null": "teacher: My-teacher",
        "judges: []": "judges: [My-judge]",
        "source: released": "source: generate",
        "base_shots: [3]": "base_shots: [0]",
    }
    for old, new in selected.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    study = checked(root, text)
    assert list(study.students) == ["My-1B"] and study.grid_corpora == ("mine",)
    assert study.teacher is not None and study.teacher.endpoint and list(study.judges) == ["My-judge"]
    assert "my_benchmark" in study.benchmarks


def test_an_existing_file_stays(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine_1.yaml").write_text("mine")
    done = written(root, tmp_path)
    assert done.returncode == 2 and "has a file already" in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "mine_1.yaml").read_text() == "mine"


def test_a_name_that_paths_cannot_hold_is_refused(root: Path) -> None:
    config = load(root)
    config["new_study"] = "../mine"
    with pytest.raises(StudyError) as caught:
        check_config(config, root / "workflow/schemas/config.schema.json", [root / "config/config.yaml"])
    assert caught.value.key == "new_study"
