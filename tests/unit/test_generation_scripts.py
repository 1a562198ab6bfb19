"""Bad input ends the generating programs before an engine starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import polars as pl
import pytest
from programs import load_program

from scale_or_reason.common.errors import StudyError
from scale_or_reason.common.tables import read_table, table_from_rows, write_table
from scale_or_reason.inference import resumable
from scale_or_reason.inference.requests import Completion

SAMPLING = '{"temperature": 1.0, "top_p": 1.0, "max_tokens": 8}'
ITEM = {
    "benchmark": "gsm8k",
    "item_id": "i0",
    "prompt": "p",
    "question": "q",
    "gold": ["3"],
    "choices": [],
    "extra": "{}",
}
ANSWER = {"model_id": "m", "benchmark": "gsm8k", "item_id": "i0", "sample": 0, "prompt_tokens": 5, "answer": "abcdef 3"}
QUESTION = {"prompt_id": "q0", "corpus": "general", "prompt": "1+1?"}


@pytest.fixture
def load(root: Path) -> Callable[[str], ModuleType]:
    return lambda name: load_program(root / f"workflow/scripts/{name}.py")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A model folder and tables, whole and empty; starting an engine on them fails the test."""
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (model / name).write_text("{}")
    tables = {
        "items": ("items", [ITEM]),
        "no_items": ("items", []),
        "answers": ("answers", [ANSWER | {"answer_tokens": 8, "finish_reason": "stop"}]),
        "no_answers": ("answers", []),
        "strange_answers": ("answers", [ANSWER | {"item_id": "i9", "answer_tokens": 8, "finish_reason": "stop"}]),
        "prompts": ("prompts", [QUESTION]),
        "no_prompts": ("prompts", []),
    }
    paths = {"model": str(model), "out": str(tmp_path / "out")}
    for name, (schema, rows) in tables.items():
        paths[name] = str(tmp_path / f"{name}.parquet")
        write_table(table_from_rows(rows, schema), paths[name], schema)

    def no_engine(*arguments: Any) -> None:
        raise AssertionError("an engine was started")

    monkeypatch.setattr(resumable, "VllmEngine", no_engine)
    return paths


