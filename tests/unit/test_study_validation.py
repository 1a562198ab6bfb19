"""Each guard of the config fires, and says where, what, and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from configs import load

from scale_or_reason.common.errors import StudyError
from scale_or_reason.flops.exact import named_decoder
from scale_or_reason.preflight.crosschecks import cross_problems
from scale_or_reason.preflight.file_checks import notes
from scale_or_reason.preflight.validation import check_config
from scale_or_reason.study.problems import spell
from scale_or_reason.study.study import Study

Config = dict[str, Any]
Change = Callable[[Config], Any]


@pytest.fixture(scope="module")
def good(root: Path) -> Config:
    return yaml.safe_load((root / "config" / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def _in_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


def error_of(config: Config, *files: Path | str) -> StudyError:
    with pytest.raises(StudyError) as caught:
        check_config(config, Path("workflow/schemas/config.schema.json"), list(files) or ["config/config.yaml"])
    return caught.value


def changed(good: Config, change: Change) -> Config:
    config = deepcopy(good)
    change(config)
    return config


def at(path: str, value: Any) -> Change:
    """A change that sets the key ``a.b.c``, and makes the maps around it."""

    def change(config: Config) -> None:
        *parents, last = path.split("/")
        for part in parents:
            config = config.setdefault(part, {})
        config[last] = value

    return change


#: Of a small decoder.
NUMBERS = {
    "vocab_size": 100,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


def served(**changes: Any) -> Change:
    """A change that has the teacher served, with these keys."""

    def change(config: Config) -> None:
        config["teachers"]["Qwen3-235B-A22B"].update({"endpoint": {"url": "http://localhost:8000/v1"}, **changes})

    return change


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


def searching(**changes: Any) -> Change:
    """A change that has one student's learning rates searched for, with these settings."""

    def change(config: Config) -> None:
        config["students"]["Qwen2.5-3B"]["learning_rate"] = "search"
        config["training"]["learning_rate_search"].update(changes)

    return change


