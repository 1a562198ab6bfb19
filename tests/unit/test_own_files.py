"""The first rows of a person's own files, and graders, are checked before the first job."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from configs import load

from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.preflight.file_checks import notes
from scale_or_reason.study.local_files import is_local
from scale_or_reason.study.problems import spell

Config = dict[str, Any]
CHAT = {"input": [{"role": "user", "content": "Why?"}]}
PAIR = {"prompt": "Why?", "ift": "So.", "reasoning": "<think>\nHm.\n</think>\n\nSo."}
BENCHMARK = {"instruction": "Answer.", "question": "{question}", "answer": "answer", "grader": "span"}
ROW = {"question": "2 + 2?", "answer": "4"}


@pytest.fixture
def config(root: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(root)
    return load(root, "micro", "demo")


def complaint(config: Config) -> tuple[str, str, str] | None:
    problem = next(cross_problems(config), None)
    return problem and (spell(problem.path), problem.problem, str(problem.found))


def lines(file: Path, rows: list[Any]) -> str:
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(file)


def with_prompts(config: Config, file: str, schema: str = "prompt", **changes: Any) -> Config:
    config["corpora"]["general"] |= {"source": {"kind": "jsonl", "path": file, "schema": schema}, **changes}
    return config


def with_benchmark(config: Config, folder: Path, **changes: Any) -> Config:
    file = folder / "sums.yaml"
    file.write_text(yaml.safe_dump({**BENCHMARK, "rows": [ROW], **changes}, sort_keys=False))
    config["benchmarks"]["own"] = {"sums": {"path": str(file)}}
    config["study"] |= {"families": [{"name": "Sums", "benchmarks": ["sums"]}], "base_shots": [0]}
    return config


@pytest.mark.parametrize(
    ("rows", "schema"),
    [([{"prompt": "Why?"}], "prompt"), ([CHAT], "llama_nemotron"), (["not JSON", {"prompt": "Why?"}], "prompt")],
)
def test_prompts_of_the_schema_pass(config: Config, tmp_path: Path, rows: list[Any], schema: str) -> None:
    assert complaint(with_prompts(config, lines(tmp_path / "mine.jsonl", rows), schema)) is None


@pytest.mark.parametrize(
    ("rows", "schema", "found"),
    [
        ([{"question": "Why?"}] * 3, "prompt", "row 1, prompt: the columns question"),
        ([{"prompt": "Why?"}], "llama_nemotron", "row 1, input: the columns prompt"),
        ([{"prompt": 7}], "prompt", "row 1, prompt: 7"),
        (["prompt,answer", "Why?,So"], "prompt", "line 1: "),
    ],
)
def test_prompts_of_another_schema(config: Config, tmp_path: Path, rows: list[Any], schema: str, found: str) -> None:
    file = lines(tmp_path / "mine.jsonl", rows)
    key, _, what = complaint(with_prompts(config, file, schema)) or ("", "", "")
    assert key == "corpora.general.source.path"
    assert f"{file}, {found}" in what or f"{file}: {found}" in what


def test_pairs_without_a_column(config: Config, tmp_path: Path) -> None:
    config["pairs"] |= {"source": "released", "tokenizer": "resources/micro/tokenizer"}
    corpus = config["corpora"]["general"]
    corpus["released"] = {"kind": "jsonl", "path": lines(tmp_path / "pairs.jsonl", [PAIR])}
    assert complaint(config) is None
    lines(tmp_path / "pairs.jsonl", [{"prompt": "Why?", "ift": "So.", "thoughts": "Hm."}])
    key, problem, found = complaint(config) or ("", "", "")
    assert (key, problem) == ("corpora.general.released.path", "a row is no pair of answers")
    assert found.endswith("row 1, reasoning: the columns prompt, ift, thoughts")


def test_fewer_lines_than_prompts_are_noted(config: Config, tmp_path: Path) -> None:
    file = lines(tmp_path / "mine.jsonl", [{"prompt": "Why?"}] * 3)
    with_prompts(config, file, num_prompts=4)
    assert f"note: corpora.general.num_prompts is 4, but {file} has 3 lines" in notes(config)
    config["corpora"]["general"]["num_prompts"] = 3
    assert "num_prompts" not in str(notes(config))
    (tmp_path / "mine.jsonl").write_bytes(gzip.compress(b'{"prompt": "Why?"}\n'))  # not counted
    assert "num_prompts" not in str(notes(config))


@pytest.mark.parametrize(
    ("changes", "problem", "found"),
    [
        ({"answer": "gold"}, "a row of a benchmark lacks a column", "row 1, gold: the columns question, answer"),
        ({"question": "{frage}"}, "a row of a benchmark lacks a column", "row 1, frage: the columns question, answer"),
        ({"rows": [ROW, {"question": " ", "answer": "4"}]}, "a question is empty", "row 2, question"),
        ({"choices": "answer", "grader": "choice"}, "", "row 1"),
    ],
)
def test_rows_that_are_no_items(config: Config, tmp_path: Path, changes: Config, problem: str, found: str) -> None:
    key, what, where = complaint(with_benchmark(config, tmp_path, **changes)) or ("", "", "")
    assert key == "benchmarks.own.sums.path"
    assert problem in what
    assert found in where


def test_rows_in_a_file_beside_the_benchmark(config: Config, tmp_path: Path) -> None:
    lines(tmp_path / "rows.jsonl", [ROW])
    with_benchmark(config, tmp_path, rows={"path": "rows.jsonl"}, fewshot={"path": "rows.jsonl"})
    assert complaint(config) is None
    file = lines(tmp_path / "rows.jsonl", [ROW, ROW, "{no JSON"])
    assert (complaint(config) or ("",) * 3)[2].startswith(f"{file}, line 3: ")
    lines(tmp_path / "rows.jsonl", [])
    assert (complaint(config) or ("", ""))[1] == "a benchmark has no rows"


@pytest.mark.parametrize(
    "text",
    [
        "def grade(answer, gold):\n    return True\n",
        "from helpers import right as grade\n",
        "grade = lambda answer, gold: answer in gold\n",
        "from helpers import *\n",
        "raise RuntimeError('not run')\ndef grade(answer, gold): ...\n",
    ],
)
def test_graders_that_may_work(config: Config, tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    assert complaint(with_benchmark(config, tmp_path, grader="mine.py")) is None


@pytest.mark.parametrize(
    ("text", "problem", "found"),
    [
        ("def grade_it(answer, gold): ...\n", "a grader has no function grade", "mine.py: grade_it"),
        ("", "a grader has no function grade", "no function"),
        ("x = 1\ndef grade(answer gold):\n", "a grader is no valid Python", "mine.py, line 2"),
        ("a\0b", "a grader is no valid Python", "mine.py"),
    ],
)
def test_graders_that_cannot_work(config: Config, tmp_path: Path, text: str, problem: str, found: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    key, what, where = complaint(with_benchmark(config, tmp_path, grader="mine.py")) or ("", "", "")
    assert (key, what) == ("benchmarks.own.sums.path", problem)
    assert found in where


def test_a_folder_with_a_bare_name_is_local(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my-model").mkdir()
    assert is_local("my-model")
    assert not is_local("owner/my-model")


@pytest.mark.parametrize("key", ["model", "tokenizer"])
def test_a_bare_name_without_a_folder_is_missing(config: Config, key: str) -> None:
    config["study"]["students"] = ["micro-1M"]
    config["students"]["micro-1M"][key] = "my-modle"
    assert (complaint(config) or ("",))[0] == f"students.micro-1M.{key}"


LABELS = "model_id,benchmark,item_id,sample,answer_hash,person,label\n"


def with_labels(config: Config, file: Path, rows: str, *people: str) -> Config:
    file.write_text(LABELS + rows)
    config["labels"]["path"] = str(file)
    config["study"]["judges"] = ["micro-judge", "rule_graders", *people]
    return config


def test_persons_of_the_jury_have_labels(config: Config, tmp_path: Path) -> None:
    rows = "m,b,1,0,,Anna K.,yes\nm,b,1,0,,ben,no\nm,b,2,0,,cara,\n"
    file = tmp_path / "labels.csv"
    assert complaint(with_labels(config, file, rows, "human-Anna-K.", "human-ben")) is None
    (problem,) = cross_problems(with_labels(config, file, rows, "human-ben", "human-ana-k", "human-zoe"))
    assert spell(problem.path) == "study.judges[3]" and problem.problem == "a person in the jury has no labels"
    assert (problem.found, problem.expected) == ("human-ana-k, human-zoe", "one of human-Anna-K., human-ben")
    # zoe resembles nobody: the common "human-" is no likeness
    assert problem.remedy == "did you mean 'human-Anna-K.'? correct study.judges, or the column person"
    (problem,) = cross_problems(with_labels(config, file, rows, "human-cara"))  # an empty label is none
    assert problem.found == "human-cara"
    (problem,) = cross_problems(with_labels(config, file, "", "human-anna"))
    assert problem.expected == f"labels, of which {file} has none yet"


@pytest.mark.parametrize(
    ("rows", "problem", "found"),
    [
        ("m,b,1,0,,anna,perhaps\n", "an unknown label", "row 2, label: perhaps"),
        ("m,b,1,0,,anna,yes\nm,b,1,0,,anna,no\n", "a person contradicts an own label", "row 3, label: no, and yes"),
        ("m,b,1,0,,Ch. D.,yes\nm,b,2,0,,Ch.-D.,no\n", "two persons have the same juror", "row 3, person: Ch.-D., and"),
    ],
)
def test_labels_that_no_job_could_take(config: Config, tmp_path: Path, rows: str, problem: str, found: str) -> None:
    file = tmp_path / "labels.csv"
    key, what, where = complaint(with_labels(config, file, rows)) or ("", "", "")
    assert (key, what) == ("labels.path", problem) and f"{file}, {found}" in where


def test_a_file_that_holds_no_labels(config: Config, tmp_path: Path) -> None:
    with_labels(config, tmp_path / "labels.csv", "")
    (tmp_path / "labels.csv").write_text("")
    assert (complaint(config) or ("", ""))[:2] == ("labels.path", "the file of labels cannot be read")
    (tmp_path / "labels.csv").write_text("model_id,person\n")
    assert (complaint(config) or ("", ""))[:2] == ("labels.path", "the file of labels lacks columns")
