"""Benchmarks of one's own: one YAML file outside the package, with rows, columns and grader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from documentation import Page

from scale_or_reason.benchmarks.loading import evaluation_items, pool_items
from scale_or_reason.benchmarks.own import VARIABLE, declaration_hash, read_own, use_own_files
from scale_or_reason.benchmarks.registry import get_benchmark
from scale_or_reason.benchmarks.row_files import rows_file, rows_folder
from scale_or_reason.benchmarks.row_sources import JsonlFolder
from scale_or_reason.common.errors import StudyError
from scale_or_reason.grading import get_grader

PAGE = "docs/how-to/bring_your_own_benchmark.md"
ROWS = [{"question": "2 + 2?", "answer": 4}, {"question": "3 + 4?", "answer": 7}, {"question": "1 + 1?", "answer": "2"}]
PLAIN = {"instruction": "Add.", "question": "{question}", "answer": "answer", "grader": "math", "rows": ROWS}


@pytest.fixture(autouse=True)
def none_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "{}")


def write(folder: Path, name: str = "sums", **changes: Any) -> Path:
    file = folder / f"{name}.yaml"
    content = {key: value for key, value in {**PLAIN, **changes}.items() if value is not None}
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    use_own_files({"benchmarks": {"own": {name: {"path": str(file)}}}})
    return file


def items_of(name: str, **options: Any) -> list[dict[str, Any]]:
    benchmark = get_benchmark(name)
    folder = rows_folder(name, {"kind": "hub", "path": "no/such/folder"})
    assert folder is not None
    return evaluation_items(benchmark, JsonlFolder(Path(folder)), **options).to_dicts()


def test_rows_in_the_file_become_items(tmp_path: Path) -> None:
    write(tmp_path)
    items = items_of("sums")
    assert [(item["question"], item["gold"]) for item in items] == [
        ("2 + 2?", ["4"]),
        ("3 + 4?", ["7"]),
        ("1 + 1?", ["2"]),
    ]
    assert items[0]["prompt"] == "Add.\n\n2 + 2?"
    assert get_benchmark("sums").columns == ("question", "answer")


def test_rows_and_examples_in_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    for name, rows in (("all", ROWS[:2]), ("shots", ROWS[1:])):
        (tmp_path / "rows" / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write(tmp_path, rows={"path": "rows/all.jsonl"}, fewshot={"path": "rows/shots.jsonl"})
    assert len(items_of("sums")) == 2
    pool = pool_items(get_benchmark("sums"), JsonlFolder(tmp_path))
    assert pool["question"].to_list() == ["1 + 1?"]  # 3 + 4 is an evaluation item
    assert rows_file(tmp_path, "sums").samefile(tmp_path / "rows" / "all.jsonl")


@pytest.mark.parametrize("answer", ["B", 1, "blue"])
def test_multiple_choice_by_letter_index_or_text(tmp_path: Path, answer: str | int) -> None:
    row = {"q": "The sky is", "options": ["red", "blue"], "key": answer, "n": 17}
    write(tmp_path, question="{q}", answer="key", choices="options", id="n", grader=None, rows=[row])
    (item,) = items_of("sums")
    assert item["question"] == "The sky is\nA. red\nB. blue" and item["gold"] == ["B", "blue"]
    assert item["item_id"] == "17" and get_benchmark("sums").grader == "choice"


def test_a_template_of_several_columns_with_braces(tmp_path: Path) -> None:
    row = {"the passage": "A {b} c.", "question": "Why?", "answer": ["x", " x", "y"]}
    write(tmp_path, question="{the passage}\n\nQ: {question} {{}}", grader="span", rows=[row])
    (item,) = items_of("sums")
    assert item["question"] == "A {b} c.\n\nQ: Why? {}" and item["gold"] == ["x", "y"]


@pytest.mark.parametrize(
    ("changes", "problem", "key"),
    [
        ({"question": None}, "is missing", "question"),
        ({"question": "Why?"}, "template of a question is invalid", "question"),
        ({"question": "{question.__class__}"}, "template of a question is invalid", "question"),
        ({"question": "{}"}, "template of a question is invalid", "question"),
        ({"question": "{question!r}"}, "template of a question is invalid", "question"),
        ({"question": "{question"}, "template of a question is invalid", "question"),
        ({"question": 3}, "wrong type", "question"),
        ({"grader": "maths"}, "no such rule grader", "grader"),
        ({"grader": "ifeval"}, "no such rule grader", "grader"),
        ({"grader": ["math"]}, "no such rule grader", "grader"),
        ({"grader": "choice"}, "does not fit", "grader"),
        ({"choices": "options"}, "does not fit", "grader"),
        ({"grader": "my.py"}, "grader of a benchmark is missing", "grader"),
        ({"rows": {"path": "none.jsonl"}}, "rows of a benchmark are missing", "rows"),
        ({"rows": []}, "no known form", "rows"),
        ({"rows": {"hub": "a/b"}}, "no known form", "rows"),
        ({"rows": {"hub": "a/b", "split": 1}}, "no known form", "rows"),
        ({"fewshot": {"hub": "a/b", "split": "train"}}, "different places", "fewshot"),
        ({"promt": "x"}, "unknown key", "promt"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, changes: dict[str, Any], problem: str, key: str) -> None:
    file = write(tmp_path, **changes)
    with pytest.raises(StudyError, match=problem) as caught:
        get_benchmark("sums")
    assert (caught.value.where, caught.value.key) == (file, key)
    assert caught.value.expected and "bring_your_own_benchmark" in str(caught.value.remedy)


@pytest.mark.parametrize("text", ["", "[1]", "a: b: c", "\x00"])
def test_a_file_that_is_no_map(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(StudyError, match=r"not YAML|no map"):
        read_own("x", file)


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ({"question": "Why?"}, "answer"),
        ({"question": "Why?", "answer": None}, "answer"),
        ({"question": "Why?", "answer": []}, "answer"),
        ({"question": "", "answer": "4"}, "question"),
        ({"question": ["Why?"], "answer": "4"}, "question"),
    ],
)
def test_a_faulty_row_names_row_and_column(tmp_path: Path, row: dict[str, Any], key: str) -> None:
    file = write(tmp_path, rows=[ROWS[0], row])
    with pytest.raises(StudyError) as caught:
        items_of("sums")
    assert str(caught.value.where) == str(file) and caught.value.key == f"row 2: {key}"


def test_an_edit_of_the_file_counts_in_the_same_process(tmp_path: Path) -> None:
    write(tmp_path)
    first = declaration_hash(get_benchmark("sums"))
    write(tmp_path, instruction="Add up.")
    assert first != declaration_hash(get_benchmark("sums"))
    assert get_benchmark("sums").instruction == "Add up."


def test_a_grader_of_ones_own(tmp_path: Path) -> None:
    grader = tmp_path / "mine.py"
    grader.write_text("def grade(answer, gold):\n    return 10 / float(answer) == 5 and gold == ['2']\n")
    item = {"benchmark": "sums", "item_id": "1", "gold": ["2"]}
    grade = get_grader(str(grader))
    assert grade(item, "<think>4</think> It is \\boxed{2}.").verdict == "yes"
    assert grade(item, "<think>4</think> 4").verdict == "no"
    assert grade(item, "<think>4").how == "unclosed-think"
    with pytest.raises(ZeroDivisionError):
        grade(item, "\\boxed{0}")  # the grading job counts it as wrong


@pytest.mark.parametrize("text", ["x = 1\n", "def grade(:\n", "import no_such_module\n", "grade = 3\n"])
def test_a_grader_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(StudyError, match="grader") as caught:
        get_grader(str(tmp_path / "bad.py"))
    assert caught.value.where == tmp_path / "bad.py"


def test_the_documented_example(tmp_path: Path, root: Path) -> None:
    for name, content in Page(root / PAGE).files.items():
        (tmp_path / name).write_text(content)
    use_own_files({"benchmarks": {"own": {"capitals": {"path": str(tmp_path / "capitals.yaml")}}}})
    items = items_of("capitals")
    assert [item["gold"] for item in items] == [["Lima"], ["Sucre", "La Paz"]]
    assert get_grader(get_benchmark("capitals").grader)(items[1], "\\boxed{La Paz}").verdict == "yes"
    own = get_grader(str(tmp_path / "same_city.py"))
    assert own(items[0], "\\boxed{The city of Lima.}").verdict == "yes"
    assert own(items[0], "\\boxed{Cusco}").verdict == "no"


@pytest.mark.slow
def test_the_manifest_has_hashes_of_file_rows_and_items(tmp_path: Path, root: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    manifests = []
    for last in (ROWS[2], {"question": "1 + 2?", "answer": 3}):
        rows.write_text("".join(json.dumps(row) + "\n" for row in (*ROWS[:2], last)))
        write(tmp_path, rows={"path": "rows.jsonl"})
        command = [sys.executable, "workflow/scripts/prepare_benchmark.py", "--benchmark", "sums", "--kind", "jsonl"]
        command += ["--path", str(tmp_path), "--seed", "0", "--output", str(tmp_path / "items.parquet")]
        subprocess.run([*command, "--manifest", str(tmp_path / "items.json")], cwd=root, check=True)
        manifests.append(json.loads((tmp_path / "items.json").read_text()))
    assert set(manifests[0]["inputs"]) == {"benchmark", "rows"}
    assert manifests[0]["inputs"]["benchmark"] == manifests[1]["inputs"]["benchmark"]
    assert manifests[0]["inputs"]["rows"] != manifests[1]["inputs"]["rows"]
    assert manifests[0]["items_sha256"] != manifests[1]["items_sha256"] and len(manifests[0]["items_sha256"]) == 64
