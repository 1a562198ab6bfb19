"""The script that grades answers by rules: tables in, verdicts out, clear errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from programs import load_program, run_script

from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.grading import GRADERS

MODEL = "base/made-up/shots-0"


def item_row(benchmark: str, item_id: str, gold: list[str], choices: list[str] | None = None) -> dict[str, object]:
    texts = {"prompt": "made up", "question": "made up"}
    return {
        "benchmark": benchmark,
        "item_id": item_id,
        **texts,
        "gold": gold,
        "choices": choices or [],
        "extra": "{}",
    }


def answer_row(benchmark: str, item_id: str, sample: int, answer: str) -> dict[str, object]:
    return {
        "model_id": MODEL,
        "benchmark": benchmark,
        "item_id": item_id,
        "sample": sample,
        "prompt_tokens": 5,
        "answer": answer,
        "answer_tokens": 7,
        "finish_reason": "stop",
    }


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    write_table(
        table_from_rows([item_row("gsm8k", "q1", ["72"]), item_row("gsm8k", "q2", ["10"])], "items"),
        tmp_path / "items/gsm8k.parquet",
        "items",
    )
    write_table(
        table_from_rows([item_row("winogrande", "w1", ["B", "Maria", "2"], ["Sarah", "Maria"])], "items"),
        tmp_path / "items/winogrande.parquet",
        "items",
    )
    maths = [
        answer_row("gsm8k", "q2", 0, r"<think>x</think>\boxed{10}"),
        answer_row("gsm8k", "q1", 0, "A: 71"),
        answer_row("gsm8k", "q1", 1, "<think>and so on"),
    ]
    write_table(table_from_rows(maths, "answers"), tmp_path / "answers/gsm8k.parquet", "answers")
    choice = [answer_row("winogrande", "w1", 0, r"\boxed{Maria}")]
    write_table(table_from_rows(choice, "answers"), tmp_path / "answers/winogrande.parquet", "answers")
    return tmp_path


def run(root: Path, tables: Path, items: list[str], answers: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    script = root / "workflow/scripts/grade_answers.py"
    options = ["--items", *(str(tables / "items" / name) for name in items)]
    options += ["--answers", *(str(tables / "answers" / name) for name in answers)]
    options += ["--output-dir", str(tables / "verdicts"), *more]
    if "--processes" not in more:
        return run_script(script, *options)
    return subprocess.run([sys.executable, str(script), *options], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_each_answer_gets_a_verdict(root: Path, tables: Path) -> None:
    names = ["winogrande.parquet", "gsm8k.parquet"]
    done = run(root, tables, names, names)
    assert done.returncode == 0, done.stderr
    assert "1/3 right" in done.stdout
    verdicts = read_table(tables / "verdicts/gsm8k.parquet", "verdicts")
    assert verdicts["item_id"].to_list() == ["q2", "q1", "q1"]
    assert verdicts["verdict"].to_list() == ["yes", "no", "no"]
    assert verdicts["judge"].unique().to_list() == ["rule_graders"]
    assert verdicts["how"].to_list() == ["box", "fallback:answer-line", "unclosed-think"]
    assert verdicts["extracted"].to_list() == ["10", "71", None]
    assert verdicts.select("strict", "lenient", "exact_match", "f1", "reply").rows() == [
        (True, True, None, None, ""),
        (False, False, None, None, ""),
        (False, False, None, None, ""),
    ]
    assert read_table(tables / "verdicts/winogrande.parquet", "verdicts")["verdict"].to_list() == ["yes"]


@pytest.mark.slow
def test_an_answer_that_was_cut_short_is_graded_on_what_it_says(root: Path, tables: Path) -> None:
    """That it was cut short stands in the answers, and the scores count it (test_scores)."""
    texts = [r"</think>\boxed{72} Let me check that once mo", r"</think>It is \boxed{7"]
    rows = [answer_row("gsm8k", "q1", sample, text) | {"finish_reason": "length"} for sample, text in enumerate(texts)]
    write_table(table_from_rows(rows, "answers"), tables / "answers/gsm8k.parquet", "answers")
    done = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet"])
    assert done.returncode == 0, done.stderr
    verdicts = read_table(tables / "verdicts/gsm8k.parquet", "verdicts")
    assert verdicts.select("verdict", "strict").rows() == [("yes", True), ("no", False)]


@pytest.mark.slow
def test_two_processes_say_what_one_says(root: Path, tables: Path) -> None:
    answers = [answer_row("gsm8k", f"q{1 + i % 2}", i, rf"\boxed{{{10 * (i % 9)}}}") for i in range(1200)]
    write_table(table_from_rows(answers, "answers"), tables / "answers/gsm8k.parquet", "answers")
    done = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet"], "--processes", "2")
    assert done.returncode == 0, done.stderr
    verdicts = read_table(tables / "verdicts/gsm8k.parquet", "verdicts")
    right = [row["item_id"] == "q2" and "{10}" in row["answer"] for row in answers]
    assert (verdicts["verdict"] == "yes").to_list() == right
    assert verdicts.select("sample").to_series().equals(pl.Series("sample", range(1200)))


@pytest.mark.slow
def test_an_answer_without_item_is_an_error(root: Path, tables: Path) -> None:
    done = run(root, tables, ["winogrande.parquet"], ["gsm8k.parquet"])
    assert done.returncode == 2
    assert "belongs to no item" in done.stderr
    assert "gsm8k / q2" in done.stderr
    assert not (tables / "verdicts").exists()


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_item_that_cannot_be_graded_is_an_error(root: Path, tables: Path, processes: str) -> None:
    items = [item_row("gsm8k", "q1", []), item_row("gsm8k", "q2", ["10"])]
    write_table(table_from_rows(items, "items"), tables / "items/gsm8k.parquet", "items")
    done = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet"], "--processes", processes)
    assert done.returncode == 2
    assert "no gold answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_grader_that_fails_on_an_answer_says_no(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = load_program(root / "workflow/scripts/grade_answers.py")

    def fail(item: object, answer: str) -> None:
        raise RecursionError

    monkeypatch.setitem(GRADERS, "math", fail)
    grade = script.grade_one(item_row("gsm8k", "q1", ["72"]), "[" * 9)
    assert (grade.verdict, grade.lenient, grade.note) == ("no", False, "error=RecursionError")


@pytest.mark.slow
def test_no_answers_have_no_verdicts(root: Path, tables: Path) -> None:
    write_table(table_from_rows([], "answers"), tables / "answers/gsm8k.parquet", "answers")
    done = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet"])
    assert done.returncode == 0, done.stderr
    assert read_table(tables / "verdicts/gsm8k.parquet", "verdicts").is_empty()


@pytest.mark.slow
def test_bad_arguments_are_errors(root: Path, tables: Path) -> None:
    twice = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet", "gsm8k.parquet"])
    assert twice.returncode == 2
    assert "same name" in twice.stderr
    none = run(root, tables, ["gsm8k.parquet"], ["gsm8k.parquet"], "--processes", "0")
    assert none.returncode == 2
    assert "--processes" in none.stderr


def test_a_folder_without_graded_answers_is_an_error(root: Path, tmp_path: Path) -> None:
    done = run_script(root / "workflow/scripts/grade_check.py", "--answers", tmp_path)
    assert done.returncode == 2
    assert "no graded answers" in done.stderr
    assert "make grade-check ANSWERS=FOLDER" in done.stderr