OPTIONS: dict[str, dict[str, str]] = {
    "generate_teacher_answers": {
        "--prompts": "{prompts}",
        "--model": "{model}",
        "--format": "ift",
        "--shard": "0",
        "--shards": "1",
        "--sampling": SAMPLING,
        "--seed": "0",
        "--output": "{out}",
    },
    "evaluate_model": {
        "--model": "{model}",
        "--model-ids": "general/tiny/seq/rho-1/seed-0",
        "--items": "{items}",
        "--sampling": SAMPLING,
        "--seed": "0",
        "--output-dir": "{out}",
    },
    "judge_answers": {
        "--judge": "j",
        "--model": "{model}",
        "--items": "{items}",
        "--answers": "{answers}",
        "--protocol": "v1",
        "--answer-tail-tokens": "9",
        "--sampling": SAMPLING,
        "--seed": "0",
        "--output-dir": "{out}",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "option", "value", "problem"),
    [
        *[
            (script, option, value, problem)
            for script in OPTIONS
            for option, value, problem in (
                ("--model", "no/such/folder", "model does not exist"),
                ("--sampling", '{"temperature": 1}', "a setting is missing"),
                ("--sampling", "temperature=1", "not JSON"),
                ("--engine", '["dtype"]', "not a JSON object"),
                ("--engine", "{dtype}", "not JSON"),
            )
        ],
        ("generate_teacher_answers", "--prompts", "{no_prompts}", "prompts table is empty"),
        ("generate_teacher_answers", "--prompts", "nowhere.parquet", "table is missing"),
        ("generate_teacher_answers", "--prompts", "{items}", "columns of a prompts table"),
        ("generate_teacher_answers", "--shard", "1", "no such shard"),
        ("generate_teacher_answers", "--shards", "0", "no such shard"),
        ("generate_teacher_answers", "--modes", '{"ift": {}}', "one mode per format"),
        (
            "generate_teacher_answers",
            "--modes",
            '{"ift": {}, "reasoning": {"sytem": "think"}}',
            "invalid thinking mode",
        ),
        (
            "generate_teacher_answers",
            "--modes",
            '{"ift": {}, "reasoning": {"template": "think"}}',
            "invalid thinking mode",
        ),
        (
            "generate_teacher_answers",
            "--endpoint",
            '{"url": "https://made.up", "key": "NOT_THERE"}',
            "endpoint's key is not set",
        ),
        ("evaluate_model", "--endpoint", '{"url": "https://made.up"}', "only a teacher"),
        ("evaluate_model", "--items", "{no_items}", "no items"),
        ("evaluate_model", "--items", "{items} {items}", "duplicate benchmark"),
        ("evaluate_model", "--model-ids", "tiny", "invalid model id"),
        ("evaluate_model", "--model-ids", "general/tiny/seq/rho-1/seed-0/max-tokens-7", "length limit differs"),
        ("evaluate_model", "--model-ids", "base/tiny/shots-0 base/tiny/shots-1", "too few examples"),
        ("evaluate_model", "--model-ids", "base/tiny/shots-0 base/other/shots-0", "does not match --model"),
        ("evaluate_model", "--model-ids", "adapted/a/ift-then-ift/seed-0 adapted/a/ift-then-ift/seed-1", "several"),
        ("evaluate_model", "--model-ids", "teacher/tiny/ift teacher/tiny/ift", "duplicate model id"),
        ("evaluate_model", "--model", "{model} {model}", "does not match --model"),
        ("evaluate_model", "--samples", "8", "not a JSON object"),
        ("evaluate_model", "--samples", '{"gsm8k": 0}', "invalid number of samples"),
        ("evaluate_model", "--first-samples", '{"gsm8k": -1}', "invalid number of samples"),
        ("evaluate_model", "--first-samples", '{"gsm8k": 1}', "no answer is left"),
        ("evaluate_model", "--model-ids", "general/tiny/seq/rho-1/seed-0/samples-4", "number of answers differs"),
        ("judge_answers", "--answers", "{no_answers}", "no answers to judge"),
        ("judge_answers", "--answers", "{strange_answers}", "belongs to no item"),
        ("judge_answers", "--answers", "{answers} {answers}", "duplicate answer"),
        ("judge_answers", "--answer-tail-tokens", "0", "too small"),
        ("judge_answers", "--retries", "-1", "too small"),
        ("judge_answers", "--protocol", "v9", "unknown judging protocol"),
        ("judge_answers", "--mode", '{"sytem": "detailed thinking on"}', "invalid thinking mode"),
        ("judge_answers", "--endpoint", '{"url": "https://made.up"}', "no tokenizer to measure the ends"),
        ("judge_answers", "--tokenizer", "no/such/folder", "tokenizer cannot be loaded"),
    ],
)
def test_bad_input_is_refused(
    load: Callable[[str], ModuleType],
    files: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    option: str,
    value: str,
    problem: str,
) -> None:
    arguments = [script]
    for name, given in (OPTIONS[script] | {option: value}).items():
        for placeholder, path in files.items():
            given = given.replace(f"{{{placeholder}}}", path)
        arguments += [name, *(given.split() if name in ("--items", "--answers", "--model-ids", "--model") else [given])]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(StudyError, match=problem):
        load(script).main()


class OneByOne:
    """An engine whose replies depend on prompt and seed alone; it notes what it was asked."""

    asked: ClassVar[list[tuple[str, int]]] = []
    context_tokens = None
    startup_seconds = 0.0

    def __init__(self, *arguments: Any) -> None: ...

    def __enter__(self) -> OneByOne:
        return self

    def __exit__(self, *exception: object) -> None: ...

    def chat(self, prompts: list[str], seeds: list[int], sampling: Any, mode: Any, done: Any, patterns: Any) -> None:
        for number, (prompt, seed) in enumerate(zip(prompts, seeds, strict=True)):
            self.asked.append((prompt, seed))
            done(number, Completion(5, f"{prompt} {seed}", 7, "stop"))


