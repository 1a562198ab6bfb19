"""``make gpu-check`` on tiny models: every case leaves a result, and what is there is not measured again."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.integration

FOLDER = "tests/benchmarks/gpu_check"
CASES = [
    "attention, tiny",
    "tiny ift: ours",
    "tiny ift: TRL packed",
    "tiny reasoning: ours, Liger in place of compiling",
]


def check(root: Path, output: Path, *options: str) -> tuple[dict, str]:
    command = [sys.executable, FOLDER, "--tiny", "--output", str(output), *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=1100)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text()), done.stdout


def test_cases_are_measured_once_and_left_out_by_name(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "check.json"
    record, page = check(root, file, "--only", *CASES)
    results = record["results"]
    assert list(results) == CASES
    assert record["facts"]["versions"]["torch"] and record["facts"]["revision"] and record["facts"]["date"]
    assert results["attention, tiny"]["right"] is True
    for name in CASES[1:3]:
        assert results[name]["tokens_per_second"] > 0 and 0 < results[name]["mfu"] < results[name]["mfu_full"]
        assert results[name]["predicted_gb"] > 0 and results[name]["attention"] == "sdpa"
    assert results[CASES[3]] == {"status": "left out", "reason": "Liger's layers need a GPU", **took(results[CASES[3]])}
    for name in CASES:
        assert name in page and name in file.with_suffix(".md").read_text()

    again, _ = check(root, file, "--seconds", "0")  # no time for the others, and none is spent on these
    assert {name: again["results"][name] for name in CASES} == results
    others = [result for name, result in again["results"].items() if name not in CASES]
    assert others and all(result == {"status": "left out", "reason": "no time was left"} for result in others)


def took(result: dict) -> dict:
    return {"took": result["took"]}


@pytest.fixture
def main(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("gpu_check_main", root / FOLDER / "__main__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_wrong_result_is_no_success(main: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = main.Record(tmp_path / "check.json")
    record.write("training step", {"status": "measured", "right": False, "numbers": {"float32: losses": 0.5}})
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--output", str(record.path), "--only", "training step"])
    with pytest.raises(SystemExit, match="wrong: training step"):
        main.main()


def test_what_a_worker_dies_of_is_the_result_of_its_case(main: ModuleType, tmp_path: Path) -> None:
    record = main.Record(tmp_path / "check.json")
    record.write("a", {"status": "running", "began": 0.0})
    dead = subprocess.Popen([sys.executable, "-c", "raise SystemExit('no driver')"], stderr=subprocess.PIPE, text=True)
    assert main.wait(dead, record, {"a": 1.0}, deadline=1e12) == "the process ended with status 1: no driver"
    hung = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stderr=subprocess.PIPE, text=True)
    assert main.wait(hung, record, {"a": 1.0}, deadline=1e12) == "it took more than 120 s"
    assert hung.poll() is not None


def test_cases_of_another_machine_are_not_kept(main: ModuleType, tmp_path: Path) -> None:
    record = main.Record(tmp_path / "check.json")
    record.begin({"device": "one", "date": "2026-01-01"})
    record.write("a", {"status": "measured"})
    record.begin({"device": "one", "date": "2026-01-02"})
    assert list(record.results) == ["a"]
    record.begin({"device": "another", "date": "2026-01-02"})
    assert record.results == {}


def test_cases_by_name_or_part_of_it_in_the_order_asked_for(main: ModuleType) -> None:
    cases = main.all_cases(tiny=False)
    names = [case.name for case in main.chosen(cases, ["7B reasoning: TRL", "1.5B ift: ours", "7B"])]
    assert names[:2] == ["7B reasoning: TRL packed, checkpointing", "1.5B ift: ours"]
    assert len(names) == len(set(names)) > 3 and all("7B" in name for name in names[2:])
    assert len({case.name for case in cases}) == len(cases)
