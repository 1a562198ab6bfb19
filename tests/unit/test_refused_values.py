"""Keys and values that a config may not have: each is refused with its place and what is expected there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from changed_configs import NUMBERS, Change, Config, at, changed, error_of, searching, served


@pytest.fixture(scope="module")
def good(root: Path) -> Config:
    return yaml.safe_load((root / "config" / "config.yaml").read_text())


@pytest.fixture(autouse=True)
def _in_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


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