def test_further_answers_are_those_of_one_evaluation_and_none_is_made_twice(
    load: Callable[[str], ModuleType], files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "VllmEngine", OneByOne)
    monkeypatch.setattr(OneByOne, "asked", [])
    script, cell = load("evaluate_model"), "general/tiny/seq/rho-1/seed-0"
    write_table(table_from_rows([ITEM, ITEM | {"item_id": "i1", "prompt": "x"}], "items"), files["items"], "items")

    def evaluate(folder: str, model_id: str, samples: int, first: int | None = None) -> pl.DataFrame:
        given = OPTIONS["evaluate_model"] | {"--model": files["model"], "--items": files["items"]}
        words = [word for option in given.items() for word in option]
        words += ["--output-dir", str(tmp_path / folder), "--model-ids", model_id]
        words += ["--samples", json.dumps({"gsm8k": samples})]
        words += [] if first is None else ["--first-samples", json.dumps({"gsm8k": first})]
        monkeypatch.setattr(sys, "argv", ["evaluate_model", *words])
        script.main()
        return read_table(tmp_path / folder / model_id / "gsm8k.parquet", "answers")

    whole = evaluate("whole", cell, 4)
    single = evaluate("beside", cell, 1)
    written = (tmp_path / "beside" / cell / "gsm8k.parquet").read_bytes()
    OneByOne.asked.clear()
    further = evaluate("beside", f"{cell}/samples-4", 4, first=1)
    assert len(OneByOne.asked) == len(set(OneByOne.asked)) == 2 * 3 and set(further["sample"]) == {1, 2, 3}
    both = pl.concat([single, further.with_columns(model_id=pl.lit(cell))])
    assert both.sort("item_id", "sample").equals(whole.sort("item_id", "sample"))
    assert (tmp_path / "beside" / cell / "gsm8k.parquet").read_bytes() == written
    manifest = json.loads((tmp_path / "beside" / cell / "samples-4" / "manifest.json").read_text())
    assert manifest["settings"]["first_samples"] == {"gsm8k": 1} and manifest["benchmarks"]["gsm8k"]["answers"] == 6
    # more votes, and several answers of all models, take what is there
    OneByOne.asked.clear()
    assert evaluate("beside", f"{cell}/samples-6", 6, first=1).height == 2 * 5 and len(OneByOne.asked) == 2 * 2
    assert evaluate("beside", cell, 6).height == 2 * 6 and len(OneByOne.asked) == 2 * 2
    assert "first_samples" not in json.loads((tmp_path / "beside" / cell / "manifest.json").read_text())["settings"]


def test_the_audit_needs_something_to_audit(
    load: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = {"prompt_id": "q0", "prompt": "1+1?", "prompt_tokens": 1, "answer": "x", "answer_tokens": 8}
    write_table(table_from_rows([QUESTION], "prompts"), tmp_path / "prompts.parquet", "prompts")
    write_table(table_from_rows([], "overlaps"), tmp_path / "overlaps.parquet", "overlaps")
    rows = [generation | {"finish_reason": "length"}]
    write_table(table_from_rows(rows, "generations"), tmp_path / "shard.parquet", "generations")

    def arguments(sampling: dict[str, Any]) -> list[str]:
        options = {"--prompts": "prompts.parquet", "--ift": "shard.parquet", "--reasoning": "shard.parquet"}
        options |= {
            "--overlaps": "overlaps.parquet",
            "--output": "p.parquet",
            "--audit-csv": "a.csv",
            "--audit-json": "a.json",
        }
        words = [word for name, file in options.items() for word in (name, str(tmp_path / file))]
        return ["build_pairs", *words, "--teacher", "T", "--seed", "0", "--sampling", json.dumps(sampling)]

    script = load("build_pairs")
    monkeypatch.setattr(sys, "argv", arguments({"ift": {}}))
    with pytest.raises(StudyError, match="sampling of a format"):
        script.main()
    words = arguments({"ift": {}, "reasoning": {}})
    monkeypatch.setattr(sys, "argv", [*words, "--ift", *[str(tmp_path / "shard.parquet")] * 2])
    with pytest.raises(StudyError, match="different numbers of shards"):
        script.main()
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(StudyError, match="no pair is left") as caught:
        script.main()
    assert "unfinished 1" in str(caught.value)
    assert not (tmp_path / "p.parquet").exists()