def test_a_search_passes_and_only_a_searched_student_needs_its_questions(good: Config) -> None:
    for change in (searching(), at("training/learning_rate_search/samples", 10**9)):
        check_config(changed(good, change), Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


def test_the_papers_config_passes(good: Config) -> None:
    check_config(good, Path("workflow/schemas/config.schema.json"), ["config/config.yaml"])


MISSPELT = [
    ("studdy", "study"),
    ("study/studnets", "students"),
    ("study/adaptation_corpora/form", "from"),
    ("study/length_limits/max_token", "max_tokens"),
    ("jury/ties", "tie"),
    ("students/Qwen2.5-3B/lerning_rate", "learning_rate"),
    ("students/Qwen2.5-3B/tokeniser", "tokenizer"),
    ("students/Qwen2.5-3B/learning_rate/resoning", "reasoning"),
    ("students/Qwen2.5-14B/engine/tensor_paralel_size", "tensor_parallel_size"),
    ("teachers/Qwen3-235B-A22B/sampling/ift/temprature", "temperature"),
    ("judges/gpt-oss-120b/protokol", "protocol"),
    ("teachers/Qwen3-235B-A22B/modes/ift/sytem", "system"),
    ("teachers/Nemotron-Super-49B-v1.5/endpoint/retry", "retries"),
    ("corpora/math/source/pth", "path"),
    ("corpora/math/released/splits", "split"),
    ("deduplication/jacard", "jaccard"),
    ("hub/miror", "mirror"),
    ("benchmarks/source/knd", "kind"),
    ("training/batch/untis", "unit"),
    ("training/schedule/warmup_step", "warmup_steps"),
    ("training/optimizer/weight_decy", "weight_decay"),
    ("training/execution/attenton", "attention"),
    ("evaluation/samplng", "sampling"),
    ("engine/max_model_length", "max_model_len"),
    ("compute/jobs/trainig", "training"),
    ("compute/jobs/cpu_large/mem", "mem_mb"),
    ("decontamination/ngrams", "ngram"),
    ("mixtures/samplin", "sampling"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "meant"), MISSPELT)
def test_unknown_keys_are_refused_at_every_level(good: Config, path: str, meant: str) -> None:
    error = error_of(changed(good, at(path, 1)))
    assert error.problem == "unknown key in the config"
    assert error.key == path.replace("/", ".")
    assert error.found == path.rsplit("/", 1)[-1]
    assert error.remedy == f"did you mean {meant!r}?"
    assert meant in str(error.expected)


REFUSED: list[tuple[Change, str, str]] = [
    # what the schema says
    (at("study/ratios", [0, 1.5]), "study.ratios[1]", "at most 1"),
    (at("study/ratios", [-0.5]), "study.ratios[0]", "at least 0"),
    (at("study/ratios", [0, 0]), "study.ratios", "no entry twice"),
    (at("study/data_fractions", [0, 1]), "study.data_fractions[0]", "more than 0"),
    (at("study/data_fractions", [1, 1.5]), "study.data_fractions[1]", "at most 1"),
    (at("study/data_fractions", [1, 0.5, 0.5]), "study.data_fractions", "no entry twice"),
    (at("study/curricula", ["sequential"]), "study.curricula[0]", "seq"),
    (at("study/adaptations", ["ift-then-both"]), "study.adaptations[0]", "ift-then-reasoning"),
    (at("study/seeds", []), "study.seeds", "at least 1"),
    (at("study/name", "my study"), "study.name", "a name"),
    (at("study/families", []), "study.families", "at least 1"),
    (at("training/batch/unit", "samples"), "training.batch.unit", "items, tokens"),
    (at("training/batch/size", 0), "training.batch.size", "at least 1"),
    (at("students/Qwen2.5-3B/learning_rate/ift", "5e-6"), "students.Qwen2.5-3B.learning_rate.ift", "a number"),
    (at("students/Qwen2.5-3B/learning_rate/ift", 0), "students.Qwen2.5-3B.learning_rate.ift", "more than 0"),
    (at("pairs/source", "publish"), "pairs.source", "generate, released"),
    (at("deduplication/jaccard", 0), "deduplication.jaccard", "more than 0"),
    (
        at("teachers/Nemotron-Super-49B-v1.5/endpoint/url", "localhost"),
        "teachers.Nemotron-Super-49B-v1.5.endpoint.url",
        "the address",
    ),
    (at("jury/tie", True), "jury.tie", "undecided, right, wrong"),
    (at("evaluation/sampling/top_p", 0), "evaluation.sampling.top_p", "more than 0"),
    (lambda config: config["training"].pop("max_length"), "training.max_length", "max_length"),
    (lambda config: config.pop("judges"), "judges", "judges"),
    # what it can't say
    (at("study/students", ["Qwen2.5-3B", "Qwen2.5-4B"]), "study.students[1]", "Qwen2.5-3B"),
    (at("study/corpora", ["general", "maths"]), "study.corpora[1]", "math"),
    (at("study/teacher", "Qwen3-253B"), "study.teacher", "Qwen3-235B-A22B"),
    (at("study/judges", ["gpt-oss"]), "study.judges[0]", "gpt-oss-120b"),
    (at("study/adaptation_corpora/to", "maths"), "study.adaptation_corpora.to", "math"),
    (
        lambda config: config["corpora"].update(base=config["corpora"]["math"]),
        "corpora.base",
        "adapted, adopted, base, teacher",
    ),
    (
        lambda config: config["judges"].update(rule_graders=config["judges"]["gpt-oss-120b"]),
        "judges.rule_graders",
        "rule graders",
    ),
    (at("study/families", [{"name": "A", "benchmarks": ["gsm8"]}]), "study.families[0].benchmarks[0]", "gsm8k"),
    (
        at("study/families", [{"name": "A", "benchmarks": ["aime"]}, {"name": "B", "benchmarks": ["aime"]}]),
        "study.families[1].benchmarks[0]",
        "one family",
    ),
    (
        at("study/families", [{"name": "A", "benchmarks": ["aime"]}, {"name": "A", "benchmarks": ["gsm8k"]}]),
        "study.families[1].name",
        "name of its own",
    ),
    (at("benchmarks/samples_per_item", {"amie": 8}), "benchmarks.samples_per_item.amie", "aime"),
    (at("benchmarks/max_items_by_benchmark", {"squadd": 8}), "benchmarks.max_items_by_benchmark.squadd", "squad"),
    (at("benchmarks/options", {"coqqa": {"turns": "last"}}), "benchmarks.options.coqqa", "coqa"),
    (at("benchmarks/options", {"coqa": {"turn": "last"}}), "benchmarks.options.coqa.turn", "turns"),
    (at("benchmarks/options", {"coqa": {"turns": "all"}}), "benchmarks.options.coqa.turns", "last, every"),
    (at("study/ratios", [0, 1, 0.12345678]), "study.ratios[2]", "six digits"),
    (at("study/data_fractions", [1, 0.12345678]), "study.data_fractions[1]", "six digits"),
    (at("study/data_fractions", [0.5]), "study.data_fractions", "1 among them"),
    (at("study/data_fractions", {"fractions": [0.5]}), "study.data_fractions.fractions", "1 among them"),
    (
        at("study/data_fractions", {"fractions": [1], "students": ["Qwen2.5-2B"]}),
        "study.data_fractions.students[0]",
        "Qwen2.5-3B",
    ),
    (at("study/corpora", ["math"]), "study.adaptation_corpora.from", "math"),
    (at("study/ratios", [0, 0.5]), "study.adaptations[2]", "ratio 1"),
    (
        lambda config: config["students"]["Qwen2.5-7B"]["learning_rate"].pop("reasoning"),
        "students.Qwen2.5-7B.learning_rate.reasoning",
        "reasoning",
    ),
    (at("compute/gpu_type", "nvidia h100"), "compute.gpu_type", "one word"),
    (
        at("compute/by_size", [{"max_params_b": 4}, {"max_params_b": 1}]),
        "compute.by_size[1].max_params_b",
        "more than 4",
    ),
    (at("students/Qwen2.5-3B/nodes", 3), "students.Qwen2.5-3B.processes", "a multiple of `nodes`"),
    (at("students/Qwen2.5-3B/learning_rate", "serch"), "students.Qwen2.5-3B.learning_rate", "search"),
    (searching(samples=1_299_999, held_out=2), "training.learning_rate_search.samples", "1300000"),
    (searching(rates=[1e-5, 1.2345678e-5]), "training.learning_rate_search.rates[1]", "six digits"),
    (searching(rates=[]), "training.learning_rate_search.rates", "at least 1"),
    (at("study/teacher", None), "study.teacher", "a teacher"),
    (
        lambda config: (config["pairs"].update(source="released"), config["corpora"]["math"].pop("released")),
        "corpora.math",
        "kind, path, split",
    ),
    (
        lambda config: (
            config["pairs"].update(source="released"),
            config["corpora"]["math"].update(released={"kind": "jsonl", "path": "no/such.jsonl"}),
        ),
        "corpora.math.released.path",
        "JSONL",
    ),
    (
        lambda config: config["pairs"].update(source="released", tokenizer="models/of/mine"),
        "pairs.tokenizer",
        "hub id",
    ),
    (at("students/Qwen2.5-3B/tokenizer", "models/of/mine"), "students.Qwen2.5-3B.tokenizer", "hub id"),
    (at("students/Qwen2.5-3B/tokenizer", "somebody/Qwen2.5-0.5B"), "students.Qwen2.5-3B.tokenizer", "another name"),
    (at("students/Qwen2.5-3B/template", "gemma"), "students.Qwen2.5-3B.template", "chatml, as the others"),
    (at("corpora/math/languages", ["en"]), "corpora.math.languages", "null"),
    (lambda config: config["prompts"].update(min_chars=9, max_chars=8), "prompts.max_chars", "at least"),
    (lambda config: config["study"].update(judges=[], rule_graders=False), "study.judges", ""),
    (at("benchmarks/fewshot_pool", 3), "benchmarks.fewshot_pool", "at least 5"),
    (at("study/judges", ["gpt-oss-120b", "human"]), "study.judges[1]", "labels.path: a file"),
    (lambda config: config["study"].update(judges=["human"]), "study.judges[0]", "another judge"),
    (lambda config: config["study"].update(judges=["human-anna", "human-ben"]), "study.judges[0]", "another judge"),
    (at("study/judges", ["gpt-oss-120b", "human-anna"]), "study.judges[1]", "labels.path: a file"),
    (at("study/judges", ["gpt-oss-120b", "human-anna", "human"]), "study.judges[1]", "or single persons"),
    (
        lambda config: (
            config["study"].update(judges=["human", "rule_graders"]),
            config["labels"].update(path="labels.csv"),
            config["jury"].update(majority="all"),
        ),
        "jury.majority",
        "readable",
    ),
    (at("labels/path", "no/such/labels.csv"), "labels.path", "label_sheet"),
    (lambda config: config["judges"].update(human=config["judges"]["gpt-oss-120b"]), "judges.human", "people"),
    (lambda config: config["judges"].update({"human-x": config["judges"]["gpt-oss-120b"]}), "judges.human-x", "people"),
    (at("benchmarks/max_items_by_benchmark", {}), "study.base_shots", "no evaluation items"),
    (at("study/length_limits/benchmarks", ["amie"]), "study.length_limits.benchmarks[0]", "aime"),
    (at("study/length_limits/max_tokens", [0]), "study.length_limits.max_tokens[0]", "at least 1"),
    (at("study/length_limits/max_tokens", [8192, 16384]), "study.length_limits.max_tokens[1]", "another limit"),
    (at("study/length_limits/max_tokens", [32769]), "study.length_limits.max_tokens[0]", "at most 32768"),
    (at("study/thinking_budgets/benchmarks", ["amie"]), "study.thinking_budgets.benchmarks[0]", "aime"),
    (at("study/thinking_budgets/tokens", [9, 16384]), "study.thinking_budgets.tokens[1]", "less than"),
    (at("study/thinking_budgets/percentiles", [50, 0]), "study.thinking_budgets.percentiles[1]", "at least 1"),
    (at("study/thinking_budgets/percentiles", [100]), "study.thinking_budgets.percentiles[0]", "at most 99"),
    (at("study/thinking_budgets/percentiles", [2.5]), "study.thinking_budgets.percentiles[0]", "a whole number"),
    (at("study/thinking_budgets/percentiles", [50, 50]), "study.thinking_budgets.percentiles", "no entry twice"),
    (
        lambda config: config["study"]["thinking_budgets"].update(percentiles=[50], ratios=[0.3]),
        "study.thinking_budgets.ratios[0]",
        "values of study.ratios: 0, 0.25",
    ),
    (
        lambda config: config["study"]["thinking_budgets"].update(percentiles=[50], ratios=[]),
        "study.thinking_budgets.ratios",
        "values of study.ratios above 0",
    ),
    (
        lambda config: config["study"]["thinking_budgets"].update(percentiles=[50], benchmarks=[]),
        "study.thinking_budgets.benchmarks",
        "benchmarks of study.families",
    ),
    (
        lambda config: config["study"]["thinking_budgets"].update(percentiles=[9], ratios=[0.5, 0]),
        "study.thinking_budgets.ratios[1]",
        "ratios above 0",
    ),
    (
        lambda config: config["study"]["thinking_budgets"].update(tokens=[9], ratios=[0.5, 0]),
        "study.thinking_budgets.ratios[1]",
        "ratios above 0",
    ),
    (at("study/votes/samples_per_item", 0), "study.votes.samples_per_item", "at least 1"),
    (at("study/votes/benchmarks", ["amie"]), "study.votes.benchmarks[0]", "aime"),
    (
        at("study/votes", {"samples_per_item": 2, "students": ["Qwen2.5-2B"], "benchmarks": ["aime"]}),
        "study.votes.students[0]",
        "Qwen2.5-3B",
    ),
    (
        at("study/votes", {"samples_per_item": 2, "benchmarks": []}),
        "study.votes.benchmarks",
        "benchmarks of study.families",
    ),
    (
        lambda config: (
            config["study"]["votes"].update(samples_per_item=4, benchmarks=["gsm8k", "aime"]),
            config["benchmarks"].update(samples_per_item={"aime": 8}),
        ),
        "study.votes.benchmarks[1]",
        "fewer than study.votes.samples_per_item, 4",
    ),
    (at("evaluation/sampling/max_tokens", 32768), "evaluation.sampling.max_tokens", "less than 32768"),
    (
        at("teachers/Qwen3-235B-A22B/sampling/reasoning/max_tokens", 40000),
        "teachers.Qwen3-235B-A22B.sampling.reasoning.max_tokens",
        "less than 32768",
    ),
    (at("judges/gpt-oss-120b/engine/max_model_len", 4096), "judges.gpt-oss-120b.sampling.max_tokens", "less than 4096"),
    (at("judges/gpt-oss-120b/protocol", "v3"), "judges.gpt-oss-120b.protocol", "v1, v2"),
    (at("judges/gpt-oss-120b/endpoint", {"url": "https://made.up/v1"}), "judges.gpt-oss-120b.tokenizer", "hub id"),
    (at("judges/gpt-oss-120b/architecture", None), "judges.gpt-oss-120b.architecture", "endpoint"),
    (at("teachers/Qwen3-235B-A22B/architecture", None), "teachers.Qwen3-235B-A22B.architecture", "endpoint"),
    (served(model="my-llm"), "teachers.Qwen3-235B-A22B.architecture", "a hub id"),
    (served(architecture="no/such/config.json"), "teachers.Qwen3-235B-A22B.architecture", "a hub id"),
    (served(architecture={"vocab_size": 9}), "teachers.Qwen3-235B-A22B.architecture", "positive integer"),
    (served(architecture={**NUMBERS, "hidden_size": "x"}), "teachers.Qwen3-235B-A22B.architecture", "positive integer"),
    (served(architecture=3), "teachers.Qwen3-235B-A22B.architecture", "a map or null"),
    (
        served(endpoint={"url": "https://made.up/v1", "body": {"seed": None, "stream": True}}),
        "teachers.Qwen3-235B-A22B.endpoint.body.stream",
        "model, messages",
    ),
    (
        lambda config: config["study"].update(judges=[], tables=["judge_agreement"]),
        "study.tables[0]",
        "two judges",
    ),
    (at("study/style", "no/such/style.yaml"), "study.style", "copy of config/style.yaml"),
    (at("judges/gpt-oss-120b/tokenizer", "no/such/one"), "judges.gpt-oss-120b.tokenizer", "folder"),
    (at("judges/gpt-oss-120b/mode", {"sytem": "on"}), "judges.gpt-oss-120b.mode.sytem", "system"),
    (at("compute/models_per_judge_job", 0), "compute.models_per_judge_job", "at least 1"),
    (at("training/execution/micro_batch_tokens", 4096), "training.execution.micro_batch_tokens", "16384"),
    (at("students/Qwen2.5-3B/model", "models/of/mine"), "students.Qwen2.5-3B.model", "hub id"),
    (at("students/Qwen2.5-3B/deepspeed", "zero-4"), "students.Qwen2.5-3B.deepspeed", "zero-3"),
    (
        lambda config: config["corpora"]["math"]["source"].update(kind="jsonl", path="no/such.jsonl"),
        "corpora.math.source.path",
        "JSONL",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("change", "key", "expected"), REFUSED)
def test_what_cannot_work_is_refused(good: Config, change: Change, key: str, expected: str) -> None:
    error = error_of(changed(good, change))
    assert error.key == key
    assert expected in str(error.expected)
    assert error.problem
    assert error.found is not None


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
