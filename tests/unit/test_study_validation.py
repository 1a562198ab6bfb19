"""What a check of the config accepts, explains and notes, and what it reads from files."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from changed_configs import NUMBERS, Config, at, changed, error_of, searching, served
from configs import load

from scale_or_reason.flops.exact import named_decoder
from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.preflight.file_checks import notes
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.problems import spell
from scale_or_reason.study.study import Study


@pytest.fixture(scope="module")
def good(root: Path) -> Config:
    return yaml.safe_load((root / "config" / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def _in_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": "my-llm", "architecture": "org/model"},
        {"model": "my-llm", "architecture": NUMBERS},
        {"model": "my-llm", "architecture": None},
        {"model": "my-llm", "architecture": "resources/micro/teacher"},
    ],
)
def test_a_served_teacher_with_an_architecture_passes(good: Config, changes: dict[str, Any]) -> None:
    config = changed(good, served(**changes))
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])
    teacher = Study.from_config(config).teacher
    assert teacher is not None
    if changes.get("architecture", "unread") in (NUMBERS, None):
        found = named_decoder(f"teacher={teacher.source}", "--teacher")[1]
        assert (found and found.base.hidden) == (changes["architecture"] or {}).get("hidden_size")


def test_a_search_passes_and_only_a_searched_student_needs_its_questions(good: Config) -> None:
    for change in (searching(), at("training/learning_rate_search/samples", 10**9)):
        check_config(changed(good, change), Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_the_papers_config_passes(good: Config) -> None:
    check_config(good, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_the_old_name_of_the_rule_graders_is_explained(good: Config) -> None:
    error = error_of(changed(good, at("study/judges", ["rules"])))
    assert error.key == "study.judges[0]"
    assert "write rule_graders" in str(error.remedy)


def test_text_that_yaml_should_have_read_as_a_number_is_explained(good: Config) -> None:
    error = error_of(changed(good, at("students/Qwen2.5-3B/learning_rate/ift", "5e-6")))
    assert "1.0e-5" in str(error.remedy)


@pytest.mark.parametrize(("source", "problem"), [(None, "have no folder"), ("no/such", "no rows for winogrande")])
def test_rows_that_are_not_there(good: Config, source: str | None, problem: str) -> None:
    config = changed(good, lambda config: config["benchmarks"].update(source={"kind": "jsonl", "path": source}))
    config["study"]["base_shots"] = [0]
    error = error_of(config)
    assert error.key == "benchmarks.source.path"
    assert problem in error.problem


def test_a_reference_needs_tables_of_the_papers(good: Config, tmp_path: Path) -> None:
    config = changed(good, at("paper_results/path", str(tmp_path)))
    error = error_of(config)
    assert (error.key, error.found) == ("paper_results.path", str(tmp_path))
    assert "no tables of the papers" in error.problem
    (tmp_path / "v2_table1.csv").write_text("")
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_rows_that_a_job_writes_need_not_be_there(good: Config) -> None:
    config = deepcopy(good)
    config["benchmarks"]["source"] = {"kind": "jsonl", "path": "results/v2/world/benchmarks"}
    config["corpora"]["math"]["source"].update(kind="jsonl", path="results/v2/world/prompts/math.jsonl")
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_shots_need_rows_that_are_no_items(good: Config, tmp_path: Path) -> None:
    (tmp_path / "gsm8k.jsonl").write_text("{}\n")
    config = deepcopy(good)
    config["study"]["families"] = [{"name": "Math-OE", "benchmarks": ["gsm8k"]}]
    config["benchmarks"]["source"] = {"kind": "jsonl", "path": str(tmp_path)}
    error = error_of(config)
    assert error.problem == "no rows are left for few-shot examples"
    (tmp_path / "gsm8k.pool.jsonl").write_text("{}\n")
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_a_format_that_nobody_trains_needs_no_rate(good: Config) -> None:
    config = deepcopy(good)
    config["study"].update(ratios=[0], adaptations=[])
    for student in config["students"].values():
        del student["learning_rate"]["reasoning"]
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_the_error_names_the_file_and_the_line(good: Config, tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("study:\n  name: mine\n  students:\n    - Qwen2.5-3B\n    - Qwen2.5-4B\n")
    config = deepcopy(good)
    config["study"].update(yaml.safe_load(overlay.read_text())["study"])
    assert str(error_of(config, "config/config.yaml", overlay).where).endswith("mine.yaml, line 5")
    # a key of the base config is the base's fault
    config = changed(good, at("study/judges", ["gpt-oss"]))
    base = tmp_path / "base.yaml"
    base.write_text(yaml.safe_dump(config))
    assert "base.yaml, line" in str(error_of(config, base, overlay).where)


def test_a_value_that_is_in_no_file_came_from_the_command_line(good: Config) -> None:
    error = error_of(changed(good, at("training/batch/unit", "samples")))
    assert error.where == "the command line (--config)"
    error = error_of(changed(good, at("study/studnets", ["a"])))
    assert error.where == "the command line (--config)"


def test_released_pairs_need_no_teacher(good: Config) -> None:
    config = changed(good, at("study/teacher", None))
    config["pairs"]["source"] = "released"
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_a_served_judge_needs_no_model_here(good: Config) -> None:
    served = {"model": "./made-up", "endpoint": {"url": "https://made.up/v1"}, "tokenizer": "any/one"}
    config = changed(good, lambda config: config["judges"]["gpt-oss-120b"].update(served, architecture=None))
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


@pytest.mark.parametrize("entry", ["teachers/Qwen3-235B-A22B/endpoint", "judges/Llama-3.3-70B-Instruct/endpoint"])
def test_a_key_that_is_not_in_the_environment_is_noted(
    good: Config, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    config = changed(good, at(entry, {"url": "https://made.up/v1", "key": "MADE_UP_KEY"}))
    monkeypatch.delenv("MADE_UP_KEY", raising=False)
    assert "export MADE_UP_KEY" in notes(config)[0]
    monkeypatch.setenv("MADE_UP_KEY", "secret-word")
    assert "MADE_UP_KEY" not in str(notes(config)) and "secret-word" not in str(notes(config))


def test_a_benchmark_that_is_on_no_hub_is_noted(good: Config, tmp_path: Path) -> None:
    (note,) = notes(good)
    assert "c_code_summarization" in note
    (tmp_path / "c_code_summarization.jsonl").write_text("{}\n")
    assert notes(changed(good, at("benchmarks/source/path", str(tmp_path)))) == []


@pytest.fixture
def small(root: Path) -> Config:
    return load(root, "micro", "demo")


def complaint(config: Config) -> tuple[str, str, str] | None:
    problem = next(cross_problems(config), None)
    return problem and (spell(problem.path), problem.problem, str(problem.expected))


def test_a_template_must_end_with_a_token_of_the_tokenizer(small: Config, root: Path, tmp_path: Path) -> None:
    assert complaint(small) is None
    small["students"]["micro-1M"]["template"] = "gemma"
    small["study"]["students"] = ["micro-1M"]
    found = complaint(small)
    assert found is not None
    assert found[:2] == ("students.micro-1M.template", "the chat template does not fit the tokenizer")
    assert found[2] == "chatml"
    (tmp_path / "tok").mkdir()
    tokens = {"added_tokens": [], "model": {"vocab": [["<end_of_turn>", -1.5], ["a", -2]]}}  # as SentencePiece's
    (tmp_path / "tok" / "tokenizer.json").write_text(json.dumps(tokens))
    small["students"]["micro-1M"]["tokenizer"] = str(tmp_path / "tok")
    assert complaint(small) is None


@pytest.mark.slow
def test_heads_that_vllm_refuses_on_a_cpu(small: Config, root: Path, tmp_path: Path) -> None:
    settings = json.loads((root / "resources/micro/judge/config.json").read_text())
    (tmp_path / "tokenizer.json").touch()
    (tmp_path / "chat_template.jinja").touch()
    (tmp_path / "config.json").write_text(json.dumps({**settings, "head_dim": 16}))
    small["judges"]["micro-judge"]["model"] = str(tmp_path)
    found = complaint(small)
    assert found is not None
    assert found[:2] == ("judges.micro-judge.model", "vLLM cannot run attention heads of this size on a CPU")
    small["compute"]["device"] = "gpu"
    assert complaint(small) is None


def test_released_pairs_need_neither_a_source_nor_shards(good: Config) -> None:
    config = changed(good, at("pairs/source", "released"))
    for corpus in config["corpora"].values():
        del corpus["source"], corpus["shards"]
    check_config(config, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])
    study = Study.from_config(config)
    assert [corpus.shards for corpus in study.corpora.values()] == [1, 1]
    assert error_of(changed(config, at("pairs/source", "generate"))).key == "corpora.general"
